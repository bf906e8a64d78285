"""Where two looks disagree, neither is to be trusted as far as it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def widened(sigma: Array, points: Array, first_points: Array, first_sigma: Array) -> Array:
    """The second look's sigma, widened by what the first look's sigma cannot explain.

    On images like those it learnt from, the first look is as far from the second as its
    own sigma says, and nothing changes.  On others both looks err, and their
    disagreement is the only sign of it.

    Args:
        sigma: (K, 6) of the second look, pixels along each axis.
        points: (K, 6, 2) of the second look.
        first_points: (K, 6, 2) of the first look, the same pixels.
        first_sigma: (K, 6) of the first look.

    Returns:
        (K, 6) standard deviations along each axis.
    """
    between = ((points - first_points) ** 2).sum(axis=-1) / 2
    unexplained = np.maximum(between - first_sigma**2, 0.0)
    wide: Array = np.sqrt(sigma**2 + unexplained)
    return wide
