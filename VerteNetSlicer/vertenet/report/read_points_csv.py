"""Reading points from CSV: ``image,level,point,x,y``, many images in one file.

Optional columns: ``sex`` (M, F), ``age``, ``sex_source`` and ``age_source`` (given, dicom,
unknown), ``spacing_row_mm`` and ``spacing_column_mm``, ``width``, ``height``, ``anterior``
(left, right: the side the patient faces; otherwise found from the points), ``sigma_px``,
and a reader's wall scores
``aac_L1_anterior`` to ``aac_L4_posterior`` (0 to 3), ``aac8_anterior`` and
``aac8_posterior`` (0 to 4), which need to stand in one row of an image only.  A
``vertebrae.csv`` of ours is read too, since its columns hold the points.  Pixels, ``(x, y)``,
pixel-centre.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..analysis import ImageFrame
from ..anatomy import POINT_NAMES, Landmark, Level, PointName, PointStatus, ReaderDecision, Side
from ..errors import LandmarkError
from ..geometry import PixelScale
from ..images.person import SOURCES, age_read_back, source_of
from ..measure import AAC_WALLS, AacReading, Wall
from ..texts import from_cell
from .landmark_set import Evidence, LandmarkSet, build_spine

REQUIRED = ("image", "level", "point", "x", "y")
_WIDE = "PS_x"  # a column that only vertebrae.csv has
_SEXES = {"M": "M", "F": "F", "MALE": "M", "FEMALE": "F", "": None}


@dataclass
class _Image:
    """What was gathered for one image while reading row by row."""

    points: dict[Level, dict[PointName, Landmark]] = field(default_factory=dict)
    evidence: dict[Level, Evidence] = field(default_factory=dict)
    sex: str | None = None
    age: float | None = None
    said: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    source: str | None = None
    anterior: Side | None = None
    walls: dict[Wall, int | None] = field(default_factory=dict)
    lengths8: dict[str, int | None] = field(default_factory=dict)

    def frame(self, file: str) -> ImageFrame:
        """The image as far as the table tells."""
        known = self.sizes.get
        scale = PixelScale(known("aspect_ratio", 1.0), 1.0)
        if "spacing_row_mm" in self.sizes:
            row, column = (self.sizes[word] for word in _SPACING)
            scale = PixelScale(row, column, in_mm=True)
        source = self.source or ("file" if scale.in_mm else "unknown")
        width, height = known("width"), known("height")
        if width is None or height is None:
            return ImageFrame(file, None, None, scale, source)
        return ImageFrame(file, int(width), int(height), scale, source)

    def landmarks(self, file: str) -> LandmarkSet:
        """All that the table says about one image."""
        age, doubts = age_read_back(self.age)
        return LandmarkSet(
            self.frame(file),
            build_spine(
                self.points, anterior=self.anterior, evidence=self.evidence, warnings=doubts
            ),
            sex=self.sex,
            age_years=age,
            aac_reading=self.reading,
            sex_source=source_of(self.sex, self.said.get("sex_source")),
            age_source=source_of(age, self.said.get("age_source")),
        )

    @property
    def reading(self) -> AacReading | None:
        """The wall scores, or None where there are none."""
        first, second = self.lengths8.get("anterior"), self.lengths8.get("posterior")
        if (first is None) != (second is None):
            raise LandmarkError(
                "Expected aac8_anterior and aac8_posterior of an image, got only one of them. "
                "Fill in the other or empty both."
            )
        lengths = None if first is None or second is None else (first, second)
        reading = AacReading.of(self.walls, lengths)
        return None if reading.is_empty else reading


@dataclass(frozen=True)
class _Row:
    """One row with the place that messages name."""

    name: str
    line: int
    cells: Mapping[str, str]
    decimal_comma: bool

    def text(self, column: str) -> str:
        return from_cell(self.cells.get(column, "").strip())

    def error(self, column: str, expected: str, remedy: str) -> LandmarkError:
        return LandmarkError(
            f"{self.name}, row {self.line}, column '{column}': expected {expected}, "
            f"got '{self.text(column)}'. {remedy}"
        )

    def number(self, column: str) -> float | None:
        text = self.text(column)
        if not text:
            return None
        try:
            # Python would take 1_0 for 10
            value = float(text.replace(",", ".") if self.decimal_comma else text)
            value = math.nan if "_" in text else value
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, "a number", "Correct the cell or leave it empty.")
        return value


def read_points_csv(text: str, name: str) -> tuple[LandmarkSet, ...]:
    """The landmarks of every image in a CSV file, in the order of their first rows.

    A vertebra without its four corners is left out with a warning.

    Args:
        text: the file's content.
        name: the file's name, for messages.

    Raises:
        LandmarkError: naming row and column of what cannot be read.
    """
    images: dict[str, _Image] = {}
    for row in _rows(text, name):
        if not row.text("image"):
            raise row.error("image", "an image's name", "Fill in the cell.")
        image = images.setdefault(row.text("image"), _Image())
        _take_person(image, row)
        _take_reading(image, row)
        _take_frame(image, row)
        if _WIDE in row.cells:
            _take_vertebra(image, row)
        else:
            _take_point(image, row)
    if not images:
        raise LandmarkError(
            f"Expected rows with points below the heading of '{name}', got no points. "
            "Fill in the table."
        )
    return tuple(image.landmarks(file) for file, image in images.items())


def _rows(text: str, name: str) -> Iterator[_Row]:
    """The rows below the heading; row 1 is the heading, as spreadsheets count."""
    stream = io.StringIO(text, newline="")
    heading = stream.readline()
    delimiter = max(",;\t", key=heading.count)
    stream.seek(0)
    reader = csv.reader(stream, delimiter=delimiter)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        columns = [_NAMES.get(column, column) for column in columns]
        _check_heading(columns, name)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                # 10,5 between commas is two cells: every number behind it would be another's
                if any(cell.strip() for cell in cells[len(columns) :]):
                    raise LandmarkError(
                        f"{name}, row {reader.line_num}: expected {len(columns)} cells as in the "
                        f"heading, got {len(cells)}. Write numbers with a decimal point, or part "
                        "the columns with semicolons."
                    )
                named = dict(zip(columns, cells))
                yield _Row(name, reader.line_num, named, decimal_comma=delimiter == ";")
    except csv.Error as error:
        raise LandmarkError(
            f"{name}, row {reader.line_num}: expected a row of a CSV file, got one that "
            f"cannot be read ({error}). Save the table again as CSV."
        ) from None


_WIDE_COLUMNS = {f"{p}_{a}".lower(): f"{p}_{a}" for p in POINT_NAMES for a in "xy"}
_NAMES = _WIDE_COLUMNS | {
    f"{p}_{a}".lower(): f"{p}_{a}" for p in POINT_NAMES for a in ("sigma", "status")
}


_SPACING = ("spacing_row_mm", "spacing_column_mm")
_SIZES = (*_SPACING, "aspect_ratio", "width", "height")
_READING = (
    *(f"aac_{level.value}_{wall}".lower() for level, wall in AAC_WALLS),
    *("aac8_anterior", "aac8_posterior"),
)
_ONCE = (
    *("sex", "age", "sex_source", "age_source", "sigma_px", "spacing_source", *_SIZES, *_READING),
    *("score", "level_confidence", "reader_grade", "reader_reason", "reader_evaluable"),
)


def _check_heading(columns: list[str], name: str) -> None:
    required: Iterable[str] = REQUIRED
    if _WIDE in columns:
        required = ("image", "level", *_WIDE_COLUMNS.values())
    known = [c for c in columns if c in _NAMES.values() or c in (*REQUIRED, *_ONCE)]
    twice = sorted({column for column in known if columns.count(column) > 1})
    if twice:
        raise LandmarkError(
            f"{name}, row 1: expected each column once, got {', '.join(twice)} twice. "
            "Rename or delete one of the two."
        )
    missing = [column for column in required if column not in columns]
    if missing:
        raise LandmarkError(
            f"{name}, row 1: expected the columns {', '.join(REQUIRED)}, but "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
            "Add what is missing to the heading."
        )


def _take_person(image: _Image, row: _Row) -> None:
    sex = row.text("sex").upper()
    if sex not in _SEXES:
        raise row.error("sex", "M, F or nothing", "Correct the cell or leave it empty.")
    age = row.number("age")
    if age is not None and not 0 <= age <= 130:
        raise row.error("age", "years from 0 to 110", "Correct the cell or leave it empty.")
    if image.sex and _SEXES[sex] not in (None, image.sex):
        raise row.error("sex", f"{image.sex} as in the rows above", "Correct one of the two.")
    if age is not None and image.age not in (None, age):
        raise row.error("age", f"{image.age:g} as in the rows above", "Correct one of the two.")
    image.sex = image.sex or _SEXES[sex]
    image.age = age if image.age is None else image.age
    for column in ("sex_source", "age_source"):
        word = row.text(column).lower()
        if word not in ("", *SOURCES):
            expected = ", ".join(SOURCES)
            raise row.error(column, f"one of {expected}", "Correct the cell or leave it empty.")
        image.said[column] = image.said.get(column) or word


def _take_reading(image: _Image, row: _Row) -> None:
    """The reader's scores of the aorta: an empty cell is not scored, never 0."""
    for level, wall in AAC_WALLS:
        score = _score(row, f"aac_{level.value}_{wall}".lower(), 3, image.walls.get((level, wall)))
        image.walls[level, wall] = score
    for wall in ("anterior", "posterior"):
        image.lengths8[wall] = _score(row, f"aac8_{wall}", 4, image.lengths8.get(wall))


