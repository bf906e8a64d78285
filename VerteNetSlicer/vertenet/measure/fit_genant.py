"""Fit and check the default rule.

``python -m vertenet.measure.fit_genant NHANES.npz OUT.json`` fits the coefficients on
all people and prints, for five folds of whole persons, how the default and the plain
rule agree with the readers on the people held back.  Norms and coefficients are made
inside the folds; the cut-offs are fixed.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from ..anatomy import LEVELS
from ..geometry import Array
from .expected import expected, fill_middle, size_profile
from .fit_norms import People, norms_csv, read_people
from .genant import (
    KNOTS,
    REGIONS,
    SHORTFALLS,
    crush_floor,
    feature_names,
    features,
    grades_of,
    shortfalls,
    weighed,
)
from .norms import NormTable, parse_norms
from .rules import grade_of_loss

Mask = NDArray[np.bool_]
Cuts = tuple[float, float]
_POSITIVE = len(SHORTFALLS) * len(KNOTS)
_PENALTY = 0.3
CUT_PROBABILITY = 0.15
"""Probability from which a vertebra is called grade 1, and grade 2.

A prediction p of "at least k" raises the expected kappa where p is above about half
of the kappa that is reached, 0.28; from 0.15 to 0.3 the kappa is the same within its
error (docs/grading.md), and the lowest of these finds the most fractures.  Cut-offs
searched for the best kappa differ from fold to fold and agree less on others.
"""
CUTS: Cuts = (math.log(CUT_PROBABILITY / (1 - CUT_PROBABILITY)),) * 2
"""The same as scores of the two models."""
_FOLDS = 5


@dataclass(frozen=True)
class Fit:
    """Coefficients of both logistic models."""

    one: Array
    two: Array

    def scores(self, table: Array) -> tuple[Array, Array]:
        """Scores for grade >= 1 and grade >= 2, as the rule takes them."""
        crush = table[..., SHORTFALLS.index("crush") * len(KNOTS)]
        one, two = (table @ b[1:] + b[0] for b in (self.one, self.two))
        return crush_floor(one, crush, CUTS[0]), crush_floor(two, crush, CUTS[1])


def feature_table(
    people: People, norms: NormTable, noise: Array | None = None, *, known_sd: float = 0.0
) -> Array:
    """``(people, 13, features)`` exactly as :func:`.genant.default_rule` makes them.

    Args:
        people: heights.
        norms: by level and sex.
        noise: added to the logarithms of the heights.
        known_sd: SD of that noise where the rule is told of it, as by a point's sigma.
    """
    logs = np.full((len(people.sex), len(LEVELS), 3), np.nan)
    logs[:, :13] = np.log(people.heights)
    if noise is not None:
        logs[:, :13] += noise
    profile = np.where(
        (people.sex == "M")[:, None, None], size_profile(norms, "M"), size_profile(norms, "F")
    )
    relative = fill_middle(logs - profile)
    valid = np.asarray(np.isfinite(relative).all(axis=-1), dtype=bool)
    prediction, _ = expected(relative, valid)
    relative = np.where(valid[..., None], relative, 0.0)
    if known_sd > 0:
        deviation, _ = weighed(relative - prediction, np.full(relative.shape, known_sd))
        relative = prediction + deviation
    return features(shortfalls(relative, prediction))[:, :13]


def fit(table: Array, grades: NDArray[np.int64]) -> Fit:
    """Both logistic models; rows ``(m, features)``."""
    # nearly all vertebrae are clearly normal: a quarter of them, weighing four, will do
    clear = (grades == 0) & (table[:, _POSITIVE - 3] < 0.05)
    kept = ~clear | (np.cumsum(clear) % 4 == 0)
    weight = np.where(clear, 4.0, 1.0)[kept]
    rows = table[kept]
    return Fit(*(_logistic(rows, grades[kept] >= k, weight) for k in (1, 2)))


def _logistic(table: Array, outcome: Mask, weight: Array) -> Array:
    """Penalised logistic regression, coefficients of shortfalls not negative."""
    size = np.sqrt((table**2).mean(axis=0)) + 1e-9
    design = np.column_stack([np.ones(len(table)), table / size])

    def loss(b: Array) -> tuple[float, Array]:
        z = design @ b
        error = weight * (1 / (1 + np.exp(-np.clip(z, -60, 60))) - outcome)
        value = float(weight @ (np.logaddexp(0, z) - z * outcome))
        slope = design.T @ error
        slope[1:] += _PENALTY * b[1:]
        return value + 0.5 * _PENALTY * float(b[1:] @ b[1:]), slope

    bounds = [(None, None)] + [(0, None)] * _POSITIVE + [(None, None)] * len(REGIONS)
    start = np.zeros(design.shape[1])
    start[0] = -5.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 300}).x  # fmt: skip
    found[1:] /= size
    return np.asarray(found)


def kappa(readers: NDArray[np.int64], ours: NDArray[np.int64]) -> float:
    """Linearly weighted Cohen's kappa of grades 0 to 3."""
    seen = np.zeros((4, 4))
    np.add.at(seen, (readers, ours), 1)
    return _kappa_of(seen)


