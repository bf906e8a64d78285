"""How the ends of the endplates look: flat or raised, cut off behind, rounded.

NHANES outlines have raised rims: the superior corners lie 4 to 5 % of the height above
the middle of the endplate.  On bright-bone scans of another make readers put them 0 to
2 % above it.  So the rendered bone, and its points with it, has anything between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .contour import SIX_INDEX, local_frame

if TYPE_CHECKING:
    from .shapes import SpineShape

Array = NDArray[np.float64]
Params = dict[str, Any]

_RAISED = (0.045, 0.02)
"""By how much of the height the rims of the superior and inferior endplate are raised."""
_INWARDS = 0.15
"""Share of the rounding by which a corner that readers see lies further in, each way."""


def with_corners(spine: SpineShape, params: Params, rng: np.random.Generator) -> SpineShape:
    """Lower the rims of every endplate by ``params["flat"]`` and cut the back by ``params["cut"]``.

    Outline and six points move together; the mid points stay.
    """
    outline = np.array(spine.outline, np.float64)
    chance = rng.normal(0.0, 1.0, (len(outline) + 1, 3))
    for k in np.nonzero(np.isfinite(outline).all(axis=(1, 2)))[0]:
        _lower(outline[k], params, chance[k])
    extra = None if spine.extra is None else np.array(spine.extra, np.float64)
    if extra is not None:
        _lower(extra, params, chance[-1])
    six = np.array(spine.six, np.float64)
    present = np.isfinite(six).all(axis=(1, 2))
    six[present] = outline[present][:, SIX_INDEX]
    return replace(spine, six=six, outline=outline, extra=extra)


def _lower(outline: Array, params: Params, chance: Array) -> None:
    """One outline (64, 2), in place."""
    _, angle, _, height, _ = local_frame(outline)
    ahead = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-ahead[1], ahead[0]])
    rim = (2.0 * np.arange(17) / 16 - 1.0) ** 2
    fall = (1.0 - np.arange(1, 8) / 8) ** 2
    flat = np.array(params["flat"]) + 0.3 * chance[:2]
    above = flat[0] * _RAISED[0] * height * down
    below = -flat[1] * _RAISED[1] * height * down
    outline[:17] += rim[:, None] * above
    outline[17:24] += fall[:, None] * above
    outline[63:56:-1] += fall[:, None] * above
    outline[32:49] += rim[:, None] * below
    outline[31:24:-1] += fall[:, None] * below
    outline[49:56] += fall[:, None] * below
    # the upper posterior corner passes into the pedicle
    forward = max(params["cut"] + 0.015 * chance[2], -0.02) * height * ahead
    outline[0] += forward
    outline[1:9] += ((1.0 - np.arange(1, 9) / 16) ** 2)[:, None] * forward
    outline[63:55:-1] += ((1.0 - np.arange(1, 9) / 9) ** 2)[:, None] * forward


def lip(outline: Array, params: Params, chance: Array, room: tuple[float, float]) -> Array | None:
    """The far rim of a superior endplate, thrown above it by a slanting beam, (64, 2).

    Its lower side is the endplate itself: the points stay on the lower of both lines,
    where readers put them on radiographs and on most rotated scans.

    Args:
        outline: (64, 2) of the body.
        params: ``lips``, their share and height behind, in the middle and in front, as
            shares of the body's height.
        chance: (4,) even numbers of 0 to 1.
        room: height of the disc above, posterior and anterior, units.
    """
    share, *high = params["lips"]
    if chance[3] >= share:
        return None
    _, angle, _, height, _ = local_frame(outline)
    up = np.array([np.sin(angle), -np.cos(angle)])
    behind, middle, ahead = np.array(high) * height * 2.0 * chance[:3]
    behind, ahead = min(behind, 0.7 * room[0]), min(ahead, 0.7 * room[1])
    middle = min(middle, 0.35 * (room[0] + room[1]))
    rise = np.interp(np.arange(17) / 16, [0.0, 0.35, 0.65, 1.0], [behind, middle, middle, ahead])
    roof, floor = outline[:17] + rise[:, None] * up, outline[:17]
    front, back = (np.linspace(0.0, 1.0, 16, endpoint=False)[:, None] for _ in range(2))
    return np.concatenate(
        [
            roof[:16],
            roof[16] + front * (floor[16] - roof[16]),
            floor[:0:-1],
            floor[0] + back * (roof[0] - floor[0]),
        ]
    )


def rounding(params: Params, rng: np.random.Generator) -> Array:
    """(18,) rounding of each body's corners, units."""
    size: Array = params["rounding"] * rng.uniform(0.6, 1.4, 18)
    return size


def as_seen(six: Array, size: Array) -> Array:
    """The six points (18, 6, 2) with the corners where rounded bone still shows them."""
    seen = six.copy()
    for corner, beside, across in ((0, 2, 5), (2, 0, 3), (3, 5, 2), (5, 3, 0)):
        for other in (beside, across):
            way = six[:, other] - six[:, corner]
            length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
            seen[:, corner] += _INWARDS * size[:, None] * way / length
    return seen
