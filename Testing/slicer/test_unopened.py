"""Files that are read without being opened, and what a list says of an image."""

from __future__ import annotations

import pytest

from vertenet.anatomy import Level, ReaderDecision
from vertenet.errors import ImageError
from vertenet.resources import resource_path


def test_an_unopened_file_gives_what_opening_it_gives(logic, scene, added):
    from VerteNetSlicerLib.unopened import read_unopened

    path = resource_path("SampleData/synthetic_bright.dcm")
    logic.detector.notes = ["The graphics card ran out of memory: the processor was used."]
    before = added("vtkMRMLDisplayableNode")
    review, found = read_unopened(path, logic.detector)
    assert added("vtkMRMLDisplayableNode") == before, "nothing comes into the scene"
    opened = logic.detect(logic.load_image(path))
    assert review == opened.review
    assert review.spine.warnings[-1] == logic.detector.notes[0]
    assert [v.heights for v in found.vertebrae] == [v.heights for v in opened.analysis.vertebrae]


def test_the_readers_pixel_size_is_used_and_no_image_is_refused(logic, tmp_path):
    from VerteNetSlicerLib.unopened import read_unopened

    path = resource_path("SampleData/synthetic_bright.dcm")
    plain = read_unopened(path, logic.detector)[1]
    _, found = read_unopened(path, logic.detector, spacing_mm=(0.5, 0.25))
    assert found.frame.scale.spacing_mm == (0.5, 0.25)
    assert found.frame.scale.spacing_mm != plain.frame.scale.spacing_mm
    (tmp_path / "note.png").write_text("no image")
    with pytest.raises(ImageError, match=r"note\.png"):
        read_unopened(tmp_path / "note.png", logic.detector)


def test_a_glance_tells_the_highest_grade_a_readers_before_a_computed_one(logic, examined):
    from VerteNetSlicerLib.table import glance_of, rows_of

    volume = examined.nodes.volume
    glance = glance_of(examined.analysis)
    grades = [v.final_grade for v in examined.analysis.vertebrae if v.final_grade is not None]
    assert glance.grade == max(grades)
    assert glance.count == len(examined.review.spine)
    assert glance.looks == sum(bool(r.attention) for r in rows_of(examined.analysis))
    logic.decide(volume, Level.T10, ReaderDecision(3, None))
    assert glance_of(examined.analysis).grade == 3
    assert "highest grade 3" in glance_of(examined.analysis).text
    for vertebra in examined.review.spine:
        logic.decide(volume, vertebra.level, ReaderDecision(None, None, evaluable=False))
    assert glance_of(examined.analysis).grade is None
    assert "none graded" in glance_of(examined.analysis).text
