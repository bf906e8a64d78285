"""A body's closed contour: where its six points lie on it, and its local frame.

Contours are (..., 64, 2), (x, y) with x right and y down, posterior left: the
superior endplate from posterior to anterior, the anterior wall downwards, the
inferior endplate from anterior to posterior, the posterior wall upwards, 16
samples each, every side beginning with its corner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIX_INDEX: tuple[int, ...] = (0, 8, 16, 32, 40, 48)
"""Samples of the contour that are PS, MS, AS, AI, MI, PI."""

SUPERIOR = np.arange(0, 17)
"""The superior endplate with both corners, posterior to anterior."""
INFERIOR = np.arange(48, 31, -1)
"""The inferior endplate with both corners, posterior to anterior."""


def six_points(outline: Array) -> Array:
    """PS, MS, AS, AI, MI, PI (..., 6, 2) of contours (..., 64, 2)."""
    return outline[..., SIX_INDEX, :]


def local_frame(outline: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Centre (..., 2), axis angle, depth, height (...) and the contour in that frame.

    The axis runs from the middle of the posterior to the middle of the anterior
    corners; the local contour is divided by depth (x) and height (y).
    """
    ps, a_s, ai, pi = (outline[..., k, :] for k in (0, 16, 32, 48))
    centre = (ps + a_s + ai + pi) / 4
    axis = (a_s + ai - ps - pi) / 2
    angle = np.arctan2(axis[..., 1], axis[..., 0])
    depth = np.hypot(axis[..., 0], axis[..., 1])
    down = (ai + pi - ps - a_s) / 2
    height = -down[..., 0] * np.sin(angle) + down[..., 1] * np.cos(angle)
    turned = rotate(outline - centre[..., None, :], -angle)
    scale = np.stack([depth, height], axis=-1)[..., None, :]
    return centre, angle, depth, height, turned / scale


def rotate(points: Array, angle: Array) -> Array:
    """Turn points (..., K, 2) about the origin by angle (...), clockwise on the screen."""
    c, s = np.cos(angle)[..., None], np.sin(angle)[..., None]
    x, y = points[..., 0], points[..., 1]
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def place(local: Array, centre: Array, angle: Array, depth: Array, height: Array) -> Array:
    """Inverse of :func:`local_frame`: contours in the picture from local contours."""
    scale = np.stack([depth, height], axis=-1)[..., None, :]
    return rotate(local * scale, angle) + centre[..., None, :]