def _score(row: _Row, column: str, highest: int, known: int | None) -> int | None:
    score = row.number(column)
    if score is None:
        return known
    if score not in range(highest + 1):
        expected = f"a whole number from 0 to {highest}"
        raise row.error(column, expected, "Correct the cell or leave it empty.")
    if known is not None and known != score:
        raise row.error(column, f"{known} as in the image's rows above", "Correct one of the two.")
    return int(score)


def _level(row: _Row) -> Level:
    try:
        return Level.parse(row.text("level"))
    except LandmarkError:
        raise row.error("level", "a level from T4 to L5", "Correct or remove the row.") from None


def _take_point(image: _Image, row: _Row) -> None:
    level = _level(row)
    text = row.text("point").upper()
    if text not in PointName.__members__:
        raise row.error("point", "PS, MS, AS, AI, MI or PI", "Correct or remove the row.")
    points = image.points.setdefault(level, {})
    if PointName[text] in points:
        raise row.error("point", f"{level} {text} once per image", "Remove one of the two rows.")
    x, y, sigma = row.number("x"), row.number("y"), row.number("sigma_px")
    if sigma is not None and sigma < 0:
        raise row.error("sigma_px", "0 or more", "Correct the cell or leave it empty.")
    _check_pair(row, ("x", x), ("y", y))
    if x is not None and y is not None:
        points[PointName[text]] = Landmark(x, y, sigma, PointStatus.EDITED)


