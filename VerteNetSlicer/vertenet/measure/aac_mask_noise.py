"""Masks that are noisy, as after JPEG: their noise is white.

Means of small squares then differ far less than in tissue, which always has some structure.
Where that is so is asked of each pixel, but first, and much sooner, of blocks of 3 x 3: most of
an image cannot belong to such a mask, and is not looked at further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .aac_mask_regions import SMALL, Box, Mask, Regions, largest, shifted, widened

_SQUARE, _AREA = 9, 15  # pixels; squares whose means are compared, and over what area
_WHITE = 0.22  # scatter of those means over the noise: white noise 0.06 to 0.18, tissue 0.3 up
_STILL = 0.02  # scatter of the means that is none, in 256ths of the range of greys
_GREYS = 4.0  # SD of a mask's noise at most, in 256ths of the range of greys
_DARK, _BRIGHT = -256, 512  # 256ths; beyond it a padding value would drown the rest in rounding
_BLOCK = 3  # pixels
_TILE = (32, 16)  # blocks; of what is looked at together, so that a processor's cache holds it
_HUGGING = SMALL / 3  # at the image's end blocks have up to 5 x 5 pixels

Pixels = NDArray[np.float32]
_Array = NDArray[Any]


@dataclass(frozen=True)
class Greys:
    """An image in 256ths of its range of greys.

    Attributes:
        values: the image.
        low: what becomes 0.
        span: how much more becomes 256.
    """

    values: Pixels
    low: float
    span: float

    def part(self, box: Box) -> Pixels:
        """Some of it."""
        scaled: Pixels = self.values[box] - np.float32(self.low)
        scaled *= np.float32(256 / self.span)
        np.maximum(scaled, np.float32(_DARK), out=scaled)
        return np.minimum(scaled, np.float32(_BRIGHT), out=scaled)

    def clipped(self) -> Pixels:
        """All of it as it was, but for what lies far from all greys."""
        dark, bright = (np.float32(self.low + n * self.span / 256) for n in (_DARK, _BRIGHT))
        if self.values.min() >= dark and self.values.max() <= bright:
            return self.values
        return np.asarray(np.clip(self.values, dark, bright))


def of_white_noise(greys: Greys) -> Mask:
    """Regions at the border that show nothing but little noise."""
    shape = greys.values.shape
    mask = np.zeros(shape, dtype=bool)
    ends = _ends(greys)
    if not ends.any():
        return mask
    scatter = _scatter_of_blocks(greys)
    candidates = _with(ends, scatter <= _most_scatter(_GREYS))
    white = np.zeros(shape, dtype=bool)
    noise, means = np.empty(shape, np.float32), np.empty(shape, np.float32)
    most = np.full(scatter.shape, -np.inf, np.float32)
    for box, blocks in _tiles(candidates, shape):
        noise[box] = _noise(greys, box)
        quiet = np.where(noise[box] <= _GREYS, noise[box], np.float32(-np.inf))
        most[blocks] = _most_in_blocks(quiet)
    candidates &= (most >= 0) & (scatter <= _most_scatter(np.maximum(most, 0)))
    for box, _ in _tiles(_with(ends, candidates), shape):
        white[box], means[box] = _white(greys, box, noise[box])
    for box, region in Regions(white).at_border():
        _grow(box, region, greys, noise, means, mask)
    return mask


def _ends(greys: Greys) -> Mask:
    """Blocks with a pixel of white noise on the border itself: quick to tell, and often none."""
    rows, columns = greys.values.shape
    blocks = np.zeros((rows // _BLOCK, columns // _BLOCK), dtype=bool)
    upper, lower = slice(0, 1), slice(rows - 1, rows)
    left, right = slice(0, 1), slice(columns - 1, columns)
    down, across = slice(0, rows), slice(0, columns)
    for box in ((upper, across), (lower, across), (down, left), (down, right)):
        noise = _noise(greys, box)
        if noise.min() > _GREYS:
            continue
        found = np.nonzero(_white(greys, box, noise)[0])
        y, x = (
            np.minimum((at + b.start) // _BLOCK, count - 1)
            for at, b, count in zip(found, box, blocks.shape)
        )
        blocks[y, x] = True
    return blocks


def _with(ends: Mask, blocks: Mask) -> Mask:
    """Those of regions that hold an end, and are large enough for a mask."""
    found = np.zeros(blocks.shape, dtype=bool)
    for box, region in Regions(blocks).at_border(least=_HUGGING):
        if ends[box][region].any():
            found[box] |= region
    return found


def _limit(noise: Any) -> Any:
    """How much the means of squares may scatter."""
    return _WHITE * noise + _STILL


def _most_scatter(noise: Any) -> Any:
    """What :func:`_scatter_of_blocks` is at most where a pixel with so much noise is white."""
    return (_limit(noise) * _AREA / _BLOCK) ** 2 + 0.01  # rounding


def _scatter_of_blocks(greys: Greys) -> NDArray[np.float64]:
    """What of the scatter around a block's pixels is known from the blocks' means alone.

    Within the area around any pixel lie 4 x 4 whole blocks, in one of four ways, or as many of
    them as the image has.  The means of squares scatter as the blocks' own means do, or more.

    Returns:
        Sum over these blocks of squared distances from their mean, of the way with the least.
    """
    sums = _thirds(_thirds(greys.clipped(), 0), 1)
    for axis in (0, 1):
        sums = _sum(sums, axis, 3, 1)
    blocks = sums.astype(np.float64) * (256 / greys.span / (_SQUARE * _BLOCK) ** 2)
    blocks -= blocks.mean()
    # how many of the four lie on the image
    down, across = (np.convolve(np.ones(n), np.ones(4))[1:-1] for n in blocks.shape)
    scatter = _fours(blocks * blocks) - _fours(blocks) ** 2 / np.outer(down, across)
    for axis in (0, 1):
        first, second = shifted(1, axis)
        scatter = np.minimum(scatter[first], scatter[second])
    return scatter


def _thirds(values: Pixels, axis: int) -> Pixels:
    """Sum over each three pixels, from before the first to after the last, of sums of three."""
    count = values.shape[axis] // _BLOCK
    pads = [(0, 0), (0, 0)]
    pads[axis] = (_SQUARE // 2, _SQUARE // 2)
    wide = _edged(values, pads)
    a, b, c, d, e = (_cut(wide, axis, i, i + _BLOCK * (count + 1) + 1, _BLOCK) for i in range(5))
    summed = b + d
    summed += c
    summed *= 2
    for more in (a, c, e):
        summed += more
    return summed


def _fours(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over 4 x 4 blocks; the first and the last hold two of the picture's along an axis."""
    wide = np.zeros((blocks.shape[0] + 4, blocks.shape[1] + 4))
    wide[2:-2, 2:-2] = blocks
    for axis in (0, 1):
        for step in (1, 2):
            first, second = shifted(step, axis)
            wide = wide[first] + wide[second]
    return wide


