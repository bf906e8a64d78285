"""Naming a chain as a whole: every vertebra's evidence, every gap, at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NONE = -1
"""Class of a body that is none of T1 to S1: the second sacral segment, C7, a shadow."""

_SD_STEP = 0.16
_EVIDENCE = 0.6
"""Neighbours see the same image: K bodies count as this many times the root of K, so that a
chain of fourteen is not surer than it should be.  Chosen, with the price of a body that is
none, by the log loss of the confidence on synthetic scans (``tools/fit_levels.py``), a little
lower, for real scans are stranger (docs/naming.md)."""
_LIKELY_STEP = (0.8, 1.5)
"""Where the median step is taken for one level: discs differ from person to person, and on
films from device to device, by more than within a spine."""
_PRICE = (0.5, 3.0)
"""What a body costs that is called none, in logarithms: so much, and so much times its score."""
_MOST_BETWEEN = 2
"""Bodies in a row, between two that have names, that may be none."""


@dataclass(frozen=True)
class Naming:
    """The best naming of a chain.

    Attributes:
        classes: (K,) class of each body, rising; :data:`NONE` where it is left out.
        confidence: (K,) probability of each body's class given the whole chain, and that the
            body is one; of those left out the probability that they are none.
        rival: how many levels lower (higher where negative) the next likely naming calls
            the surest body, or None where there is no other.
        rival_share: probability of that naming relative to both.
    """

    classes: NDArray[np.int_]
    confidence: Array
    rival: int | None
    rival_share: float


def name_chain(
    logits: Array,
    steps: Array,
    score: Array,
    *,
    evidence: float = _EVIDENCE,
    price: tuple[float, float] = _PRICE,
) -> Naming:
    """Viterbi for the naming, forward-backward for its confidence.

    Args:
        logits: (K, C) class evidence, from head to foot.
        steps: (K, K) how many levels body j lies below body i, a real number from
            distance and size (:func:`vertenet.detection.chain.steps`).
        score: (K,) how sure it is that each is a body, 0 to 1.
        evidence: weight of one body's evidence; of K bodies each counts the root of K less.
        price: of calling a body none, see :data:`_PRICE`.
    """
    log_p = logits - logits.max(axis=1, keepdims=True)
    weight = evidence / np.sqrt(max(len(logits), 1))
    log_p = weight * (log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True)))
    moves = _moves(_even(steps), logits.shape[1])
    # what it costs to leave out all bodies before the k-th
    left_out = np.concatenate([[0.0], np.cumsum(price[0] + price[1] * score)])
    classes = _viterbi(log_p, moves, left_out)
    posterior = _posterior(log_p, moves, left_out)
    confidence = _confidence(posterior, classes)
    return Naming(classes, confidence, *_rival(posterior, classes, confidence))


def _even(steps: Array) -> Array:
    """Steps measured by the chain's own median, where there are enough for one."""
    if len(steps) < 4:
        return steps
    median = float(np.median(np.diagonal(steps, offset=1)))
    even: Array = steps / float(np.clip(median, *_LIKELY_STEP))
    return even


def _moves(steps: Array, count: int) -> dict[tuple[int, int], Array]:
    """(C, C) log probability of the class of body j after that of i, where i may precede j."""
    bodies = range(len(steps))
    pairs = [(i, j) for j in bodies for i in range(max(0, j - 1 - _MOST_BETWEEN), j)]
    if not pairs:
        return {}
    gap = np.maximum([steps[pair] for pair in pairs], 0.3)
    cost = -0.5 * (np.log(gap[:, None] / np.arange(1, count)) / _SD_STEP) ** 2
    most = cost.max(axis=1, keepdims=True)
    cost -= np.log(np.exp(cost - most).sum(axis=1, keepdims=True)) + most
    # by how many classes j lies below i; at or above it there is no move
    by_gap = np.full((len(pairs), 2 * count - 1), -np.inf)
    by_gap[:, count:] = np.maximum(cost, -30.0)
    at = np.arange(count)
    return dict(zip(pairs, by_gap[:, count - 1 + at[None] - at[:, None]]))


def _viterbi(
    log_p: Array, moves: dict[tuple[int, int], Array], left_out: Array
) -> NDArray[np.int_]:
    count = log_p.shape[1]
    best, before = np.empty_like(log_p), np.empty((*log_p.shape, 2), np.int_)
    for j, row in enumerate(log_p):
        value, link = np.full(count, -left_out[j]), np.full((count, 2), NONE)
        for i in range(max(0, j - 1 - _MOST_BETWEEN), j):
            through = best[i][:, None] + moves[i, j]
            own = through.argmax(axis=0)
            gain = through[own, np.arange(count)] - (left_out[j] - left_out[i + 1])
            better = gain > value
            value = np.where(better, gain, value)
            link[better] = np.stack((np.full(count, i), own), axis=1)[better]
        best[j], before[j] = value + row, link
    ends = best - (left_out[-1] - left_out[1:])[:, None]
    classes = np.full(len(log_p), NONE)
    body, name = divmod(int(ends.argmax()), count)
    while body != NONE:
        classes[body] = name
        body, name = (int(v) for v in before[body, name])
    return classes


def _posterior(log_p: Array, moves: dict[tuple[int, int], Array], left_out: Array) -> Array:
    """(K, C) probability of each class of each body given everything; the rest is none.

    Plain numbers do not run out: all but one body can always be left out for a small price.
    """
    p = np.exp(log_p)
    free = np.exp(np.minimum(left_out[:, None] - left_out[None], 0.0))  # bodies i to j - 1 are none
    reach = {pair: np.exp(move) for pair, move in moves.items()}
    forward, backward = np.empty_like(p), np.empty_like(p)
    last = len(p) - 1
    for j in range(last + 1):
        into = np.full(p.shape[1], free[0, j])
        for i in range(max(0, j - 1 - _MOST_BETWEEN), j):
            into += (forward[i] @ reach[i, j]) * free[i + 1, j]
        forward[j] = into * p[j]
    for i in range(last, -1, -1):
        out = np.full(p.shape[1], free[i + 1, -1])
        for j in range(i + 1, min(last, i + 1 + _MOST_BETWEEN) + 1):
            out += (reach[i, j] @ (p[j] * backward[j])) * free[i + 1, j]
        backward[i] = out
    ends: Array = forward * free[1:, -1][:, None]
    shares: Array = forward * backward / ends.sum()
    return shares


def _confidence(posterior: Array, classes: NDArray[np.int_]) -> Array:
    body = posterior.sum(axis=1)
    own = posterior[np.arange(len(classes)), np.maximum(classes, 0)] / body
    confidence: Array = np.where(classes == NONE, 1.0 - body, own)
    return np.clip(confidence, 0.0, 1.0)


def _rival(
    posterior: Array, classes: NDArray[np.int_], confidence: Array
) -> tuple[int | None, float]:
    """By how much the next likely naming of the surest body differs, and its share."""
    sure = int(np.where(classes == NONE, -1.0, confidence).argmax())
    own, others = int(classes[sure]), posterior[sure].copy()
    others[own] = 0.0
    other = int(others.argmax())
    if others[other] <= 0.0:
        return None, 0.0
    return other - own, float(others[other] / (others[other] + posterior[sure, own]))
