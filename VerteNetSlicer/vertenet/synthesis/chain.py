"""A spine as bodies in their own frames and the discs that join them.

A disc is (across, along, turn): the middle of the upper body's inferior endplate
seen from the middle of the lower body's superior endplate, in the frame of their
mean direction (along is negative: above), and the angle from the upper to the
lower endplate, clockwise positive (lordosis is positive, posterior being left).
A changed body takes its neighbours along because discs are kept, not positions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vertenet.synthesis.contour import INFERIOR, SUPERIOR, rotate

Array = NDArray[np.float64]


def _chord(points: Array) -> tuple[Array, Array]:
    """Middle (..., 2) and direction (...) of the line between the ends of (..., K, 2)."""
    first, last = points[..., 0, :], points[..., -1, :]
    line = last - first
    return (first + last) / 2, np.arctan2(line[..., 1], line[..., 0])


def discs_of(outlines: Array) -> Array:
    """Discs (N - 1, 3) between contours (N, 64, 2) in the picture, head to foot."""
    upper, upper_angle = _chord(outlines[:-1][:, INFERIOR])
    lower, lower_angle = _chord(outlines[1:][:, SUPERIOR])
    mean = (upper_angle + lower_angle) / 2
    seen = rotate((upper - lower)[:, None], -mean)[:, 0]
    return np.concatenate([seen, (lower_angle - upper_angle)[:, None]], axis=1)


def open_discs(bodies: Array, discs: Array, least: Array | float) -> Array:
    """Discs (N - 1, 3), heightened where bodies (N, 64, 2) are closer than ``least``."""
    upper, upper_angle = _chord(bodies[:-1][:, INFERIOR])
    lower, lower_angle = _chord(bodies[1:][:, SUPERIOR])
    above = rotate(bodies[:-1][:, INFERIOR] - upper[:, None], -upper_angle - discs[:, 2] / 2)
    above = above + discs[:, None, :2]
    below = rotate(bodies[1:][:, SUPERIOR] - lower[:, None], -lower_angle + discs[:, 2] / 2)
    gaps = np.array([_gap(a, b) for a, b in zip(above, below, strict=True)])
    result = discs.copy()
    result[:, 1] -= np.maximum(least - gaps, 0.0)
    return result


def _gap(above: Array, below: Array) -> float:
    """Smallest vertical distance between two curves (K, 2) where both exist."""
    left = max(above[0, 0], below[0, 0])
    right = min(above[-1, 0], below[-1, 0])
    at = np.concatenate([above[:, 0], below[:, 0]])
    at = at[(at >= left) & (at <= right)]
    if not len(at):
        return math.inf
    high = np.interp(at, above[:, 0], above[:, 1])
    return float((np.interp(at, below[:, 0], below[:, 1]) - high).min())


def assemble(bodies: Array, discs: Array) -> Array:
    """Contours (N, 64, 2) in one picture; the first body lies as it is."""
    upper, upper_angle = _chord(bodies[:, INFERIOR])
    lower, lower_angle = _chord(bodies[:, SUPERIOR])
    poses = np.zeros((len(bodies), 3))
    x = y = turn = 0.0
    rows = zip(upper.tolist(), upper_angle.tolist(), discs.tolist(), strict=False)
    below = zip(lower[1:].tolist(), lower_angle[1:].tolist(), strict=True)
    for i, (((ux, uy), ua, (dx, dy, bend)), ((lx, ly), la)) in enumerate(
        zip(rows, below, strict=True), start=1
    ):
        c, s = math.cos(turn), math.sin(turn)
        px, py = x + c * ux - s * uy, y + s * ux + c * uy
        direction = turn + ua + bend / 2
        c, s = math.cos(direction), math.sin(direction)
        px, py = px - c * dx + s * dy, py - s * dx - c * dy
        turn = turn + ua + bend - la
        c, s = math.cos(turn), math.sin(turn)
        x, y = px - c * lx + s * ly, py - s * lx - c * ly
        poses[i] = x, y, turn
    return rotate(bodies, poses[:, 2]) + poses[:, None, :2]
