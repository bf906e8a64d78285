"""The Structured Report: what it says, what others read in it, what comes back from it."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from vertenet.analysis import Analysis, ImageFrame, ModelIdentity
from vertenet.anatomy import LEVELS, Level, PointName, ReaderDecision, Spine
from vertenet.errors import ConfigurationError, LandmarkError, MissingDependencyError
from vertenet.geometry import PixelScale
from vertenet.images import read_image
from vertenet.measure import AacReading
from vertenet.pipeline import frame_of, measure
from vertenet.report import dicom_codes as words
from vertenet.report import read_landmarks, report_json
from vertenet.report.dicom_source import read_source
from vertenet.report.dicom_sr import write_sr

pytest.importorskip("highdicom")


def items(item: Dataset, name: str | None = None) -> Iterator[Dataset]:
    """All content items below, of that code value where one is given."""
    for child in item.get("ContentSequence") or ():
        if name is None or child.ConceptNameCodeSequence[0].CodeValue == name:
            yield child
        yield from items(child, name)


def group_of(document: Dataset, level: str) -> Dataset:
    return next(
        group
        for group in items(document, words.GROUP[0])
        if any(t.TextValue == level for t in items(group, words.TRACKING[0]))
    )


def numbers(group: Dataset) -> dict[str, float]:
    return {
        item.ConceptNameCodeSequence[0].CodeValue: item.MeasuredValueSequence[0].FloatingPointValue
        for item in items(group)
        if item.ValueType == "NUM"
    }


WRITTEN: list[bytes] = []


@pytest.fixture
def measured(a_dicom: Path, a_spine: Spine, a_model: ModelIdentity) -> Analysis:
    image = read_image(a_dicom)
    return measure(a_spine, frame_of(image), image=image, model=a_model)


@pytest.fixture
def an_sr(measured: Analysis, a_dicom: Path, tmp_path: Path) -> Path:
    """The report of always the same analysis, written once: it takes half a second."""
    path = tmp_path / "sr.dcm"
    if not WRITTEN:
        write_sr(measured, read_source(a_dicom), path)
        WRITTEN.append(path.read_bytes())
    path.write_bytes(WRITTEN[0])
    return path


# --- codes


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_has_the_code_that_dicom_gives_it(level: Level) -> None:
    standard = getattr(codes.cid7603, f"{level.value}Vertebra")
    code = (standard.value, standard.scheme_designator, standard.meaning)
    assert words.LEVEL_CODES[level] == code


def test_codes_are_short_enough_and_all_different() -> None:
    found: list[tuple[str, str, str]] = []
    for value in vars(words).values():
        found += value.values() if isinstance(value, dict) else [value]
    walls = [words.aac_wall(level, wall) for level in LEVELS[9:13] for wall in
             ("anterior", "posterior")]  # fmt: skip
    triples = [c for c in (*found, *walls) if isinstance(c, tuple) and len(c) == 3]
    ours = [c for c in triples if c[1] == words.PRIVATE]
    assert len(ours) > 40
    assert all(len(value) <= 16 and len(meaning) <= 64 for value, _, meaning in triples)
    assert len({value for value, _, _ in ours}) == len(ours)


# --- what it says


def test_it_belongs_to_the_source_and_its_study(an_sr: Path, a_dicom: Path) -> None:
    report, source = pydicom.dcmread(an_sr), pydicom.dcmread(a_dicom)
    for word in ("PatientName", "PatientID", "StudyInstanceUID", "PatientBirthDate", "StudyDate"):
        assert report[word].value == source[word].value, word
    assert report.SOPClassUID.name == "Comprehensive SR Storage"
    assert report.SeriesInstanceUID != source.SeriesInstanceUID
    study = report.CurrentRequestedProcedureEvidenceSequence[0]
    reference = study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")


def test_a_latin_name_survives_as_utf8(an_sr: Path) -> None:
    report = pydicom.dcmread(an_sr)
    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert str(report.PatientName) == "Müller^Änne"


def test_each_vertebra_is_a_group_with_its_site_and_numbers(
    an_sr: Path, measured: Analysis
) -> None:
    document = pydicom.dcmread(an_sr)
    for found in measured.vertebrae:
        group = group_of(document, found.level.value)
        site = next(items(group, words.FINDING_SITE[0])).ConceptCodeSequence[0]
        assert (site.CodeValue, site.CodeMeaning) == words.LEVEL_CODES[found.level][::2]
        values = numbers(group)
        assert values["HA"] == found.heights.Ha
        assert values["HP"] == pytest.approx(60 * 0.3, abs=1e-9), "60 rows of 0.3 mm"
        assert values["HA_HP"] == found.ratios.Ha_Hp
        assert values.get("P_GE1") == found.genant.p_ge1, "L5 has none"


def test_the_centre_of_the_first_pixel_is_half_a_pixel_from_dicoms_origin(
    an_sr: Path, a_spine: Spine
) -> None:
    group = group_of(pydicom.dcmread(an_sr), "L1")
    vertebra = a_spine.get(Level.L1)
    assert vertebra is not None
    for name in PointName:
        item = next(items(group, f"POINT_{name}"))
        assert (item.ValueType, item.GraphicType) == ("SCOORD", "POINT")
        expected = vertebra.points[name].xy + 0.5
        np.testing.assert_allclose(item.GraphicData, expected, atol=2e-5)
        assert item.ContentSequence[0].RelationshipType == "SELECTED FROM"


def test_a_height_says_between_which_points_it_was_taken(an_sr: Path, a_spine: Spine) -> None:
    group = group_of(pydicom.dcmread(an_sr), "L1")
    line = next(items(next(items(group, "HM")), words.SOURCE_OF_MEASUREMENT[0]))
    vertebra = a_spine.get(Level.L1)
    assert vertebra is not None
    ends = [vertebra.points[PointName(n)].xy + 0.5 for n in ("MS", "MI")]
    assert line.GraphicType == "POLYLINE"
    np.testing.assert_allclose(line.GraphicData, np.ravel(ends), atol=2e-5)


def test_the_readers_grade_stands_apart_from_the_computed_one(an_sr: Path) -> None:
    group = group_of(pydicom.dcmread(an_sr), "L3")
    computed = next(items(group, "GRADE_COMPUTED")).ConceptCodeSequence[0].CodeValue
    reader = next(items(group, "GRADE_READER")).ConceptCodeSequence[0].CodeValue
    assert (computed, reader) == ("GRADE_0", "GRADE_1")
    reason = next(items(group, "REASON_READER")).TextValue
    assert reason == "old deformity; 20 % = stable | see 2019"
    assert not list(items(group_of(pydicom.dcmread(an_sr), "L1"), "GRADE_READER"))


def test_model_software_and_research_use_are_named(an_sr: Path, a_model: ModelIdentity) -> None:
    document = pydicom.dcmread(an_sr)
    parameters = {i.TextValue for i in items(group_of(document, "L1"), "111002")}
    assert parameters == {"model=vertenet-compact 0.1.0", f"sha256={a_model.sha256}"}
    assert "Research use only" in next(items(document, "NOTICE")).TextValue
    assert document.SoftwareVersions


def test_without_millimetres_there_are_ratios_but_no_heights(
    a_spine: Spine, a_dicom: Path, tmp_path: Path
) -> None:
    found = measure(a_spine, ImageFrame("a.dcm", 400, 600, PixelScale()))
    write_sr(found, read_source(a_dicom), tmp_path / "sr.dcm")
    values = numbers(group_of(pydicom.dcmread(tmp_path / "sr.dcm"), "L2"))
    assert values["HA_HP"] == pytest.approx(0.7)
    assert not {"HA", "HM", "HP"} & set(values)


def test_a_point_outside_the_image_has_no_coordinates_and_comes_back_all_the_same(
    measured: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    l5 = measured.spine.get(Level.L5)
    assert l5 is not None
    far = l5.with_point(PointName.PI, l5.points[PointName.PI].moved_to(100.25, 599.75))
    found = measure(measured.spine.replacing(far), measured.frame)
    write_sr(found, read_source(a_dicom), tmp_path / "sr.dcm")
    group = group_of(pydicom.dcmread(tmp_path / "sr.dcm"), "L5")
    assert not list(items(group, "POINT_PI"))
    assert "PI lies outside" in " ".join(i.TextValue for i in items(group, words.COMMENT[0]))
    assert read_landmarks(tmp_path / "sr.dcm")[0].spine == found.spine


def test_a_scored_aorta_is_reported_as_a_lower_bound(
    measured: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    reading = AacReading.of({(Level.L1, "anterior"): 2, (Level.L4, "posterior"): 3}, (2, 3))
    found = measure(measured.spine, measured.frame, aac_reading=reading)
    write_sr(found, read_source(a_dicom), tmp_path / "sr.dcm")
    group = group_of(pydicom.dcmread(tmp_path / "sr.dcm"), "aorta")
    assert numbers(group) == {
        "AAC_L1_ANTERIOR": 2, "AAC_L4_POSTERIOR": 3, "AAC24_AT_LEAST": 5,
        "AAC8_ANTERIOR": 2, "AAC8_POSTERIOR": 3, "AAC8": 5,
    }  # fmt: skip
    comments = " ".join(i.TextValue for i in items(group, words.COMMENT[0]))
    assert "Not scored: L1 posterior" in comments


def test_an_aorta_that_was_not_scored_has_no_score(an_sr: Path) -> None:
    assert numbers(group_of(pydicom.dcmread(an_sr), "aorta")) == {}


def test_an_image_without_a_spine_has_a_report_too(
    an_empty_analysis: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    write_sr(an_empty_analysis, read_source(a_dicom), tmp_path / "sr.dcm")
    read = read_landmarks(tmp_path / "sr.dcm")[0]
    assert read.spine == an_empty_analysis.spine
    assert read.frame == an_empty_analysis.frame


def test_measuring_again_keeps_the_tracking_and_makes_a_new_instance(
    measured: Analysis, a_dicom: Path, an_sr: Path, tmp_path: Path
) -> None:
    write_sr(measured, read_source(a_dicom), tmp_path / "again.dcm")
    first, second = pydicom.dcmread(an_sr), pydicom.dcmread(tmp_path / "again.dcm")
    assert first.SOPInstanceUID != second.SOPInstanceUID
    uids = [[i.UID for i in items(d, "112040")] for d in (first, second)]
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == 7 + 2


# --- what comes back


def test_measuring_a_report_gives_the_identical_numbers(an_sr: Path, measured: Analysis) -> None:
    (read,) = read_landmarks(an_sr)
    again = measure(
        read.spine, read.frame, model=read.model, sex=read.sex, age_years=read.age_years
    )
    blind = measure(
        measured.spine, measured.frame, model=measured.model, sex=measured.sex,
        age_years=measured.age_years,
    )  # fmt: skip
    assert report_json(again) == report_json(blind)
    assert [v.reader for v in again.spine] == [v.reader for v in measured.spine]


def changed(path: Path, change: object) -> Path:
    document = pydicom.dcmread(path)
    change(document)  # type: ignore[operator]
    document.save_as(path)
    return path


def test_a_point_that_another_program_moved_is_an_edited_one(an_sr: Path, a_spine: Spine) -> None:
    def move(document: Dataset) -> None:
        item = next(items(group_of(document, "L1"), "POINT_AS"))
        item.GraphicData = [181.5, 182.25]

    (read,) = read_landmarks(changed(an_sr, move))
    l1 = read.spine.get(Level.L1)
    assert l1 is not None
    assert l1.points[PointName.AS] == a_spine.get(Level.L1).points[PointName.AS].moved_to(  # type: ignore[union-attr]
        181.0, 181.75
    )
    others = [v for v in read.spine if v.level is not Level.L1]
    assert others == [v for v in a_spine if v.level is not Level.L1]


@pytest.mark.parametrize(("shift", "moved"), [(0.0009, False), (0.0011, True)])
def test_a_thousandth_of_a_pixel_parts_rounding_from_moving(
    an_sr: Path, a_spine: Spine, shift: float, moved: bool
) -> None:
    exact = a_spine.get(Level.T11).points[PointName.PS]  # type: ignore[union-attr]

    def move(document: Dataset) -> None:
        item = next(items(group_of(document, "T11"), "POINT_PS"))
        item.GraphicData = [exact.x + 0.5 + shift, exact.y + 0.5]

    (read,) = read_landmarks(changed(an_sr, move))
    assert (read.spine.get(Level.T11).points[PointName.PS] != exact) is moved  # type: ignore[union-attr]


def test_a_decision_that_another_program_coded_counts(an_sr: Path) -> None:
    def regrade(document: Dataset) -> None:
        item = next(items(group_of(document, "L3"), "GRADE_READER"))
        item.ConceptCodeSequence[0].CodeValue = "GRADE_3"

    (read,) = read_landmarks(changed(an_sr, regrade))
    reason = "old deformity; 20 % = stable | see 2019"
    assert read.spine.get(Level.L3).reader == ReaderDecision(3, reason)  # type: ignore[union-attr]


def test_a_group_that_was_removed_is_a_vertebra_less(an_sr: Path) -> None:
    def remove(document: Dataset) -> None:
        group = group_of(document, "T12")
        holder = next(items(document, "126010"))
        holder.ContentSequence.remove(group)

    (read,) = read_landmarks(changed(an_sr, remove))
    assert [v.level.value for v in read.spine] == ["T11", "L1", "L2", "L3", "L4", "L5"]


def test_without_the_exact_text_the_coordinates_serve(an_sr: Path, a_spine: Spine) -> None:
    def strip(document: Dataset) -> None:
        document.ContentSequence.remove(next(items(document, "EXACT")))

    (read,) = read_landmarks(changed(an_sr, strip))
    for vertebra, original in zip(read.spine, a_spine, strict=True):
        np.testing.assert_allclose(vertebra.array(), original.array(), atol=5e-5)
    assert "single precision" in read.spine.warnings[0]
    assert read.spine.get(Level.L3).reader.grade == 1  # type: ignore[union-attr]


def test_another_dicom_file_is_not_taken_for_landmarks(a_dicom: Path) -> None:
    with pytest.raises(LandmarkError, match="no vertebrae of ours"):
        read_landmarks(a_dicom)


@pytest.mark.parametrize("cut", [140, 700, 5000])
def test_a_truncated_report_is_refused_in_a_sentence(an_sr: Path, cut: int) -> None:
    an_sr.write_bytes(an_sr.read_bytes()[:cut])
    with pytest.raises(LandmarkError, match="Structured Report"):
        read_landmarks(an_sr)


def test_exact_text_that_is_damaged_is_refused(an_sr: Path) -> None:
    def damage(document: Dataset) -> None:
        next(items(document, "EXACT")).TextValue = '{"schema": '

    with pytest.raises(LandmarkError, match="exact points are damaged"):
        read_landmarks(changed(an_sr, damage))


# --- sources


def test_a_picture_cannot_be_a_source(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(ConfigurationError, match="Expected a DICOM image as the source"):
        read_source(tmp_path / "scan.png")


def test_a_source_without_a_study_is_refused_by_name(make_source) -> None:
    with pytest.raises(ConfigurationError, match="without StudyInstanceUID"):
        read_source(make_source(drop=("StudyInstanceUID",)))


def test_a_source_of_another_size_is_refused(measured: Analysis, make_source) -> None:
    other = read_source(make_source(pixels=np.zeros((300, 400), np.uint16)))
    with pytest.raises(ConfigurationError, match="400 x 600 pixels"):
        write_sr(measured, other, Path("never.dcm"))


def test_odd_values_of_the_source_become_empty(
    measured: Analysis, make_source, tmp_path: Path
) -> None:
    tags = {"PatientBirthDate": "1950.1.2", "PatientSex": "W", "StudyTime": "12h", "StudyDate": ""}
    source = read_source(make_source(drop=("PatientID",), **tags))
    write_sr(measured, source, tmp_path / "sr.dcm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = pydicom.dcmread(tmp_path / "sr.dcm")
        assert not (report.PatientBirthDate or report.PatientSex or report.StudyTime)
        assert not report.PatientID


def test_without_highdicom_the_message_says_what_to_install(
    measured: Analysis, a_dicom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "highdicom", None)
    with pytest.raises(MissingDependencyError, match="pip install highdicom"):
        write_sr(measured, read_source(a_dicom), Path("never.dcm"))


# --- tools that are not ours


def test_highdicom_reads_the_report(an_sr: Path, measured: Analysis) -> None:
    document = importlib.import_module("highdicom.sr").srread(an_sr)
    groups = document.content.get_image_measurement_groups()
    assert len(groups) == len(measured.spine) + 2
    first = groups[0]
    assert first.tracking_identifier == "T11"
    assert first.finding_sites[0].value.meaning == "T11 vertebra"
    values = {m.name.value: m.value for m in first.get_measurements()}
    assert values["HA"] == measured.vertebrae[0].heights.Ha


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="Debian's dcmtk is not installed")
def test_dcmtk_reads_the_report(an_sr: Path) -> None:
    result = subprocess.run(["dsrdump", "+Pl", str(an_sr)], capture_output=True, check=False)
    text = result.stdout.decode("utf-8")
    assert result.returncode == 0, result.stderr
    assert "Comprehensive SR Document" in text
    assert not re.search(rb"^[EF]:", result.stderr, re.M)
    for level in ("T11", "L5"):
        assert f'SCT,"{level} vertebra")' in text
    assert text.count("Posterior superior corner of vertebral body") == 7


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_dicom3tools_finds_no_error(an_sr: Path) -> None:
    result = subprocess.run(["dciodvfy", str(an_sr)], capture_output=True, text=True, check=False)
    assert "ComprehensiveSR" in result.stderr + result.stdout
    assert "Error" not in result.stderr + result.stdout


def test_replacing_the_frame_changes_no_word_of_the_points(
    measured: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    named = replace(measured, frame=replace(measured.frame, file="scän ☃.dcm"))
    write_sr(named, read_source(a_dicom), tmp_path / "sr.dcm")
    assert read_landmarks(tmp_path / "sr.dcm")[0].frame == named.frame
