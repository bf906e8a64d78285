"""Connected regions of a picture that touch its border, and windows over pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL = 0.002
"""Share of the image below which a flat place is no mask."""

Mask = NDArray[np.bool_]
Box = tuple[slice, slice]
_Numbers = NDArray[np.intp]


class Regions:
    """Connected regions of a picture, looked for but once."""

    def __init__(self, flat: Mask) -> None:
        self._labels: NDArray[np.int32] = np.zeros(flat.shape, np.int32)
        rows, starts, ends = _runs(flat)
        self._rows, self._starts, self._ends = rows, starts, ends
        self._numbers = _joined(rows * (flat.shape[1] + 1), starts, ends, flat.shape[1] + 1)
        self._labels[flat] = np.repeat(self._numbers, ends - starts)

    def _box(self, number: int) -> Box:
        own = self._numbers == number
        rows = self._rows[own]
        return (
            slice(int(rows[0]), int(rows[-1]) + 1),
            slice(int(self._starts[own].min()), int(self._ends[own].max())),
        )

    def at_border(
        self, beside: Mask | None = None, *, least: float = SMALL
    ) -> list[tuple[Box, Mask]]:
        """Those that touch the image's border, or a mask, and are not small.

        Args:
            beside: the mask.
            least: the share of the picture from which on a region is not small.

        Returns:
            Of each the box around it, and the region within that.
        """
        labels = self._labels
        sizes = np.bincount(self._numbers, self._ends - self._starts)
        parts = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
        if beside is not None:
            parts.append(labels[beside])
        found = []
        for number in np.flatnonzero(np.bincount(np.concatenate(parts))[1:]) + 1:
            if sizes[number] >= least * labels.size:
                box = self._box(int(number))
                found.append((box, np.asarray(labels[box] == number)))
        return found


def _runs(flat: Mask) -> tuple[_Numbers, _Numbers, _Numbers]:
    """Row, first column and the column after the last of each run of True in a row."""
    # a column of False at the end of each row, so that no run goes on in the next
    wide = np.zeros((flat.shape[0], flat.shape[1] + 1), dtype=bool)
    wide[:, :-1] = flat
    flips = np.flatnonzero(np.diff(wide.reshape(-1), prepend=False))
    rows, starts = np.divmod(flips[::2], wide.shape[1])
    return rows, starts, flips[1::2] - rows * wide.shape[1]


def _joined(offsets: _Numbers, starts: _Numbers, stops: _Numbers, width: int) -> _Numbers:
    """Number of each run's region from 1 on; runs that lie above each other are joined.

    As ``scipy.ndimage.label``, in a fifth of its time where little is True: it is the runs
    that are joined, not pixels.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(starts):
        return starts
    first, last = offsets + starts, offsets + stops
    begin = np.searchsorted(last, first + width, side="right")
    count = np.searchsorted(first, last + width) - begin
    ends = np.cumsum(count)
    below = np.arange(ends[-1]) + np.repeat(begin - ends + count, count)
    # 32 bits: with others scipy 1.11 prints an error and gives numbers without a sense
    rows = np.concatenate(([0], ends)).astype(np.int32)
    # real numbers, as scipy would make of others
    joined = np.ones(len(below)), below.astype(np.int32), rows
    pairs = csr_array(joined, shape=(len(first),) * 2)
    _, number = connected_components(pairs, directed=False)
    return np.asarray(number + 1, np.intp)


def widened(box: Box, by: int) -> Box:
    """A box with so many pixels more on each side, as far as they lie on the image."""
    down, across = (slice(max(part.start - by, 0), part.stop + by) for part in box)
    return down, across


def largest(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Largest value in the square of odd ``size`` around each pixel, in the image alone."""
    lowest = False if values.dtype == bool else -np.inf
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (size // 2, size // 2)
        values = np.pad(values, pad, constant_values=lowest)
        covered = 1
        while covered < size:  # windows of twice the length from two of the length
            step = min(covered, size - covered)
            first, second = shifted(step, axis)
            values = np.maximum(values[first], values[second])
            covered += step
    return values


def shifted(step: int, axis: int) -> tuple[Box, Box]:
    """All but the last and all but the first so many, along one axis."""
    keep = slice(None)
    if axis == 0:
        return (slice(-step), keep), (slice(step, None), keep)
    return (keep, slice(-step)), (keep, slice(step, None))