def _tiles(candidates: Mask, shape: tuple[int, ...]) -> Iterator[tuple[Box, Box]]:
    """Boxes that hold all candidates and as few others as are soon told: pixels, and blocks."""
    down, across = _TILE
    for top in range(0, len(candidates), down):
        part = candidates[top : top + down]
        columns = np.asarray(part.any(axis=0))
        if not columns.any():
            continue
        held = np.logical_or.reduceat(columns, range(0, len(columns), across))
        edges = np.flatnonzero(np.diff(held, prepend=False, append=False)) * across
        for left, right in zip(edges[::2].tolist(), edges[1::2].tolist()):
            rows = np.flatnonzero(part[:, left:right].any(axis=1))
            right = min(right, len(columns))
            blocks = slice(top + int(rows[0]), top + int(rows[-1]) + 1), slice(left, right)
            yield _pixels_of(blocks, candidates.shape, shape), blocks


def _pixels_of(blocks: Box, counts: tuple[int, ...], shape: tuple[int, ...]) -> Box:
    """The pixels of some blocks; the last one reaches to the image's end."""
    down, across = (
        slice(_BLOCK * b.start, _BLOCK * b.stop if b.stop < count else length)
        for b, count, length in zip(blocks, counts, shape)
    )
    return down, across


def _most_in_blocks(values: Pixels) -> Pixels:
    """Largest value of each block; the last may have more than three rows and columns."""
    for axis in (0, 1):
        whole = values.shape[axis] // _BLOCK * _BLOCK
        parts = [_cut(values, axis, i, whole, _BLOCK) for i in range(_BLOCK)]
        most = np.maximum(np.maximum(parts[0], parts[1]), parts[2])
        for i in range(whole, values.shape[axis]):
            last = _cut(most, axis, most.shape[axis] - 1, most.shape[axis])
            np.maximum(last, _cut(values, axis, i, i + 1), out=last)
        values = most
    return values


