"""DICOM beside the other files, reading any of them back, and who is named where."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from vertenet import cli
from vertenet.analysis import Analysis
from vertenet.anatomy import Level, ReaderDecision, Spine
from vertenet.batch import Tables, measure_set
from vertenet.errors import ConfigurationError, OutputError
from vertenet.images import DxaImage, read_image, write_nrrd
from vertenet.measure import AacReading
from vertenet.pipeline import frame_of, measure
from vertenet.report import read_landmarks, report_json, write_folder
from vertenet.report.exchange import exchange_with
from vertenet.report.html import html_page
from vertenet.report.images_table import IMAGE_COLUMNS, image_row
from vertenet.resources import resource_path

pytest.importorskip("highdicom")

SECRETS = ["Müller", "Änne", "ID-4711-XY", "19500102", "1950-01-02", "2.25.8"]
PLAIN = ["report.json", "landmarks.mrk.json", "vertebrae.csv", "sr.dcm"]


@pytest.fixture
def measured(a_dicom: Path, a_spine: Spine, a_model) -> Analysis:
    """With every kind of reader's decision, and a scored aorta."""
    decisions = {
        Level.T11: ReaderDecision(evaluable=False),
        Level.T12: ReaderDecision(reason="osteophyte"),
        Level.L1: ReaderDecision(2, "fracture, old", True),
    }
    for level, decision in decisions.items():
        vertebra = a_spine.get(level)
        assert vertebra is not None
        a_spine = a_spine.replacing(replace(vertebra, reader=decision))
    image = read_image(a_dicom)
    reading = AacReading.of({(Level.L1, "anterior"): 2, (Level.L4, "posterior"): 3}, (2, 3))
    return measure(a_spine, frame_of(image), image=image, model=a_model, aac_reading=reading)


@pytest.fixture
def a_folder(measured: Analysis, a_dicom: Path, tmp_path: Path) -> Path:
    exchange = exchange_with(a_dicom, dicom=True, identity=False)
    write_folder(measured, tmp_path / "out", image=read_image(a_dicom), exchange=exchange)
    return tmp_path / "out"


def numbers_of(report: object) -> object:
    """A report without what a table has no column for: the model and the sentences."""
    if isinstance(report, dict):
        dropped = ("model", "warnings")
        return {key: numbers_of(v) for key, v in report.items() if key not in dropped}
    return [numbers_of(v) for v in report] if isinstance(report, list) else report


# --- the same numbers from any file


@pytest.mark.parametrize("pixels", [True, False], ids=["with pixels", "points only"])
def test_any_file_of_ours_gives_the_same_numbers(
    a_folder: Path, measured: Analysis, a_dicom: Path, pixels: bool
) -> None:
    image = read_image(a_dicom) if pixels else None
    expected = report_json(
        measure(
            measured.spine, measured.frame, image=image, sex="F", age_years=71.0,
            model=measured.model, aac_reading=measured.aac_reading, sources=("dicom", "dicom"),
        )
    )  # fmt: skip
    for name in PLAIN:
        (read,) = read_landmarks(a_folder / name)
        got = report_json(measure_set(read, image))
        assert numbers_of(got) == numbers_of(expected), name
        if name != "vertebrae.csv":
            assert got["model"] == expected["model"], name
        assert [v.reader for v in read.spine] == [v.reader for v in measured.spine], name
        assert read.aac_reading == measured.aac_reading, name


