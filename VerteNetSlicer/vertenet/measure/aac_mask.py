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
_CALM = 0.3  # share of the image's usual local noise below which a place is flat
_GREYS = 4.0  # SD of a mask's noise at most, in 256ths of the range of greys
_SMALL = 0.002  # share of the image below which a flat place is no mask
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)

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
    scaled = (values - low) * (256 / span)
    noise = _local_noise(scaled)
    lively = noise[noise > 0.05]
    usual = float(np.median(lively)) if lively.size else 0.0
    # noise, not texture: quiet tissue is as noisy as bone, a mask is not
    flat = noise <= max(min(_CALM * usual, _GREYS), 0.05)
    return _border_regions(flat, scaled, noise)


def _local_noise(greys: NDArray[np.float32]) -> NDArray[np.float32]:
    """SD of the noise around each pixel, blind to slopes.

    Source: Immerkaer 1996, Comput Vis Image Underst 64:300, in a small window.
    """
    rough = np.abs(ndimage.convolve(greys, _LAPLACIAN, mode="nearest"))
    mean = ndimage.uniform_filter(rough, _WINDOW, mode="nearest")
    return np.asarray(mean * (np.sqrt(np.pi / 2) / 6), dtype=np.float32)


def _border_regions(
    flat: NDArray[np.bool_], values: NDArray[np.float32], noise: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Flat regions at the border that have one value, grown back to their full size."""
    labels, count = ndimage.label(flat)
    mask = np.zeros(flat.shape, dtype=bool)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    places = ndimage.find_objects(labels)
    for label in np.unique(edge[edge > 0]):
        if sizes[label] < _SMALL * flat.size:
            continue
        grown = tuple(
            slice(max(place.start - _WINDOW, 0), place.stop + _WINDOW)
            for place in places[label - 1]
        )
        part, inside = values[grown], labels[grown] == label
        middle = float(np.median(part[inside]))
        own = float(np.median(noise[grown][inside]))
        tolerance = max(3 * own, 1.0)
        # a slow shade that only looks flat in a small window is no mask
        if np.mean(np.abs(part[inside] - middle) <= tolerance) < 0.9:
            continue
        near = ndimage.binary_dilation(inside, iterations=_WINDOW // 2 + 1)
        mask[grown] |= inside | (near & (np.abs(part - middle) <= tolerance))
    return mask
