"""Norms of ratios and of relative heights by level and sex.

The shipped table ``data/norms.csv`` was made by :mod:`vertenet.measure.fit_norms`
from the normal vertebrae of NHANES 2013-14; a user's own table of the same columns
replaces it.

Measures of the table:
    ``Ha_Hp``, ``Hm_Hp``, ``Hm_Ha``: ratios of a vertebra's own heights.
    ``Hp_above``, ``Hp_below``: its Hp over that of the next vertebra above, below.
    ``Ha_pred``, ``Hm_pred``, ``Hp_pred``: its heights over the Hp that up to four
    neighbours predict (McCloskey-Kanis).
    ``Ha_size``, ``Hm_size``, ``Hp_size``: its heights over the mean of all heights
    T4 to L4 of that sex, the profile from which neighbours predict each other.

Source: DXXT4_H ... DXXL4_H, DXXVFA_H, NHANES 2013-14, National Center for Health
Statistics; L5 ``_size``: anterior height L5/L4 1.01 from 1,755 lateral radiographs,
Ha/Hp from CT (Cook and Baker 2021, Int J Spine Surg 15:1072, table 6).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from ..anatomy import LEVELS, Level
from ..errors import ConfigurationError, LandmarkError
from ..geometry import Array

COLUMNS = ("level", "sex", "measure", "mean", "sd", "n", "source")
SIZE_MEASURES = ("Ha_size", "Hm_size", "Hp_size")


@dataclass(frozen=True)
class Norm:
    """The norm of one measure at one level.

    Attributes:
        mean: trimmed mean of normal vertebrae.
        sd: their standard deviation, or None where only an expectation is known.
        n: number of vertebrae.
        source: where it comes from.
    """

    mean: float
    sd: float | None
    n: int
    source: str


@dataclass(frozen=True, eq=False)
class NormTable:
    """Norms by (level, sex, measure); sex is ``M``, ``F`` or ``U`` (not known)."""

    rows: Mapping[tuple[Level, str, str], Norm]

    def get(self, level: Level, sex: str | None, measure: str) -> Norm | None:
        """The norm, of both sexes together where that sex has none."""
        found = self.rows.get((level, sex or "U", measure))
        return found or self.rows.get((level, "U", measure))

    def array(self, sex: str | None, measure: str) -> tuple[Array, Array]:
        """Means and SDs of all levels, ``(14,)`` each, NaN where there is none."""
        found = [self.get(level, sex, measure) for level in LEVELS]
        means = [math.nan if f is None else f.mean for f in found]
        sds = [math.nan if f is None or f.sd is None else f.sd for f in found]
        return np.array(means), np.array(sds)


def parse_norms(text: str) -> NormTable:
    """Read a norm table from CSV text; lines that begin with ``#`` are remarks.

    Raises:
        ConfigurationError: if a column is missing or a row cannot be used.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return _table(csv.DictReader(lines))
    except csv.Error as error:
        raise ConfigurationError(
            f"Expected a norm table as CSV, got one that cannot be read ({error}). "
            "Save the table again as CSV."
        ) from None


def _table(reader: csv.DictReader[str]) -> NormTable:
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigurationError(
            f"Expected a norm table with the columns {', '.join(COLUMNS)}, but "
            f"{', '.join(missing)} is missing. Add the column."
        )
    rows: dict[tuple[Level, str, str], Norm] = {}
    for row in reader:
        try:
            key, norm = _norm(row)
        except (AttributeError, ValueError, TypeError, LandmarkError):
            raise ConfigurationError(
                "Expected a level, a sex M, F or U, a measure, a mean above 0, an SD above 0 "
                f"or empty, and a count in each row of the norm table, got {str(dict(row))[:300]}. "
                "Correct that row."
            ) from None
        rows[key] = norm
    return NormTable(rows)


def _norm(row: Mapping[str, str]) -> tuple[tuple[Level, str, str], Norm]:
    mean = float(row["mean"])
    sd = float(row["sd"]) if row["sd"].strip() else None
    sex = row["sex"].strip().upper()
    usable = 0 < mean < math.inf and (sd is None or 0 < sd < math.inf) and sex in ("M", "F", "U")
    if not usable:
        raise ValueError
    key = (Level.parse(row["level"]), sex, row["measure"].strip())
    return key, Norm(mean, sd, int(row["n"]), row["source"].strip())


@lru_cache(maxsize=1)
def default_norms() -> NormTable:
    """The shipped table (NHANES 2013-14)."""
    folder = resources.files(__package__).joinpath("data")
    return parse_norms(folder.joinpath("norms.csv").read_text(encoding="utf-8"))


def normal_sex(sex: str | None) -> str | None:
    """``M`` or ``F`` from what a file says; None where it says neither."""
    letter = (sex or "").strip().upper()[:1]
    return letter if letter in ("M", "F") else None


@lru_cache(maxsize=256)
def norm_array(norms: NormTable, sex: str | None, measure: str) -> tuple[Array, Array]:
    """As :meth:`NormTable.array`, remembered: recomputing while a point is dragged is fast."""
    means, sds = norms.array(sex, measure)
    means.flags.writeable = sds.flags.writeable = False
    return means, sds


@lru_cache(maxsize=64)
def norm_sources(norms: NormTable, sex: str | None, measure: str) -> tuple[str, ...]:
    """Source of the norm of each level, empty where there is none; remembered."""
    found = (norms.get(level, sex, measure) for level in LEVELS)
    return tuple("" if norm is None else norm.source for norm in found)
