"""Which pixel spacing a volume has, and who says so."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.errors import ConfigurationError


class Database:
    """What is asked of Slicer's DICOM database."""

    def __init__(self, **tags):
        self.tags = tags

    def fileForInstance(self, uid):
        return "/somewhere.dcm" if uid == "1.2.3" else ""

    def instanceValue(self, uid, tag):
        return self.tags.get(tag, "")


@pytest.fixture
def loaded(scene):
    """A volume as Slicer loads it, without a word of ours on it."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    slicer.util.updateVolumeFromArray(node, np.random.default_rng(0).random((1, 90, 70)))
    return node


def spacing_of(node):
    from VerteNetSlicerLib.spacing import volume_spacing

    return volume_spacing(node)


def from_database(node, monkeypatch, **tags):
    import slicer

    named = {key.replace("_", ",")[1:]: value for key, value in tags.items()}
    monkeypatch.setattr(slicer, "dicomDatabase", Database(**named), raising=False)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    return spacing_of(node)


def test_one_by_one_means_unknown(loaded):
    found = spacing_of(loaded)
    assert (found.scale.in_mm, found.source) == (False, "unknown")


def test_a_header_with_millimetres_is_believed_row_first(loaded):
    loaded.SetSpacing(0.3, 0.5, 1.0)
    found = spacing_of(loaded)
    assert found.scale.spacing_mm == (0.5, 0.3)
    assert found.source == "file header"


def test_dots_per_inch_are_no_spacing(loaded, scene):
    loaded.SetSpacing(0.353, 0.353, 1.0)
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName("/tmp/scan.JPG")
    loaded.SetAndObserveStorageNodeID(storage.GetID())
    assert spacing_of(loaded).scale.in_mm is False


@pytest.mark.parametrize(("tag", "told"), [(1, False), (6, True)])
def test_a_picture_that_asks_to_be_turned_is_said_and_stays_said(
    loaded, scene, tmp_path, tag, told
):
    from PIL import Image

    path = tmp_path / "scan.tif"
    Image.fromarray(np.eye(90, 70, dtype=np.uint8)).save(path, tiffinfo={274: tag})
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(path))
    loaded.SetAndObserveStorageNodeID(storage.GetID())
    assert any("orientation tag" in sentence for sentence in spacing_of(loaded).warnings) == told
    from VerteNetSlicerLib.spacing import calibrate

    calibrate(loaded, row_mm=0.5, column_mm=0.5)
    found = spacing_of(loaded)
    assert any("orientation tag" in sentence for sentence in found.warnings) == told
    # The old size is no longer spoken of.
    assert not any("not known" in sentence for sentence in found.warnings)


def test_tags_that_slicer_overlooked_are_used_and_said(loaded, monkeypatch):
    found = from_database(loaded, monkeypatch, _0028_0030="0.5\\0.3")
    assert found.scale.spacing_mm == (0.5, 0.3)
    assert found.source == "PixelSpacing"
    assert any("Slicer loaded this image" in sentence for sentence in found.warnings)


def test_tags_that_agree_need_no_warning(loaded, monkeypatch):
    loaded.SetSpacing(0.3, 0.5, 1.0)
    found = from_database(loaded, monkeypatch, _0028_0030="0.5\\0.3")
    assert found.warnings == ()


def test_sex_and_age_come_from_the_tags(loaded, monkeypatch):
    found = from_database(loaded, monkeypatch, _0010_0040="F ", _0010_1010="067Y")
    assert (found.sex, found.age_years) == ("F", 67.0)


@pytest.mark.parametrize(
    ("tags", "age", "word"),
    [
        ({"_0010_1010": "118Y"}, None, "118Y"),
        ({"_0010_0030": "19000101", "_0008_0020": "20200101"}, None, "placeholder"),
        ({"_0010_0030": "19500101", "_0008_0020": "20200101"}, 70.0, ""),
    ],
)
def test_an_age_that_nobody_has_is_unknown_and_said(loaded, monkeypatch, tags, age, word):
    found = from_database(loaded, monkeypatch, **tags)
    assert found.age_years == (None if age is None else pytest.approx(age, abs=0.01))
    assert any(word in sentence for sentence in found.warnings if "age is not" in sentence) == (
        age is None
    )


def test_a_calibration_is_kept_and_points_keep_their_pixels(logic, examined):
    volume = examined.nodes.volume
    before = examined.review.spine
    heights = examined.analysis.vertebrae[0].heights
    logic.calibrate(volume, row_mm=1.2, column_mm=1.0)
    assert spacing_of(volume).source == "user"
    assert examined.review.spine == before
    assert examined.analysis.vertebrae[0].heights.Ha == pytest.approx(2 * heights.Ha)


@pytest.mark.parametrize("bad", [0.0, -1.0, 0.009, 10.1, float("nan")])
def test_an_impossible_calibration_is_refused(logic, volume, bad):
    with pytest.raises(ConfigurationError, match=r"0\.01 to 10 mm"):
        logic.calibrate(volume, row_mm=bad, column_mm=0.5)


def test_spacing_changed_by_hand_is_the_users(volume):
    volume.SetSpacing(0.9, 0.9, 1.0)
    found = spacing_of(volume)
    assert (found.scale.spacing_mm, found.source) == ((0.9, 0.9), "user")
