"""An evaluation as files: tables, ``summary.json`` and plots."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingDependencyError
from ..texts import csv_lines
from .annotated import ROWS
from .evaluation import Case, Comparison, Evaluation
from .evaluation_gather import Gathered
from .evaluation_heights import HUMAN_PRECISION, HeightErrors
from .evaluation_kappa import Kappa, graded_pairs
from .metrics import Match
from .writing import whole_file, write_text

SCHEMA = "vertenet-evaluation/1"
POINT_COLUMNS = (
    *("image", "level", "predicted_level", "point", "x", "y", "true_x", "true_y", "error_px"),
    *("error_512x1024_px", "error_mm", "error_percent", "along_percent", "down_percent"),
    *("sigma_px", "confidence", "grade", "look", "quality"),
)
GRADE_COLUMNS = ("image", "level", "predicted_level", "predicted_grade", "grade")
AGREEMENT_COLUMNS = (
    *("what", "unit", "count", "bias", "sd", "low", "high", "rms_cv"),
    *("kappa", "kappa_low", "kappa_high", "weights", "same", "only_one", "images"),
)
Cell = str | float | int | None
Rows = Callable[[Iterable[Sequence[Cell]]], None]


def write_evaluation(
    evaluation: Evaluation | Comparison, output: Path, *, plots: bool = True
) -> Gathered:
    """Write all files of an evaluation, image by image.

    Args:
        evaluation: what is compared.
        output: folder, made if absent.
        plots: False leaves out the pictures, for which matplotlib is needed.

    Returns:
        What was found.

    Raises:
        OutputError: if a file cannot be written.
        MissingDependencyError: if matplotlib is wanted and not installed.
    """
    if plots:
        check_matplotlib()
    found = Gathered()
    with (
        _table(output / "points.csv", POINT_COLUMNS) as points,
        _table(output / "grades.csv", GRADE_COLUMNS) as grades,
    ):
        for case in evaluation.cases:
            found.add(case)
            points(_point_rows(case))
            grades(_grade_rows(case))
    found.notes = (*evaluation.notes, *found.columns.notes)
    names = list(found.rows[0].figures)
    with _table(output / "summary.csv", ("group", "value", *names)) as summary:
        summary([r.group, r.value, *r.figures.values()] for r in found.rows)
    with _table(output / "agreement.csv", AGREEMENT_COLUMNS) as agreement:
        agreement(_agreement_rows(found))
    content = json.dumps(summary_json(found), indent=1, allow_nan=False)
    write_text(output / "summary.json", content + "\n")
    if plots:
        from .evaluation_plots import write_plots

        write_plots(found, output)
    return found


def summary_json(found: Gathered) -> dict[str, Any]:
    """Everything that is printed, as JSON-ready values."""
    check = found.sigma
    sigma = (
        None
        if check is None
        else {
            **asdict(check),
            "nominal": check.nominal.tolist(),
            "observed": check.observed.tolist(),
        }
    )
    return {
        "schema": SCHEMA,
        "images": found.images,
        "notes": list(found.notes),
        "groups": [asdict(row) for row in found.rows],
        "heights": [asdict(item) for item in found.heights],
        "images_agreement": [asdict(item) for item in found.of_images],
        "kappa": [asdict(item) for item in found.kappas],
        "human_precision": [
            dict(zip(("what", "value", "source"), item)) for item in HUMAN_PRECISION
        ],
        "sigma": sigma,
    }


def _point_rows(case: Case) -> Iterable[list[Cell]]:
    for match in case.result.matches:
        for name, i in ROWS.items():
            if np.isfinite(case.truth.bodies[match.level][i]).all():
                yield _point_row(case, match, name, i)


def _point_row(case: Case, match: Match, name: str, i: int) -> list[Cell]:
    truth, about = case.truth, case.predicted
    body = None if match.predicted is None or about is None else about.bodies[match.predicted]
    sigma = about.sigma.get(match.predicted or "") if about else None
    words = truth.confidence.get(match.level)
    numbers = [
        *((np.nan, np.nan) if body is None else body[i]),
        *truth.bodies[match.level][i],
        match.error[i],
        match.paper[i],
        match.length[i] if case.spacing_mm else np.nan,
        100 * match.share[i],
        100 * match.along[i],
        100 * match.down[i],
        np.nan if sigma is None else sigma[i],
    ]
    cells: list[Cell] = [truth.image, match.level, match.predicted, name]
    cells += [float(n) if np.isfinite(n) else None for n in numbers]
    return [
        *cells,
        words[i] if words else None,
        truth.grade.get(match.level),
        truth.look,
        truth.quality,
    ]


def _grade_rows(case: Case) -> Iterable[list[Cell]]:
    """Vertebrae that one of the two graded."""
    for level, other, said, true in graded_pairs(case):
        if said is not None or true is not None:
            yield [case.truth.image, level, other, said, true]


def _agreement_rows(found: Gathered) -> Iterable[list[Cell]]:
    for item in found.agreement:
        yield _difference_row(item)
    for kappa in found.kappas:
        yield _kappa_row(kappa)


def _difference_row(item: HeightErrors) -> list[Cell]:
    numbers: list[Cell] = [item.bias, item.sd, item.low, item.high, item.rms_cv]
    return [item.name, item.unit, item.count, *numbers, *[None] * 7]


def _kappa_row(item: Kappa) -> list[Cell]:
    about: list[Cell] = [item.value, item.low, item.high, item.weights]
    return [item.name, item.unit, item.count, *[None] * 5, *about, item.same, item.only_one,
            item.images]  # fmt: skip


@contextmanager
def _table(path: Path, columns: Sequence[str]) -> Iterator[Rows]:
    """A CSV file that takes rows as they come, and is there whole or not at all."""
    with whole_file(path) as file:
        # A file's name may hold bytes that are no text.
        stream = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        stream.writelines(csv_lines([columns]))
        yield lambda rows: stream.writelines(csv_lines(rows))
        stream.flush()
        stream.detach()


def check_matplotlib() -> None:
    """Fail before any work if the plots could not be drawn.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "Expected the package 'matplotlib' for the plots, but it is not installed. "
            "Install it with: pip install matplotlib, or leave the plots out with --no-plots."
        )
