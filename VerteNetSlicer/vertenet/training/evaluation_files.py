"""An evaluation as files: tables, ``summary.json`` and plots."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import MissingDependencyError, OutputError
from .annotated import ROWS
from .evaluation import Case, Evaluation, Row, table
from .evaluation_agreement import image_agreement
from .evaluation_heights import HUMAN_PRECISION, HeightErrors, height_errors
from .evaluation_kappa import Kappa, graded_pairs, kappas
from .evaluation_sigma import sigma_check
from .metrics import Match

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


def write_evaluation(evaluation: Evaluation, output: Path, *, plots: bool = True) -> list[Row]:
    """Write all files of an evaluation.

    Args:
        evaluation: what was compared.
        output: folder, made if absent.
        plots: False leaves out the pictures, for which matplotlib is needed.

    Returns:
        The rows of ``summary.csv``.

    Raises:
        OutputError: if a file cannot be written.
        MissingDependencyError: if matplotlib is wanted and not installed.
    """
    if plots:
        check_matplotlib()
    rows = table(evaluation)
    names = list(rows[0].figures)
    write_text(
        output / "summary.csv",
        _csv(("group", "value", *names), ([r.group, r.value, *r.figures.values()] for r in rows)),
    )
    write_text(output / "points.csv", _csv(POINT_COLUMNS, _point_rows(evaluation.cases)))
    write_text(output / "grades.csv", _csv(GRADE_COLUMNS, _grade_rows(evaluation.cases)))
    write_text(output / "agreement.csv", _csv(AGREEMENT_COLUMNS, _agreement_rows(evaluation)))
    content = json.dumps(summary_json(evaluation, rows), indent=1, allow_nan=False)
    write_text(output / "summary.json", content + "\n")
    if plots:
        from .evaluation_plots import write_plots

        write_plots(evaluation, output)
    return rows


def summary_json(evaluation: Evaluation, rows: list[Row]) -> dict[str, Any]:
    """Everything that is printed, as JSON-ready values."""
    check = sigma_check(evaluation.cases)
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
        "images": [case.truth.image for case in evaluation.cases],
        "notes": list(evaluation.notes),
        "groups": [asdict(row) for row in rows],
        "heights": [asdict(item) for item in height_errors(evaluation.cases)],
        "images_agreement": [asdict(item) for item in image_agreement(evaluation.cases)],
        "kappa": [asdict(item) for item in kappas(evaluation.cases)],
        "human_precision": [
            dict(zip(("what", "value", "source"), item)) for item in HUMAN_PRECISION
        ],
        "sigma": sigma,
    }


def _point_rows(cases: Iterable[Case]) -> Iterable[list[Cell]]:
    for case in cases:
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


def _grade_rows(cases: Iterable[Case]) -> Iterable[list[Cell]]:
    """Vertebrae that one of the two graded."""
    for case in cases:
        for level, other, said, true in graded_pairs(case):
            if said is not None or true is not None:
                yield [case.truth.image, level, other, said, true]


def _agreement_rows(evaluation: Evaluation) -> Iterable[list[Cell]]:
    for item in (*height_errors(evaluation.cases), *image_agreement(evaluation.cases)):
        yield _difference_row(item)
    for kappa in kappas(evaluation.cases):
        yield _kappa_row(kappa)


def _difference_row(item: HeightErrors) -> list[Cell]:
    numbers: list[Cell] = [item.bias, item.sd, item.low, item.high, item.rms_cv]
    return [item.name, item.unit, item.count, *numbers, *[None] * 7]


def _kappa_row(item: Kappa) -> list[Cell]:
    about: list[Cell] = [item.value, item.low, item.high, item.weights]
    return [item.name, item.unit, item.count, *[None] * 5, *about, item.same, item.only_one,
            item.images]  # fmt: skip


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a hidden neighbour and rename it into place.

    Raises:
        OutputError: if the file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            write(file)
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(
            f"Expected to write '{path}', but it failed ({error.strerror or error}). "
            "Choose another output folder."
        ) from error


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
