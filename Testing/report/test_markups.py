"""landmarks.mrk.json: what is written is what is read, and a drag is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vertenet.analysis import Analysis
from vertenet.anatomy import Level, PointName, PointStatus
from vertenet.batch import measure_set
from vertenet.errors import LandmarkError
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage, read_image
from vertenet.pipeline import measure
from vertenet.report import LandmarkSet, landmarks_mrk_json, read_landmarks, report_text
from vertenet.report.description import join, split
from vertenet.report.folder import landmarks_text


def save(content: dict[str, Any], folder: Path) -> Path:
    path = folder / "landmarks.mrk.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def again(path: Path, analysis: Analysis, image: Any = None) -> Analysis:
    (read,) = read_landmarks(path)
    return measure(
        read.spine, read.frame, image=image, model=read.model, sex=read.sex,
        age_years=read.age_years,
    )  # fmt: skip


@pytest.mark.parametrize(
    "scale",
    [
        PixelScale(0.3, 0.25, True),
        PixelScale(),
        PixelScale(1.07, 1.0),
        PixelScale(1 / 3, 1 / 7, True),
    ],
)
def test_measuring_the_markups_gives_the_identical_report(
    an_analysis: Analysis, an_image: Any, tmp_path: Path, scale: PixelScale
) -> None:
    frame = replace(an_analysis.frame, scale=scale)
    first = measure(
        an_analysis.spine, frame, image=an_image, model=an_analysis.model, sex="F", age_years=71.0
    )
    path = tmp_path / "x.mrk.json"
    path.write_text(landmarks_text(first), encoding="utf-8")
    assert report_text(again(path, first, an_image)) == report_text(first)


def test_an_image_without_a_spine_comes_back(an_empty_analysis: Analysis, tmp_path: Path) -> None:
    path = save(landmarks_mrk_json(an_empty_analysis), tmp_path)
    assert report_text(again(path, an_empty_analysis)) == report_text(an_empty_analysis)


def test_the_list_is_unlocked_and_of_a_fixed_number(an_analysis: Analysis) -> None:
    (node,) = landmarks_mrk_json(an_analysis)["markups"]
    assert node["type"] == "Fiducial"
    assert node["locked"] is False
    assert node["fixedNumberOfControlPoints"] is True
    assert node["coordinateSystem"] == "LPS"
    assert [p["label"] for p in node["controlPoints"]][:7] == [
        "T11_PS", "T11_MS", "T11_AS", "T11_AI", "T11_MI", "T11_PI", "T12_PS",
    ]  # fmt: skip


def test_positions_are_millimetres_in_lps(an_analysis: Analysis) -> None:
    (node,) = landmarks_mrk_json(an_analysis)["markups"]
    point = an_analysis.spine.vertebrae[0].points[PointName.PS]
    assert node["controlPoints"][0]["position"] == [point.x * 0.25, point.y * 0.3, 0.0]


def test_a_description_tells_sigma_score_status_and_model(an_analysis: Analysis) -> None:
    (node,) = landmarks_mrk_json(an_analysis)["markups"]
    fields = split(node["controlPoints"][1]["description"])
    assert float(fields["sigma_px"]) == 0.2
    assert float(fields["score"]) == an_analysis.spine.vertebrae[0].score
    assert fields["status"] == "auto"
    assert fields["model"] == "vertenet-compact 0.1.0 1a2b3c4d"


def test_a_dragged_point_is_edited_and_loses_its_uncertainty(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["controlPoints"][2]["position"][0] += 1.0
    (read,) = read_landmarks(save(content, tmp_path))
    before = an_analysis.spine.vertebrae[0].points
    after = read.spine.vertebrae[0].points
    assert after[PointName.AS].status is PointStatus.EDITED
    assert after[PointName.AS].sigma_px is None
    assert after[PointName.AS].x == pytest.approx(before[PointName.AS].x + 4.0)
    assert after[PointName.PS] == before[PointName.PS]


@pytest.mark.parametrize(("moved_px", "edited"), [(0.9e-6, False), (1.1e-6, True)])
def test_a_millionth_of_a_pixel_is_the_limit_of_a_drag(
    an_analysis: Analysis, tmp_path: Path, moved_px: float, edited: bool
) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["controlPoints"][0]["position"][0] += 0.25 * moved_px
    (read,) = read_landmarks(save(content, tmp_path))
    status = read.spine.vertebrae[0].points[PointName.PS].status
    assert status is (PointStatus.EDITED if edited else PointStatus.AUTO)


def test_an_edited_point_stays_edited_on_the_next_round(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    vertebra = an_analysis.spine.vertebrae[0]
    moved = vertebra.with_point(PointName.AS, vertebra.points[PointName.AS].moved_to(190, 21))
    analysis = measure(an_analysis.spine.replacing(moved), an_analysis.frame)
    (read,) = read_landmarks(save(landmarks_mrk_json(analysis), tmp_path))
    assert read.spine.vertebrae[0].points[PointName.AS] == moved.points[PointName.AS]


def test_readers_decisions_and_warnings_come_back(an_analysis: Analysis, tmp_path: Path) -> None:
    (read,) = read_landmarks(save(landmarks_mrk_json(an_analysis), tmp_path))
    assert read.spine == an_analysis.spine
    assert read.frame == an_analysis.frame
    assert read.model == an_analysis.model
    assert (read.sex, read.age_years) == ("F", 71.0)


def test_ras_files_are_turned_to_lps(an_analysis: Analysis, tmp_path: Path) -> None:
    content = landmarks_mrk_json(an_analysis)
    node = content["markups"][0]
    node["coordinateSystem"] = "RAS"
    for point in node["controlPoints"]:
        point["position"] = [-point["position"][0], -point["position"][1], 0.0]
    (read,) = read_landmarks(save(content, tmp_path))
    assert read.spine == an_analysis.spine


def test_a_vertebra_that_lost_a_corner_is_left_out_with_a_warning(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["controlPoints"][3]["positionStatus"] = "undefined"
    (read,) = read_landmarks(save(content, tmp_path))
    assert read.spine.get(Level.T11) is None
    assert "T11 was left out: AI is missing." in read.spine.warnings


def test_a_point_off_the_plane_is_put_back_with_a_warning(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["controlPoints"][0]["position"][2] = 2.0
    (read,) = read_landmarks(save(content, tmp_path))
    assert len(read.spine) == len(an_analysis.spine)
    assert any("T11_PS" in warning for warning in read.spine.warnings)


def test_points_placed_by_hand_without_descriptions_are_edited(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    content = landmarks_mrk_json(an_analysis)
    for point in content["markups"][0]["controlPoints"]:
        point["description"] = ""
    (read,) = read_landmarks(save(content, tmp_path))
    point = read.spine.vertebrae[0].points[PointName.PS]
    assert point.status is PointStatus.EDITED
    assert read.frame.width is None


def by_hand(analysis: Analysis, scale: PixelScale, folder: Path) -> Path:
    """As placed in Slicer on ``image.nrrd``: labels and positions, nothing of ours beside."""
    content = landmarks_mrk_json(replace(analysis, frame=replace(analysis.frame, scale=scale)))
    for point in content["markups"][0]["controlPoints"]:
        point["description"] = ""
    return save(content, folder)


@pytest.mark.parametrize("scale", [PixelScale(0.4, 0.3, True), PixelScale(1.25, 1.0)])
def test_positions_placed_by_hand_are_millimetres_of_their_image(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path, scale: PixelScale
) -> None:
    (read,) = read_landmarks(by_hand(an_analysis, scale, tmp_path))
    image = replace(an_image, scale=scale)
    found = measure_set(read, image)
    for a, b in zip(found.spine, an_analysis.spine, strict=True):
        np.testing.assert_allclose(a.array(), b.array(), atol=1e-9)
    assert found.frame.scale == scale
    given = measure_set(read, image, spacing_mm=(0.2, 0.2))
    np.testing.assert_allclose(
        given.spine.vertebrae[0].array(), an_analysis.spine.vertebrae[0].array(), atol=1e-9
    )


@pytest.mark.parametrize(("size", "told"), [(700, False), (2000, True)])
def test_positions_on_a_picture_with_dots_per_inch_are_told_or_refused(
    an_analysis: Analysis, tmp_path: Path, size: int, told: bool
) -> None:
    # 72 dots per inch: Slicer's own reader gives a pixel of 0.353 mm, ours none.
    (read,) = read_landmarks(by_hand(an_analysis, PixelScale(1.0, 1.0), tmp_path))
    noise = np.random.default_rng(0).integers(0, 255, (size, size)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "scan.jpg", dpi=(72, 72))
    image = read_image(tmp_path / "scan.jpg")
    assert image.density_mm == pytest.approx((25.4 / 72, 25.4 / 72))
    assert image.spacing_mm is None
    if told:  # by either they lie on the large image
        with pytest.raises(LandmarkError, match="72 dots per inch"):
            measure_set(read, image)
        return
    found = measure_set(read, image)
    np.testing.assert_allclose(
        found.spine.vertebrae[0].array(), an_analysis.spine.vertebrae[0].array(), atol=1e-9
    )
    Image.fromarray(noise).save(tmp_path / "scan.png", dpi=(72, 72))
    assert read_image(tmp_path / "scan.png").density_mm is None


def test_positions_that_may_be_millimetres_take_no_spacing_without_their_image(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    (read,) = read_landmarks(by_hand(an_analysis, PixelScale(0.4, 0.3, True), tmp_path))
    with pytest.raises(LandmarkError, match="may be millimetres already"):
        measure_set(read, spacing_mm=(0.4, 0.3))
    alone = measure_set(read)
    assert not alone.frame.scale.in_mm
    assert any("may be millimetres" in text for text in alone.warnings)


@pytest.mark.parametrize("units", ["um", ["mm", "mm", "m"]])
def test_positions_in_other_units_are_refused(
    an_analysis: Analysis, tmp_path: Path, units: Any
) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["coordinateUnits"] = units
    with pytest.raises(LandmarkError, match="damaged or of another kind"):
        read_landmarks(save(content, tmp_path))


@pytest.mark.parametrize(
    ("own", "source", "used", "said"),
    [
        (PixelScale(0.4, 0.3, True), "PixelSpacing", (0.4, 0.3), True),
        (PixelScale(0.4, 0.3, True), "user", (0.4, 0.3), False),
        (PixelScale(0.502, 0.5, True), "PixelSpacing", (0.502, 0.5), False),
        (PixelScale(), "unknown", (0.5, 0.5), False),
        (PixelScale(1.2, 1.0), "PixelAspectRatio", None, False),
    ],
)
def test_an_image_of_another_pixel_size_is_said_and_an_unknown_one_is_learnt(
    an_analysis: Analysis, an_image: DxaImage, own: PixelScale, source: str, used: Any, said: bool
) -> None:
    frame = replace(an_analysis.frame, scale=own, spacing_source=source)
    read = LandmarkSet(frame, replace(an_analysis.spine, warnings=()))
    found = measure_set(read, replace(an_image, scale=PixelScale(0.5, 0.5, True)))
    assert found.frame.scale.spacing_mm == used
    assert any("the points' are used" in text for text in found.warnings) == said


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c["markups"][0]["controlPoints"][1].update(label="T11_PS"), "T11_PS twice"),
        (lambda c: c.update(markups=[{"controlPoints": 3}]), "damaged"),
        (lambda c: c.update(markups=7), "damaged"),
        (lambda c: c["markups"][0]["controlPoints"][0].update(position=["a", 1, 2]), "damaged"),
        (lambda c: c["markups"][0]["controlPoints"][0].update(position=[1, 2]), "damaged"),
        (
            lambda c: c["markups"][0]["controlPoints"][0].update(description="pixel=0,1,mm"),
            "several|pixel",
        ),
        (
            lambda c: c["markups"][0]["controlPoints"][6].update(
                description="pixel=0.1,0.1,mm; image=other.dcm"
            ),
            "of several",
        ),
        (
            lambda c: [p.update(label=f"F-{p['id']}") for p in c["markups"][0]["controlPoints"]],
            "labelled T4_PS",
        ),
    ],
)
def test_a_spoilt_file_gives_one_clear_error(
    an_analysis: Analysis, tmp_path: Path, spoil: Any, message: str
) -> None:
    content = landmarks_mrk_json(an_analysis)
    spoil(content)
    with pytest.raises(LandmarkError, match=message):
        read_landmarks(save(content, tmp_path))


def test_descriptions_keep_every_character() -> None:
    fields = {"a": "x; y=1 | 50 % é \n\t\"'", "b": "", "c": None}
    assert split(join(fields)) == {"a": fields["a"], "b": ""}


def test_an_unknown_coordinate_system_is_refused(an_analysis: Analysis, tmp_path: Path) -> None:
    content = landmarks_mrk_json(an_analysis)
    content["markups"][0]["coordinateSystem"] = "XYZ"
    with pytest.raises(LandmarkError, match="damaged or of another kind"):
        read_landmarks(save(content, tmp_path))


@pytest.mark.parametrize("width", ["a", 0, -5, 1.5, True])
def test_a_report_of_an_impossible_size_is_refused(
    an_analysis: Analysis, tmp_path: Path, width: object
) -> None:
    content = json.loads(report_text(an_analysis))
    content["image"]["width"] = width
    with pytest.raises(LandmarkError, match="whole number above 0"):
        read_landmarks(save(content, tmp_path))