def _take_vertebra(image: _Image, row: _Row) -> None:
    level = _level(row)
    if level in image.points:
        raise row.error("level", "each level once per image", "Remove one of the two rows.")
    points = image.points[level] = {}
    for point in POINT_NAMES:
        x, y = row.number(f"{point}_x"), row.number(f"{point}_y")
        _check_pair(row, (f"{point}_x", x), (f"{point}_y", y))
        if x is not None and y is not None:
            points[point] = Landmark(x, y, *_certainty(row, point))
    reader = _reader(row)
    image.evidence[level] = Evidence(row.number("score"), row.number("level_confidence"), reader)


def _certainty(row: _Row, point: PointName) -> tuple[float | None, PointStatus]:
    sigma = row.number(f"{point}_sigma")
    if sigma is not None and sigma < 0:
        raise row.error(f"{point}_sigma", "0 or more", "Correct the cell or leave it empty.")
    auto = row.text(f"{point}_status") == PointStatus.AUTO.value
    return sigma, PointStatus.AUTO if auto else PointStatus.EDITED


def _check_pair(
    row: _Row, first: tuple[str, float | None], second: tuple[str, float | None]
) -> None:
    """Both or none: half a point, or half a pixel, is a slip and not an absence."""
    for (column, value), (other, known) in ((first, second), (second, first)):
        if value is None and known is not None:
            raise row.error(column, "a number", f"Fill in the cell, or empty {other} as well.")


def _take_frame(image: _Image, row: _Row) -> None:
    """Size, spacing and its source, as far as the columns are there; the same in every row."""
    for column in _SIZES:
        value = row.number(column)
        if value is None:
            continue
        whole = column in ("width", "height")
        if value <= 0 or (whole and value != int(value)):
            expected = "a whole number above 0" if whole else "a size above 0"
            raise row.error(column, expected, "Correct the cell or leave it empty.")
        known = image.sizes.setdefault(column, value)
        if known != value:
            expected = f"{known:g} as in the image's rows above"
            raise row.error(column, expected, "Correct one of the two.")
    first, second = ((column, image.sizes.get(column)) for column in _SPACING)
    _check_pair(row, first, second)
    image.source = row.text("spacing_source") or image.source
    side = row.text("anterior").lower()
    if side in (Side.LEFT.value, Side.RIGHT.value):
        image.anterior = Side(side)
    elif side:
        raise row.error("anterior", "left or right", "Correct the cell or leave it empty.")


def _reader(row: _Row) -> ReaderDecision | None:
    grade, reason = row.text("reader_grade"), row.text("reader_reason") or None
    if grade and grade not in ("0", "1", "2", "3"):
        raise row.error("reader_grade", "0, 1, 2 or 3", "Correct the cell or leave it empty.")
    called = row.text("reader_evaluable")
    if not grade and reason is None and not called:
        return None
    evaluable = (called or row.text("evaluable")) != "no"
    return ReaderDecision(int(grade) if grade else None, reason, evaluable)
