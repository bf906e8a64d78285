"""An image and its mirror are the same spine: where one look is unsure, both say more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import chain

if TYPE_CHECKING:
    from ..network.coding import Candidates

_SAME = 0.5
"""Two proposals are one vertebra when their centres lie closer than this share of its height."""

_ALONE = 0.75
"""A vertebra that only one of the two sees keeps this share of its score."""


def back(found: Candidates, columns: int) -> Candidates:
    """Proposals of a mirrored image of so many columns, in the image's own pixels.

    Posterior and anterior are told by the network and stay what they are.
    """
    points = found.points.copy()
    points[..., 0] = columns - 1 - points[..., 0]
    return replace(found, points=points)


def agree(one: Candidates, other: Candidates) -> Candidates:
    """The mean of what both saw, and what one saw alone with a lower score."""
    pairs = _pairs(one, other)
    left = [i for i in range(len(one)) if i not in pairs]
    right = [j for j in range(len(other)) if j not in pairs.values()]
    both = _mean(one.take(list(pairs)), other.take(list(pairs.values())))
    parts = [both, _alone(one.take(left)), _alone(other.take(right))]
    return _joined([part for part in parts if len(part)] or [both])


def _pairs(one: Candidates, other: Candidates) -> dict[int, int]:
    """Row of ``one`` to row of ``other``, nearest first, each at most once."""
    if not (len(one) and len(other)):
        return {}
    apart = np.linalg.norm(
        chain.centres(one.points)[:, None] - chain.centres(other.points)[None], axis=2
    )
    reach = _SAME * chain.heights(one.points)[:, None]
    pairs: dict[int, int] = {}
    for flat in np.argsort(apart, axis=None):
        i, j = divmod(int(flat), apart.shape[1])
        if apart[i, j] <= reach[i, 0] and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _mean(one: Candidates, other: Candidates) -> Candidates:
    def half(name: str) -> NDArray[np.float64]:
        middle: NDArray[np.float64] = (getattr(one, name) + getattr(other, name)) / 2
        return middle

    logits = None if one.level_logits is None else half("level_logits")
    return replace(
        one,
        points=half("points"),
        sigma=half("sigma"),
        score=half("score"),
        level_logits=logits,
        measurable=half("measurable"),
    )


def _alone(found: Candidates) -> Candidates:
    return replace(found, score=found.score * _ALONE)


def _joined(parts: list[Candidates]) -> Candidates:
    def all_of(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts])

    logits = None if parts[0].level_logits is None else all_of("level_logits")
    return replace(
        parts[0],
        points=all_of("points"),
        sigma=all_of("sigma"),
        score=all_of("score"),
        level_logits=logits,
        measurable=all_of("measurable"),
    )
