"""Drawing in the units of the spine: fills, hollow bones, strokes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import Image, Points, PolygonSheet
from .view import View


class Pen:
    """Adds shapes given in units to a sheet of pixels."""

    def __init__(self, view: View, *, sub: int = 2, hollow: float = 1.0) -> None:
        self.hollow = hollow
        self.sheet = PolygonSheet(view.shape, sub=sub, matrix=view.matrix, offset=view.offset)

    def draw(self) -> Image:
        """The sum of all that was added, (rows, columns)."""
        return self.sheet.draw()

    def fill(self, polygon: Points, weight: float) -> None:
        """One filled polygon."""
        self.sheet.add(polygon, weight)

    def bone(
        self, polygon: Points, weight: float, *, shell: float = 0.5, share: float = 0.75
    ) -> None:
        """A filled polygon with a denser rim."""
        self.fill(polygon, weight)
        centre = polygon.sum(axis=0) / len(polygon)
        self.fill(centre + (polygon - centre) * share, -min(shell * self.hollow, 0.95) * weight)

    def stroke(self, line: Points, width: float | NDArray[np.float64], weight: float) -> None:
        """A stroke along a polyline."""
        self.sheet.add_stroke(line, width, weight)

    def pipe(self, line: Points, width: float, weight: float, *, shell: float = 0.5) -> None:
        """A hollow tube, as long bones project."""
        self.stroke(line, width, weight)
        self.stroke(line, 0.62 * width, -min(shell * self.hollow, 0.95) * weight)
