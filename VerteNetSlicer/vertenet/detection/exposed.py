"""The part of a picture that shows something: wide empty margins are left out.

The first look has a fixed number of pixels; what margins take of them the bodies lose, and
their names with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EVEN = 0.01
"""Largest range of grey within an empty line, as a share of the picture's range."""
_KEPT = 0.05
"""Margin that is left on each side, as a share of the shorter side: edges stay seen."""
_WORTH = 0.15
"""Smallest share of the picture for which margins are left out."""
_SMALLEST_PX = 64


@dataclass(frozen=True)
class Part:
    """Rows ``top`` to before ``bottom`` and columns ``left`` to before ``right``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shift(self) -> NDArray[np.float64]:
        """(2,) x and y of the part's first pixel in the whole picture."""
        return np.array([self.left, self.top], np.float64)

    def of(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The part of a picture (rows, columns); a view."""
        return pixels[self.top : self.bottom, self.left : self.right]


def exposed_part(pixels: NDArray[np.float32]) -> Part | None:
    """What lies within even margins; None where there are none worth leaving out.

    Args:
        pixels: (rows, columns), any unit of grey.
    """
    rows, columns = pixels.shape
    even = _EVEN * float(pixels.max() - pixels.min())
    top, bottom = _ends(pixels, even)
    if top >= bottom:
        return None
    left, right = _ends(pixels[top:bottom].T, even)
    kept = round(_KEPT * min(bottom - top, right - left))
    part = Part(
        max(top - kept, 0),
        min(bottom + kept, rows),
        max(left - kept, 0),
        min(right + kept, columns),
    )
    high, wide = part.bottom - part.top, part.right - part.left
    if min(high, wide) < _SMALLEST_PX or high * wide > (1.0 - _WORTH) * rows * columns:
        return None
    return part


def _ends(lines: NDArray[np.float32], even: float) -> tuple[int, int]:
    """The first line that is not of one grey throughout, and the one after the last."""
    count = len(lines)
    first = next((k for k in range(count) if _range(lines[k]) > even), count)
    last = next((k for k in range(count - 1, first, -1) if _range(lines[k]) > even), first)
    return first, last + 1 if first < count else first


def _range(line: NDArray[np.float32]) -> float:
    return float(line.max() - line.min())
