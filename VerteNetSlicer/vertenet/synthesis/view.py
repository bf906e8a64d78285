"""From the spine's units to the picture's pixels, and the spine's own curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import Points, Shape


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


@dataclass(frozen=True)
class SpineCurve:
    """Centre, front and downward direction along the spine, by level number.

    Level numbers are those of ``BODY_LEVELS`` and may be fractions (11.5 lies
    between T12 and L1) or lie a little outside 0..17.
    """

    knots: NDArray[np.float64]
    centres: Points
    fronts: Points
    depths: NDArray[np.float64]
    heights: NDArray[np.float64]

    @classmethod
    def of(cls, six: NDArray[np.float64]) -> SpineCurve:
        """Build it from the six points of each level; absent bodies are NaN."""
        present = np.isfinite(six).all(axis=(1, 2))
        body = six[present].astype(np.float64)
        knots = np.nonzero(present)[0].astype(np.float64)
        corners = body[:, [0, 2, 3, 5]]
        front = 0.5 * (body[:, 2] + body[:, 3]) - 0.5 * (body[:, 0] + body[:, 5])
        depth = np.linalg.norm(front, axis=1)
        down = 0.5 * (body[:, 5] + body[:, 3]) - 0.5 * (body[:, 0] + body[:, 2])
        return cls(
            knots, corners.mean(axis=1), front / depth[:, None], depth,
            np.linalg.norm(down, axis=1),
        )

    def centre(self, level: float | NDArray[np.float64]) -> Points:
        """Body centre at a level number; straight on beyond the ends."""
        level = np.asarray(level, np.float64)
        inside = np.clip(level, self.knots[0], self.knots[-1])
        point = _interpolate(inside, self.knots, self.centres)
        beyond = (level - inside)[..., None]
        first = self.centres[1] - self.centres[0]
        last = self.centres[-1] - self.centres[-2]
        return point + beyond * np.where(beyond < 0, first, last)  # type: ignore[no-any-return]

    def front(self, level: float | NDArray[np.float64]) -> Points:
        """Unit vector from back to front."""
        vector = _interpolate(np.asarray(level, np.float64), self.knots, self.fronts)
        return vector / np.linalg.norm(vector, axis=-1, keepdims=True)  # type: ignore[no-any-return]

    def depth(self, level: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Front-to-back size of the body."""
        return np.interp(level, self.knots, self.depths)

    def height(self, level: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean height of the body."""
        return np.interp(level, self.knots, self.heights)

    def at(
        self,
        level: float | NDArray[np.float64],
        forward: float | NDArray[np.float64],
        down: float | NDArray[np.float64] = 0.0,
    ) -> Points:
        """A point ``forward`` of the posterior wall and ``down`` from the centre, in units."""
        front = self.front(level)
        below = np.stack([-front[..., 1], front[..., 0]], axis=-1)
        ahead = np.asarray(forward - 0.5 * self.depth(level), np.float64)[..., None]
        lower = np.broadcast_to(np.asarray(down, np.float64), ahead.shape[:-1])[..., None]
        return self.centre(level) + ahead * front + lower * below  # type: ignore[no-any-return]


def _interpolate(place: NDArray[np.float64], knots: NDArray[np.float64], values: Points) -> Points:
    return np.stack([np.interp(place, knots, values[:, k]) for k in (0, 1)], axis=-1)


def make_view(params: dict[str, float], curve: SpineCurve, size: Shape) -> View:
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
    across = float(np.mean(curve.centre(np.linspace(params["top_level"], params["bottom_level"], 9))[:, 0]))
    pivot = np.array([across, middle[1]])
    matrix = np.diag([scale_x, scale_y]) @ turn
    target = np.array([params["spine_x"] * columns, 0.5 * rows])
    offset = target - matrix @ pivot
    if params["mirror"]:
        matrix = np.diag([-1.0, 1.0]) @ matrix
        offset = np.array([columns - 1.0 - offset[0], offset[1]])
    return View(size, matrix, offset)
