"""Colour captures to grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green, blue.  Source: ITU-R BT.601, as in DICOM PS3.3 C.7.6.3.1.2."""


def grey_from_colour(colour: NDArray[Any]) -> NDArray[Any]:
    """(rows, columns, 3) red, green, blue to (rows, columns).

    Equal channels, as in a capture of a grey image, come back unchanged; otherwise the
    luminance, rounded where the input was whole numbers.
    """
    red, green, blue = colour[..., 0], colour[..., 1], colour[..., 2]
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red
    grey = sum(w * c.astype(np.float64) for w, c in zip(_LUMA, (red, green, blue), strict=True))
    values = np.asarray(grey, dtype=np.float64)
    return np.rint(values) if colour.dtype.kind in "iu" else values
