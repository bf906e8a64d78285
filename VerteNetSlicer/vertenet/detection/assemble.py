"""From a chain of candidates in stored pixels to a :class:`Spine` with names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..anatomy import CORNERS, POINT_NAMES, Landmark, Level, PointName, Side, Spine, Vertebra
from ..images import DxaImage
from . import chain
from .levels import NONE, Naming, name_chain

if TYPE_CHECKING:
    from ..network.bundle import ModelInfo
    from ..network.coding import Candidates

CERTAIN = 0.9
"""Level confidence below which the labels are offered as uncertain."""

NOT_MEASURABLE = 0.3
"""Probability of being measurable below which a body is not offered."""

FEWEST_CORNERS = 2
"""A body cut by the border is kept while one of its endplates is seen: its numbers are
withheld (:mod:`vertenet.measure.quality`), but guides and a reader can use it."""

_BODY_CLASSES = (*(f"T{i}" for i in range(1, 13)), *(f"L{i}" for i in range(1, 6)), "S1")
_MIRRORED = [2, 1, 0, 5, 4, 3]
_CORNER_ROWS = [POINT_NAMES.index(name) for name in CORNERS]


@dataclass(frozen=True)
class Named:
    """What the bodies of a chain are called.

    Attributes:
        names: from head to foot, T1 ... L5, S1; empty where a body is none of these.
        confidence: of each name, or None for models that tell no levels apart.
        warnings: for the reader.
    """

    names: list[str]
    confidence: list[float | None]
    warnings: list[str]

    @property
    def certain(self) -> bool:
        """Whether there are names, and all of them are sure."""
        sure = [(c or 0.0) >= CERTAIN for name, c in zip(self.names, self.confidence) if name]
        return bool(sure) and all(sure)


def named(found: Candidates, info: ModelInfo, pixel_ratio: float = 1.0) -> Named:
    """Name the bodies of a chain.

    Args:
        found: the chain from head to foot, stored pixels.
        info: for the levels of models that name none.
        pixel_ratio: height of a stored pixel over its width.
    """
    if found.level_logits is None or not len(found):
        return _in_order(len(found), info)
    points = found.points * np.array([1.0, pixel_ratio])
    return _by_evidence(found.level_logits, points, found.score)


def is_offered(name: str) -> bool:
    """Whether a reader is shown a body of this name: T4 to L5."""
    return name in Level.__members__


def assemble(found: Candidates, names: Named, image: DxaImage, anterior: Side | None) -> Spine:
    """Settle the side, leave out what no image shows.

    Args:
        found: the chain from head to foot, stored pixels.
        names: of :func:`named`.
        image: for its borders.
        anterior: the side where the reader knows it.
    """
    side = anterior or facing(found)
    points, sigma, turned = _facing_side(found, side)
    warnings = list(names.warnings)
    if turned and anterior is None:
        warnings.append(
            f"It is not sure which side the patient faces: {turned} of {len(found)} bodies look "
            f"turned the other way. Check that the {side.value} side is anterior."
        )
    vertebrae = []
    for i, name in enumerate(names.names):
        if not is_offered(name):
            continue
        seen = _corners_in_view(points[i], image)
        if seen < FEWEST_CORNERS or (seen == 4 and found.measurable[i] < NOT_MEASURABLE):
            warnings.append(f"{name} is cut off or hidden and was left out.")
            continue
        marks, score = _landmarks(points[i], sigma[i]), float(found.score[i])
        vertebrae.append(Vertebra(Level[name], marks, score, names.confidence[i]))
    return Spine(tuple(vertebrae), side, tuple(warnings))


def facing(found: Candidates) -> Side:
    """The side the patient faces, by the vertebrae's vote weighted by their scores."""
    anterior = found.points[:, [2, 3], 0].sum(axis=1)
    posterior = found.points[:, [0, 5], 0].sum(axis=1)
    vote = float((np.sign(anterior - posterior) * found.score).sum())
    return Side.RIGHT if vote >= 0 else Side.LEFT


def _facing_side(
    found: Candidates, side: Side
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Points and sigma with posterior and anterior exchanged where a body disagrees.

    Third: how many bodies that were.
    """
    points, sigma = found.points.copy(), found.sigma.copy()
    right = points[:, [2, 3], 0].sum(axis=1) >= points[:, [0, 5], 0].sum(axis=1)
    wrong = right != (side is Side.RIGHT)
    points[wrong] = points[wrong][:, _MIRRORED]
    sigma[wrong] = sigma[wrong][:, _MIRRORED]
    return points, sigma, int(wrong.sum())


def _in_order(count: int, info: ModelInfo) -> Named:
    """Names from the top, for models that tell no levels apart."""
    names = [str(level) for level in info.levels][:count]
    warnings = ["This model names vertebrae by their order alone: check the levels."]
    return Named(names, [None] * len(names), warnings)


def _by_evidence(
    logits: NDArray[np.float64], points: NDArray[np.float64], score: NDArray[np.float64]
) -> Named:
    """Names decided on the whole chain, with their confidence and what to tell the reader."""
    naming = name_chain(logits, chain.steps(points), score)
    names = ["" if c == NONE else _BODY_CLASSES[c] for c in naming.classes]
    sure: list[float | None] = [float(c) for c in naming.confidence]
    return Named(names, sure, [*_doubts(naming), *_left_out(names)])


def _doubts(naming: Naming) -> list[str]:
    if naming.confidence[naming.classes != NONE].min() >= CERTAIN:
        return []
    text = "The levels are uncertain: check them before you use them."
    if naming.rival is not None:
        where = "lower" if naming.rival > 0 else "higher"
        text += (
            f" The next likely naming is {abs(naming.rival)} level(s) {where}"
            f" (probability {naming.rival_share:.0%})."
        )
    return [text]


def _left_out(names: list[str]) -> list[str]:
    """What looked like a body between two that have names; beyond them nobody misses it."""
    named = [i for i, name in enumerate(names) if name]
    return [
        f"Between {names[a]} and {names[b]} something else looks like a vertebra and was left "
        "out: check the count there (one vertebra more, or a line through a body or a disc)."
        for a, b in zip(named, named[1:])
        if b > a + 1
    ]


def _corners_in_view(points: NDArray[np.float64], image: DxaImage) -> int:
    """How many corners lie within the image, half a pixel of border allowed."""
    corners = points[_CORNER_ROWS]
    size = np.array([image.width, image.height])
    inside = (corners >= -0.5) & (corners <= size - 0.5)
    return int(inside.all(axis=1).sum())


def _landmarks(
    points: NDArray[np.float64], sigma: NDArray[np.float64]
) -> dict[PointName, Landmark]:
    out: dict[PointName, Landmark] = {}
    for name, (x, y), s in zip(POINT_NAMES, points, sigma):
        if np.isfinite(x) and np.isfinite(y):
            out[name] = Landmark(float(x), float(y), float(s) if np.isfinite(s) else None)
    return out
