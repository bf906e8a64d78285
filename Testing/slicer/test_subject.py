"""Sex and age on Slicer's real scene: the image's own, or the reader's; saved, each its own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vertenet.errors import ConfigurationError
from vertenet.measure import AacReading


def man_of_67(name="man"):
    """A volume of an image that says so, as our reader makes one of a DICOM file."""
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    return volume_from_image(replace(made_image(name), sex="M", age_years=67.0))


@pytest.fixture
def man(logic):
    """His examination, with every wall of the aorta scored."""
    examined = logic.detect(man_of_67())
    for wall, score in AacReading.parse("00110000").walls.items():
        logic.score(examined.nodes.volume, wall, score)
    return examined


def z_of(examination):
    return [v.z_scores for v in examination.analysis.vertebrae]


def expected(examination, sex, age_years):
    """The same points and scores, measured by the core with that sex and age."""
    from vertenet.pipeline import frame_of, measure

    # the image's own would come in where None is meant
    image = replace(examination.image, sex=sex, age_years=age_years)
    review = examination.review
    return measure(
        review.spine, frame_of(image), image=image, model=review.model, aac_reading=review.aac
    )


def test_the_images_own_sex_and_age_are_used_until_others_are_given(logic, man):
    assert logic.subject_of(man.nodes.volume).used == ("M", 67.0)
    assert man.analysis == expected(man, "M", 67.0)


@pytest.mark.parametrize(
    ("sex", "age", "used"),
    [("F", None, ("F", 67.0)), (None, 80.0, ("M", 80.0)), ("U", 45.0, (None, 45.0))],
)
def test_z_scores_and_percentile_follow_at_once_and_go_back(logic, man, sex, age, used):
    volume, before = man.nodes.volume, man.analysis
    assert man.analysis.aac_scores.percentile is not None
    logic.give_subject(volume, sex=sex, age_years=age)
    assert (man.analysis.sex, man.analysis.age_years) == used
    assert man.analysis == expected(man, *used)
    assert man.analysis.aac_scores.percentile != before.aac_scores.percentile
    assert (z_of(man) != [v.z_scores for v in before.vertebrae]) is (sex is not None)
    logic.give_subject(volume, sex=None, age_years=None)
    assert man.analysis == before
    assert volume.GetAttribute("VerteNet.subject") is None


def test_what_is_given_before_a_detection_holds_after_it(logic):
    volume = man_of_67()
    logic.give_subject(volume, sex="F", age_years=72.0)
    assert logic.detect(volume).analysis.sex == "F"


def test_a_drag_and_undo_keep_what_was_given(logic, man):
    from VerteNetSlicerLib.selftest import drag

    logic.give_subject(man.nodes.volume, sex="F", age_years=72.0)
    drag(man.nodes.points, 0, (1.0, 0.0, 0.0))
    assert man.analysis == expected(man, "F", 72.0)
    assert logic.undo(man.nodes.volume)
    assert (man.analysis.sex, man.analysis.age_years) == ("F", 72.0)


def test_a_calibration_does_not_make_it_the_images_own(logic, man):
    volume = man.nodes.volume
    logic.give_subject(volume, sex="U", age_years=30.0)
    logic.calibrate(volume, row_mm=1.0, column_mm=1.0)
    assert logic.subject_of(volume).used == (None, 30.0)
    logic.give_subject(volume, sex=None, age_years=None)
    assert logic.subject_of(volume).used == ("M", 67.0)


def test_several_volumes_keep_their_own_in_a_saved_scene(logic, man, tmp_path):
    import slicer

    second = logic.detect(man_of_67("second"))
    logic.detect(man_of_67("third"))
    logic.give_subject(man.nodes.volume, sex="F", age_years=81.5)
    logic.give_subject(second.nodes.volume, sex="U", age_years=None)
    want = {e.nodes.volume.GetName(): e.analysis for e in logic.examinations()}
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(0)
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    got = {e.nodes.volume.GetName(): e.analysis for e in logic.examinations()}
    assert got == want
    used = {name: (a.sex, a.age_years) for name, a in got.items()}
    assert used == {"man": ("F", 81.5), "second": (None, 67.0), "third": ("M", 67.0)}


def test_the_report_has_it_and_opening_it_measures_by_it_again(logic, man, tmp_path):
    volume = man.nodes.volume
    paths = logic.export(volume, tmp_path)
    assert not man.unsaved
    logic.give_subject(volume, sex="F", age_years=81.0)
    assert man.unsaved  # the files have the numbers of a man of 67
    paths = logic.export(volume, tmp_path, overwrite=True)
    report = next(p for p in paths if p.name == "report.json")
    content = json.loads(report.read_text(encoding="utf-8"))
    said = {"sex_source": "given", "age_source": "given"}
    assert content["subject"] == {"sex": "F", "age_years": 81, **said}
    page = next(p for p in paths if p.name == "report.html").read_text(encoding="utf-8")
    assert "female, 81 years (given by the user)" in page
    for name in ("report.json", "landmarks.mrk.json"):
        again = logic.open_landmarks(report.parent / name, man_of_67())
        assert z_of(again) == z_of(man)
        assert again.analysis.aac_scores == man.analysis.aac_scores
        assert (again.analysis.sex_source, again.analysis.age_source) == ("given", "given")
        assert not again.unsaved


def test_given_as_not_known_stays_so_where_the_image_says_otherwise(logic, man, tmp_path):
    logic.give_subject(man.nodes.volume, sex="U", age_years=None)
    logic.export(man.nodes.volume, tmp_path)
    again = logic.open_landmarks(next(tmp_path.glob("*/report.json")), man_of_67())
    assert (again.analysis.sex, again.analysis.sex_source) == (None, "given")
    assert (again.analysis.age_years, again.analysis.age_source) == (67.0, "dicom")
    assert z_of(again) == z_of(man)


def test_an_opened_file_says_of_itself_who_says_so(logic, man, tmp_path):
    """A report of a man of 67, opened on a picture that knows nothing of him."""
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    assert (man.analysis.sex_source, man.analysis.age_source) == ("dicom", "dicom")
    logic.export(man.nodes.volume, tmp_path)
    volume = volume_from_image(made_image("man"))
    again = logic.open_landmarks(next(tmp_path.glob("*/report.json")), volume)
    assert (again.analysis.sex_source, again.analysis.age_source) == ("dicom", "dicom")
    assert logic.subject_of(volume).text.startswith("man (from the opened landmarks), 67")
    logic.give_subject(volume, sex="F", age_years=67.0)
    assert (again.analysis.sex_source, again.analysis.age_source) == ("given", "dicom")
    logic.give_subject(volume, sex=None, age_years=None)
    assert (again.analysis.sex_source, again.analysis.age_source) == ("unknown", "unknown")


def test_an_opened_file_does_not_stand_over_what_the_reader_gave(logic, man, tmp_path):
    logic.export(man.nodes.volume, tmp_path)
    other = man_of_67()
    logic.give_subject(other, sex="F", age_years=50.0)
    again = logic.open_landmarks(next(tmp_path.glob("*/report.json")), other)
    assert (again.analysis.sex, again.analysis.age_years) == ("F", 50.0)


def test_opening_what_the_image_says_as_well_gives_nothing(logic, man, tmp_path):
    logic.export(man.nodes.volume, tmp_path)
    other = man_of_67()
    logic.open_landmarks(next(tmp_path.glob("*/report.json")), other)
    assert logic.subject_of(other).given_sex is None
    assert logic.subject_of(other).given_age_years is None


@pytest.mark.parametrize("bad", [{"sex": "X"}, {"age_years": -1.0}, {"age_years": 110.5}])
def test_what_cannot_be_is_refused_and_changes_nothing(logic, man, bad):
    before = man.analysis
    with pytest.raises(ConfigurationError, match="Expected"):
        logic.give_subject(man.nodes.volume, **{"sex": None, "age_years": None, **bad})
    assert man.analysis is before


@pytest.mark.parametrize("text", ["", "{", "3", '{"sex": "X", "age_years": 3}', '{"sex": "F"}'])
def test_a_damaged_record_leaves_what_the_image_says(logic, text):
    volume = man_of_67()
    volume.SetAttribute("VerteNet.subject", text)
    assert logic.subject_of(volume).used == ("M", 67.0)


@pytest.mark.parametrize(
    ("known", "given", "text"),
    [
        ((None, None), (None, None), "sex not known, age not known"),
        (("M", 67.0), (None, None), "man (from the image), 67 years (from the image)"),
        (
            ("M", 67.0),
            ("F", 67.0),
            "woman (given; the image says man), 67 years (given)",
        ),
        ((None, None), ("U", 70.5), "sex not known (given), 70.5 years (given)"),
        (("F", None), ("U", None), "sex not known (given; the image says woman), age not known"),
    ],
)
def test_the_line_says_who_says_so(host, known, given, text):
    from VerteNetSlicerLib.subject import Subject

    assert Subject(*known, *given).text == text
