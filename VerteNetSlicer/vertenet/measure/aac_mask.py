"""Where an image shows nothing: masks, padding, collimation, of whatever value.

A mask is a region that touches the image's border and has one value, however bright:
black, white, grey or a padding value.  It may be noisy, as after JPEG, but its noise is
white: means of small squares then differ far less than in tissue, which always has some
structure.  Tissue that is saturated up to the border looks the same; nothing can be
read there either.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 5  # pixels; width of the squares that must be of one value
_SQUARE, _AREA = 9, 15  # pixels; squares whose means are compared, and over what area
_STRIP = 64  # pixels; how deep such a mask is looked for at first
_BAND = 192  # rows that are looked at together
_WHITE = 0.22  # scatter of those means over the noise: white noise 0.06 to 0.18, tissue 0.3 up
_STILL = 0.02  # scatter of the means that is none, in 256ths of the range of greys
_GREYS = 4.0  # SD of a mask's noise at most, in 256ths of the range of greys
_SMALL = 0.002  # share of the image below which a flat place is no mask

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]
_Box = tuple[slice, slice]

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
    regions = _Regions(_all_alike(values))
    exact = _of_one_value(values, regions.at_border())
    rest = values[::3, ::3][~exact[::3, ::3]]
    if rest.size < 50:
        return np.ones(values.shape, dtype=bool)
    low, high = np.percentile(rest, (1, 99))
    span = float(max(high - low, 0.05 * np.ptp(rest)))
    if span == 0:
        return np.ones(values.shape, dtype=bool)

    def greys(part: Pixels) -> Pixels:
        # a padding value far from all greys must not drown the rest in rounding
        scaled: Pixels = np.clip((part - low) * (256 / span), -256, 512)
        return scaled

    mask = exact | _of_white_noise(values, greys)
    if not mask.any():
        return mask
    # what a mask cuts off from the border shows nothing either: an arm behind collimation
    beside = regions.at_border(_largest(mask, 4 * _EXACT + 1))
    return mask | _of_one_value(values, beside)


def _of_one_value(values: Pixels, regions: list[tuple[_Box, Mask]]) -> Mask:
    """Some regions and what lies at their rim and has their value."""
    inside = np.zeros(values.shape, dtype=bool)
    for box, region in regions:
        inside[box] |= region
    mask = np.zeros(values.shape, dtype=bool)
    for box, _ in regions:
        rim = _widened(box, _EXACT // 2)
        wide = _widened(box, 2 * (_EXACT // 2))
        near = _largest(inside[wide], _EXACT)
        # squares that overlap share a pixel, so that a connected region has one value
        value = _largest(np.where(inside[wide], values[wide], np.float32(-np.inf)), _EXACT)
        found = near & (values[wide] == value)
        kept = tuple(
            slice(r.start - w.start, r.stop - w.start) for r, w in zip(rim, wide, strict=True)
        )
        mask[rim] |= found[kept]
    return mask


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
            first, second = _shifted(step, axis)
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
    length = parts.shape[axis] - count + 1
    covered = 1
    while covered < count:  # windows of twice the length from two of the length
        step = min(covered, count - covered)
        first, second = _shifted(step, axis)
        parts = parts[first] & parts[second]
        covered += step
    return parts[tuple(slice(length) if a == axis else slice(None) for a in (0, 1))]


def _shifted(step: int, axis: int) -> tuple[_Box, _Box]:
    """All but the last and all but the first so many, along one axis."""
    keep = slice(None)
    if axis == 0:
        return (slice(-step), keep), (slice(step, None), keep)
    return (keep, slice(-step)), (keep, slice(step, None))


class _Regions:
    """Connected regions of a picture, looked for but once."""

    def __init__(self, flat: Mask) -> None:
        self._labels: NDArray[np.int32] = np.zeros(flat.shape, np.int32)
        rows, starts, ends = _runs(flat)
        self._rows, self._starts, self._ends = rows, starts, ends
        self._numbers = _joined(rows * (flat.shape[1] + 1), starts, ends, flat.shape[1] + 1)
        self._labels[flat] = np.repeat(self._numbers, ends - starts)

    def _box(self, number: int) -> _Box:
        own = self._numbers == number
        rows = self._rows[own]
        return (
            slice(int(rows[0]), int(rows[-1]) + 1),
            slice(int(self._starts[own].min()), int(self._ends[own].max())),
        )

    def at_border(self, beside: Mask | None = None) -> list[tuple[_Box, Mask]]:
        """Those that touch the image's border, or a mask, and are not small.

        Returns:
            Of each the box around it, and the region within that.
        """
        labels = self._labels
        parts = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
        if beside is not None:
            parts.append(labels[beside])
        found = []
        for number in np.flatnonzero(np.bincount(np.concatenate(parts))[1:]) + 1:
            box = self._box(int(number))
            region = np.asarray(labels[box] == number)
            if np.count_nonzero(region) >= _SMALL * labels.size:
                found.append((box, region))
        return found


_Numbers = NDArray[np.intp]


def _runs(flat: Mask) -> tuple[_Numbers, _Numbers, _Numbers]:
    """Row, first column and the column after the last of each run of True in a row."""
    # a column of False at the end of each row, so that no run goes on in the next
    wide = np.zeros((flat.shape[0], flat.shape[1] + 1), dtype=bool)
    wide[:, :-1] = flat
    flips = np.flatnonzero(np.diff(wide.reshape(-1), prepend=False))
    rows, starts = np.divmod(flips[::2], wide.shape[1])
    return rows, starts, flips[1::2] - rows * wide.shape[1]


def _joined(offsets: _Numbers, starts: _Numbers, ends: _Numbers, width: int) -> _Numbers:
    """Number of each run's region from 1 on; runs that lie above each other are joined.

    As ``scipy.ndimage.label``, in a fifth of its time where little is True: it is the runs
    that are joined, not pixels.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(starts):
        return starts
    first, last = offsets + starts, offsets + ends
    begin = np.searchsorted(last, first + width, side="right")
    count = np.searchsorted(first, last + width) - begin
    above = np.repeat(np.arange(len(first)), count)
    below = np.arange(len(above)) + np.repeat(begin - np.cumsum(count) + count, count)
    # 32 bits: with others scipy 1.11 prints an error and gives numbers without a sense
    places = above.astype(np.int32), below.astype(np.int32)
    pairs = coo_array((np.ones(len(above), bool), places), shape=(len(first),) * 2)
    _, number = connected_components(pairs, directed=False)
    return np.asarray(number + 1, np.intp)


