"""What a cohort's tables say together, read row by row."""

from __future__ import annotations

import csv
import heapq
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..anatomy import LEVELS
from ..errors import ConfigurationError
from ..texts import from_cell

Row = Mapping[str, str]
WORST_SHOWN = 60
BINS = 10
AAC_CLASSES = ("0-1", "2-5", "6-24")
"""Categories of AAC-24, as :mod:`vertenet.measure.aac_score` has them."""
LOWER_BOUND = "lower bound"
_Z = 1.959964  # 95 %


@dataclass
class LevelCount:
    """One level: how many, their grades, and how sure the level is."""

    found: int = 0
    grades: Counter[str] = field(default_factory=Counter)
    implausible: int = 0
    sure: float = 0.0
    sure_of: int = 0


@dataclass
class Statistics:
    """The numbers of a cohort.

    Attributes:
        images: rows of ``images.csv``.
        worst: images by worst grade; empty where none is graded.
        levels: by level.
        crop: images by status of the aorta.
        aac: images by AAC-24: ``0-1``, ``2-5``, ``6-24``, ``lower bound`` or empty (not scored).
        totals: images by their whole AAC-24.
        models: images by network: name, version and the first digits of its SHA-256.
        sexes: images by sex, empty where the file tells none.
        decided: vertebrae on which a reader decided.
        findings: images by remark on quality.
        label_bins: images by their least level confidence, ten bins from 0 to 1.
        spacing: images by the source of the spacing.
        failures: files by (status, reason without the file's name).
        worst_images: images most in need of a look, worst first.
        flagged: images with a reason for a look.
    """

    images: int = 0
    vertebrae: int = 0
    no_spine: int = 0
    worst: Counter[str] = field(default_factory=Counter)
    levels: dict[str, LevelCount] = field(default_factory=dict)
    crop: Counter[str] = field(default_factory=Counter)
    aac: Counter[str] = field(default_factory=Counter)
    totals: Counter[int] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    sexes: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    label_bins: list[int] = field(default_factory=lambda: [0] * BINS)
    spacing: Counter[str] = field(default_factory=Counter)
    status: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    worst_images: list[Row] = field(default_factory=list)
    flagged: int = 0


def cohort_statistics(folder: Path) -> Statistics:
    """Count what the tables of a cohort hold; memory does not grow with them.

    The tables of ``detect`` and ``measure`` do as well; they tell less.

    Raises:
        ConfigurationError: if the folder does not hold a cohort's tables.
    """
    found = Statistics(levels={level.value: LevelCount() for level in LEVELS})
    best: list[tuple[float, int, Row]] = []
    for i, row in enumerate(rows_of(folder, "images")):
        _count_image(found, row)
        score = _attention(row)
        if score > 0:
            found.flagged += 1
            item = (score, -i, row)
            (heapq.heappush if len(best) < WORST_SHOWN else heapq.heappushpop)(best, item)
    found.worst_images = [row for _, _, row in sorted(best, key=lambda b: (-b[0], -b[1]))]
    for row in rows_of(folder, "vertebrae"):
        _count_vertebra(found, row)
    # 'detect' and 'measure' write failures only where there are some
    for row in rows_of(folder, "failures") if (folder / "failures.csv").exists() else ():
        status = row.get("status") or "failed"
        found.status[status] += 1
        found.failures[status, _plain_reason(row)] += 1
    return found


def share(part: int, whole: int) -> tuple[float, float, float] | None:
    """A share with its 95 % interval, or None of nothing.

    Source: Wilson 1927, score interval, doi:10.1080/01621459.1927.10502953.
    """
    if whole <= 0:
        return None
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z / (1 + z2 / whole) * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return p, max(0.0, middle - half), min(1.0, middle + half)


def rows_of(folder: Path, table: str) -> Iterator[Row]:
    """The rows of a table, one by one.

    Raises:
        ConfigurationError: if it cannot be read.
    """
    path = folder / f"{table}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if None in row or None in row.values():
                    raise _damaged(path.name, ValueError("a row has not as many cells as columns"))
                yield {column: from_cell(cell) for column, cell in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"Expected the tables of a cohort in '{folder}', but '{path.name}' cannot be read "
            f"({type(error).__name__}). Run 'vertenet batch' to its end first."
        ) from None


def _count_image(found: Statistics, row: Row) -> None:
    try:
        found.images += 1
        found.no_spine += row["vertebrae"] == "0"
        if row["vertebrae"] != "0":
            found.worst[row["worst_grade"]] += 1
            found.crop[row["aac_crop"]] += 1
            _count_aorta(found, row)
        found.findings.update(row.get("findings", "").split())
        found.spacing[row["spacing_source"]] += 1
        found.sexes[row["sex"]] += 1
        found.models[" ".join((row["model"], row["model_version"], row["model_sha256"][:8]))] += 1
        for level in row["implausible"].split():
            found.levels[level].implausible += 1
        sure = _number(row.get("level_confidence_min", ""))
        if sure is not None:
            found.label_bins[min(BINS - 1, int(_share(sure) * BINS))] += 1
    except (KeyError, ValueError) as error:
        raise _damaged("images.csv", error) from None


def _count_aorta(found: Statistics, row: Row) -> None:
    """By AAC-24; a total of a cropped aorta, or of some of its walls, is a lower bound."""
    total = _number(row["aac24"])
    if total is not None and row["aac_crop"] == "ok":
        if not 0 <= total <= 24:
            raise ValueError(f"AAC-24 of {total:g}")
        found.totals[int(total)] += 1
        found.aac[AAC_CLASSES[(total > 1) + (total > 5)]] += 1
    else:
        found.aac[LOWER_BOUND if row["aac24"] or row["aac24_at_least"] else ""] += 1


def _count_vertebra(found: Statistics, row: Row) -> None:
    try:
        found.vertebrae += 1
        level = found.levels[row["level"]]
        level.found += 1
        level.grades[row["final_grade"]] += 1
        found.decided += bool(row.get("reader_grade") or row.get("reader_evaluable"))
        sure = _number(row["level_confidence"])
        if sure is not None:
            level.sure += _share(sure)
            level.sure_of += 1
    except (KeyError, ValueError) as error:
        raise _damaged("vertebrae.csv", error) from None


def _damaged(name: str, error: Exception) -> ConfigurationError:
    if isinstance(error, KeyError):
        return ConfigurationError(
            f"Expected a table that this version of 'vertenet batch' wrote, but '{name}' is of "
            f"another kind or version: it has no column {error}. Run 'vertenet batch' into a new "
            "folder, or use the version that wrote the table."
        )
    return ConfigurationError(
        f"Expected a table that 'vertenet batch' wrote, but '{name}' is of another kind or "
        f"damaged ({type(error).__name__}: {error}). Run 'vertenet batch' again."
    )


def _attention(row: Row) -> float:
    """The weight of a row that is to be looked at, with its reasons; 0 for none."""
    try:
        score = _number(row.get("attention", "")) or 0.0
        if not math.isfinite(score) or (score > 0 and "attention_reasons" not in row):
            raise ValueError(f"attention {score:g}")
    except ValueError as error:
        raise _damaged("images.csv", error) from None
    return score


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"a confidence of {value:g}")
    return value


def _number(text: str) -> float | None:
    return float(text) if text else None


def _plain_reason(row: Row) -> str:
    """The reason without the file's own name, so that equal ones are counted together."""
    name = os.path.basename(row.get("image") or row.get("file") or "")
    return row["reason"].replace(f"{name}: ", "", 1)
