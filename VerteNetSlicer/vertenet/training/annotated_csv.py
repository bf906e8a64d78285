"""Annotations in CSV files: ours, wide tables of vertebrae, and makesense.ai's points."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ..errors import LandmarkError
from ..texts import from_cell
from .annotated import ROWS, SIDES, WALLS, Annotated, level_name
from .published_order import place_published
from .shelf import Shelf

Row = dict[str, str]
_MAKESENSE = ("label", "x", "y", "image", "width", "height")
_ALIASES = {
    "label_name": "label",
    "point_x": "x",
    "point_y": "y",
    "fname": "image",
    "image_name": "image",
    "filename": "image",
    "file": "image",
    "x_dim": "width",
    "y_dim": "height",
    "image_width": "width",
    "image_height": "height",
    "corner": "point",
}
_HEADING = 1 << 16  # characters; no heading is longer
_FALSE = ("false", "no", "0", "uncertain")


def read_csv(stream: TextIO, name: str, *, folder: Path | None = None) -> Shelf:
    """The annotated images of a CSV file, in the order of their first rows.

    Args:
        stream: the file's text, from its beginning; opened without translating line ends.
        name: the file's name, for messages.
        folder: where the file lies.

    Raises:
        LandmarkError: naming the row of what cannot be read.
    """
    images = Shelf()
    loose: dict[str, list[tuple[str, float, float]]] = {}
    for number, row in _rows(stream, name):
        image = row.get("image", "")
        if not image:
            raise _error(name, number, "an image's name", image)
        item = images.open(image)
        item.folder = folder
        try:
            _about_image(item, row)
            if "ps_x" in row:
                _wide(item, row)
            elif "label" in row and "point" not in row:
                loose.setdefault(image, []).append(
                    (row["label"], _number(row, "x"), _number(row, "y"))
                )
            else:
                _long(item, row)
        except ValueError as error:
            raise _error(name, number, "numbers in x and y", str(error)) from None
        except LandmarkError as error:
            raise LandmarkError(f"{name}, row {number}: {error}") from None
    for image, points in loose.items():
        place_published(images.open(image), points)
    return images


def _rows(stream: TextIO, name: str) -> Iterator[tuple[int, Row]]:
    """Rows with their number and their columns' names in small letters, one by one."""
    start = stream.read(_HEADING)
    heading = next(iter(start.splitlines()), "")
    mark = max(",;\t", key=heading.count)
    columns: list[str] = []
    stream.seek(0)
    try:
        for i, row in enumerate(csv.reader(stream, delimiter=mark)):
            cells = [from_cell(c) if c[:1] == "'" else c for c in map(str.strip, row)]
            if not any(row):
                continue
            if not columns:
                columns, is_heading = _columns(cells)
                _check(columns, name)
                if is_heading:
                    continue
            if any(cells[len(columns) :]):  # 10,5 between commas is two cells
                raise LandmarkError(
                    f"{name}, row {i + 1}: expected {len(columns)} cells as in the heading, got "
                    f"{len(cells)}. Write numbers with a decimal point, or part the columns "
                    "with semicolons."
                )
            yield i + 1, _row(columns, cells, decimal_comma=mark == ";")
    except csv.Error as error:
        raise LandmarkError(
            f"Expected a CSV file, but '{name}' cannot be read ({error}). Save it again as CSV."
        ) from None


def _columns(first: list[str]) -> tuple[list[str], bool]:
    """Names of the columns, and whether the first row holds them."""
    columns = [_ALIASES.get(cell.lower(), cell.lower()) for cell in first]
    if len(columns) == len(_MAKESENSE) and _is_number(columns[1]) and _is_number(columns[2]):
        return list(_MAKESENSE), False  # makesense.ai writes no heading
    return columns, True


def _row(columns: list[str], cells: list[str], *, decimal_comma: bool) -> Row:
    return {
        c: v.replace(",", ".") if decimal_comma and c in ("x", "y") else v
        for c, v in zip(columns, cells)
    }


def _check(columns: list[str], name: str) -> None:
    named = {"level", "label", "vertebra"} & set(columns)
    points = {"x", "y"} <= set(columns) or "ps_x" in columns
    whole = "label" in columns or "point" in columns or "ps_x" in columns
    if "image" not in columns or not named or not points or not whole:
        raise LandmarkError(
            f"Expected the columns image,level,point,x,y in '{name}' (or those of makesense.ai, "
            f"or of vertebrae.csv), got {','.join(columns)}. Correct the heading."
        )


