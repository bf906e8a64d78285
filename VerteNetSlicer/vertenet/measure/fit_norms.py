"""Make ``data/norms.csv``: ``python -m vertenet.measure.fit_norms NHANES.npz OUT.csv``.

Normal vertebrae are those that the readers graded 0.  For each level and sex, values
beyond 3 robust SD (1.4826 times the median absolute deviation) of the median are
left out, then mean and SD are taken.  Statistics only; no person's row is written.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..anatomy import LEVELS
from ..geometry import Array
from .expected import predicted_posterior

SOURCE = "NHANES 2013-14"
L5_SOURCE = "L5/L4 of 1755 radiographs; CT Cook 2021"
L5_TO_L4_ANTERIOR = 1.01
L5_HA_HP = {"M": 30.7 / 26.8, "F": 29.6 / 25.5, "U": 30.3 / 26.3}
_TRIM_SD = 3.0
_HEADER = """\
# Norms of vertebral heights and ratios, made by vertenet.measure.fit_norms.
# NHANES 2013-14 vertebral morphometry (National Center for Health Statistics, public
# domain), {people} adults of 40 years and older, vertebrae read as SQ grade 0.
# mean and sd after leaving out values beyond 3 robust SD; n vertebrae before that.
level,sex,measure,mean,sd,n,source
"""


@dataclass(frozen=True)
class People:
    """The measured people as arrays.

    Attributes:
        heights: ``(n, 13, 3)`` Ha, Hm, Hp in pixels, NaN where missing.
        grades: ``(n, 13)`` readers' grade, -1 where not read.
        sex: ``(n,)`` ``"M"`` or ``"F"``.
        age: ``(n,)`` years.
    """

    heights: Array
    grades: NDArray[np.int64]
    sex: NDArray[np.str_]
    age: Array


def read_people(path: str | Path) -> People:
    """Read the NHANES arrays and measure their heights."""
    with np.load(path, allow_pickle=False) as data:
        points = data["six_x10"].astype(np.float64)
        points[points == -32768] = np.nan
        vectors = (points[:, :, [3, 4, 5]] - points[:, :, [2, 1, 0]]) / 10
        sex = np.where(data["sex"] == 1, "M", "F")
        grades = data["genant_sq"].astype(np.int64)
        heights = np.hypot(vectors[..., 0], vectors[..., 1])
        return People(heights, grades, sex, data["age"].astype(np.float64))


def norm_rows(people: People, chosen: NDArray[np.bool_]) -> list[tuple[str, ...]]:
    """Rows of the table from the chosen people."""
    normal = (people.grades == 0) & np.isfinite(people.heights).all(axis=2)
    heights = np.where(normal[..., None], people.heights, np.nan)
    rows = []
    for sex, members in (("M", people.sex == "M"), ("F", people.sex == "F"), ("U", True)):
        measures = _measures(heights[chosen & members])
        profile = {}
        for name, values in measures.items():
            for level, column in zip(LEVELS, values.T, strict=False):
                known = column[np.isfinite(column)]
                if known.size < 30:  # the ends have no neighbour above or below
                    continue
                mean, sd = trimmed(known)
                profile[level.value, name] = mean
                rows.append(_row(level.value, sex, name, mean, f"{sd:.5f}", known.size, SOURCE))
        rows += _l5_rows(sex, profile)
    return rows


def _measures(heights: Array) -> dict[str, Array]:
    """``(n, 13)`` values by the measure's name."""
    ha, hm, hp = np.moveaxis(heights, 2, 0)
    above, below = np.full_like(hp, np.nan), np.full_like(hp, np.nan)
    above[:, 1:] = hp[:, 1:] / hp[:, :-1]
    below[:, :-1] = hp[:, :-1] / hp[:, 1:]
    # the mean of the levels' medians: every level counts the same, missing ones too
    size = float(np.mean(np.nanmedian(heights, axis=0)))
    wide = np.full((len(hp), len(LEVELS)), np.nan)
    wide[:, :13] = hp
    predicted = predicted_posterior(wide, np.append(np.nanmedian(hp, axis=0), np.nan))[:, :13]
    return {
        "Ha_Hp": ha / hp,
        "Hm_Hp": hm / hp,
        "Hm_Ha": hm / ha,
        "Hp_above": above,
        "Hp_below": below,
        "Ha_pred": ha / predicted,
        "Hm_pred": hm / predicted,
        "Hp_pred": hp / predicted,
        "Ha_size": ha / size,
        "Hm_size": hm / size,
        "Hp_size": hp / size,
    }


def trimmed(values: Array) -> tuple[float, float]:
    """Mean and SD without what lies beyond 3 robust SD of the median."""
    middle = np.median(values)
    robust = 1.4826 * np.median(np.abs(values - middle))
    kept = values[np.abs(values - middle) <= _TRIM_SD * robust]
    return float(kept.mean()), float(kept.std(ddof=1))


def _l5_rows(sex: str, profile: dict[tuple[str, str], float]) -> list[tuple[str, ...]]:
    """What L5 is expected to be, from its neighbour; no SD, so no z-score."""
    ha = profile["L4", "Ha_size"] * L5_TO_L4_ANTERIOR
    hp = ha / L5_HA_HP[sex]
    flat = 2 * profile["L4", "Hm_size"] / (profile["L4", "Ha_size"] + profile["L4", "Hp_size"])
    values = {"Ha_size": ha, "Hm_size": flat * (ha + hp) / 2, "Hp_size": hp}
    return [_row("L5", sex, name, value, "", 0, L5_SOURCE) for name, value in values.items()]


def _row(
    level: str, sex: str, name: str, mean: float, sd: str, n: int, source: str
) -> tuple[str, ...]:
    return (level, sex, name, f"{mean:.5f}", sd, str(n), source)


def norms_csv(people: People, chosen: NDArray[np.bool_]) -> str:
    """The whole table as text."""
    rows = norm_rows(people, chosen)
    head = _HEADER.format(people=f"{int(chosen.sum()):,}")
    return head + "".join(",".join(row) + "\n" for row in rows)


def main(arguments: list[str]) -> int:
    """Write the table; ``arguments`` are the data file and the table's path."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m vertenet.measure.fit_norms NHANES.npz OUT.csv\n")
        return 2
    people = read_people(arguments[0])
    text = norms_csv(people, np.ones(len(people.sex), dtype=bool))
    target = Path(arguments[1])
    temporary = target.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
