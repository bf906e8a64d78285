"""What a vertebra's neighbours say its heights should be.

Every height is first divided by the norm of its level (``Ha_size`` ... of
:mod:`.norms`); what is left is the person's size and the vertebra's own deviation.
A vertebra's expected deviation is the weighted mean of the others', weights falling
with the distance in levels.  Vertebrae that fall short themselves are left out and
the prediction is repeated, as McCloskey-Kanis leave them out of theirs.

Source: McCloskey et al. 1993, Osteoporos Int 3:138 (prediction from up to four
neighbours); weights and repetition are ours, chosen on NHANES 2013-14 (docs/grading.md).

All arrays are ``(people, 14 levels, 3 heights Ha Hm Hp)``, natural logarithms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..anatomy import LEVELS
from ..geometry import Array
from .norms import SIZE_MEASURES, NormTable, norm_array

REACH_LEVELS = 2.0
"""Levels after which a neighbour's weight has fallen to 1/e."""
SUSPECT = math.log(1 / 0.85)
"""A height 15 % short takes the vertebra out of its neighbours' prediction."""
_ROUNDS = 3
_ENOUGH = 0.2  # share of the neighbours' weight below which suspects count again

_STEPS = np.abs(np.subtract.outer(np.arange(len(LEVELS)), np.arange(len(LEVELS))))
_WEIGHTS = np.where(_STEPS > 0, np.exp(-_STEPS / REACH_LEVELS), 0.0)


def size_profile(norms: NormTable, sex: str | None) -> Array:
    """``(14, 3)`` logarithm of the normal heights relative to the person's mean."""
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.log(np.stack([norm_array(norms, sex, m)[0] for m in SIZE_MEASURES], axis=-1))
        )


def fill_middle(relative: Array) -> Array:
    """Where Hm is missing it is taken as normal for the two others: it says nothing then."""
    filled = relative.copy()
    lacking = np.isnan(filled[..., 1])
    filled[..., 1][lacking] = (filled[..., 0] + filled[..., 2])[lacking] / 2
    return filled


def expected(relative: Array, usable: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Predict each vertebra from the others.

    Args:
        relative: heights over their norm, anything where not usable.
        usable: ``(people, 14)`` vertebrae that may be used.

    Returns:
        The predicted relative heights; and which vertebrae were used at last.  A
        vertebra without any neighbour is predicted by its own tallest height.
    """
    known = np.where(usable[..., None], relative, 0.0)
    everyone = usable.astype(np.float64)
    total = everyone @ _WEIGHTS
    all_of_them = _mean(known, everyone, total)
    own = np.repeat(known.max(axis=-1, keepdims=True), 3, axis=-1)
    fallback = np.where(total[..., None] > 0, all_of_them, own)
    used = usable
    prediction = fallback
    for _ in range(_ROUNDS):
        weight = used.astype(np.float64)
        enough = (weight @ _WEIGHTS > _ENOUGH * total) & (total > 0)
        mean = _mean(known, weight, weight @ _WEIGHTS)
        prediction = np.where(enough[..., None], mean, fallback)
        used = usable & ((prediction - known).max(axis=-1) <= SUSPECT)
    return prediction, used


def _mean(known: Array, weight: Array, total: Array) -> Array:
    weighted = np.swapaxes(known * weight[..., None], -1, -2) @ _WEIGHTS
    mean = np.swapaxes(weighted, -1, -2) / np.maximum(total, 1e-12)[..., None]
    return np.asarray(mean)


def predicted_posterior(posterior: Array, profile: Array) -> Array:
    """Hp predicted from the Hp of up to four neighbours, two above and two below.

    Args:
        posterior: ``(..., 14)`` Hp, NaN where missing.
        profile: ``(14,)`` normal Hp of the levels relative to each other.

    Returns:
        ``(..., 14)`` mean of the neighbours' predictions; NaN without neighbours.

    Source: McCloskey et al. 1993, Osteoporos Int 3:138.
    """
    relative = posterior / profile
    known = np.isfinite(relative)
    near = ((_STEPS > 0) & (_STEPS <= 2)).astype(np.float64)
    total = known.astype(np.float64) @ near
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (np.where(known, relative, 0.0) @ near) / total
    return np.asarray(mean * profile)
