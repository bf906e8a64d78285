"""At what size and width an image is looked at, and when another look is believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import chain

if TYPE_CHECKING:
    from ..network.coding import Candidates

_BODY_PX = 27.0
_SIZE_RANGE = (15.0, 60.0)
_LARGEST_ZOOM, _SMALLEST_ZOOM = 2.0, 0.4
_AS_SURE, _SAME_SIZE = 0.85, 0.25
_DEPTH, _DEPTH_RANGE = 1.25, (0.8, 1.55)
_FEW_BODIES, _SQUARE, _USUAL_STRETCH = 3, (0.75, 1.35), 1.6


def _typical_height(found: Candidates) -> float:
    tall: NDArray[np.float64] = chain.heights(found.points)
    return float(np.quantile(tall, 0.65))


def better_zoom(found: Candidates) -> float | None:
    """The magnification at which bodies have the trained size, where the first is far off."""
    if not len(found):
        return None
    typical = _typical_height(found)
    if _SIZE_RANGE[0] <= typical <= _SIZE_RANGE[1]:
        return None
    return float(np.clip(_BODY_PX / typical, _SMALLEST_ZOOM, _LARGEST_ZOOM))


def stretch_of(found: Candidates, shape: float) -> float | None:
    """By how much a picture is too wide for the bodies in it; None where it is not.

    Films are often stored squeezed into a square, without a spacing.

    Args:
        found: of a look that took the pixels for what the file says.
        shape: width over height of the picture.
    """
    if len(found) < _FEW_BODIES:
        return _USUAL_STRETCH if _SQUARE[0] <= shape <= _SQUARE[1] else None
    ends = found.points[:, [2, 3]] - found.points[:, [0, 5]]
    depth = np.linalg.norm(ends, axis=2).mean(axis=1)
    measured = float(np.median(depth / chain.heights(found.points)))
    if _DEPTH_RANGE[0] <= measured <= _DEPTH_RANGE[1]:
        return None
    return float(np.clip(measured / _DEPTH, 0.4, 2.5))


def confirms(second: Candidates, first: Candidates, zoom: float) -> bool:
    """Whether a look at another size sees the same bodies, at that size and as surely."""
    if not len(second) or second.score.sum() < _AS_SURE * first.score.sum():
        return False
    grown = _typical_height(second) / (_typical_height(first) * zoom)
    return abs(math.log(grown)) < _SAME_SIZE
