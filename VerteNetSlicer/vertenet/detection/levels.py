"""Naming a chain as a whole: every vertebra's evidence, every gap, at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SD_STEP = 0.16
_EVIDENCE = 0.3
"""Neighbours see the same image: K bodies count as 0.3 times the root of K, so that a
chain of fourteen is not surer than it should be.  Chosen by the log loss of the confidence on
330 synthetic scans, as ``tools/fit_levels.py`` tells it."""
_LIKELY_STEP = (0.8, 1.5)
"""Where the median step is taken for one level: discs differ from person to person, and on
films from device to device, by more than within a spine."""


@dataclass(frozen=True)
class Naming:
    """The best naming of a chain.

    Attributes:
        classes: (K,) class of each body, rising.
        confidence: (K,) probability of each body's class, given the whole chain.
        runner_up: classes of the first body under the best naming that differs there,
            or None where there is no other.
        runner_up_share: probability of that naming relative to both.
    """

    classes: NDArray[np.int_]
    confidence: Array
    runner_up: int | None
    runner_up_share: float


def name_chain(logits: Array, step: Array, *, evidence: float = _EVIDENCE) -> Naming:
    """Viterbi for the naming, forward-backward for its confidence.

    Args:
        logits: (K, C) class evidence, from head to foot.
        step: (K - 1,) how many levels each body lies below the one before, a real
            number from distance and size.
        evidence: weight of one body's evidence; of K bodies each counts the root of K less.
    """
    log_p = logits - logits.max(axis=1, keepdims=True)
    weight = evidence / np.sqrt(max(len(logits), 1))
    log_p = weight * (log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True)))
    moves = [_move(s, logits.shape[1]) for s in _even(step)]
    classes = _viterbi(log_p, moves)
    posterior = _posterior(log_p, moves)
    confidence = posterior[np.arange(len(classes)), classes]
    rival, share = _runner_up(log_p, moves, classes)
    return Naming(classes, confidence, rival, share)


def _even(step: Array) -> Array:
    """Steps measured by the chain's own median, where there are enough for one."""
    if len(step) < 3:
        return step
    even: Array = step / float(np.clip(np.median(step), *_LIKELY_STEP))
    return even


def _move(step: float, count: int) -> Array:
    """(C, C) log probability of class j after class i, for a gap of ``step`` levels."""
    size = np.arange(1, count)
    cost = -0.5 * (np.log(max(step, 0.3) / size) / _SD_STEP) ** 2
    cost -= np.log(np.exp(cost - cost.max()).sum()) + cost.max()
    # by how many classes j lies below i; at or above it there is no move
    by_gap = np.full(2 * count - 1, -np.inf)
    by_gap[count:] = np.maximum(cost, -30.0)
    at = np.arange(count)
    out: Array = by_gap[count - 1 + at[None] - at[:, None]]
    return out


def _viterbi(log_p: Array, moves: list[Array]) -> NDArray[np.int_]:
    best, back = log_p[0], []
    for row, move in zip(log_p[1:], moves):
        value = best[:, None] + move
        back.append(value.argmax(axis=0))
        best = value.max(axis=0) + row
    path = [int(best.argmax())]
    for pointer in reversed(back):
        path.append(int(pointer[path[-1]]))
    return np.array(path[::-1])


def _posterior(log_p: Array, moves: list[Array]) -> Array:
    """(K, C) probability of each class of each body given everything."""
    forward = [log_p[0]]
    for row, move in zip(log_p[1:], moves):
        forward.append(_log_sum(forward[-1][:, None] + move, 0) + row)
    backward = [np.zeros(log_p.shape[1])]
    for row, move in zip(log_p[:0:-1], moves[::-1]):
        backward.append(_log_sum(move + (row + backward[-1])[None], 1))
    joint = np.stack(forward) + np.stack(backward[::-1])
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    shares: Array = joint / joint.sum(axis=1, keepdims=True)
    return shares


def _log_sum(values: Array, axis: int) -> Array:
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return total


def _runner_up(
    log_p: Array, moves: list[Array], classes: NDArray[np.int_]
) -> tuple[int | None, float]:
    """The best naming whose first body has another class, and its share against the best."""
    best = _path_value(log_p, moves, classes)
    rest = log_p.copy()
    rest[0, classes[0]] = -np.inf
    other = _viterbi(rest, moves)
    value = _path_value(rest, moves, other)
    if not np.isfinite(value):
        return None, 0.0
    return int(other[0]), float(1 / (1 + np.exp(min(best - value, 700.0))))


def _path_value(log_p: Array, moves: list[Array], path: NDArray[np.int_]) -> float:
    value = log_p[np.arange(len(path)), path].sum()
    value += sum(move[a, b] for move, a, b in zip(moves, path, path[1:]))
    return float(value)
