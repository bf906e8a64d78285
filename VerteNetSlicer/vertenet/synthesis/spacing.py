"""The discs of a rendered spine: narrower or wider than its shape has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .contour import rotate

if TYPE_CHECKING:
    from .shapes import SpineShape

Params = dict[str, Any]
Array = NDArray[np.float64]


def with_discs(spine: SpineShape, params: Params, rng: np.random.Generator) -> SpineShape:
    """Widen, narrow or wedge the discs: bodies move along the spine, rigidly.

    Of the shapes' discs those of real scans differ by more than the people: thoracic
    ones of bright-bone scans are narrower behind, those of standing or side-lying
    radiographs up to twice as high.
    """
    six, outline = np.array(spine.six, np.float64), np.array(spine.outline, np.float64)
    present = np.nonzero(np.isfinite(six).all(axis=(1, 2)))[0]
    shift = np.zeros((18, 2))
    total = np.zeros(2)
    for upper, lower in zip(present[:-1], present[1:], strict=True):
        gap = six[lower][[0, 2]].mean(axis=0) - six[upper][[3, 5]].mean(axis=0)
        lumbar = min(max((upper - 10.0) / 3.0, 0.0), 1.0) if params["disc_scale"] < 1.0 else 0.0
        factor = params["disc_scale"] * (1.0 - 0.5 * lumbar) + 0.5 * lumbar
        factor = np.clip(factor * np.exp(rng.normal(0, 0.15)), 0.3, 2.4)
        # the narrower end of the disc must stay open
        ends = six[lower][[0, 2]] - six[upper][[5, 3]]
        open_end = max(float((ends @ gap).min()) / max(float(gap @ gap), 1e-6), 0.0)
        factor = max(factor, 1.0 - 0.7 * open_end)
        if lower - upper == 1 and not (spine.extra is not None and upper == 16):
            total = total + (factor - 1.0) * gap
        shift[lower] = total
    extra = None if spine.extra is None else np.asarray(spine.extra) + shift[16]
    six, outline = six + shift[:, None], outline + shift[:, None]
    if spine.extra is None:
        _wedge(six, outline, present, params["disc_bend"], rng)
    return replace(spine, six=six, outline=outline, extra=extra)


def _wedge(
    six: Array,
    outline: Array,
    present: NDArray[np.int64],
    bend_deg: float,
    rng: np.random.Generator,
) -> None:
    """Open or close each disc in front, in place: the spine below turns about it."""
    for upper, lower in zip(present[:-1], present[1:], strict=True):
        ends, roofs = six[upper][[5, 3]], six[lower][[0, 2]]
        pivot = 0.25 * (ends.sum(axis=0) + roofs.sum(axis=0))
        gaps = np.linalg.norm(roofs - ends, axis=1)
        width = float(np.linalg.norm(ends[1] - ends[0]))
        # an end of the disc may lose two fifths of its height
        most = np.degrees(0.8 * gaps / max(width, 1e-6))
        angle = np.radians(np.clip(rng.normal(0.0, bend_deg), -most[1], most[0]))
        for part in (six, outline):
            part[lower:] = rotate(part[lower:] - pivot, np.full(len(part[lower:]), angle)) + pivot
