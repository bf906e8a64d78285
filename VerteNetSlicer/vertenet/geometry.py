"""Lines, angles, distances and the size of a pixel.

Points are ``(N, 2)`` or ``(2,)`` float arrays, ``(x, y)``, in pixels of the stored
image unless a name says ``_mm``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import ConfigurationError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PixelScale:
    """How large a pixel is.

    Attributes:
        row: distance between the centres of two rows (along y).
        column: distance between the centres of two columns (along x).
        in_mm: True where both are millimetres.  Otherwise only their ratio means
            anything: a scale of ``(1, 1)`` assumes square pixels, one of
            ``(ratio, 1)`` comes from the Pixel Aspect Ratio.

    Raises:
        ConfigurationError: if a size is not positive and finite.
    """

    row: float = 1.0
    column: float = 1.0
    in_mm: bool = False

    def __post_init__(self) -> None:
        for value in (self.row, self.column):
            if not (math.isfinite(value) and value > 0):
                raise ConfigurationError(
                    f"Expected a pixel size above 0, got ({self.row}, {self.column}). "
                    "Give the spacing as ROW,COLUMN in millimetres, for example 0.25,0.25."
                )

    @property
    def unit(self) -> str:
        """``"mm"`` or ``"px"``."""
        return "mm" if self.in_mm else "px"

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """``(row, column)`` in millimetres, or None where unknown."""
        return (self.row, self.column) if self.in_mm else None

    def to_units(self, points: ArrayLike) -> Array:
        """Pixel coordinates ``(..., 2)`` as lengths of this scale's unit, ``(x, y)``."""
        units: Array = np.asarray(points, dtype=np.float64) * np.array([self.column, self.row])
        return units

    def to_pixels(self, points: ArrayLike) -> Array:
        """The inverse of :meth:`to_units`."""
        pixels: Array = np.asarray(points, dtype=np.float64) / np.array([self.column, self.row])
        return pixels


def distance(a: ArrayLike, b: ArrayLike) -> float:
    """Euclidean distance of two ``(2,)`` points, in their unit."""
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    return float(math.hypot(difference[0], difference[1]))


def line_angle_deg(a: ArrayLike, b: ArrayLike) -> float:
    """Direction from ``a`` to ``b``, degrees in (-180, 180], 0 along +x, 90 along +y."""
    difference = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    return math.degrees(math.atan2(float(difference[1]), float(difference[0])))


def wrap_angle_deg(angle: float) -> float:
    """The same angle in (-180, 180] degrees."""
    wrapped = math.fmod(angle, 360.0)
    if wrapped > 180.0:
        return wrapped - 360.0
    return wrapped + 360.0 if wrapped <= -180.0 else wrapped


def line_intersection(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Array | None:
    """Where the infinite lines ``ab`` and ``cd`` meet, ``(2,)``; None where parallel."""
    p, q = np.asarray(a, dtype=np.float64), np.asarray(c, dtype=np.float64)
    r, s = np.asarray(b, dtype=np.float64) - p, np.asarray(d, dtype=np.float64) - q
    cross = float(r[0] * s[1] - r[1] * s[0])
    # 1e-12 of the lengths' product is an angle of 1e-12 rad: parallel in double precision
    if abs(cross) <= 1e-12 * math.hypot(*r) * math.hypot(*s):
        return None
    offset = q - p
    t = float(offset[0] * s[1] - offset[1] * s[0]) / cross
    return np.asarray(p + t * r, dtype=np.float64)


def polygon_area(points: ArrayLike) -> float:
    """Signed area of an ``(N, 2)`` outline: positive where it runs from +x towards +y."""
    p = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if len(p) < 3:
        return 0.0
    p = p - p[0]  # small numbers: areas far from the origin keep their digits
    q = np.roll(p, -1, axis=0)
    return float(np.sum(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]) / 2)


def clip_polygon(
    points: ArrayLike, *, low: tuple[float, float], high: tuple[float, float]
) -> Array:
    """The part of an ``(N, 2)`` outline inside a rectangle (Sutherland and Hodgman 1974).

    Args:
        points: outline, open or closed.
        low: smallest ``(x, y)`` of the rectangle.
        high: largest ``(x, y)``.

    Returns:
        ``(M, 2)`` open outline; ``(0, 2)`` where nothing is inside.
    """
    outline = [(x, y) for x, y in np.asarray(points, dtype=np.float64).tolist()]
    for axis in (0, 1):
        for sign, limit in ((1.0, low[axis]), (-1.0, -high[axis])):
            if all(sign * point[axis] >= limit for point in outline):
                continue
            outline = _clip_half_plane(outline, axis, sign, limit)
    return np.array(outline, dtype=np.float64).reshape(-1, 2)


def _clip_half_plane(
    outline: list[tuple[float, float]], axis: int, sign: float, limit: float
) -> list[tuple[float, float]]:
    """Keep ``sign * coordinate >= limit``."""
    kept: list[tuple[float, float]] = []
    for i, current in enumerate(outline):
        previous = outline[i - 1]
        here, before = sign * current[axis] - limit, sign * previous[axis] - limit
        if (here >= 0) != (before >= 0):
            t = before / (before - here)
            x = previous[0] + t * (current[0] - previous[0])
            y = previous[1] + t * (current[1] - previous[1])
            kept.append((sign * limit, y) if axis == 0 else (x, sign * limit))
        if here >= 0:
            kept.append(current)
    return kept
