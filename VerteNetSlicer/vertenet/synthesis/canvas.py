"""Drawing on float images: polygons, tubes, smooth noise, blurs.

Frame of every function here: pixels, ``(x, y)``, ``(0, 0)`` the centre of the
top-left pixel.  Weights add up where shapes overlap, as attenuation does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Image = NDArray[np.float32]
Points = NDArray[np.float64]
Shape = tuple[int, int]


class Polygons(NamedTuple):
    """Closed polygons of either orientation, one after the other.

    Attributes:
        corners: (n, 2) in pixels.
        sizes: (k,) corners of each.
        weight: (k,) of each.
    """

    corners: Points
    sizes: NDArray[np.int64]
    weight: NDArray[np.float64]


class PolygonSheet:
    """Collects weighted polygons and rasterises them all in one pass.

    Rows are sampled ``sub`` times; columns are covered exactly.  With a
    ``matrix`` and ``offset`` the polygons are given in other units and brought
    into pixels when drawn.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        sub: int = 2,
        matrix: Points | None = None,
        offset: Points | None = None,
    ) -> None:
        self.shape = shape
        self.sub = sub
        self._matrix = np.eye(2) if matrix is None else matrix
        self._offset = np.zeros(2) if offset is None else offset
        self._polygons: list[Points] = []
        self._weights: list[float] = []
        self._lines: list[Points] = []
        self._widths: list[float | NDArray[np.float64]] = []
        self._line_weights: list[float] = []
        self._packed: Polygons | None = None

    def add(self, polygon: Points, weight: float) -> None:
        """Add one closed polygon, (n, 2), of either orientation."""
        if weight != 0.0 and len(polygon) > 2:
            self._polygons.append(polygon)
            self._weights.append(weight)

    def add_stroke(self, line: Points, width: float | NDArray[np.float64], weight: float) -> None:
        """Add a stroke along a polyline, (n, 2)."""
        if weight != 0.0 and len(line) > 1:
            self._lines.append(line)
            self._widths.append(width)
            self._line_weights.append(weight)

    def polygons(self) -> Polygons:
        """All that was added, strokes as polygons, in pixels."""
        if self._packed is None:
            count = [len(p) for p in self._polygons] + [2 * len(line) for line in self._lines]
            points = np.concatenate([*self._polygons, tubes(self._lines, self._widths)])
            self._packed = Polygons(
                points @ self._matrix.T + self._offset,
                np.array(count, np.int64),
                np.array(self._weights + self._line_weights),
            )
        return self._packed

    def __getstate__(self) -> dict[str, Any]:
        """Travel between processes as few arrays; nothing can be added afterwards."""
        return {"shape": self.shape, "sub": self.sub, "_packed": self.polygons()}

    def draw(self) -> Image:
        """The sum of all polygons, (rows, columns)."""
        rows, columns = self.shape
        corners, count, weight = self.polygons()
        if not len(count):
            return np.zeros(self.shape, np.float32)
        first = np.cumsum(count) - count
        following = np.arange(1, len(corners) + 1)
        following[first + count - 1] = first
        end = corners[following]
        area = np.add.reduceat(corners[:, 0] * end[:, 1] - end[:, 0] * corners[:, 1], first)
        step = np.repeat(-np.sign(area) * weight / self.sub, count)
        flat = _scan_edges(corners, end, step, self.shape, self.sub)
        total = flat.astype(np.float32).reshape(rows, columns + 2)[:, :columns]
        return np.cumsum(total, axis=1, dtype=np.float32)


