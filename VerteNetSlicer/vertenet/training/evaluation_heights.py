"""How well heights agree, beside what human readers reach."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .evaluation import Case
from .shelf import Spool

Array = NDArray[np.float64]
PAIRS = {"Ha": (2, 3), "Hm": (1, 4), "Hp": (0, 5)}
"""Rows of the two points of each height."""

RATIOS = {"Ha/Hp": ("Ha", "Hp"), "Hm/Hp": ("Hm", "Hp"), "Hm/Ha": ("Hm", "Ha")}
_LIMITS = 1.96

HUMAN_PRECISION: tuple[tuple[str, str, str], ...] = (
    ("manual six points on radiographs, rms CV", "3-6 %", "Engelke et al., medworm.com/667956707"),
    ("SpineAnalyzer, semi-automatic, rms CV", "2.5-7.5 %", "Engelke et al., medworm.com/667956707"),
    (
        "MorphoXpress, 132 clinicians, CV within / between operators",
        "3.95 / 6.89 %",
        "Eur J Radiol 2009;69:173",
    ),
    ("morphometry on DXA, precision", "2.2-4.6 %, 0.6 mm", "Bagur et al. 2000"),
)
"""What is repeated, how well, and where it stands."""


@dataclass(frozen=True)
class HeightErrors:
    """Agreement of one quantity over all that have it, predicted minus true.

    Attributes:
        name: Ha, Hm, Hp (anterior, middle, posterior height), a ratio of two, an angle, AAC-24.
        unit: ``"%"`` of the true height, ``"mm"``, ``""`` for ratios, ``"deg"``, ``"points"``.
        count: how many vertebrae, or images.
        bias: mean difference.
        sd: standard deviation of the differences.
        low: lower limit of agreement, bias - 1.96 SD.
        high: upper limit.
        rms_cv: root-mean-square coefficient of variation, taking prediction and truth as
            two measurements of one vertebra: sqrt(mean((a - b)^2 / 2 / ((a + b) / 2)^2));
            None for angles and scores, whose zero is not nothing.

    Source: limits of agreement, Bland and Altman, Lancet 1986;327:307-310; root-mean-square
    averages of precision errors, Glueer et al., Osteoporos Int 1995;5:262-270,
    doi:10.1007/BF01774016.
    """

    name: str
    unit: str
    count: int
    bias: float
    sd: float
    low: float
    high: float
    rms_cv: float | None


class HeightRows:
    """Predicted and true heights of each vertebra that both have, and whether in mm."""

    def __init__(self) -> None:
        self._rows = Spool(7)

    @classmethod
    def of(cls, cases: Iterable[Case]) -> HeightRows:
        """Of all images."""
        made = cls()
        for case in cases:
            made.add(case)
        return made

    def add(self, case: Case) -> None:
        """Take in one image: heights in mm where the spacing is known, else in pixels."""
        row, column = case.spacing_mm or (1.0, 1.0)
        unit = np.array([column, row])
        known = float(case.spacing_mm is not None)
        for match in case.result.matches:
            if match.predicted is not None and case.predicted is not None:
                found = _heights(case.predicted.bodies[match.predicted] * unit)
                true = _heights(case.truth.bodies[match.level] * unit)
                self._rows.add(np.array([*found, *true, known]))

    def pairs(self) -> Iterator[tuple[str, Array]]:
        """Name and (n, 3) predicted, true and mm-known (1 or 0) of each height and ratio."""
        rows = self._rows.load()
        place = {name: i for i, name in enumerate(PAIRS)}
        for name in (*PAIRS, *RATIOS):
            if name in place:
                found, true = rows[:, place[name]], rows[:, 3 + place[name]]
            else:
                above, below = (place[part] for part in RATIOS[name])
                found = rows[:, above] / rows[:, below]
                true = rows[:, 3 + above] / rows[:, 3 + below]
            kept = np.isfinite(found) & np.isfinite(true)
            yield name, np.stack([found[kept], true[kept], rows[kept, 6]], axis=1)

    def errors(self) -> list[HeightErrors]:
        """Heights in % of the true height, in mm where known, and ratios."""
        out = []
        for name, rows in self.pairs():
            if not len(rows):
                continue
            if name in RATIOS:
                out.append(agreement_of(name, "", rows, np.ones(len(rows))))
                continue
            out.append(agreement_of(name, "%", rows, 100 / rows[:, 1]))
            metric = rows[rows[:, 2] == 1]
            if len(metric):
                out.append(agreement_of(name, "mm", metric, np.ones(len(metric))))
        return out


def height_errors(cases: Iterable[Case]) -> list[HeightErrors]:
    """:meth:`HeightRows.errors` of some cases."""
    return HeightRows.of(cases).errors()


def agreement_of(
    name: str, unit: str, rows: Array, factor: Array, *, ratio_scale: bool = True
) -> HeightErrors:
    """Bias, SD, limits of agreement and, on a ratio scale, the rms CV of ``(n, 2+)`` pairs."""
    predicted, true = rows[:, 0], rows[:, 1]
    difference = (predicted - true) * factor
    sd = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    bias = float(difference.mean())
    cv = None
    if ratio_scale:
        squares = (predicted - true) ** 2 / 2 / ((predicted + true) / 2) ** 2
        cv = float(np.sqrt(squares.mean()))
    return HeightErrors(
        name, unit, len(rows), bias, sd, bias - _LIMITS * sd, bias + _LIMITS * sd, cv
    )


def _heights(points: Array) -> list[float]:
    """Ha, Hm, Hp; NaN where a point is absent, or where two lie on one another."""
    found = [float(np.linalg.norm(points[a] - points[b])) for a, b in PAIRS.values()]
    return [height if height > 0 else math.nan for height in found]
