"""Points that were placed in an image's lengths: which size of a pixel they were placed with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import LandmarkError

_MM_PER_INCH = 25.4


def check_lengths(
    xy: NDArray[np.float64],
    size: tuple[int, int],
    density_mm: tuple[float, float] | None,
    name: str,
) -> None:
    """Refuse lengths that may be pixels or may follow a picture's dots per inch.

    3D Slicer's own reader gives a JPEG or TIFF file a pixel of 25.4 mm over its dots per inch,
    VerteNet's reader gives it none.  Points that would lie off the image by the density were
    placed without it; where they lie on it either way nothing tells.

    Args:
        xy: ``(N, 2)`` lengths as they stand, NaN where there is no point.
        size: (width, height) of the image in pixels.
        density_mm: (row, column) by the file's density, or None where it has none.
        name: the image's name, for the message.

    Raises:
        LandmarkError: if it cannot be told.
    """
    if density_mm is None or not np.isfinite(xy).any():
        return
    row, column = density_mm
    by_density = np.asarray(xy, dtype=np.float64) / (column, row)
    with np.errstate(invalid="ignore"):
        off = (by_density < -0.5) | (by_density > np.array(size) - 0.5)
    if off.any():
        return
    raise LandmarkError(
        f"Expected points whose unit is known, but those on '{name}' were placed by hand, and the "
        f"file has {_MM_PER_INCH / row:.0f} dots per inch: they may be pixels, or the millimetres "
        "that Slicer makes of that density. Place them on a PNG file of the image, or give them "
        "in pixels (image,level,point,x,y)."
    )
