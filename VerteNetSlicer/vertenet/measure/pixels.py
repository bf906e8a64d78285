"""What the measures need of an image whatever its points: found once, remembered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .aac_mask import masked_pixels
from .quality_image import noise_of


def look_at_pixels(pixels: NDArray[np.float32]) -> None:
    """Find an image's masks and noise, so that measuring finds them done.

    Args:
        pixels: ``(rows, columns)``.
    """
    masked_pixels(pixels)
    noise_of(pixels)