def _widened(box: _Box, by: int) -> _Box:
    """A box with so many pixels more on each side, as far as they lie on the image."""
    down, across = (slice(max(part.start - by, 0), part.stop + by) for part in box)
    return down, across


def _of_white_noise(values: Pixels, greys: Callable[[Pixels], Pixels]) -> Mask:
    """Regions at the border that show nothing but little noise.

    Args:
        values: the image.
        greys: gives a part of it in 256ths of the range of greys.
    """
    mask = np.zeros(values.shape, dtype=bool)
    noise = np.zeros(values.shape, dtype=np.float32)
    deep = _SQUARE + _AREA  # pixels that its windows reach, and a few more
    for turn in _TURNS:
        side, own, rough = turn(values), turn(mask), turn(noise)
        # whether a pixel of the border itself may belong to such a region is quick to tell
        if not _white(greys(np.ascontiguousarray(side[:deep])))[0][0].any():
            continue
        if not _from_border(side, own, rough, greys, deep):
            # a region goes on beyond the strip: look everywhere
            white, noise = _white_in_bands(values, greys, deep)
            mask[:] = False
            for box, region in _Regions(white).at_border():
                mask[box] |= region
            break
    mask = _large(mask)
    return _grown(mask, values, greys, noise) if mask.any() else mask


_TURNS: tuple[Callable[[NDArray[Any]], NDArray[Any]], ...] = (
    lambda a: a,
    lambda a: a[::-1],
    lambda a: a.T,
    lambda a: a.T[::-1],
)
"""Views of an image with its upper, lower, left and right side as the first row."""


def _from_border(
    side: Pixels, mask: Mask, noise: Pixels, greys: Callable[[Pixels], Pixels], deep: int
) -> bool:
    """Add the regions that touch the first row, where all end before the strip does."""
    white, rough = _white(greys(np.ascontiguousarray(side[: _STRIP + deep])))
    end = len(side) if len(side) <= _STRIP + deep else _STRIP
    from scipy import ndimage

    labels, _ = ndimage.label(white[:end])
    touching = np.unique(labels[0])
    region = np.isin(labels, touching[touching > 0])
    if end < len(side) and region[-1].any():
        return False
    mask[:end] |= region
    noise[:end] = rough[:end]
    return True


def _white_in_bands(
    values: Pixels, greys: Callable[[Pixels], Pixels], deep: int
) -> tuple[Mask, Pixels]:
    """:func:`_white` of a whole image, in bands that a processor's cache holds."""
    white, noise = np.zeros(values.shape, dtype=bool), np.zeros(values.shape, np.float32)
    for top in range(0, len(values), _BAND):
        first, end = max(top - deep, 0), min(top + _BAND, len(values))
        part = _white(greys(values[first : end + deep]))
        for whole, found in zip((white, noise), part, strict=True):
            whole[top:end] = found[top - first : end - first]
    return white, noise


def _large(mask: Mask) -> Mask:
    """The regions that are not small."""
    found = np.zeros(mask.shape, dtype=bool)
    for box, region in _Regions(mask).at_border():
        found[box] |= region
    return found


def _white(greys: Pixels) -> tuple[Mask, Pixels]:
    """Where there is nothing but little noise, and the noise."""
    from scipy import ndimage

    rough = np.abs(_bends(greys))
    # Source: Immerkaer 1996, Comput Vis Image Underst 64:300, in a small window
    noise = ndimage.uniform_filter(rough, _SQUARE, mode="nearest") * (np.sqrt(np.pi / 2) / 6)
    means = ndimage.uniform_filter(greys, _SQUARE, mode="nearest")
    squares = ndimage.uniform_filter(means * means, _AREA, mode="nearest")
    scatter = squares - ndimage.uniform_filter(means, _AREA, mode="nearest") ** 2
    limit = _WHITE * np.minimum(noise, _GREYS) + _STILL
    return (scatter <= limit * limit) & (noise <= _GREYS), noise


def _bends(greys: Pixels) -> Pixels:
    """Second difference across of the second difference down, borders repeated.

    A convolution with 1 -2 1, -2 4 -2, 1 -2 1 in a sixth of the time.
    """
    wide = np.pad(greys, 1, mode="edge")
    down = wide[:-2] - 2 * wide[1:-1] + wide[2:]
    across: Pixels = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return across


def _grown(core: Mask, values: Pixels, greys: Callable[[Pixels], Pixels], noise: Pixels) -> Mask:
    """Each region of one mean, widened by what the windows cost it."""
    from scipy import ndimage

    mask = np.zeros(core.shape, dtype=bool)
    labels, _ = ndimage.label(core)
    width = (_SQUARE + _AREA) // 2
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        box = tuple(slice(max(p.start - width, 0), p.stop + width) for p in place)
        part, inside = greys(values[box]), labels[box] == number
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
