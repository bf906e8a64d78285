"""The default Genant-style grade: heights against norm and neighbours.

Six shortfalls of a vertebra (three heights against what its neighbours predict, three
ratios against the norm of the level) and five combinations of them enter two logistic
models, for grade >= 1 and for grade >= 2; a body crushed by 25 % is grade 2 in any case,
and grade 3 is a grade 2 that lost more than 40 %.
No coefficient of a shortfall is negative: a lower height never lowers the score.
Coefficients were fitted by :mod:`.fit_genant` on the readers' grades of NHANES 2013-14 and
stand in ``data/genant.json``; docs/grading.md has the measured agreement.

Source: grades and types Genant 1993 (J Bone Miner Res 8:1137); two criteria per type
after McCloskey 1993 (Osteoporos Int 3:138); coefficients ours.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ..anatomy import LEVELS, Level
from ..geometry import Array
from .expected import expected, fill_middle, size_profile
from .grade import Genant
from .heights import HeightTable
from .norms import NormTable

UNGRADED = (Level.L5,)
"""Levels that are neither graded nor used to predict others: the readers' grades end at
L4 (NHANES 2013-14), the ISCD's and Genant's count T4 to L4, and a normal L5 is a wedge
(Ha/Hp 1.15 in CT, Cook 2021; 1.2 in DXA), so a grade of it would be a guess."""
KNOTS = (0.0, 0.1, 0.2)
"""Shortfalls (natural logarithm) at which the slope of the score may change."""
SHORTFALLS = (
    "Ha below neighbours", "Hm below neighbours", "Hp below neighbours",
    "Ha below Hp", "Hm below Hp", "Hm below Ha",
    "wedge", "biconcave", "biconcave both", "crush", "worst",
)  # fmt: skip
REGIONS = ("T4-T6", "T7-T8", "T11-L1", "L2-L5")
_REGION_OF = {0: (0, 1, 2), 1: (3, 4), 2: (7, 8, 9), 3: (10, 11, 12, 13)}
_REGIONS = np.zeros((len(LEVELS), len(REGIONS)))
for _column, _rows in _REGION_OF.items():
    _REGIONS[list(_rows), _column] = 1.0
OWN_SD = 0.05
DEFORMED_SHARE, DEFORMED_MEAN, DEFORMED_SD = 0.01, -0.3, 0.2
"""The prior against which a point's error is weighed: a normal height deviates from the
expected by OWN_SD (natural logarithm), one in a hundred is deformed and lies lower by
about a quarter.  Chosen by adding 2 to 8 % of error to NHANES (docs/grading.md)."""
SEVERE = math.log(1 / 0.6)
"""Shortfall (natural logarithm) beyond which a moderate deformity is a severe one: a height
more than 40 % below what the neighbours, or the other heights and the norm, let expect.

Source: Genant 1993, J Bone Miner Res 8:1137 (about 40 %); a fitted cut-off on the second
score agreed no better with the readers, who called 14 vertebrae grade 3 (docs/grading.md)."""
CRUSH = math.log(1 / 0.75)
CRUSH_SLOPE = 40.0
"""A body all of whose heights fall 25 % short of what its neighbours predict is at least
grade 2, whatever its shape, and the score rises with this slope through the cut-off there.

