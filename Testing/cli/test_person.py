"""Sex and age on the command line: of the DICOM file, or given in their place."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pydicom
import pytest

from vertenet import cli
from vertenet.anatomy import LEVELS, Landmark, PointName, Side, Spine, Vertebra

PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}


class PointsThere:
    info = SimpleNamespace(name="n", version="1", sha256="ab")

    def detect(self, image, *, anterior=None):
        return Spine(
            tuple(
                Vertebra(
                    level,
                    {
                        PointName(n): Landmark(60 + 60 * x, 20 + 60 * i + 45 * y, 0.4)
                        for n, (x, y) in PLACES.items()
                    },
                )
                for i, level in enumerate(LEVELS[-6:])
            ),
            Side.RIGHT,
        )


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """A DICOM file of a man of 67."""
    import vertenet.detection

    monkeypatch.setattr(vertenet.detection, "load_detector", lambda model, device: PointsThere())
    made = tmp_path / "made"
    assert cli.main(["synth", "--count", "1", "--format", "dicom", "-o", str(made)]) == 0
    (file,) = made.glob("*.dcm")
    content = pydicom.dcmread(file)
    content.PatientSex, content.PatientAge = "M", "067Y"
    content.save_as(file)
    return file


def report_of(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def detected(scan, out, *options):
    assert cli.main(["detect", str(scan), "-o", str(out), *options]) == 0
    return report_of(out / scan.stem)


def z_of(report):
    return [v["z_scores"] for v in report["vertebrae"]]


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ([], ("M", 67, "dicom", "dicom")),
        (["--sex", "f"], ("F", 67, "given", "dicom")),
        (["--sex", "U", "--age", "71.5"], (None, 71.5, "given", "given")),
    ],
)
def test_detect_and_measure_take_the_same_sex_and_age(scan, tmp_path, options, subject):
    out = tmp_path / "out"
    subject = dict(zip(("sex", "age_years", "sex_source", "age_source"), subject))
    report = detected(scan, out, *options)
    assert report["subject"] == subject
    plain = detected(scan, tmp_path / "plain")
    assert (z_of(report) == z_of(plain)) is (subject["sex"] == "M")
    file, again = tmp_path / "plain" / scan.stem / "report.json", tmp_path / "again"
    made = ["measure", str(file), "--image", str(scan), "-o", str(again), *options]
    assert cli.main(made) == 0
    assert report_of(again)["subject"] == subject
    assert z_of(report_of(again)) == z_of(report)
    # read back on the scan, which says otherwise, by any file and without saying it again
    for name in ("report.json", "landmarks.mrk.json", "vertebrae.csv"):
        back = tmp_path / f"back {name}"
        made = ["measure", str(again / name), "--image", str(scan), "-o", str(back)]
        assert cli.main(made) == 0
        assert report_of(back)["subject"] == subject, name
        assert report_of(back)["vertebrae"] == report_of(again)["vertebrae"], name


@pytest.mark.parametrize("given", [["--sex", "X"], ["--age", "-1"], ["--age", "131"]])
def test_detect_refuses_a_sex_or_age_that_is_none(scan, tmp_path, given):
    assert cli.main(["detect", str(scan), "-o", str(tmp_path / "out"), *given]) == 2
    assert not (tmp_path / "out").exists()
