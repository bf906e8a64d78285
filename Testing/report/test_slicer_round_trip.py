"""The markups file through Slicer's own storage node, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vertenet.analysis import Analysis
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage
from vertenet.pipeline import measure
from vertenet.report import read_landmarks, report_text
from vertenet.report.folder import landmarks_text

pytestmark = pytest.mark.slicer
slicer = pytest.importorskip("slicer")


def through_slicer(source: Path, target: Path, *, drag: tuple[int, float] | None = None):
    """Read with vtkMRMLMarkupsJsonStorageNode, perhaps drag a point, write, return the node."""
    scene = slicer.vtkMRMLScene()
    node = slicer.vtkMRMLMarkupsFiducialNode()
    scene.AddNode(node)
    storage = slicer.vtkMRMLMarkupsJsonStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(source))
    assert storage.ReadData(node)
    if drag is not None:
        index, right_mm = drag
        x, y, z = node.GetNthControlPointPosition(index)
        node.SetNthControlPointPosition(index, x + right_mm, y, z)
    storage.SetFileName(str(target))
    assert storage.WriteData(node)
    node.scene_kept_alive = scene
    return node


def test_slicer_reads_every_point_with_its_label_and_place(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    path = tmp_path / "a.mrk.json"
    path.write_text(landmarks_text(an_analysis), encoding="utf-8")
    node = through_slicer(path, tmp_path / "b.mrk.json")
    assert node.GetNumberOfControlPoints() == 6 * len(an_analysis.spine)
    assert node.GetNthControlPointLabel(0) == "T11_PS"
    assert "sigma_px=0.1" in node.GetNthControlPointDescription(0)
    assert not node.GetLocked()
    assert node.GetFixedNumberOfControlPoints()
    point = next(iter(an_analysis.spine.vertebrae[0].points.values()))
    # RAS is LPS with x and y reversed; double precision all the way
    assert node.GetNthControlPointPosition(0) == pytest.approx(
        (-point.x * 0.25, -point.y * 0.3, 0.0), abs=1e-12
    )


@pytest.mark.parametrize("scale", [PixelScale(1 / 3, 0.2371, True), PixelScale()])
def test_a_file_saved_again_by_slicer_gives_the_identical_report(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path, scale: PixelScale
) -> None:
    frame = replace(an_analysis.frame, scale=scale)
    first = measure(
        an_analysis.spine, frame, image=an_image, model=an_analysis.model, sex="F", age_years=71.0
    )
    path, saved = tmp_path / "a.mrk.json", tmp_path / "b.mrk.json"
    path.write_text(landmarks_text(first), encoding="utf-8")
    through_slicer(path, saved)
    (read,) = read_landmarks(saved)
    second = measure(
        read.spine, read.frame, image=an_image, model=read.model, sex=read.sex,
        age_years=read.age_years,
    )  # fmt: skip
    assert report_text(second) == report_text(first)


def test_a_point_dragged_in_slicer_is_edited(an_analysis: Analysis, tmp_path: Path) -> None:
    path, saved = tmp_path / "a.mrk.json", tmp_path / "b.mrk.json"
    path.write_text(landmarks_text(an_analysis), encoding="utf-8")
    through_slicer(path, saved, drag=(2, -0.5))
    (read,) = read_landmarks(saved)
    moved = [p for v in read.spine for p in v.points.values() if p.status.value == "edited"]
    before = an_analysis.spine.vertebrae[0].array()[2]
    assert len(moved) == 1
    assert (moved[0].x, moved[0].y) == pytest.approx((before[0] + 2.0, before[1]), abs=1e-9)


def test_slicer_opens_a_file_without_points(an_empty_analysis: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "a.mrk.json"
    path.write_text(landmarks_text(an_empty_analysis), encoding="utf-8")
    assert through_slicer(path, tmp_path / "b.mrk.json").GetNumberOfControlPoints() == 0