Source: Genant 1993, J Bone Miner Res 8:1137 (a crush is judged against its neighbours; grade 2
from 25 %).  The fit alone saw too few: of 28,158 vertebrae of NHANES 2013-14 five were
crushed so far, all read as grade 2 or 3, none among the normal ones (docs/grading.md)."""
_CRUSH = SHORTFALLS.index("crush")
_TIE = 1e-9  # a loss of exactly 40 % must not depend on how it is rounded
_FURTHEST = 0.7  # a height half of the expected; beyond it nothing more is learnt


@dataclass(frozen=True)
class GenantModel:
    """Coefficients of the default rule.

    Attributes:
        at_least_1: intercept, then one coefficient per feature, for grade >= 1.
        at_least_2: the same for grade >= 2.
        cuts: scores from which a vertebra is grade 1 (first model) and 2 (second).
        source: data and date of the fit.
    """

    at_least_1: Array
    at_least_2: Array
    cuts: tuple[float, float]
    source: str


@lru_cache(maxsize=1)
def default_model() -> GenantModel:
    """The shipped coefficients."""
    folder = resources.files(__package__).joinpath("data")
    raw = json.loads(folder.joinpath("genant.json").read_text(encoding="utf-8"))
    one, two = (np.array(list(raw[key].values())) for key in ("grade_1_or_more", "grade_2_or_more"))
    first, second = raw["cuts"]
    return GenantModel(one, two, (first, second), raw["source"])


def shortfalls(relative: Array, prediction: Array) -> Array:
    """``(..., 14, 11)`` shortfalls in the order of :data:`SHORTFALLS`."""
    below = np.clip(prediction - relative, -0.2, _FURTHEST)
    a, m, p = (relative[..., i] for i in range(3))
    ratio = np.clip(np.stack([p - a, p - m, a - m], axis=-1), -0.2, _FURTHEST)
    sa, sm = below[..., 0], below[..., 1]
    ap, mp, ma = (ratio[..., i] for i in range(3))
    combined = [
        np.minimum(sa, ap),
        np.minimum(sm, np.maximum(mp, ma)),
        np.minimum(sm, np.minimum(mp, ma)),
        below.min(axis=-1),
        below.max(axis=-1),
    ]
    return np.concatenate([below, ratio, np.stack(combined, axis=-1)], axis=-1)


def features(short: Array) -> Array:
    """``(..., 14, 37)`` what the logistic models see: hinges of shortfalls, regions."""
    hinges = np.maximum(short[..., None] - np.array(KNOTS), 0.0)
    hinges = hinges.reshape(*short.shape[:-1], -1)
    regions = np.broadcast_to(_REGIONS, (*short.shape[:-1], len(REGIONS)))
    return np.concatenate([hinges, regions], axis=-1)


def feature_names() -> tuple[str, ...]:
    """Names of the columns of :func:`features`."""
    hinges = [f"{name} > {knot:g}" for name in SHORTFALLS for knot in KNOTS]
    return (*hinges, *(f"level {name}" for name in REGIONS))


def crush_floor(score: Array, crush: Array, cut: float) -> Array:
    """The score, but never less than an even crush has: the cut-off at :data:`CRUSH`."""
    return np.asarray(np.maximum(score, cut + CRUSH_SLOPE * (crush - CRUSH)))


def grades_of(one: Array, two: Array, worst: Array, cuts: tuple[float, float]) -> NDArray[np.int64]:
    """Grades 0 to 3 from the two scores and the largest shortfall.

    Args:
        one: score for grade >= 1.
        two: score for grade >= 2.
        worst: largest of the six shortfalls, natural logarithm.
        cuts: scores from which a vertebra is grade 1 and 2.
    """
    first = one >= cuts[0]
    second = first & (two >= cuts[1])
    return first.astype(np.int64) + second + (second & (worst > SEVERE + _TIE))


def default_rule(
    table: HeightTable, levels: Sequence[Level], usable: Sequence[bool], *,
    norms: NormTable, sex: str | None,
) -> list[Genant]:  # fmt: skip
    """Grade all vertebrae of a spine.

    Args:
        table: their heights.
        levels: their levels, one per row.
        usable: False for vertebrae that may not predict others nor be graded.
        norms: by level and sex.
        sex: ``M``, ``F`` or None.
    """
    rows = [level.order for level in levels]
    logs = np.full((1, len(LEVELS), 3), np.nan)
    spread = np.zeros((len(LEVELS), 3))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs[0, rows] = np.log(table.values)
        spread[rows] = np.nan_to_num(table.sds / table.values, posinf=0.0)
    relative = fill_middle(logs - size_profile(norms, sex))
    valid = np.asarray(np.isfinite(relative).all(axis=-1), dtype=bool)
    allowed = np.zeros((1, len(LEVELS)), dtype=bool)
    allowed[0, rows] = usable
    allowed[0, [level.order for level in UNGRADED]] = False
    prediction, used = expected(relative, valid & allowed)
    relative = np.where(valid[..., None], relative, 0.0)
    judged = _judge(relative[0], prediction[0], np.minimum(spread, 1.0))
    near: list[int] = np.flatnonzero(used[0]).tolist()
    heights: list[list[float]] = logs[0].tolist()
    graded: list[bool] = valid[0].tolist()
    out = []
    for row in rows:
        if not graded[row]:
            out.append(Genant(None, None, "not graded: a height is missing", None, None, "default"))
        else:
            out.append(judged.genant(row, heights[row], near))
    return out


@dataclass(frozen=True)
class _Judged:
    """Scores, probabilities and shortfalls of all levels."""

    one: list[float]
    p1: list[float]
    p2: list[float]
    grades: list[int]
    short: list[list[float]]

    def genant(self, row: int, logs: list[float], near: Sequence[int]) -> Genant:
        grade, short = self.grades[row], self.short[row]
        has_middle = math.isfinite(logs[1])
        kind, height = _kind(short, has_middle)
        reason = _reason(short, height, logs, row, near)
        if not has_middle:
            reason += "; middle height not known"
        p1 = self.p1[row]
        return Genant(
            grade, kind if grade else "normal", reason,
            p1, min(p1, self.p2[row]), "default", self.one[row],
        )  # fmt: skip


def _judge(relative: Array, prediction: Array, spread: Array) -> _Judged:
    """Score, with probabilities averaged over the points' uncertainty.

    A height with an error is first drawn towards what is expected of it
    (:func:`weighed`).  First order: the slope of the score along each height is taken
    over +-1 SD of that height, and a logistic with normal error s is
    1/(1+exp(-x/sqrt(1+pi s^2/8))).

    Source: MacKay 1992, Neural Comput 4:720 (the moderated output).
    """
    model = default_model()
    deviation, spread = weighed(relative - prediction, spread)
    relative = prediction + deviation
    shifts = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])
    moved = relative + shifts[:, None, :] * spread
    short = shortfalls(moved, prediction)
    table = features(short)
    scores = [
        crush_floor(table @ b[1:] + b[0], short[..., _CRUSH], cut)
        for b, cut in zip((model.at_least_1, model.at_least_2), model.cuts, strict=True)
    ]
    p1, p2 = (_moderated(s[0], (((s[1:4] - s[4:7]) / 2) ** 2).sum(axis=0)) for s in scores)
    worst = short[0, :, :6].max(axis=-1)
    grades = grades_of(scores[0][0], scores[1][0], worst, model.cuts)
    return _Judged(
        scores[0][0].tolist(), p1.tolist(), p2.tolist(), grades.tolist(), short[0].tolist()
    )


def weighed(deviation: Array, spread: Array) -> tuple[Array, Array]:
    """What a measured deviation says about the true one: its mean and SD.

    A small deviation that is measured badly is drawn towards 0; one far beyond the
    error stays, because a deformed vertebra explains it better than the error does.

    Args:
        deviation: natural logarithm of a height over the expected one.
        spread: SD of its error.
    """
    parts = []
    for share, mean, sd in (
        (1 - DEFORMED_SHARE, 0.0, OWN_SD), (DEFORMED_SHARE, DEFORMED_MEAN, DEFORMED_SD)
    ):  # fmt: skip
        variance = sd**2 + spread**2
        log_weight = np.log(share / np.sqrt(variance)) - (deviation - mean) ** 2 / (2 * variance)
        trust = sd**2 / variance
        parts.append((log_weight, mean + (deviation - mean) * trust, trust * spread**2))
    (low, normal, normal_var), (high, deformed, deformed_var) = parts
    belief: Array = 1 / (1 + np.exp(np.clip(low - high, -60, 60)))
    drawn: Array = normal + belief * (deformed - normal)
    left: Array = np.sqrt(normal_var + belief * (deformed_var - normal_var))
    return drawn, left


def _moderated(score: Array, variance: Array) -> Array:
    return np.asarray(
        1 / (1 + np.exp(-np.clip(score / np.sqrt(1 + np.pi * variance / 8), -60, 60)))
    )


def _kind(short: list[float], has_middle: bool) -> tuple[str, int]:
    """Type of deformity and the height (0 Ha, 1 Hm, 2 Hp) that shows it."""
    sa, sm, sp, ap, mp, ma = short[:6]
    candidates = [((sa + ap) / 2, "wedge", 0), ((sp + min(sa, sm, sp) - ap) / 2, "crush", 2)]
    if has_middle:
        candidates.append(((sm + max(mp, ma)) / 2, "biconcave", 1))
    _, kind, height = max(candidates)
    return kind, height


_WORDS = ("anterior", "middle", "posterior")


def _reason(
    short: list[float], height: int, logs: list[float], row: int, near: Sequence[int]
) -> str:
    """Which height fell short of what by how many percent."""
    other = max((i for i in range(3) if i != height), key=lambda i: _nan_low(logs[i]))
    own = 100 * (1 - math.exp(logs[height] - logs[other]))
    parts = [f"{_WORDS[height]} height {_percent(own)} the {_WORDS[other]}"]
    names = _neighbours(row, near)
    if names:
        loss = 100 * (1 - math.exp(-short[height]))
        parts.append(f"{_percent(loss)} what {names} predict" + ("" if " and " in names else "s"))
    return "; ".join(parts)


def _percent(loss: float) -> str:
    return f"{abs(loss):.0f} % {'below' if loss >= 0 else 'above'}"


def _nan_low(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _neighbours(row: int, near: Sequence[int]) -> str:
    """Names of the nearest vertebrae above and below that took part in the prediction."""
    place = bisect_left(near, row)
    below = place + 1 if place < len(near) and near[place] == row else place
    return " and ".join(LEVELS[i].value for i in (*near[:place][-1:], *near[below : below + 1]))