def _long(item: Annotated, row: Row) -> None:
    level = row.get("level") or f"?{row.get('vertebra', '')}"
    level = level_name(level)
    point = row.get("point", "").upper()
    if row.get("x", "") == "" and row.get("y", "") == "":
        item.bodies.setdefault(level, _empty())
        return
    if point in SIDES and row.get("anterior", "").lower() not in ("left", "right"):
        item.facing = None
    if point in SIDES and item.facing == "left":
        point = {"TL": "TR", "TR": "TL", "BL": "BR", "BR": "BL"}[point]
    item.place(level, point, _number(row, "x"), _number(row, "y"))
    at = ROWS[SIDES.get(point, point)]
    if row.get("sigma_px"):
        item.sigma.setdefault(level, _empty()[:, 0])[at] = _number(row, "sigma_px")
    if row.get("confidence"):
        item.confidence.setdefault(level, [""] * 6)[at] = row["confidence"]
    _about_level(item, level, row)


def _wide(item: Annotated, row: Row) -> None:
    level = level_name(row["level"])
    for name in ROWS:
        x, y = row.get(f"{name}_x".lower(), ""), row.get(f"{name}_y".lower(), "")
        if x and y:
            item.place(level, name, _finite(x), _finite(y))
    _about_level(item, level, row)


def _about_level(item: Annotated, level: str, row: Row) -> None:
    if level.startswith("?") or row.get("level_certain", "").lower() in _FALSE:
        item.uncertain.add(level)
    if row.get("evaluable", "").lower() in _FALSE or row.get("visible", "") == "2":
        item.unclear.add(level)
    grade = row.get("grade") or row.get("final_grade") or row.get("reader_grade")
    if grade in ("0", "1", "2", "3"):
        item.grade[level] = int(grade)


def _about_image(item: Annotated, row: Row) -> None:
    item.look = row.get("look") or item.look
    item.quality = row.get("quality") or item.quality
    item.patient = row.get("patient") or item.patient
    if row.get("anterior", "").lower() in ("left", "right"):
        item.facing = row["anterior"].lower()
    if row.get("width") and row.get("height"):
        item.size = int(_number(row, "width")), int(_number(row, "height"))
    if row.get("spacing_row_mm") and row.get("spacing_column_mm"):
        item.spacing_mm = _number(row, "spacing_row_mm"), _number(row, "spacing_column_mm")
    item.check()
    for wall in WALLS:
        if row.get(f"aac_{wall}".lower(), "") in ("0", "1", "2", "3"):
            item.walls[wall] = int(row[f"aac_{wall}".lower()])


def add_truth_table(images: Shelf, stream: TextIO, name: str) -> None:
    """Add what a ``truth.csv`` beside the points says: grades, look, spacing.

    Raises:
        LandmarkError: if it cannot be read.
    """
    try:
        for cells in csv.DictReader(stream):
            row = {
                (k or "").strip().lower(): from_cell(v.strip())
                for k, v in cells.items()
                if isinstance(v, str)
            }
            if row.get("image", "") not in images:
                continue
            item = images.open(row["image"])
            _quietly(_about_image, item, row, name)
            level = row.get("level", "").upper()
            if level in item.bodies:
                _about_level(item, level, row)
    except csv.Error as error:
        raise LandmarkError(
            f"Expected a CSV file, but '{name}' cannot be read ({error}). Save it again as CSV."
        ) from None


def _quietly(work: Callable[[Annotated, Row], None], item: Annotated, row: Row, name: str) -> None:
    try:
        work(item, row)
    except ValueError as error:
        raise LandmarkError(f"Expected numbers in '{name}', got '{error}'. Correct it.") from None


def _empty() -> NDArray[np.float64]:
    return np.full((6, 2), np.nan)


def _number(row: Row, column: str) -> float:
    return _finite(row.get(column, ""))


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(text) from None
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _error(name: str, number: int, expected: str, got: str) -> LandmarkError:
    return LandmarkError(
        f"{name}, row {number}: expected {expected}, got '{got}'. Correct the row."
    )
