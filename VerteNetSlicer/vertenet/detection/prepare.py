"""The image as the network wants it, and the way back to stored pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from torch import Tensor

MULTIPLE = 32
"""Input rows and columns are multiples of the network's coarsest stride."""

AREA = 512 * 256
"""Pixels of the first look's input: the size it was trained at."""

_SMALLEST, _LARGEST = 64, 1536


@dataclass(frozen=True)
class Resize:
    """A resize that carries points: the very transform that made the input.

    Attributes:
        rows: of the resized image.
        columns: of the resized image.
        source_rows: of the stored image.
        source_columns: of the stored image.
    """

    rows: int
    columns: int
    source_rows: int
    source_columns: int

    @property
    def factor(self) -> NDArray[np.float64]:
        """``(2,)`` resized pixels per stored pixel along x and y."""
        return np.array([self.columns / self.source_columns, self.rows / self.source_rows])

    def forward(self, points: ArrayLike) -> NDArray[np.float64]:
        """Stored pixels ``(..., 2)`` to resized pixels, centres at whole numbers in both."""
        return (np.asarray(points, dtype=np.float64) + 0.5) * self.factor - 0.5

    def back(self, points: ArrayLike) -> NDArray[np.float64]:
        """The inverse of :meth:`forward`."""
        return (np.asarray(points, dtype=np.float64) + 0.5) / self.factor - 0.5

    def back_sigma(self, sigma: ArrayLike) -> NDArray[np.float64]:
        """Standard deviations in resized pixels as stored pixels (geometric mean of axes)."""
        return np.asarray(sigma, dtype=np.float64) / math.sqrt(float(np.prod(self.factor)))

    def apply(self, image: Tensor) -> Tensor:
        """Resize (1, 1, source_rows, source_columns) with area weighting where it shrinks."""
        from torch.nn import functional as F

        return F.interpolate(
            image,
            size=(self.rows, self.columns),
            mode="bilinear",
            align_corners=False,
            antialias=True,
        )


def fit(
    rows: int, columns: int, *, pixel_ratio: float = 1.0, area: float = AREA, zoom: float = 1.0
) -> Resize:
    """The resize to about ``area`` pixels with square pixels and allowed sizes.

    Args:
        rows: of the stored image.
        columns: of the stored image.
        pixel_ratio: height of a stored pixel over its width.
        area: pixels of the result before ``zoom``.
        zoom: further magnification of both sides.
    """
    scale = zoom * math.sqrt(area / (rows * pixel_ratio * columns))
    return Resize(_allowed(rows * pixel_ratio * scale), _allowed(columns * scale), rows, columns)


def _allowed(length: float) -> int:
    steps = round(min(max(length, _SMALLEST), _LARGEST) / MULTIPLE)
    return max(1, steps) * MULTIPLE


def to_tensor(pixels: NDArray[np.float32]) -> Tensor:
    """(rows, columns) array as a (1, 1, rows, columns) tensor scaled to 0 ... 1."""
    import torch

    low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels - low) * (1.0 / max(high - low, 1e-12))
    return torch.from_numpy(np.ascontiguousarray(scaled, dtype=np.float32))[None, None]


def published_grey(pixels: NDArray[np.float32]) -> Tensor:
    """(rows, columns) array as the (1, 1, rows, columns) input of the published network.

    Its training images were 8 bit over 255, made of 12-bit scans by the fixed range
    0 ... 4096; other ranges fall back to the image's own smallest and largest value.
    """
    import torch

    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 4096:
        return to_tensor(pixels)
    full = 255.0 if high <= 255 else 4096.0
    return torch.from_numpy(np.ascontiguousarray(pixels / full, dtype=np.float32))[None, None]