def _scan_edges(
    start: Points, end: Points, weight: NDArray[np.float64], shape: Shape, sub: int
) -> NDArray[np.float64]:
    """Steps of coverage along the rows: the derivative of the picture in x."""
    rows, columns = shape
    downwards = end[:, 1] > start[:, 1]
    top = np.where(downwards[:, None], start, end)
    bottom = np.where(downwards[:, None], end, start)
    signed = np.where(downwards, weight, -weight)
    # sub-row k lies at y = (k + 0.5) / sub - 0.5
    first = np.clip(np.ceil((top[:, 1] + 0.5) * sub - 0.5), 0, rows * sub).astype(np.int64)
    last = np.clip(np.ceil((bottom[:, 1] + 0.5) * sub - 0.5), 0, rows * sub).astype(np.int64)
    count = np.where(np.minimum(top[:, 0], bottom[:, 0]) < columns, last - first, 0)
    edge = np.repeat(np.arange(len(count)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    sub_row = first[edge] + offset
    y = (sub_row + 0.5) / sub - 0.5
    slope = (bottom[:, 0] - top[:, 0]) / np.maximum(bottom[:, 1] - top[:, 1], 1e-9)
    x = np.clip(top[edge, 0] + (y - top[edge, 1]) * slope[edge] + 0.5, 0.0, float(columns))
    column = np.minimum(np.floor(x).astype(np.int64), columns)
    part = x - column
    place = (sub_row // sub) * (columns + 2) + column
    size = rows * (columns + 2)
    value = signed[edge]
    flat = np.bincount(place, value * (1.0 - part), size)
    flat += np.bincount(place + 1, value * part, size + 1)[:size]
    return np.asarray(flat, np.float64)


def tube(line: Points, width: float | NDArray[np.float64]) -> Points:
    """The outline of a stroke of a given width along a polyline, (2n, 2)."""
    return tubes([line], [width])


def tubes(lines: Sequence[Points], widths: Sequence[float | NDArray[np.float64]]) -> Points:
    """The outlines of several strokes one after the other, twice as many points."""
    if not lines:
        return np.zeros((0, 2))
    count = np.array([len(line) for line in lines])
    line = np.concatenate(lines)
    first = np.repeat(np.cumsum(count) - count, count)
    last = first + np.repeat(count, count) - 1
    place = np.arange(len(line))
    along = line[np.minimum(place + 1, last)] - line[np.maximum(place - 1, first)]
    width = np.concatenate([np.broadcast_to(w, n) for w, n in zip(widths, count, strict=True)])
    half = 0.5 * width / np.maximum(np.sqrt(along[:, 0] ** 2 + along[:, 1] ** 2), 1e-9)
    side = np.stack([-along[:, 1] * half, along[:, 0] * half], axis=1)
    out = np.empty((2 * len(line), 2))
    # there on one side of the line, back on the other
    out[first + place] = line + side
    out[first + 2 * last + 1 - place] = line - side
    return out


def ellipse(
    centre: Points, along: Points, radius_along: float, radius_across: float, *, count: int = 20
) -> Points:
    """An ellipse's outline with its first radius along a unit vector."""
    _, cos, sin = _circle(count)
    across = np.array([-along[1], along[0]])
    return centre + cos[:, None] * along * radius_along + sin[:, None] * across * radius_across


@cache
def _circle(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Angles once around with their cosines and sines, (count,) each."""
    angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    return angle, np.cos(angle), np.sin(angle)


def smooth_curve(knots: Points | Sequence[Sequence[float]], count: int = 24) -> Points:
    """A Catmull-Rom curve through the knots, (count, 2)."""
    knot = np.asarray(knots, np.float64)
    return _catmull_rom(len(knot), count) @ knot


@cache
def _catmull_rom(knots: int, count: int) -> NDArray[np.float64]:
    """The curve's points as weights of its knots, (count, knots)."""
    eye = np.eye(knots)
    padded = np.concatenate([2 * eye[:1] - eye[1:2], eye, 2 * eye[-1:] - eye[-2:-1]])
    place = np.linspace(0.0, knots - 1.0, count)
    k = np.minimum(place.astype(int), knots - 2)
    t = (place - k)[:, None]
    p0, p1, p2, p3 = (padded[k + j] for j in range(4))
    return 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )


def blob(
    rng: np.random.Generator, centre: Points, radius: float, *, rough: float = 0.2, count: int = 24
) -> Points:
    """A closed irregular outline around a centre."""
    angle, across, down = _circle(count)
    phase = rng.uniform(0.0, 2.0 * np.pi, (4, 1))
    wave = 1.0 + (rng.normal(0.0, rough, (4, 1)) / _ORDER * np.cos(_ORDER * angle + phase)).sum(0)
    reach = radius * np.maximum(wave, 0.15)
    turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.5, 1.0)
    local = np.empty((count, 2))
    local[:, 0], local[:, 1] = across * reach, down * reach * squeeze
    cos, sin = math.cos(turn), math.sin(turn)
    return centre + local @ np.array([[cos, sin], [-sin, cos]])


_ORDER = np.arange(2.0, 6.0)[:, None]


def blur(image: Image, sigma: float | tuple[float, float]) -> Image:
    """Gaussian blur; wide ones are done on a coarser copy."""
    pair = (sigma, sigma) if isinstance(sigma, float | int) else sigma
    if max(pair) < 0.15:
        return image
    factor = int(min(min(pair) // 1.4, 16))
    if factor < 2:
        return ndimage.gaussian_filter(image, pair, mode="nearest", truncate=2.6)
    small = shrink(image, factor)
    rest = tuple(np.sqrt(max((s / factor) ** 2 - 0.17, 0.01)) for s in pair)
    small = ndimage.gaussian_filter(small, rest, mode="nearest", truncate=2.6)
    return enlarge(small, image.shape, factor)


def shrink(image: Image, factor: int) -> Image:
    """Means over squares; the last ones are padded with the edge's values."""
    rows, columns = image.shape
    pad = ((0, -rows % factor), (0, -columns % factor))
    padded = np.pad(image, pad, mode="edge")
    high, wide = padded.shape[0] // factor, padded.shape[1] // factor
    return padded.reshape(high, factor, wide, factor).mean(axis=(1, 3), dtype=np.float32)


def enlarge(small: Image, shape: Shape, factor: float) -> Image:
    """Linear interpolation; pixel centres keep their place."""
    return _stretch(_stretch(small, shape[0], factor, 0), shape[1], factor, 1)


def _stretch(image: Image, length: int, factor: float, axis: int) -> Image:
    place = np.clip((np.arange(length) + 0.5) / factor - 0.5, 0, image.shape[axis] - 1)
    low = np.minimum(place.astype(np.int64), max(image.shape[axis] - 2, 0))
    high = np.minimum(low + 1, image.shape[axis] - 1)
    part = (place - low).astype(np.float32)
    part = part[:, None] if axis == 0 else part[None, :]
    lower = np.take(image, low, axis=axis)
    return lower + (np.take(image, high, axis=axis) - lower) * part


def smooth_noise(rng: np.random.Generator, shape: Shape, scale: float) -> Image:
    """Noise of unit variance (nearly) with structures of ``scale`` pixels."""
    factor = scale if scale >= 1.5 else 1.0
    small = (int(np.ceil(shape[0] / factor)) + 2, int(np.ceil(shape[1] / factor)) + 2)
    field = rng.standard_normal(small, dtype=np.float32)
    if factor == 1.0:
        return field[: shape[0], : shape[1]]
    return 1.5 * enlarge(field, shape, factor)


def white_noise(rng: np.random.Generator, shape: Shape) -> Image:
    """Independent normal noise of unit variance."""
    return rng.standard_normal(shape, dtype=np.float32)
