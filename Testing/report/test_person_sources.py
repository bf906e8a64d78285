"""Who says sex and age is in every output, and read back from it; the numbers stay the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from vertenet.analysis import Analysis
from vertenet.anatomy import Spine
from vertenet.batch import Tables, measure_set, of_person
from vertenet.errors import LandmarkError
from vertenet.images import read_image
from vertenet.measure import AAC_WALLS, AacReading
from vertenet.pipeline import frame_of, measure
from vertenet.report import (
    LandmarkSet,
    landmarks_mrk_json,
    read_landmarks,
    report_json,
    write_folder,
)
from vertenet.report.exchange import exchange_with
from vertenet.report.html import html_page
from vertenet.report.person import person_words
from vertenet.resources import resource_path

FILES = ["report.json", "landmarks.mrk.json", "vertebrae.csv", "sr.dcm"]
GIVEN = {
    "dicom": (None, None, ("F", 71.0, "dicom", "dicom")),
    "sex": ("M", None, ("M", 71.0, "given", "dicom")),
    "age": (None, 83.25, ("F", 83.25, "dicom", "given")),
    "both": ("M", 83.25, ("M", 83.25, "given", "given")),
    "not known": ("U", None, (None, 71.0, "given", "dicom")),
}


def measured(a_spine: Spine, path: Path, sex: str | None, age: float | None) -> Analysis:
    """All eight walls scored, so that the percentile hangs on sex and age."""
    image = of_person(read_image(path), sex, age)
    walls = {(level, wall): int(level.value[1]) % 3 for level, wall in AAC_WALLS}
    reading = AacReading.of(walls, (2, 3))
    return measure(a_spine, frame_of(image), image=image, aac_reading=reading)


def said(item: Analysis | LandmarkSet) -> tuple[object, ...]:
    return item.sex, item.age_years, item.sex_source, item.age_source


def numbers(value: object, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, f"{path}/{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from numbers(item, f"{path}/{i}")
    elif isinstance(value, (int, float)):
        yield path, float(value)


@pytest.mark.parametrize("case", GIVEN)
@pytest.mark.parametrize("pixels", [True, False], ids=["on its image", "points only"])
def test_every_file_gives_the_same_numbers_by_the_same_sex_and_age(
    a_spine: Spine, a_dicom: Path, tmp_path: Path, case: str, pixels: bool
) -> None:
    pytest.importorskip("highdicom")
    sex, age, expected = GIVEN[case]
    analysis = measured(a_spine, a_dicom, sex, age)
    assert said(analysis) == expected
    source = exchange_with(a_dicom, dicom=True, identity=False)
    write_folder(analysis, tmp_path / "out", image=read_image(a_dicom), exchange=source)
    # The scan itself still says that she is a woman of 71.
    image = read_image(a_dicom) if pixels else None
    whole = measured(a_spine, a_dicom, sex, age)
    want = report_json(whole if pixels else measure_set(as_read(whole)))
    assert want["aac"]["scores"]["walls"]["L4"] == {"anterior": 1, "posterior": 1}
    for name in FILES:
        (read,) = read_landmarks(tmp_path / "out" / name)
        assert said(read) == expected, name
        again = measure_set(read, image)
        assert said(again) == expected, name
        got = report_json(again)
        left, right = dict(numbers(want)), dict(numbers(got))
        assert left.keys() == right.keys(), name
        for path, value in left.items():
            assert right[path] == pytest.approx(value, abs=1e-9, rel=1e-9), (name, path)
        for key in ("subject", "vertebrae", "aac", "alignment", "summary"):
            assert got[key] == want[key], (name, key)


def as_read(analysis: Analysis) -> LandmarkSet:
    return LandmarkSet(
        analysis.frame, analysis.spine, None, analysis.sex, analysis.age_years,
        analysis.aac_reading, analysis.sex_source, analysis.age_source,
    )  # fmt: skip


def test_sex_and_age_change_what_is_compared(a_spine: Spine, a_dicom: Path) -> None:
    """Else the test above could not fail."""
    woman = measured(a_spine, a_dicom, None, None)
    man, older = (measured(a_spine, a_dicom, s, a) for s, a in (("M", None), (None, 83.25)))
    assert [v.z_scores for v in man.vertebrae] != [v.z_scores for v in woman.vertebrae]
    percentiles = {a.aac_scores.percentile for a in (woman, man, older) if a.aac_scores}
    assert len(percentiles) == 3


@pytest.mark.parametrize("case", GIVEN)
def test_the_report_is_valid_and_its_page_says_it(a_spine: Spine, a_dicom: Path, case: str) -> None:
    sex, age, expected = GIVEN[case]
    report = report_json(measured(a_spine, a_dicom, sex, age))
    schema = resource_path("Schemas/report-v1.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(json.dumps(report)), json.loads(schema))
    assert tuple(report["subject"].values()) == expected
    words = {
        "dicom": "female, 71 years (from DICOM)",
        "sex": "male (given by the user), 71 years (from DICOM)",
        "age": "female (from DICOM), 83.2 years (given by the user)",
        "both": "male, 83.2 years (given by the user)",
        "not known": "not known (given by the user), 71 years (from DICOM)",
    }
    assert words[case] in html_page(report)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ({"sex": "F", "age_years": 81.0}, "female, 81 years"),
        ({"sex": None, "age_years": None}, "not known"),
        ({"sex": "M", "age_years": None, "sex_source": "dicom"}, "male (from DICOM)"),
        ({"sex": "M", "age_years": 60, "sex_source": "unknown", "age_source": "unknown"},
         "male, 60 years"),
        ({}, "not known"),
    ],
)  # fmt: skip
def test_reports_of_earlier_versions_are_shown_without_a_source(
    subject: dict[str, object], words: str
) -> None:
    assert person_words(subject) == words


def test_tables_have_a_column_for_each(a_spine: Spine, a_dicom: Path, tmp_path: Path) -> None:
    analysis = measured(a_spine, a_dicom, "M", None)
    nobody = replace(analysis, sex=None, age_years=None, sex_source="unknown", age_source="unknown")
    tables = Tables()
    for item in (analysis, nobody):
        tables.add(item)
    tables.write(tmp_path)
    for name in ("images.csv", "vertebrae.csv"):
        with (tmp_path / name).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert (rows[0]["sex_source"], rows[0]["age_source"]) == ("given", "dicom"), name
        assert (rows[-1]["sex_source"], rows[-1]["age_source"]) == ("", ""), name


def test_the_structured_report_says_what_was_given(a_spine: Spine, a_dicom: Path) -> None:
    """Its header holds the sex and age of the image."""
    pytest.importorskip("highdicom")
    from vertenet.report.dicom_sr import sr_document

    exchange = exchange_with(a_dicom, dicom=True, identity=False)
    assert exchange is not None
    texts = {}
    for sex in ("M", None):
        document = sr_document(measured(a_spine, a_dicom, sex, None), exchange.source)
        assert document.PatientSex == "F"
        texts[sex] = [str(i.get("TextValue", "")) for i in document.ContentSequence]
    sentence = "Measured by sex and age: male (given by the user), 71 years (from DICOM)."
    assert sentence in texts["M"]
    assert not any("Measured by" in text for text in texts[None])


@pytest.mark.parametrize("name", ["report.json", "landmarks.mrk.json", "vertebrae.csv"])
def test_files_of_earlier_versions_are_read(
    a_spine: Spine, a_dicom: Path, tmp_path: Path, name: str
) -> None:
    write_folder(measured(a_spine, a_dicom, "M", 83.25), tmp_path)
    path = tmp_path / name
    text = path.read_text(encoding="utf-8")
    if name == "report.json":
        content = json.loads(text)
        del content["subject"]["sex_source"], content["subject"]["age_source"]
        text = json.dumps(content)
    else:
        for word in ("sex_source=given; ", "age_source=given; ", "sex_source,age_source,"):
            text = text.replace(word, "")
        text = text.replace("M,83.25,given,given,", "M,83.25,")
    assert '_source": "given' not in text and "given,given" not in text
    path.write_text(text, encoding="utf-8")
    assert said(read_landmarks(path)[0]) == ("M", 83.25, "unknown", "unknown")


@pytest.mark.parametrize(
    "subject",
    [{"sex": "X"}, {"sex": 3}, {"sex": ["F"]}, {"age_years": "old"}, {"age_years": -1},
     {"age_years": 131}, {"age_years": 10**400}, {"age_years": [3]}],
    ids=str,
)  # fmt: skip
def test_a_report_of_a_sex_or_age_that_is_none_is_refused(
    a_spine: Spine, a_dicom: Path, tmp_path: Path, subject: dict[str, object]
) -> None:
    content = report_json(measured(a_spine, a_dicom, None, None))
    content["subject"] |= subject
    path = tmp_path / "report.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LandmarkError, match="damaged"):
        read_landmarks(path)


def test_a_table_with_another_word_is_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("image,level,point,x,y,sex_source\na,L1,PS,1,2,doctor\n", encoding="utf-8")
    with pytest.raises(LandmarkError, match="row 2, column 'sex_source': expected one of given"):
        read_landmarks(path)


@pytest.mark.parametrize(("age", "known"), [(110, 110.0), (110.5, None), (130, None)])
def test_an_age_that_nobody_has_is_unknown_when_a_file_of_ours_is_read_back(
    a_spine: Spine, a_dicom: Path, tmp_path: Path, age: float, known: float | None
) -> None:
    analysis = replace(measured(a_spine, a_dicom, None, None), age_years=age, age_source="dicom")
    report, markups = tmp_path / "report.json", tmp_path / "landmarks.mrk.json"
    report.write_text(json.dumps(report_json(analysis)), encoding="utf-8")
    markups.write_text(json.dumps(landmarks_mrk_json(analysis)), encoding="utf-8")
    for path in (report, markups):
        (read,) = read_landmarks(path)
        assert read.age_years == known
        assert read.age_source == ("unknown" if known is None else "dicom")
        assert any("age is not known" in s for s in read.spine.warnings) == (known is None)
