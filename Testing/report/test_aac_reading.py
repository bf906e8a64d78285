"""A reader's wall scores in every file of ours, and back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vertenet.analysis import Analysis
from vertenet.batch import measure_set
from vertenet.errors import LandmarkError
from vertenet.images import DxaImage
from vertenet.measure import AacReading, score_aac
from vertenet.pipeline import measure
from vertenet.report import aac_csv, read_landmarks, report_json, report_text, vertebrae_csv
from vertenet.report.folder import landmarks_text
from vertenet.report.html import html_page
from vertenet.resources import resource_path

READINGS = ["00123012", "0--3----", "00000000"]
Scored = Callable[..., Analysis]


@pytest.fixture
def scored(an_analysis: Analysis, an_image: DxaImage) -> Scored:
    def make(text: str = "00123012", text8: str = "") -> Analysis:
        return measure(
            an_analysis.spine, an_analysis.frame, image=an_image, model=an_analysis.model,
            aac_reading=AacReading.parse(text, text8),
        )  # fmt: skip

    return make


def write(analysis: Analysis, kind: str, folder: Path) -> Path:
    texts = {
        "a.mrk.json": landmarks_text,
        "report.json": report_text,
        "vertebrae.csv": lambda a: vertebrae_csv([a]),
    }
    path = folder / kind
    path.write_text(texts[kind](analysis), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("text8", ["", "2,4"])
@pytest.mark.parametrize("text", READINGS)
@pytest.mark.parametrize("kind", ["a.mrk.json", "report.json"])
def test_measuring_the_files_again_gives_the_identical_report(
    scored: Scored, an_image: DxaImage, tmp_path: Path, kind: str, text: str, text8: str
) -> None:
    first = scored(text, text8)
    (read,) = read_landmarks(write(first, kind, tmp_path))
    assert read.aac_reading == AacReading.parse(text, text8)
    assert report_json(measure_set(read, an_image))["aac"] == report_json(first)["aac"]
    if kind == "a.mrk.json":
        assert report_text(measure_set(read, an_image)) == report_text(first)


@pytest.mark.parametrize("text", READINGS)
def test_the_table_of_vertebrae_carries_the_scores(
    scored: Scored, tmp_path: Path, text: str
) -> None:
    first = scored(text, "1,0")
    (read,) = read_landmarks(write(first, "vertebrae.csv", tmp_path))
    assert read.aac_reading == first.aac_reading


def test_markups_without_points_carry_them_too(an_empty_analysis: Analysis, tmp_path: Path) -> None:
    reading = AacReading.parse("1-------")
    first = measure(an_empty_analysis.spine, an_empty_analysis.frame, aac_reading=reading)
    (read,) = read_landmarks(write(first, "a.mrk.json", tmp_path))
    assert read.aac_reading == reading


def test_a_structured_report_carries_them(scored: Scored, a_dicom: Path, tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    from vertenet.report.dicom_source import read_source
    from vertenet.report.dicom_sr import write_sr

    write_sr(scored("00123012", "2,3"), read_source(a_dicom), tmp_path / "sr.dcm")
    (read,) = read_landmarks(tmp_path / "sr.dcm")
    assert read.aac_reading == AacReading.parse("00123012", "2,3")


def test_a_report_without_scores_has_no_block(an_analysis: Analysis) -> None:
    assert "scores" not in report_json(an_analysis)["aac"]
    assert "aac_scores" not in landmarks_text(an_analysis)


@pytest.mark.parametrize("text", READINGS)
def test_the_block_follows_the_schema(scored: Scored, text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resource_path("Schemas/report-v1.schema.json").read_text("utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    content = report_json(scored(text, "0,4"))
    check.validate(content)
    block = content["aac"]["scores"]
    assert block["walls"]["L2"]["anterior"] == (None if text[2] == "-" else int(text[2]))
    assert (block["total24"] is None) == ("-" in text or content["aac"]["crop"]["status"] != "ok")
    block["walls"]["L1"]["anterior"] = 4
    assert not check.is_valid(content)


def test_the_aac_table_has_scores_and_totals(scored: Scored) -> None:
    table = list(csv.DictReader(io.StringIO(aac_csv([scored("0--3----", "1,2")]))))
    regions = [row["score"] for row in table if row["kind"] == "region"]
    assert regions == ["0", "", "", "3", "", "", "", ""]
    totals = [row for row in table if row["kind"] == "total"]
    assert [(t["name"], t["wall"], t["score"]) for t in totals] == [
        ("AAC-24", "", ""), ("AAC-8", "", "3"), ("AAC-8", "anterior", "1"),
        ("AAC-8", "posterior", "2"),
    ]  # fmt: skip
    assert totals[0]["at_least"] == "3"
    assert "Not scored" in totals[0]["reason"]


def test_the_page_shows_the_scores_and_leaves_unscored_boxes_empty(
    scored: Scored, an_analysis: Analysis
) -> None:
    page = html_page(report_json(scored("0--3----", "1,2")))
    assert page.count("<span class=box></span>") == 6
    assert "<span class=box>0</span>" in page and "<span class=box>3</span>" in page
    assert "AAC-24: at least 3" in page
    assert "AAC-8 (Schousboe): 3" in page
    assert "Not scored: L1 posterior" in page
    empty = html_page(report_json(an_analysis))
    assert empty.count("<span class=box></span>") == 8
    assert "AAC-24: " not in empty


def test_a_whole_reading_of_a_whole_aorta_has_category_and_percentile(scored: Scored) -> None:
    analysis = scored("00123012")
    assert analysis.aac_scores is not None
    scores = score_aac(analysis.aac_scores.walls, crop_status="ok", sex="F", age_years=71.0)
    page = html_page(report_json(replace(analysis, aac_scores=scores)))
    assert "AAC-24: 9</b>; high (6 or more); percentile " in page


# --- CSV of points

HEAD = "image,level,point,x,y,aac_L1_anterior,aac_L4_posterior,aac8_anterior,aac8_posterior"
CORNERS = ["L1,PS,0,0", "L1,AS,9,0", "L1,AI,9,9", "L1,PI,0,9"]


def points_csv(folder: Path, *cells: str) -> Path:
    path = folder / "points.csv"
    rows = [f"a,{corner},{cell}" for corner, cell in zip(CORNERS, cells, strict=True)]
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return path


def test_scores_need_to_stand_in_one_row_only(tmp_path: Path) -> None:
    (read,) = read_landmarks(points_csv(tmp_path, "2,,,", ",0,1,3", ",,,", "2,,,"))
    assert read.aac_reading == AacReading.parse("2------0", "1,3")


def test_empty_cells_are_not_scored(tmp_path: Path) -> None:
    (read,) = read_landmarks(points_csv(tmp_path, *[",,,"] * 4))
    assert read.aac_reading is None


@pytest.mark.parametrize(
    ("cell", "match"),
    [("4,,,", "row 2, column 'aac_l1_anterior'.*0 to 3"), ("1.5,,,", "0 to 3"), ("x,,,", "number"),
     (",,5,1", "0 to 4"), (",,1,", "only one of them")],
)  # fmt: skip
def test_what_is_no_score_is_refused(tmp_path: Path, cell: str, match: str) -> None:
    with pytest.raises(LandmarkError, match=match):
        read_landmarks(points_csv(tmp_path, cell, *[",,,"] * 3))


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LandmarkError, match=r"row 4.*2 as in the image's rows above"):
        read_landmarks(points_csv(tmp_path, "2,,,", ",,,", "1,,,", ",,,"))


def test_a_damaged_description_is_refused(scored: Scored, tmp_path: Path) -> None:
    path = write(scored(), "a.mrk.json", tmp_path)
    text = path.read_text(encoding="utf-8").replace("aac_scores=00123012", "aac_scores=0012301")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LandmarkError, match="8 walls"):
        read_landmarks(path)
