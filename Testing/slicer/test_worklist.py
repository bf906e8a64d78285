"""The images of a folder, one after the other."""

from __future__ import annotations

import pytest

from vertenet.errors import ImageError
from vertenet.images import write_nrrd


@pytest.fixture
def folder(host, tmp_path):
    from VerteNetSlicerLib.selftest import made_image

    for name in ("b", "a", "c"):
        write_nrrd(made_image(), tmp_path / f"{name}.nrrd")
    (tmp_path / "notes.txt").write_text("not an image", encoding="utf-8")
    (tmp_path / ".hidden.png").touch()
    return tmp_path


def test_images_come_in_the_order_of_their_names(folder):
    from VerteNetSlicerLib.worklist import Worklist

    worklist = Worklist.of(folder)
    assert [p.stem for p in worklist.files] == ["a", "b", "c"]
    assert worklist.present is None
    assert [worklist.step(1).stem for _ in range(3)] == ["a", "b", "c"]
    assert worklist.step(1) is None
    assert worklist.step(-1).stem == "b"


def test_a_reader_who_stays_stays(folder):
    from VerteNetSlicerLib.worklist import Worklist

    worklist = Worklist.of(folder)
    worklist.step(1)
    assert worklist.step(1, lambda: False) is None
    assert worklist.present.stem == "a"


def test_what_was_exported_is_counted_once(folder):
    from VerteNetSlicerLib.worklist import Worklist

    worklist = Worklist.of(folder)
    worklist.exported()
    assert worklist.text == "0 of 3, 0 exported"
    worklist.step(1)
    worklist.exported()
    worklist.exported()
    assert worklist.text == "1 of 3, 1 exported"


def test_a_folder_without_images_and_no_folder_are_refused(host, tmp_path):
    from VerteNetSlicerLib.worklist import Worklist

    with pytest.raises(ImageError, match="found none"):
        Worklist.of(tmp_path)
    with pytest.raises(ImageError, match="cannot be read"):
        Worklist.of(tmp_path / "nowhere")


def test_opening_the_next_image_takes_the_present_one_away(logic, folder, scene):
    first = logic.open_image(folder / "a.nrrd")
    logic.detect(first)
    second = logic.open_image(folder / "b.nrrd", first)
    assert logic.examinations() == ()
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 1
    assert second.GetName() == "b.nrrd"


def test_only_a_readers_work_that_is_in_no_file_is_unsaved(logic, folder, tmp_path):
    from VerteNetSlicerLib.selftest import drag

    examined = logic.detect(logic.open_image(folder / "a.nrrd"))
    assert not examined.unsaved
    drag(examined.nodes.points, 0, (1.0, 0.0, 0.0))
    assert examined.unsaved
    logic.export(examined.nodes.volume, tmp_path / "out")
    assert not examined.unsaved
