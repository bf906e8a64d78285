"""Where an image shows nothing: masks, padding, collimation, of whatever value.

A mask is a region that touches the image's border and whose pixels are all the same,
but for little noise, however bright: black, white, grey or a padding value.  Tissue
that is saturated up to the border looks the same; nothing can be read there either.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_WINDOW = 5  # pixels; a mask must be at least this wide
_CALM = 0.25  # share of the image's usual local SD below which a place is flat
_GREYS = 4.0  # of 256 between the 1st and 99th percentile: noise of a JPEG around a flat value
_SMALL = 0.0005  # share of the image below which a flat place is no mask

_last: tuple[weakref.ReferenceType[NDArray[np.float32]], NDArray[np.bool_]] | None = None


def masked_pixels(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """``(rows, columns)`` True where the image shows nothing.

    The answer for the last array is remembered, so that it costs nothing while a
    point is dragged; an array that was changed in place must be copied first.
    """
    global _last
    if _last is not None and _last[0]() is pixels:
        return _last[1]
    mask = find_masks(pixels)
    _last = (weakref.ref(pixels), mask)
    return mask


def find_masks(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """As :func:`masked_pixels`, without memory."""
    values = np.asarray(pixels, dtype=np.float32)
    if min(values.shape) < 2 * _WINDOW:
        return np.asarray(values == values.flat[0] if np.ptp(values) == 0 else values != values)
    low, high = np.percentile(values[::3, ::3], (1, 99))
    span = float(max(high - low, 0.05 * np.ptp(values)))
    if span == 0:
        return np.ones(values.shape, dtype=bool)
    grey = span / 256
    spread = _local_sd((values - low) / span) * span
    lively = spread[spread > 0.5 * grey]
    usual = float(np.median(lively)) if lively.size else 0.0
    flat = spread <= max(min(_CALM * usual, _GREYS * grey), 0.25 * grey)
    return _border_regions(flat, values, span)


def _local_sd(values: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = ndimage.uniform_filter(values, _WINDOW, mode="nearest")
    square = ndimage.uniform_filter(values * values, _WINDOW, mode="nearest")
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0.0)), dtype=np.float32)


def _border_regions(
    flat: NDArray[np.bool_], values: NDArray[np.float32], span: float
) -> NDArray[np.bool_]:
    """Flat regions at the border that have one value, grown back to their full size."""
    labels, count = ndimage.label(flat)
    mask = np.zeros(flat.shape, dtype=bool)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    places = ndimage.find_objects(labels)
    tolerance = _GREYS * span / 256
    for label in np.unique(edge[edge > 0]):
        if sizes[label] < _SMALL * flat.size:
            continue
        grown = tuple(
            slice(max(place.start - _WINDOW, 0), place.stop + _WINDOW)
            for place in places[label - 1]
        )
        part, inside = values[grown], labels[grown] == label
        middle = float(np.median(part[inside]))
        # a slow shade that only looks flat in a small window is no mask
        if np.mean(np.abs(part[inside] - middle) <= tolerance) < 0.9:
            continue
        near = ndimage.binary_dilation(inside, iterations=_WINDOW // 2 + 1)
        mask[grown] |= inside | (near & (np.abs(part - middle) <= tolerance))
    return mask