def _kappa_of(seen: Array) -> float:
    weight = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    return 1 - float((weight * seen).sum() / (weight * chance).sum())


def auc(positive: Mask, score: Array) -> float:
    """Area under the ROC curve."""
    ranks, count = rankdata(score), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum()))


def sensitivity_at(positive: Mask, score: Array, specificity: float = 0.99) -> float:
    """Sensitivity at the cut that this share of the negatives does not pass."""
    return float((score[positive] > np.quantile(score[~positive], specificity)).mean())


def worst_of(table: Array) -> Array:
    """Largest of the six shortfalls, from the hinges at 0 of a feature table."""
    return np.asarray(table[..., : 6 * len(KNOTS) : len(KNOTS)].max(axis=-1))


def fit_chosen(people: People, chosen: Mask) -> tuple[NormTable, Fit]:
    """Norms and coefficients from the chosen people only."""
    norms = parse_norms(norms_csv(people, chosen))
    mine = _read(people) & chosen[:, None]
    return norms, fit(feature_table(people, norms)[mine], people.grades[mine])


def _read(people: People) -> Mask:
    return np.asarray((people.grades >= 0) & np.isfinite(people.heights).all(axis=2))


def plain_grades(people: People) -> tuple[NDArray[np.int64], Array]:
    """Grades and largest losses by the plain rule."""
    ha, hm, hp = np.moveaxis(people.heights, 2, 0)
    loss = 1 - np.minimum.reduce([ha / hp, hm / hp, hm / ha])
    return np.vectorize(grade_of_loss)(np.nan_to_num(loss)), loss


def cross_validate(
    people: People, *, seed: int = 0, noise_sd: float = 0.0, known: bool = False
) -> str:
    """Table of agreement on held-back people, Markdown.

    Args:
        people: heights and the readers' grades.
        seed: of the folds and the noise.
        noise_sd: error added to each height, as a share of it.
        known: whether the default rule is told of that error.
    """
    fold = np.random.default_rng(seed).permutation(len(people.sex)) % _FOLDS
    noise = np.random.default_rng(seed).normal(0, 1, people.heights.shape) * noise_sd
    read = _read(people)
    grades, scores = np.zeros(people.grades.shape, int), np.zeros(people.grades.shape)
    for k in range(_FOLDS):
        norms, fitted = fit_chosen(people, fold != k)
        table = feature_table(people, norms, noise, known_sd=noise_sd * known)
        one, two = fitted.scores(table)
        mine = fold == k
        grades[mine] = grades_of(one, two, worst_of(table), CUTS)[mine]
        scores[mine] = one[mine]
    plain, loss = plain_grades(
        People(people.heights * np.exp(noise), people.grades, people.sex, people.age)
    )
    lines = [
        _line("default", people, read, grades, scores),
        _line("plain", people, read, plain, loss),
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, people: People, read: Mask, grades: NDArray[np.int64], score: Array) -> str:
    y, g, s = people.grades[read], grades[read], score[read]
    seen = np.zeros((4, 4), int)
    np.add.at(seen, (y, g), 1)
    figures = f"{kappa(y, g):.3f} | {auc(y > 0, s):.4f} | {sensitivity_at(y > 0, s):.3f}"
    return f"| {name} | {figures} | {seen.tolist()} |"


def main(arguments: list[str]) -> int:
    """Fit on everybody, write the coefficients, print the cross-validation."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m vertenet.measure.fit_genant NHANES.npz OUT.json\n")
        return 2
    people = read_people(arguments[0])
    _, fitted = fit_chosen(people, np.ones(len(people.sex), dtype=bool))
    names = ("intercept", *feature_names())
    content = {
        "source": "NHANES 2013-14 readers' SQ grades, fitted by vertenet.measure.fit_genant",
        "grade_1_or_more": dict(zip(names, np.round(fitted.one, 5).tolist(), strict=True)),
        "grade_2_or_more": dict(zip(names, np.round(fitted.two, 5).tolist(), strict=True)),
        "cuts": [round(c, 5) for c in CUTS],
    }
    target = Path(arguments[1])
    temporary = target.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, target)
    sys.stdout.write("| rule | weighted kappa | AUC >= 1 | sensitivity at 0.99 | counts |\n")
    for seed in (0, 1, 2):
        sys.stdout.write(f"seed {seed}\n{cross_validate(people, seed=seed)}")
        sys.stdout.flush()
    for error in (0.02, 0.03, 0.04, 0.08):
        for known in (False, True):
            sys.stdout.write(f"height error {error:.0%}, {'known' if known else 'not known'}\n")
            sys.stdout.write(cross_validate(people, noise_sd=error, known=known))
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
