"""The CSV of points: tolerant of spreadsheets, exact about defects."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vertenet.analysis import Analysis
from vertenet.anatomy import Level, PointName, ReaderDecision, Side
from vertenet.errors import LandmarkError
from vertenet.pipeline import measure
from vertenet.report import read_landmarks, vertebrae_csv
from vertenet.report.read_points_csv import read_points_csv

SQUARE = {"PS": (10, 10), "MS": (30, 10), "AS": (50, 10), "AI": (50, 40), "MI": (30, 40),
          "PI": (10, 40)}  # fmt: skip


def table(*, image: str = "a.png", level: str = "L1", skip: str = "", sign: int = 1) -> str:
    rows = ["image,level,point,x,y"]
    rows += [
        f"{image},{level},{name},{sign * x},{y}" for name, (x, y) in SQUARE.items() if name != skip
    ]
    return "\n".join(rows) + "\n"


def test_points_become_a_spine() -> None:
    (read,) = read_points_csv(table(), "p.csv")
    assert read.frame.file == "a.png"
    assert read.frame.width is None
    assert read.spine.anterior is Side.RIGHT
    assert read.spine.vertebrae[0].points[PointName.AI].x == 50


def test_the_anterior_side_follows_from_the_points() -> None:
    (read,) = read_points_csv(table(sign=-1), "p.csv")
    assert read.spine.anterior is Side.LEFT


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.replace(",", ";"),
        lambda t: t.replace(",", "\t"),
        lambda t: t.replace("image,level,point,x,y", " Image , LEVEL,Point,X,Y "),
        lambda t: t.replace("L1,PS", " l1 , ps "),
        lambda t: t + "\n,,,,\n",
        lambda t: t.replace("10", "1e1"),
        lambda t: "\n".join(line + ",extra" for line in t.splitlines()),
    ],
)
def test_forms_that_spreadsheets_write_are_read(tmp_path: Path, change) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(change(table()).encode("utf-8"))
    (read,) = read_landmarks(path)
    assert len(read.spine.vertebrae[0].points) == 6


def test_a_decimal_comma_is_read_between_semicolons() -> None:
    (read,) = read_points_csv(table().replace(",", ";").replace("10;40", "10,5;40,25"), "p.csv")
    assert read.spine.vertebrae[0].points[PointName.PI].y == 40.25


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_names_in_any_usual_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(table(image="Müller.png").encode(encoding))
    (read,) = read_landmarks(path)
    assert read.frame.file == "Müller.png"


@pytest.mark.parametrize("word", ["=HYPERLINK(1)", "-scan", "@a", "+b", "'=c", " =d", "é\r=e"])
def test_texts_that_a_spreadsheet_would_run_are_made_safe_and_come_back(
    an_analysis: Analysis, word: str
) -> None:
    decided = ReaderDecision(grade=2, reason=word)
    vertebrae = tuple(replace(v, reader=decided) for v in an_analysis.spine.vertebrae)
    frame = replace(an_analysis.frame, file=f"{word}.png")
    measured = replace(
        an_analysis, frame=frame, spine=replace(an_analysis.spine, vertebrae=vertebrae)
    )
    text = vertebrae_csv([measured])
    for row in csv.reader(io.StringIO(text, newline="")):
        dangerous = [
            cell for cell in row if cell.lstrip()[:1] in tuple("=+@-") and not number(cell)
        ]
        assert [cell for cell in dangerous if cell] == []
    (read,) = read_points_csv(text, "vertebrae.csv")
    assert read.frame.file == f"{word}.png"
    assert {v.reader.reason for v in read.spine.vertebrae if v.reader} == {word}


@pytest.mark.parametrize(("age", "known"), [("110", 110.0), ("110.5", None), ("120", None)])
def test_an_age_that_nobody_has_is_unknown_when_read_back(age: str, known: float | None) -> None:
    heading, *rows = table().splitlines()
    text = "\n".join([heading + ",age", *(f"{row},{age}" for row in rows)])
    (read,) = read_points_csv(text, "p.csv")
    assert read.age_years == known
    assert any("age is not known" in s for s in read.spine.warnings) == (known is None)
    with pytest.raises(LandmarkError, match="years from 0 to 110"):
        read_points_csv(text.replace(f",{age}", ",-1"), "p.csv")


def number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_many_images_keep_the_order_of_their_first_rows() -> None:
    text = table(image="b") + table(image="a").split("\n", 1)[1]
    assert [read.frame.file for read in read_points_csv(text, "p.csv")] == ["b", "a"]


def test_sex_age_and_sigma_are_taken() -> None:
    text = "image,level,point,x,y,sex,age,sigma_px\n" + "".join(
        f"a,T7,{name},{x},{y},f,71.5,0.8\n" for name, (x, y) in SQUARE.items()
    )
    (read,) = read_points_csv(text, "p.csv")
    assert (read.sex, read.age_years) == ("F", 71.5)
    assert read.spine.vertebrae[0].points[PointName.MS].sigma_px == 0.8


def test_a_missing_corner_leaves_its_vertebra_out_and_nothing_else() -> None:
    text = table() + table(level="L2", skip="AS").split("\n", 1)[1]
    (read,) = read_points_csv(text, "p.csv")
    assert [v.level for v in read.spine] == [Level.L1]
    assert read.spine.warnings == ("L2 was left out: AS is missing.",)


def test_empty_coordinates_are_a_point_that_was_not_placed() -> None:
    (read,) = read_points_csv(table().replace("MS,30,10", "MS,,"), "p.csv")
    assert PointName.MS not in read.spine.vertebrae[0].points


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PS,10,10", "PS,ten,10", "p.csv, row 2, column 'x': expected a number, got 'ten'"),
        ("PS,10,10", "PS,10,", "row 2, column 'y': expected a number, got ''"),
        ("PS,10,10", "PS,10,nan", "row 2, column 'y'"),
        ("PS,10,10", "PS,inf,10", "row 2, column 'x'"),
        ("L1,MS", "L9,MS", "row 3, column 'level': expected a level from T4 to L5, got 'L9'"),
        ("L1,MS", "L1,XX", "row 3, column 'point'"),
        ("L1,MS", "L1,PS", "row 3, column 'point': expected L1 PS once per image"),
        ("a.png,L1,PI", ",L1,PI", "row 7, column 'image'"),
        ("image,level", "picture,level", "row 1: expected the columns .* image is missing"),
        ("point,x,y", "point,u,v", "x, y are missing"),
    ],
)
def test_a_defect_is_named_by_row_and_column(old: str, new: str, message: str) -> None:
    with pytest.raises(LandmarkError, match=message):
        read_points_csv(table().replace(old, new), "p.csv")


@pytest.mark.parametrize(
    ("column", "value"),
    [("sex", "X"), ("age", "old"), ("age", "-1"), ("age", "131"), ("sigma_px", "-0.1")],
)
def test_a_bad_optional_value_is_named(column: str, value: str) -> None:
    text = f"image,level,point,x,y,{column}\na,L1,PS,1,2,{value}\n"
    with pytest.raises(LandmarkError, match=f"row 2, column '{column}'"):
        read_points_csv(text, "p.csv")


def test_an_empty_file_names_its_missing_columns(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"")
    with pytest.raises(LandmarkError, match="row 1: expected the columns"):
        read_landmarks(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "binary file"),
        (b"{", "damaged JSON"),
        (b"[1, 2]", "neither"),
        (b'{"schema": "other"}', "neither"),
        (b'{"schema": "vertenet-report/1"}', "damaged"),
        (b'{"schema": "vertenet-report/1", "image": 3, "vertebrae": []}', "damaged"),
        (b"[" * 100_000, "damaged JSON"),
        (b'{"markups": NaN}', "damaged JSON"),
        # half a pair of UTF-16 can be read and never be written again
        (b'{"markups": "\\ud800"}', "damaged JSON"),
    ],
)
def test_other_files_give_one_clear_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(LandmarkError, match=message):
        read_landmarks(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LandmarkError, match="cannot be read"):
        read_landmarks(tmp_path / "none.csv")


def test_vertebrae_csv_gives_its_own_numbers_again(an_analysis, tmp_path: Path) -> None:
    path = tmp_path / "vertebrae.csv"
    path.write_text(vertebrae_csv([an_analysis]), encoding="utf-8")
    (read,) = read_landmarks(path)
    again = measure(read.spine, read.frame, sex=read.sex, age_years=read.age_years)
    assert [v.heights.Ha for v in again.vertebrae] == [v.heights.Ha for v in an_analysis.vertebrae]
    assert [v.final_grade for v in again.vertebrae] == [
        v.final_grade for v in an_analysis.vertebrae
    ]
    assert read.frame.scale == an_analysis.frame.scale


@pytest.mark.parametrize(
    ("heading", "tail", "word"),
    [("image,level,point,x,y,x", ",7", "x twice"), ("image,level,point,x,y,sex", ",{}", "as in")],
)
def test_what_is_said_twice_must_agree(heading: str, tail: str, word: str) -> None:
    lines = table().splitlines()[1:]
    rows = [line + tail.format("FM"[i % 2]) for i, line in enumerate(lines)]
    with pytest.raises(LandmarkError, match=word):
        read_points_csv("\n".join([heading, *rows]), "p.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(LandmarkError, match="pipe"):
        read_landmarks(tmp_path / "p.csv")


def test_a_decimal_comma_between_commas_is_refused_and_not_cut_off() -> None:
    text = "image,level,point,x,y\na.png,L1,PS,92,844,231,5\n"
    with pytest.raises(LandmarkError, match="row 2: expected 5 cells as in the heading, got 7"):
        read_points_csv(text, "p.csv")


def test_empty_cells_behind_the_last_column_do_no_harm() -> None:
    (read,) = read_points_csv(table().replace("\n", ",,\n"), "p.csv")
    assert len(read.spine) == len(read_points_csv(table(), "p.csv")[0].spine)


def test_what_only_python_takes_for_a_number_is_refused() -> None:
    with pytest.raises(LandmarkError, match="expected a number, got '1_0'"):
        read_points_csv(table().replace("PS,10,10", "PS,1_0,10"), "p.csv")


def test_spacing_and_size_count_in_a_table_of_points_too() -> None:
    heading, *rows = table().splitlines()
    lines = [
        f"{heading},spacing_row_mm,spacing_column_mm,width,height",
        *(f"{row},0.4,0.3,500,900" for row in rows),
    ]
    frame = read_points_csv("\n".join(lines), "p.csv")[0].frame
    assert frame.scale.spacing_mm == (0.4, 0.3)
    assert (frame.width, frame.height, frame.spacing_source) == (500, 900, "file")


@pytest.mark.parametrize(
    ("columns", "first", "second", "message"),
    [
        ("spacing_row_mm,spacing_column_mm", "0.3,0.3", "0.4,0.3", "row_mm': expected 0.3 as in"),
        ("spacing_row_mm,spacing_column_mm", "0.3,", "0.3,", "column_mm': expected a number"),
        ("spacing_row_mm,spacing_column_mm", "0,0.3", "0,0.3", "row_mm': expected a size above 0"),
        ("width,height", "500,900", "300,900", "width': expected 500 as in"),
        ("width,height", "500.5,900", "500.5,900", "width': expected a whole number above 0"),
        ("width,height", "500,-1", "500,-1", "height': expected a whole number above 0"),
        ("aspect_ratio", "2", "1", "aspect_ratio': expected 2 as in"),
        ("aspect_ratio,aspect_ratio", "2,1", "2,1", "aspect_ratio twice"),
    ],
)
def test_a_pixel_of_two_sizes_or_half_a_size_is_refused(
    columns: str, first: str, second: str, message: str
) -> None:
    heading, *rows = table().splitlines()
    lines = [f"{row},{(first, second)[i > 1]}" for i, row in enumerate(rows)]
    with pytest.raises(LandmarkError, match=message):
        read_points_csv("\n".join([f"{heading},{columns}", *lines]), "p.csv")


def test_half_a_point_of_a_wide_row_is_refused(an_analysis) -> None:
    heading, first, *rest = vertebrae_csv([an_analysis]).splitlines()
    cells = first.split(",")
    cells[heading.split(",").index("MS_y")] = ""
    with pytest.raises(LandmarkError, match="column 'MS_y': expected a number"):
        read_points_csv("\n".join([heading, ",".join(cells), *rest]), "p.csv")


def test_utf_16_without_its_mark_is_called_binary(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(table().encode("utf-16-le"))
    with pytest.raises(LandmarkError, match="binary file"):
        read_landmarks(path)


def test_the_side_that_a_table_says_is_kept_and_checked_against_the_points() -> None:
    heading, *rows = table().splitlines()
    text = "\n".join([f"{heading},anterior", *(f"{row},left" for row in rows)])
    (read,) = read_points_csv(text, "p.csv")
    assert read.spine.anterior is Side.LEFT
    quality = measure(read.spine, read.frame).quality
    assert quality is not None and "side" in {finding.code for finding in quality.findings}
    with pytest.raises(LandmarkError, match="column 'anterior': expected left or right"):
        read_points_csv(text.replace(",left", ",front"), "p.csv")
