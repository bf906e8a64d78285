"""Where an image shows nothing: masks, padding, collimation, of whatever value.

A mask is a region that touches the image's border and has one value, however bright:
black, white, grey or a padding value.  It may be noisy, as after JPEG, but its noise is
white: means of small squares then differ far less than in tissue, which always has some
structure.  Tissue that is saturated up to the border looks the same; nothing can be
read there either.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import NDArray

from .aac_mask_noise import Greys, of_white_noise
from .aac_mask_regions import Box, Mask, Regions, largest, shifted, widened

_EXACT = 5  # pixels; width of the squares that must be of one value

Pixels = NDArray[np.float32]

_last: tuple[weakref.ReferenceType[Pixels], Mask] | None = None


def masked_pixels(pixels: Pixels) -> Mask:
    """``(rows, columns)`` True where the image shows nothing.

    The answer for the last array is remembered, so that it costs nothing while a
    point is dragged; an array that was changed in place must be copied first.
    """
    global _last
    last = _last
    if last is not None and last[0]() is pixels:
        return last[1]
    mask = find_masks(pixels)
    _last = (weakref.ref(pixels), mask)
    return mask


def find_masks(pixels: Pixels) -> Mask:
    """As :func:`masked_pixels`, without memory."""
    values = np.asarray(pixels, dtype=np.float32)
    if min(values.shape) < 2 * _EXACT:
        return np.asarray(values == values.flat[0] if np.ptp(values) == 0 else values != values)
    regions = Regions(_all_alike(values))
    exact = _of_one_value(values, regions.at_border())
    rest = values[::3, ::3][~exact[::3, ::3]]
    if rest.size < 50:
        return np.ones(values.shape, dtype=bool)
    low, high = np.percentile(rest, (1, 99))
    span = float(max(high - low, 0.05 * np.ptp(rest)))
    if span == 0:
        return np.ones(values.shape, dtype=bool)

    mask = exact | of_white_noise(Greys(values, float(low), span))
    if not mask.any():
        return mask
    # what a mask cuts off from the border shows nothing either: an arm behind collimation
    beside = regions.at_border(largest(mask, 4 * _EXACT + 1))
    return mask | _of_one_value(values, beside)


def _of_one_value(values: Pixels, regions: list[tuple[Box, Mask]]) -> Mask:
    """Some regions and what lies at their rim and has their value."""
    inside = np.zeros(values.shape, dtype=bool)
    for box, region in regions:
        inside[box] |= region
    mask = np.zeros(values.shape, dtype=bool)
    for box, _ in regions:
        rim = widened(box, _EXACT // 2)
        wide = widened(box, 2 * (_EXACT // 2))
        near = largest(inside[wide], _EXACT)
        # squares that overlap share a pixel, so that a connected region has one value
        value = largest(np.where(inside[wide], values[wide], np.float32(-np.inf)), _EXACT)
        found = near & (values[wide] == value)
        kept = tuple(
            slice(r.start - w.start, r.stop - w.start) for r, w in zip(rim, wide, strict=True)
        )
        mask[rim] |= found[kept]
    return mask


def _all_alike(values: Pixels) -> Mask:
    """True where a square holds one value, borders repeated."""
    wide = np.pad(values, _EXACT // 2, mode="edge")
    across = _all_of(wide[:, 1:] == wide[:, :-1], _EXACT - 1, 1)
    down = _all_of(wide[1:] == wide[:-1], _EXACT - 1, 0)[:, : across.shape[1]]
    return np.asarray(_all_of(across, _EXACT, 0) & down)


def _all_of(parts: Mask, count: int, axis: int) -> Mask:
    """True where so many in a row are, from each on."""
    length = parts.shape[axis] - count + 1
    covered = 1
    while covered < count:  # windows of twice the length from two of the length
        step = min(covered, count - covered)
        first, second = shifted(step, axis)
        parts = parts[first] & parts[second]
        covered += step
    return parts[tuple(slice(length) if a == axis else slice(None) for a in (0, 1))]
