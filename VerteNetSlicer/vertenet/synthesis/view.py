"""From the spine's units to the picture's pixels, and the spine's own curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Points, Shape

Levels = float | NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """An affine map: ``pixel = matrix @ unit + offset``.

    Units are those of `SpineShape` (x towards the front); pixels are those of
    the picture, pixel-centre convention.  The map holds zoom, anisotropic
    pixels, rotation, shift and the mirror.
    """

    shape: Shape
    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels per unit, the geometric mean of both directions."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def pixels(self, units: Points) -> Points:
        """Units to pixels, any leading shape."""
        return units @ self.matrix.T + self.offset

    def units(self, pixels: Points) -> Points:
        """Pixels to units, any leading shape."""
        return (pixels - self.offset) @ np.linalg.inv(self.matrix).T


class SpineCurve:
    """Centre, front and downward direction along the spine, by level number.

    Level numbers are those of ``BODY_LEVELS`` and may be fractions (11.5 lies
    between T12 and L1) or lie a little outside 0..17.  Answers come from a
    table, since a scan asks some hundred times.
    """

    _FIRST, _LAST, _STEPS = -8.0, 28.0, 20

    def __init__(self, six: NDArray[np.float64]) -> None:
        """Build it from the six points of each level; absent bodies are NaN."""
        present = np.isfinite(six).all(axis=(1, 2))
        body = six[present].astype(np.float64)
        knots = np.nonzero(present)[0].astype(np.float64)
        centres = body[:, [0, 2, 3, 5]].mean(axis=1)
        front = 0.5 * (body[:, 2] + body[:, 3]) - 0.5 * (body[:, 0] + body[:, 5])
        down = 0.5 * (body[:, 5] + body[:, 3]) - 0.5 * (body[:, 0] + body[:, 2])
        grid = np.arange(self._FIRST, self._LAST + 1e-6, 1.0 / self._STEPS)
        inside = np.clip(grid, knots[0], knots[-1])
        beyond = (grid - inside)[:, None]
        ends = np.where(beyond < 0, centres[1] - centres[0], centres[-1] - centres[-2])
        self._centre = _interpolate(inside, knots, centres) + beyond * ends
        unit = _interpolate(grid, knots, front / np.linalg.norm(front, axis=1, keepdims=True))
        self._front = unit / np.linalg.norm(unit, axis=1, keepdims=True)
        self._depth = np.interp(grid, knots, np.linalg.norm(front, axis=1))
        self._height = np.interp(grid, knots, np.linalg.norm(down, axis=1))
        table = np.column_stack([self._centre, self._front, 0.5 * self._depth])
        self._rows: list[list[float]] = table.tolist()
        self._sizes: list[list[float]] = np.column_stack([self._depth, self._height]).tolist()

    def _place(self, level: Levels) -> tuple[Any, Any]:
        place = np.clip(
            (np.asarray(level, np.float64) - self._FIRST) * self._STEPS, 0, len(self._depth) - 1.001
        )
        index = place.astype(np.int64)
        return index, place - index

    def _look(self, table: NDArray[np.float64], level: Levels) -> NDArray[np.float64]:
        index, part = self._place(level)
        if table.ndim == 2:
            part = part[..., None]
        low = table[index]
        return low + (table[index + 1] - low) * part

    def centre(self, level: Levels) -> Points:
        """Body centre at a level number; straight on beyond the ends."""
        return self._look(self._centre, level)

    def front(self, level: Levels) -> Points:
        """Unit vector from back to front."""
        return self._look(self._front, level)

    def _size(self, level: float, which: int) -> float:
        place = min(max((level - self._FIRST) * self._STEPS, 0.0), len(self._sizes) - 1.001)
        index = int(place)
        low = self._sizes[index][which]
        return low + (self._sizes[index + 1][which] - low) * (place - index)

    def depth(self, level: Levels) -> Any:
        """Front-to-back size of the body, of the levels' shape."""
        if isinstance(level, int | float):
            return self._size(level, 0)
        return self._look(self._depth, level)

    def height(self, level: Levels) -> Any:
        """Mean height of the body, of the levels' shape."""
        if isinstance(level, int | float):
            return self._size(level, 1)
        return self._look(self._height, level)

    def _at_one(self, level: float, forward: float, down: float) -> Points:
        """The same for plain numbers, without the cost of small arrays."""
        place = min(max((level - self._FIRST) * self._STEPS, 0.0), len(self._rows) - 1.001)
        index = int(place)
        part = place - index
        x, y, front_x, front_y, half = self._rows[index]
        next_x, next_y = self._rows[index + 1][:2]
        ahead = forward - half
        return np.array(
            [
                x + (next_x - x) * part + ahead * front_x - down * front_y,
                y + (next_y - y) * part + ahead * front_y + down * front_x,
            ]
        )

    def around(self, level: float, forward: Sequence[float], down: Sequence[float]) -> Points:
        """Points of one level as `at` gives them, (n, 2)."""
        place = min(max((level - self._FIRST) * self._STEPS, 0.0), len(self._rows) - 1.001)
        index = int(place)
        part = place - index
        x, y, front_x, front_y, half = self._rows[index]
        next_x, next_y = self._rows[index + 1][:2]
        x, y = x + (next_x - x) * part, y + (next_y - y) * part
        return np.array(
            [
                (x + (f - half) * front_x - d * front_y, y + (f - half) * front_y + d * front_x)
                for f, d in zip(forward, down, strict=True)
            ]
        )

    def at(self, level: Levels, forward: Levels, down: Levels = 0.0) -> Points:
        """A point ``forward`` of the posterior wall and ``down`` from the centre, in units."""
        if (
            isinstance(level, int | float)
            and isinstance(forward, int | float)
            and isinstance(down, int | float)
        ):
            return self._at_one(level, forward, down)
        index, part = self._place(level)
        ahead = forward - 0.5 * self._depth[index]
        wide = part[..., None]
        centre = self._centre[index] * (1.0 - wide) + self._centre[index + 1] * wide
        front = self._front[index]
        point = np.empty(centre.shape)
        point[..., 0] = centre[..., 0] + ahead * front[..., 0] - down * front[..., 1]
        point[..., 1] = centre[..., 1] + ahead * front[..., 1] + down * front[..., 0]
        return point


def _interpolate(place: NDArray[np.float64], knots: NDArray[np.float64], values: Points) -> Points:
    return np.stack([np.interp(place, knots, values[:, k]) for k in (0, 1)], axis=-1)


def make_view(params: dict[str, Any], curve: SpineCurve, size: Shape) -> View:
    """Place the spine in a picture of ``size`` as the parameters say."""
    rows, columns = size
    top = curve.centre(params["top_level"])[1]
    bottom = curve.centre(params["bottom_level"])[1]
    scale_y = rows / (bottom - top)
    scale_x = scale_y * params["aspect"]
    angle = np.deg2rad(params["rotation"])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle_level = 0.5 * (params["top_level"] + params["bottom_level"])
    middle = curve.centre(middle_level)
    across = float(
        np.mean(curve.centre(np.linspace(params["top_level"], params["bottom_level"], 9))[:, 0])
    )
    pivot = np.array([across, middle[1]])
    matrix = np.diag([scale_x, scale_y]) @ turn
    target = np.array([params["spine_x"] * columns, 0.5 * rows])
    offset = target - matrix @ pivot
    if params["mirror"]:
        matrix = np.diag([-1.0, 1.0]) @ matrix
        offset = np.array([columns - 1.0 - offset[0], offset[1]])
    return View(size, matrix, offset)
