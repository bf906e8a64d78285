"""Candidates to a chain: those that can follow each other from head to foot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GAP = 1.28
"""Distance of neighbouring centres over the mean of their heights, typically (one disc)."""

LONGEST = 18
"""Bodies from T1 to S1: a longer chain cannot be named."""

_SD_STEP = 0.22
_SD_ASIDE = 0.35
_MOST_MISSING = 4
_COST_MISSING = 0.35
_COST_START = 0.3


def centres(points: Array) -> Array:
    """(K, 6, 2) points to (K, 2) means of the corners."""
    middle: Array = points[:, [0, 2, 3, 5]].mean(axis=1)
    return middle


def heights(points: Array) -> Array:
    """(K, 6, 2) points to (K,) means of anterior and posterior height."""
    sides = points[:, [0, 2]] - points[:, [5, 3]]
    mean: Array = np.linalg.norm(sides, axis=2).mean(axis=1)
    return mean


def steps(points: Array) -> Array:
    """(K, K) how many levels j lies below i, as a real number, by distance and size."""
    middle, tall = centres(points), heights(points)
    apart = np.linalg.norm(middle[:, None] - middle[None], axis=2)
    ratio: Array = apart / (GAP * (tall[:, None] + tall[None]) / 2)
    return ratio


def best_chain(points: Array, score: Array) -> list[int]:
    """Indices of the chain with the most evidence, from head to foot.

    A link costs by how far the lower body lies from where the upper one's axis
    points, and by how little its distance fits a whole number of levels.
    """
    if not len(points):
        return []
    order = np.argsort(centres(points)[:, 1])
    link = _link_costs(points[order])
    gain = score[order]
    best, before = gain.copy(), np.full(len(order), -1)
    for j in range(len(order)):
        value = best[:j] + gain[j] - link[:j, j]
        if j and value.max() > best[j]:
            best[j], before[j] = value.max(), int(value.argmax())
    path = [int(best.argmax())]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return _at_most(LONGEST, [int(order[i]) for i in reversed(path)], score)


def _at_most(count: int, chain: list[int], score: Array) -> list[int]:
    """The chain without its least sure ends, where it has more bodies than names."""
    while len(chain) > count:
        chain = chain[1:] if score[chain[0]] < score[chain[-1]] else chain[:-1]
    return chain


def _link_costs(points: Array) -> Array:
    """(K, K) cost of j following i."""
    middle, tall, ratio = centres(points), heights(points), steps(points)
    down = (points[:, [5, 3]] - points[:, [0, 2]]).mean(axis=1)
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    towards = middle[None] - middle[:, None]
    length = np.maximum(np.linalg.norm(towards, axis=2), 1e-9)
    mean_axis = down[:, None] + down[None]
    mean_axis /= np.maximum(np.linalg.norm(mean_axis, axis=2, keepdims=True), 1e-9)
    cosine = (towards * mean_axis).sum(axis=2) / length
    aside = np.arccos(np.clip(cosine, -1, 1)) / _SD_ASIDE
    whole = np.clip(np.round(ratio), 1, _MOST_MISSING + 1)
    misfit = np.log(np.maximum(ratio, 1e-3) / whole) / _SD_STEP
    size = np.log(tall[:, None] / tall[None]) / 0.35
    cost: Array = 0.5 * 0.3 * (aside**2 + misfit**2 + size**2) + _COST_MISSING * (whole - 1)
    return cost
