"""Where the truth is silent: a body found there is neither right nor false."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FIRST, LAST = "T4", "L5"
"""Beyond these no vertebra is labelled: what is found there is false."""

_BEYOND = 0.5
_GAP = 1.9
"""Centres of neighbouring bodies lie about 1.28 heights apart; from 1.9 on one was left out."""


def is_unannotated(body: Array, truth: dict[str, Array]) -> bool:
    """Whether a body lies where an annotator may have left a vertebra out.

    That is beyond the annotated chain, unless it ends with T4 or L5, and in its gaps.

    Args:
        body: (6, 2) points.
        truth: annotated bodies, (6, 2) each, with NaN where a point was not placed.
    """
    named = [
        (name, points) for name, points in truth.items() if np.isfinite(points[[0, 2, 3, 5]]).all()
    ]
    if not named:
        return True
    named.sort(key=lambda item: float(_centre(item[1])[1]))
    centres = np.array([_centre(points) for _, points in named])
    tall = np.array([_height(points) for _, points in named])
    here = _centre(body)
    first, last = _down(named[0][1]), _down(named[-1][1])
    if float((here - centres[0]) @ first) < -_BEYOND * tall[0]:
        return named[0][0] != FIRST
    if float((here - centres[-1]) @ last) > _BEYOND * tall[-1]:
        return named[-1][0] != LAST
    return any(
        _between(here, centres[i], centres[i + 1], (tall[i] + tall[i + 1]) / 2)
        for i in range(len(named) - 1)
    )


def _between(here: Array, above: Array, below: Array, tall: float) -> bool:
    """Within a gap of at least one body, and not beside the line through it."""
    step = below - above
    length = float(np.linalg.norm(step))
    if length < _GAP * tall:
        return False
    along = float((here - above) @ step) / length
    aside = abs(float(step[0] * (here - above)[1] - step[1] * (here - above)[0])) / length
    return _BEYOND * tall < along < length - _BEYOND * tall and aside < tall


def _centre(points: Array) -> Array:
    middle: Array = points[[0, 2, 3, 5]].mean(axis=0)
    return middle


def _height(points: Array) -> float:
    return float(np.linalg.norm(points[[0, 2]] - points[[5, 3]], axis=1).mean())


def _down(points: Array) -> Array:
    down: Array = (points[[5, 3]] - points[[0, 2]]).mean(axis=0)
    return down / np.linalg.norm(down)