def _noise(greys: Greys, box: Box) -> Pixels:
    """How much noise there is around the pixels of a box.

    Source: Immerkaer 1996, Comput Vis Image Underst 64:300, in a small window
    """
    part = _Part(greys, box, _SQUARE // 2 + 1)
    wide = part.repeated(part.values, 1)
    for axis in (0, 1):  # 1 -2 1 both ways
        end = wide.shape[axis]
        bends = _cut(wide, axis, 0, end - 2) + _cut(wide, axis, 2, end)
        bends -= 2 * _cut(wide, axis, 1, end - 1)
        wide = bends
    noise = part.mean(np.abs(wide, out=wide), _SQUARE)
    noise *= np.float32(np.sqrt(np.pi / 2) / 6)
    return part.inner(noise, 0)


def _white(greys: Greys, box: Box, noise: Pixels) -> tuple[Mask, Pixels]:
    """Where in a box there is nothing but so much noise, and means around its pixels."""
    part = _Part(greys, box, _SQUARE // 2 + _AREA // 2)
    means = part.mean(part.values, _SQUARE)
    # what is left is small beside the squares of greys: single precision would not hold it
    exact = means.astype(np.float64)
    scatter = part.mean(exact * exact, _AREA) - part.mean(exact, _AREA) ** 2
    white = (noise <= _GREYS) & (part.inner(scatter, 0) <= _limit(noise) ** 2)
    return white, part.inner(means, _AREA // 2)


class _Part:
    """A box of an image with so many pixels around it as windows reach.

    Each window costs some of them; where the image ends its border is repeated instead.
    """

    def __init__(self, greys: Greys, box: Box, reach: int) -> None:
        self.values = greys.part(widened(box, reach))
        rooms = [(b.start, length - b.stop) for b, length in zip(box, greys.values.shape)]
        self._rooms = [tuple(r if r < reach else None for r in pair) for pair in rooms]

    def repeated(self, values: _Array, by: int) -> _Array:
        """With so much more of the border where the image ends."""
        return _edged(values, [tuple(by * (r is not None) for r in p) for p in self._rooms])

    def mean(self, values: _Array, size: int) -> _Array:
        """Means over squares of 9 or 15."""
        values = self.repeated(values, size // 2)
        for axis in (0, 1):
            values = _sum(_sum(values, axis, 3, 1), axis, size // 3, 3)
        values *= values.dtype.type(1 / size**2)
        return values

    def inner(self, values: _Array, left: int) -> _Array:
        """The box alone, of what has so many pixels left around it where the image goes on."""
        (top, bottom), (first, last) = (
            [left if room is None else room for room in pair] for pair in self._rooms
        )
        rows, columns = values.shape
        return values[top : rows - bottom, first : columns - last]


def _cut(values: _Array, axis: int, start: int, end: int, step: int = 1) -> _Array:
    part = slice(start, end, step)
    return values[part] if axis == 0 else values[:, part]


def _sum(values: _Array, axis: int, count: int, step: int) -> _Array:
    """Sums of three or more values, so many steps from each to the next, from each on."""
    length = values.shape[axis] - (count - 1) * step
    parts = [_cut(values, axis, i * step, i * step + length) for i in range(count)]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total


def _edged(values: _Array, pads: Sequence[Sequence[int]]) -> _Array:
    """As numpy's pad with mode "edge", which takes longer than all else for small arrays."""
    (top, bottom), (left, right) = pads
    if not (top or bottom or left or right):
        return values
    rows, columns = values.shape
    wide = np.empty((top + rows + bottom, left + columns + right), values.dtype)
    wide[top : top + rows, left : left + columns] = values
    wide[:top], wide[top + rows :] = wide[top], wide[top + rows - 1]
    wide[:, :left] = wide[:, left : left + 1]
    wide[:, left + columns :] = wide[:, left + columns - 1 : left + columns]
    return wide


def _grow(box: Box, region: Mask, greys: Greys, noise: Pixels, means: Pixels, mask: Mask) -> None:
    """Add a region of one mean to a mask, widened by what the windows cost it."""
    width = (_SQUARE + _AREA) // 2
    own = float(np.median(noise[box][region]))
    middle = float(np.median(greys.part(box)[region]))
    # a slow shade that only looks flat in a small window is no mask
    if np.mean(np.abs(means[box][region] - middle) <= own / 2 + 0.5) < 0.9:
        return
    wide = widened(box, width)
    inside = np.zeros(mask[wide].shape, dtype=bool)
    top, left = (b.start - w.start for b, w in zip(box, wide))
    inside[top : top + region.shape[0], left : left + region.shape[1]] = region
    alike = np.abs(greys.part(wide) - np.float32(middle)) <= max(3 * own, 1.0)
    count = _edged(alike.view(np.uint8), ((1, 1), (1, 1)))
    for axis in (0, 1):
        count = _sum(count, axis, 3, 1)
    alike &= count >= 7  # of nine
    mask[wide] |= inside | (alike & largest(inside, 2 * width + 1))
