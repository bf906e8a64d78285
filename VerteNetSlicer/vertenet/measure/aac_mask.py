"""Where an image shows nothing: masks, padding, collimation, of whatever value.

A mask is a region that touches the image's border and has one value, however bright:
black, white, grey or a padding value.  It may be noisy, as after JPEG, but its noise is
white: means of small squares then differ far less than in tissue, which always has some
structure.  Tissue that is saturated up to the border looks the same; nothing can be
read there either.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 5  # pixels; width of the squares that must be of one value
_SQUARE, _AREA = 9, 15  # pixels; squares whose means are compared, and over what area
_WHITE = 0.22  # scatter of those means over the noise: white noise 0.06 to 0.18, tissue 0.3 up
_STILL = 0.02  # scatter of the means that is none, in 256ths of the range of greys
_GREYS = 4.0  # SD of a mask's noise at most, in 256ths of the range of greys
_SMALL = 0.002  # share of the image below which a flat place is no mask
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)

Mask = NDArray[np.bool_]
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
    same = _all_alike(values)
    exact = _of_one_value(values, same)
    rest = values[::3, ::3][~exact[::3, ::3]]
    if rest.size < 50:
        return np.ones(values.shape, dtype=bool)
    low, high = np.percentile(rest, (1, 99))
    span = float(max(high - low, 0.05 * np.ptp(rest)))
    if span == 0:
        return np.ones(values.shape, dtype=bool)
    # a padding value far from all greys must not drown the rest in rounding
    greys = np.clip((values - low) * (256 / span), -256, 512)
    mask = exact | _of_white_noise(greys)
    if not mask.any():
        return mask
    # what a mask cuts off from the border shows nothing either: an arm behind collimation
    return mask | _of_one_value(values, same, _largest(mask, 4 * _EXACT + 1))


def _of_one_value(values: Pixels, same: Mask, beside: Mask | None = None) -> Mask:
    """Regions at the border, or beside a mask, whose pixels are all the same."""
    if not same.any():
        return same
    # squares that overlap share a pixel, so that a connected region has one value
    mask = _at_border(same, beside)
    if not mask.any():
        return mask
    near = _largest(mask, _EXACT)
    value = _largest(np.where(mask, values, np.float32(-np.inf)), _EXACT)
    return np.asarray(near & (values == value))


def _largest(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Largest value in the square of odd ``size`` around each pixel, in the image alone."""
    lowest = False if values.dtype == bool else -np.inf
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (size // 2, size // 2)
        values = np.pad(values, pad, constant_values=lowest)
        covered = 1
        while covered < size:  # windows of twice the length from two of the length
            step = min(covered, size - covered)
            first, second = (
                tuple(part if a == axis else slice(None) for a in (0, 1))
                for part in (slice(None, -step), slice(step, None))
            )
            values = np.maximum(values[first], values[second])
            covered += step
    return values


def _all_alike(values: Pixels) -> Mask:
    """True where a square holds one value, borders repeated."""
    wide = np.pad(values, _EXACT // 2, mode="edge")
    across = _all_of(wide[:, 1:] == wide[:, :-1], _EXACT - 1, 1)
    down = _all_of(wide[1:] == wide[:-1], _EXACT - 1, 0)[:, : across.shape[1]]
    return np.asarray(_all_of(across, _EXACT, 0) & down)


def _all_of(parts: Mask, count: int, axis: int) -> Mask:
    """True where so many in a row are, from each on."""
    lines = np.moveaxis(parts, axis, 0)
    length = len(lines) - count + 1
    every = lines[:length].copy()
    for i in range(1, count):
        every &= lines[i : i + length]
    return np.moveaxis(every, 0, axis)


def _of_white_noise(greys: Pixels) -> Mask:
    """Regions at the border that show nothing but little noise."""
    if not _white_somewhere_at_border(greys):
        return np.zeros(greys.shape, dtype=bool)
    white, noise = _white(greys)
    core = _at_border(white)
    return _grown(core, greys, noise) if core.any() else core


def _white_somewhere_at_border(greys: Pixels) -> bool:
    """Whether a pixel of the border itself may belong to such a region: quick to tell."""
    deep = _SQUARE + _AREA  # pixels that its windows reach, and a few more
    sides = (greys[:deep], greys[: -deep - 1 : -1], greys[:, :deep].T, greys[:, : -deep - 1 : -1].T)
    return any(bool(_white(np.ascontiguousarray(side))[0][0].any()) for side in sides)


def _white(greys: Pixels) -> tuple[Mask, Pixels]:
    """Where there is nothing but little noise, and the noise."""
    from scipy import ndimage

    rough = np.abs(ndimage.convolve(greys, _LAPLACIAN, mode="nearest"))
    # Source: Immerkaer 1996, Comput Vis Image Underst 64:300, in a small window
    noise = ndimage.uniform_filter(rough, _SQUARE, mode="nearest") * (np.sqrt(np.pi / 2) / 6)
    means = ndimage.uniform_filter(greys, _SQUARE, mode="nearest")
    squares = ndimage.uniform_filter(means * means, _AREA, mode="nearest")
    scatter = squares - ndimage.uniform_filter(means, _AREA, mode="nearest") ** 2
    limit = _WHITE * np.minimum(noise, _GREYS) + _STILL
    return (scatter <= limit * limit) & (noise <= _GREYS), noise


def _at_border(flat: Mask, beside: Mask | None = None) -> Mask:
    """The connected regions that touch the image's border, or a mask, and are not small."""
    from scipy import ndimage

    labels, count = ndimage.label(flat)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    kept = np.zeros(count + 1, dtype=bool)
    kept[edge] = True
    if beside is not None:
        kept[labels[beside]] = True
    kept[0] = False
    kept &= np.bincount(labels.ravel(), minlength=count + 1) >= _SMALL * flat.size
    return np.asarray(kept[labels])


def _grown(core: Mask, greys: Pixels, noise: Pixels) -> Mask:
    """Each region of one mean, widened by what the windows cost it."""
    from scipy import ndimage

    mask = np.zeros(core.shape, dtype=bool)
    labels, _ = ndimage.label(core)
    width = (_SQUARE + _AREA) // 2
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        box = tuple(slice(max(p.start - width, 0), p.stop + width) for p in place)
        part, inside = greys[box], labels[box] == number
        middle = float(np.median(part[inside]))
        own = float(np.median(noise[box][inside]))
        means = ndimage.uniform_filter(part, _SQUARE, mode="nearest")
        # a slow shade that only looks flat in a small window is no mask
        if np.mean(np.abs(means[inside] - middle) <= own / 2 + 0.5) < 0.9:
            continue
        alike = np.abs(part - middle) <= max(3 * own, 1.0)
        alike &= ndimage.uniform_filter(alike.astype(np.float32), 3, mode="nearest") > 0.7
        mask[box] |= inside | (alike & ndimage.maximum_filter(inside, 2 * width + 1))
    return mask
