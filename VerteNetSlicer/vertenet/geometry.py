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
        return np.asarray(points, dtype=np.float64) * np.array([self.column, self.row])

    def to_pixels(self, points: ArrayLike) -> Array:
        """The inverse of :meth:`to_units`."""
        return np.asarray(points, dtype=np.float64) / np.array([self.column, self.row])


def distance(a: ArrayLike, b: ArrayLike) -> float:
    """Euclidean distance of two ``(2,)`` points, in their unit."""
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    return float(math.hypot(difference[0], difference[1]))
