"""Many files: a folder each, failures listed, none stops the rest."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vertenet import batch
from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.errors import ConfigurationError, ImageError, LandmarkError
from vertenet.images import DxaImage, image_from_array
from vertenet.report import read_landmarks

PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}
SPINE = Spine(
    tuple(
        Vertebra(
            level,
            {PointName(n): Landmark(100 + 60 * x, 20 + 60 * i + 45 * y)
             for n, (x, y) in PLACES.items()},
        )
        for i, level in enumerate(list(Level)[-7:])
    )
)  # fmt: skip


class PointsThere:
    """A detector that always finds the same spine: the port through which the network comes."""

    info = SimpleNamespace(name="n", version="1", sha256="ab")

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        if image.name.startswith("defect"):
            raise ZeroDivisionError("a defect of ours")
        return replace(SPINE, anterior=anterior or Side.RIGHT)


def write_png(path: Path, *, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (480, 256), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_each_image_gets_a_folder(tmp_path: Path) -> None:
    files = [write_png(tmp_path / f"in/{name}.png") for name in ("b", "a")]
    told: list[tuple[int, int, str]] = []
    outcomes = list(
        batch.detect_many(
            files, tmp_path / "out", PointsThere(), progress=lambda *step: told.append(step)
        )
    )
    assert [o.folder.name for o in outcomes] == ["b", "a"]
    assert all(o.failure is None for o in outcomes)
    assert sorted(os.listdir(tmp_path / "out")) == ["a", "b"]
    assert told == [(0, 2, "b.png"), (1, 2, "a.png"), (2, 2, "")]


def test_a_bad_file_is_a_failure_and_stops_nothing(tmp_path: Path) -> None:
    good = write_png(tmp_path / "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not an image at all")
    defect = write_png(tmp_path / "defect.png")
    gone = tmp_path / "gone.dcm"
    outcomes = list(batch.detect_many([bad, gone, defect, good], tmp_path / "out", PointsThere()))
    failures = [o.failure for o in outcomes if o.failure]
    assert [Path(f.file).name for f in failures] == ["bad.png", "gone.dcm", "defect.png"]
    assert "Unexpected error (ZeroDivisionError: a defect of ours)" in failures[2].reason
    assert os.listdir(tmp_path / "out") == ["good"]


def test_failures_are_written_and_removed(tmp_path: Path) -> None:
    batch.write_failures(tmp_path, [batch.Failure("a\udcff.png", "first\nsecond, third")])
    with (tmp_path / "failures.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["file", "reason"], ["a?.png", "first second, third"]]
    batch.write_failures(tmp_path, [])
    assert not (tmp_path / "failures.csv").exists()


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (["a.png", "b.dcm"], ["a", "b"]),
        (["a.png", "a.dcm", "a.jpg"], ["a", "a-2", "a-3"]),
        (["A.png", "a.dcm"], ["A", "a-2"]),
        (["a.png", "a-2.png", "a.dcm"], ["a", "a-2", "a-3"]),
        (["scan.nii.gz"], ["scan"]),
        (["1.2.840.113619.2"], ["1.2.840.113619.2"]),
        (["1.2.840.113619.2.DCM"], ["1.2.840.113619.2"]),
        (["scan.odd"], ["scan"]),
        (["a b é.png"], ["a b é"]),
        (['a:b*c?"<>|.png'], ["a_b_c_____"]),
        (["scan\udcff.png"], ["scan_"]),
        (["..png"], ["image"]),
        (["con.png"], ["con_"]),
        ([".hidden.png"], ["hidden"]),
        (["x" * 300 + ".png"], ["x" * 120]),
        (["日" * 100 + ".png"], ["日" * 80]),
        (["failures.csv.dcm", "Images.csv.png"], ["failures.csv-2", "Images.csv-2"]),
    ],
)
def test_folder_names_are_distinct_and_fit_every_system(
    names: list[str], folders: list[str]
) -> None:
    assert batch.folder_names(names) == folders


def test_folders_are_replaced_by_the_images_below_them(tmp_path: Path) -> None:
    deep = write_png(tmp_path / "f/deep/b.png")
    first = write_png(tmp_path / "f/a.png")
    (tmp_path / "f/notes.txt").write_text("no image")
    (tmp_path / "f/.hidden.png").write_text("no image")
    dicom = tmp_path / "f/IM0001"
    dicom.write_bytes(b"\0" * 128 + b"DICM")
    alone = tmp_path / "alone.xyz"
    assert batch.find_images([alone, tmp_path / "f"]) == [alone, dicom, first, deep]


def test_results_below_a_folder_are_not_its_images(tmp_path: Path) -> None:
    """An output folder inside the input would otherwise be read by the next run."""
    for name in ("a.png", "out/a/image.nrrd", "out/a/overlay.png", "out/a/sc.dcm", "overlay.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "out/a/report.json").write_text("{}")
    found = [path.name for path in batch.find_images([tmp_path])]
    assert found == ["a.png", "overlay.png"]


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="got none"):
        batch.find_images([tmp_path])


@pytest.mark.parametrize("text", ["0.25,0.3", " 0.25 , 0.3 ", "0.25;0.3"])
def test_a_spacing_is_row_and_column(text: str) -> None:
    assert batch.check_spacing(text) == (0.25, 0.3)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "0,1", "-1,1", "nan,1", "inf,1"])
def test_a_spacing_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ROW,COLUMN"):
        batch.check_spacing(text)


def landmarks(tmp_path: Path, *names: str) -> Path:
    path = tmp_path / "points.csv"
    rows = [
        f"{name},{v.level},{point},{at.x},{at.y}"
        for name in names
        for v in SPINE
        for point, at in v.points.items()
    ]
    path.write_text("image,level,point,x,y\n" + "\n".join(rows) + "\n")
    return path


def test_many_images_points_are_measured_into_one_table(tmp_path: Path) -> None:
    tables = batch.Tables()
    for outcome in batch.measure_many(
        read_landmarks(landmarks(tmp_path, "a", "b")), tmp_path / "out"
    ):
        assert outcome.analysis is not None
        tables.add(outcome.analysis)
    tables.write(tmp_path / "out")
    with (tmp_path / "out/vertebrae.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == ["a"] * 7 + ["b"] * 7
    assert (tmp_path / "out/b/landmarks.mrk.json").is_file()


def test_an_image_gives_points_their_size_and_spacing(tmp_path: Path) -> None:
    (points,) = read_landmarks(landmarks(tmp_path, "a"))
    values = np.arange(500 * 300).reshape(500, 300)
    image = image_from_array(values, name="a.png", spacing_mm=(0.5, 0.4))
    analysis = batch.measure_set(points, image)
    assert (analysis.frame.file, analysis.frame.width) == ("a", 300)
    assert analysis.frame.scale.spacing_mm == (0.5, 0.4)
    assert analysis.vertebrae[0].heights.Hp == pytest.approx(45 * 0.5)


def test_the_users_spacing_wins(tmp_path: Path) -> None:
    (points,) = read_landmarks(landmarks(tmp_path, "a"))
    analysis = batch.measure_set(points, spacing_mm=(0.1, 0.1))
    assert analysis.frame.spacing_source == "user"
    assert analysis.vertebrae[0].heights.Hp == pytest.approx(4.5)


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    (points,) = read_landmarks(landmarks(tmp_path, "a"))
    sized = replace(points, frame=replace(points.frame, width=300, height=300))
    image = image_from_array(np.arange(64 * 65).reshape(64, 65), name="a.png")
    with pytest.raises(LandmarkError, match=r"300 x 300 pixels .* got 65 x 64"):
        batch.measure_set(sized, image)