def test_the_command_measures_a_structured_report(
    a_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["measure", str(a_folder / "sr.dcm"), "-o", str(tmp_path / "again")]
    assert cli.main(arguments) == 0, capsys.readouterr().err
    first, again = (
        json.loads((folder / "report.json").read_text("utf-8"))
        for folder in (a_folder, tmp_path / "again")
    )
    assert first == again, "the image.nrrd beside it gives the pixels"


# --- the command


def test_measure_writes_dicom_beside_the_rest(
    a_folder: Path, a_dicom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points, out = str(a_folder / "landmarks.mrk.json"), tmp_path / "out2"
    arguments = ["measure", points, "--image", str(a_dicom), "--dicom", "-o", str(out)]
    assert cli.main(arguments) == 0, capsys.readouterr().err
    assert {"sr.dcm", "sc.dcm"} < {path.name for path in out.iterdir()}
    assert read_landmarks(out / "sr.dcm")[0].spine == read_landmarks(points)[0].spine
    assert cli.main(["measure", points, "--image", str(a_dicom), "-o", str(out)]) == 0
    assert not {"sr.dcm", "sc.dcm"} & {path.name for path in out.iterdir()}, "stale ones go"


@pytest.mark.parametrize("option", ["--dicom", "--with-identity"])
def test_dicom_from_another_kind_of_image_is_refused_in_a_sentence(
    a_folder: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    points = str(a_folder / "landmarks.mrk.json")
    assert cli.main(["measure", points, option, "-o", str(tmp_path / "n")]) == 1
    assert "Expected a DICOM image" in capsys.readouterr().err
    alone = tmp_path / "alone.json"
    alone.write_bytes((a_folder / "report.json").read_bytes())
    assert cli.main(["measure", str(alone), option, "-o", str(tmp_path / "n")]) == 1
    assert "--image" in capsys.readouterr().err
    assert not list((tmp_path / "n").iterdir())


def test_nothing_is_asked_of_the_source_where_nothing_is_wanted(tmp_path: Path) -> None:
    assert exchange_with(tmp_path / "absent.png", dicom=False, identity=False) is None
    with pytest.raises(ConfigurationError, match=r"absent\.png"):
        exchange_with(tmp_path / "absent.png", dicom=True, identity=False)


def test_points_only_give_a_report_without_a_capture(
    measured: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    exchange = exchange_with(a_dicom, dicom=True, identity=False)
    names = {p.name for p in write_folder(measured, tmp_path / "out", exchange=exchange)}
    assert "sr.dcm" in names
    assert "sc.dcm" not in names


def test_a_full_disk_leaves_the_earlier_report(
    a_folder: Path, measured: Analysis, a_dicom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    before = (a_folder / "sr.dcm").read_bytes()
    kept = os.replace

    def full(source: object, target: object) -> None:
        if str(target).endswith("sr.dcm"):
            raise OSError(28, "No space left on device")
        kept(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", full)
    exchange = exchange_with(a_dicom, dicom=True, identity=False)
    with pytest.raises(OutputError, match="disk is full"):
        write_folder(measured, a_folder, exchange=exchange)
    assert (a_folder / "sr.dcm").read_bytes() == before


# --- who is named


def forms(secret: str) -> list[bytes]:
    return [secret.encode(code) for code in ("utf-8", "latin-1", "utf-16-le")]


def leaks(folder: Path) -> set[str]:
    """Files of which any byte sequence names the patient or the study."""
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(f in path.read_bytes() for s in SECRETS for f in forms(s))
    }


def test_only_dicom_files_name_the_patient(a_folder: Path) -> None:
    assert cli.main(["report", str(a_folder)]) == 0
    assert {"report.html", "overlay.png", "image.nrrd"} < {p.name for p in a_folder.iterdir()}
    assert leaks(a_folder) == {"sr.dcm", "sc.dcm"}


def test_measuring_a_structured_report_forgets_the_patient(a_folder: Path, tmp_path: Path) -> None:
    assert cli.main(["measure", str(a_folder / "sr.dcm"), "-o", str(tmp_path / "again")]) == 0
    assert leaks(tmp_path / "again") == set()


def test_the_patient_is_named_where_the_user_asks_for_it(
    measured: Analysis, a_dicom: Path, tmp_path: Path
) -> None:
    exchange = exchange_with(a_dicom, dicom=False, identity=True)
    write_folder(measured, tmp_path / "out", image=read_image(a_dicom), exchange=exchange)
    report = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    assert report["patient"] == {
        "name": "Müller^Änne",
        "id": "ID-4711-XY",
        "birth_date": "1950-01-02",
        "study_date": "2021-03-04",
    }
    assert leaks(tmp_path / "out") == {"report.json"}
    page = html_page(report)
    assert "Müller^Änne" in page
    assert "2021-03-04" in page
    assert "Müller" not in html_page({k: v for k, v in report.items() if k != "patient"})


def test_a_report_with_a_patient_follows_the_schema(measured: Analysis, a_dicom: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resource_path("Schemas/report-v1.schema.json").read_text("utf-8"))
    exchange = exchange_with(a_dicom, dicom=False, identity=True)
    assert exchange is not None
    report = report_json(measured, patient=exchange.patient)
    jsonschema.validate(report, schema)
    jsonschema.validate(report_json(measured), schema)
    report["patient"]["address"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, schema)


# --- one row per image


def test_images_csv_has_a_row_per_image(
    measured: Analysis, an_empty_analysis: Analysis, tmp_path: Path
) -> None:
    tables = Tables()
    tables.add(measured)
    tables.add(an_empty_analysis)
    tables.write(tmp_path)
    with (tmp_path / "images.csv").open(newline="", encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert tuple(first) == IMAGE_COLUMNS
    assert first["levels"] == "T11 T12 L1 L2 L3 L4 L5"
    assert first["fractured"] == "L1 L2 L3"
    assert (first["fractures"], first["worst_grade"]) == ("3", "2")
    assert first["deformity_index_at_least"] == "yes"
    assert first["kyphosis_t4_t12_deg"] == "", "T4 is not there"
    assert abs(float(first["lordosis_l1_l5_deg"])) < 1e-9, "all endplates of L1 and L5 are level"
    assert (first["aac24"], first["aac24_at_least"]) == ("", "5"), "six walls are not scored"
    assert first["warnings"] == str(len(measured.warnings))
    assert (second["vertebrae"], second["fractures"], second["deformity_index"]) == ("0", "0", "")


def test_a_row_has_a_cell_for_every_column(an_analysis: Analysis) -> None:
    bare = replace(an_analysis, summary=None, alignment=None, quality=None, model=None)
    assert len(image_row(an_analysis)) == len(image_row(bare)) == len(IMAGE_COLUMNS)


# --- detection


def test_detect_writes_dicom_for_dicom_and_lists_the_rest_as_failures(
    a_dicom: Path, a_spine: Spine, an_image: DxaImage, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    import vertenet.detection

    class PointsThere:
        info = SimpleNamespace(name="n", version="1", sha256="ab")

        def detect(self, image: DxaImage, *, anterior: object = None) -> Spine:
            return a_spine

    monkeypatch.setattr(vertenet.detection, "load_detector", lambda model, device: PointsThere())
    write_nrrd(an_image, tmp_path / "plain.nrrd")
    arguments = ["detect", str(a_dicom), str(tmp_path / "plain.nrrd"), "--dicom", "-o"]
    assert cli.main([*arguments, str(tmp_path / "o")]) == 1
    assert "plain.nrrd" in capsys.readouterr().err
    assert {"sr.dcm", "sc.dcm", "report.json"} < {p.name for p in (tmp_path / "o/source").iterdir()}
    assert not (tmp_path / "o/plain").exists()
    assert "Expected a DICOM image" in (tmp_path / "o/failures.csv").read_text("utf-8")
    assert (tmp_path / "o/images.csv").read_text("utf-8").count("\n") == 2
