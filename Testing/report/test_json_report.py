"""report.json follows its schema and says what was computed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from vertenet.analysis import Analysis, ImageFrame
from vertenet.anatomy import CORNERS, Spine, Vertebra
from vertenet.errors import LandmarkError
from vertenet.pipeline import measure
from vertenet.report import read_landmarks, report_json, report_text
from vertenet.report.html import page_from_report
from vertenet.report.json_report import plain
from vertenet.resources import resource_path


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    path = resource_path("Schemas/report-v1.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_report_is_valid_by_the_schema(an_analysis: Analysis, validator) -> None:
    validator.validate(json.loads(report_text(an_analysis)))


def test_a_report_without_vertebrae_is_valid(an_empty_analysis: Analysis, validator) -> None:
    content = json.loads(report_text(an_empty_analysis))
    validator.validate(content)
    assert content["vertebrae"] == []
    assert "No spine was found." in content["warnings"]


def test_points_of_an_unknown_image_are_valid(a_spine: Spine, validator) -> None:
    analysis = measure(a_spine, ImageFrame("only points", None, None))
    content = json.loads(report_text(analysis))
    validator.validate(content)
    assert content["image"]["width"] is None
    assert content["image"]["spacing_mm"] is None
    assert content["model"] is None
    assert content["aac"]["crop"]["status"] == "unknown"


def test_four_corners_give_null_and_a_reason(an_analysis: Analysis, validator) -> None:
    corners = [
        Vertebra(v.level, {name: v.points[name] for name in CORNERS}) for v in an_analysis.spine
    ]
    analysis = measure(Spine(tuple(corners)), an_analysis.frame)
    content = json.loads(report_text(analysis))
    validator.validate(content)
    vertebra = content["vertebrae"][0]
    assert set(vertebra["points"]) == {"PS", "AS", "AI", "PI"}
    assert vertebra["heights"]["Hm"] is None
    assert any("Hm" in reason for reason in vertebra["withheld"])


def test_the_report_has_the_keys_that_were_promised(an_analysis: Analysis) -> None:
    content = report_json(an_analysis)
    assert content["schema"] == "vertenet-report/1"
    image = content["image"]
    assert image["file"] == "scän 1.dcm"
    assert (image["width"], image["height"]) == (400, 600)
    assert image["spacing_mm"] == [0.3, 0.25]
    assert image["anterior"] == "right"
    assert content["model"]["sha256"] == "1a2b3c4d" * 8
    wedge = content["vertebrae"][3]
    assert wedge["level"] == "L2"
    assert wedge["points"]["PS"] == {
        "x": 100 + 1 / 3, "y": pytest.approx(260.1), "sigma_px": 0.1, "status": "auto",
    }  # fmt: skip
    assert wedge["heights"]["unit"] == "mm"
    assert wedge["heights"]["Hp"] == pytest.approx(60 * 0.3)
    assert wedge["ratios"]["Ha_Hp"] == pytest.approx(0.7)
    assert wedge["genant"]["grade"] is not None
    assert wedge["genant"]["reason"]


def test_a_readers_grade_stands_beside_the_computed_one(an_analysis: Analysis) -> None:
    decided = report_json(an_analysis)["vertebrae"][4]
    assert decided["reader"]["grade"] == 1
    assert decided["final_grade"] == 1
    assert decided["genant"]["grade"] == 0


def test_a_nan_is_refused_rather_than_written(an_analysis: Analysis) -> None:
    spoilt = replace(an_analysis, age_years=float("nan"))
    with pytest.raises(ValueError, match="JSON compliant"):
        report_text(spoilt)


def test_an_undecodable_file_name_becomes_valid_text(an_analysis: Analysis) -> None:
    frame = replace(an_analysis.frame, file="scan\udcff.png")
    text = report_text(replace(an_analysis, frame=frame))
    assert json.loads(text.encode("utf-8"))["image"]["file"] == "scan?.png"


def test_plain_turns_numbers_of_numpy_into_numbers() -> None:
    import numpy as np

    assert plain({"a": (np.float64(1.5), np.array([1, 2]))}) == {"a": [1.5, [1, 2]]}


def test_the_schema_refuses_an_unknown_level(an_analysis: Analysis, validator) -> None:
    content = json.loads(report_text(an_analysis))
    content["vertebrae"][0]["level"] = "L6"
    assert not validator.is_valid(content)


def test_the_schema_refuses_a_number_for_a_withheld_status(
    an_analysis: Analysis, validator
) -> None:
    content = json.loads(report_text(an_analysis))
    content["aac"]["crop"]["status"] = 0
    assert not validator.is_valid(content)


def test_whole_and_numpy_numbers_read_back_as_the_same_text(
    an_analysis: Analysis, tmp_path
) -> None:
    import numpy as np

    from vertenet.anatomy import Landmark
    from vertenet.report import read_landmarks

    vertebrae = [
        replace(
            v,
            score=np.float32(0.1),
            points={
                n: Landmark(int(p.x), np.float64(p.y), np.float64(1)) for n, p in v.points.items()
            },
        )
        for v in an_analysis.spine
    ]
    first = measure(Spine(tuple(vertebrae)), an_analysis.frame)
    path = tmp_path / "report.json"
    path.write_text(report_text(first), encoding="utf-8")
    (read,) = read_landmarks(path)
    assert report_text(measure(read.spine, read.frame)) == report_text(first)


def test_a_report_with_a_level_twice_is_refused(an_analysis: Analysis, tmp_path) -> None:
    from vertenet.errors import LandmarkError
    from vertenet.report import read_landmarks

    content = report_json(an_analysis)
    content["vertebrae"][1]["level"] = content["vertebrae"][0]["level"]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LandmarkError, match="twice"):
        read_landmarks(path)


@pytest.mark.parametrize("key", ["x", "sigma_px"])
def test_a_number_beyond_any_float_is_refused(an_analysis: Analysis, tmp_path: Path, key) -> None:
    content = json.loads(report_text(an_analysis))
    next(iter(content["vertebrae"][0]["points"].values()))[key] = 10**400  # valid JSON
    path = tmp_path / "report.json"
    path.write_text(json.dumps(content))
    with pytest.raises(LandmarkError, match="damaged"):
        read_landmarks(path)
    if key == "x":  # the page draws points and says nothing of sigma
        with pytest.raises(LandmarkError, match="damaged"):
            page_from_report(path)
