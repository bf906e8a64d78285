"""What a cohort consists of, and what of it is passed over."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from vertenet.batch.inputs import Found, find_inputs
from vertenet.batch.inventory import Inventory
from vertenet.batch.select import PassedOverError, check_lateral
from vertenet.errors import ConfigurationError, ImageError

pydicom = pytest.importorskip("pydicom")
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def write_dicom(path: Path, *, sop_class: str = SECONDARY, **tags: object) -> Path:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Rows, data.Columns, data.SamplesPerPixel = 128, 64, 1
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    data.PixelData = np.arange(128 * 64, dtype=np.uint16).astype(np.uint8).tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def paths(*inputs: object) -> list[str]:
    return sorted(found.path for found in find_inputs([str(i) for i in inputs]))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_files_and_patterns_name_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/1.png", "a/b/2.png", "c/3.png", "c/4.txt", "[x].png")
    monkeypatch.chdir(tmp_path)
    assert paths("a") == ["a/1.png", "a/b/2.png"]
    assert paths("a/1.png", "./c/3.png") == ["a/1.png", "c/3.png"]
    assert paths("*/*.png") == ["a/1.png", "c/3.png"]
    assert paths("**/*.png") == ["[x].png", "a/1.png", "a/b/2.png", "c/3.png"]
    assert paths("[x].png") == ["[x].png"]  # a file of that name comes before a pattern


def test_a_list_names_files_from_here_or_from_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "here/a.png", "lists/b.png", "lists/c/d.png")
    (tmp_path / "lists/all.txt").write_text("# ours\n\na.png\nb.png\r\nc\nnone.png\n")
    monkeypatch.chdir(tmp_path / "here")
    found = {f.path: f.status for f in find_inputs(["@../lists/all.txt"])}
    beside = "../lists"
    assert found == {"a.png": "", f"{beside}/b.png": "", f"{beside}/c/d.png": "",
                     "none.png": "failed"}  # fmt: skip


@pytest.mark.parametrize("given", ["nowhere", "@nowhere.txt", "*.nothing"])
def test_an_input_that_is_not_there_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError, match="Expected"):
        list(find_inputs([given]))


@pytest.mark.parametrize("name", [".Trash-0", "__MACOSX"])
def test_hidden_folders_are_passed_over_unless_they_are_named(tmp_path: Path, name: str) -> None:
    from vertenet.batch import find_images

    touch(tmp_path, f"a/{name}/x.png", "a/y.png")
    found = {f.path: f.status for f in find_inputs([str(tmp_path / "a")])}
    assert found == {str(tmp_path / "a" / name): "passed over", str(tmp_path / "a/y.png"): ""}
    assert paths(tmp_path / "a" / name) == [str(tmp_path / "a" / name / "x.png")]
    if name.startswith("."):
        assert find_images([tmp_path / "a"]) == [tmp_path / "a/y.png"]


def test_hidden_files_links_and_results_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a/.DS_Store", "r/report.json", "r/landmarks.mrk.json", "r/image.nrrd",
          "r/mine.dcm", "old/cohort.json", "old/shards/1.jsonl", "b/x.png")  # fmt: skip
    (tmp_path / "a/link").symlink_to(tmp_path / "b")
    (tmp_path / "a/round").symlink_to(tmp_path / "a")
    (tmp_path / "a/gone.png").symlink_to(tmp_path / "nowhere")
    found = {os.path.relpath(f.path, tmp_path): f for f in find_inputs([str(tmp_path)])}
    kinds = {name: f.status for name, f in found.items()}
    passed = ("a/.DS_Store", "a/link", "a/round", "r/report.json", "r/landmarks.mrk.json",
              "r/image.nrrd", "old")  # fmt: skip
    assert kinds == {
        **dict.fromkeys(passed, "passed over"), "a/gone.png": "failed", "b/x.png": "",
        "r/mine.dcm": "",
    }  # fmt: skip
    assert all(f.reason for f in found.values() if f.status)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_dicomdir_names_its_images_and_nothing_outside(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    records = []
    for kind, named in (
        ("PATIENT", None), ("IMAGE", ["IM", "A"]), ("IMAGE", ["IM", "GONE"]),
        ("IMAGE", ["..", "B"]), ("IMAGE", "TOP"), ("SR DOCUMENT", ["IM", "SR"]),
    ):  # fmt: skip
        record = Dataset()
        record.DirectoryRecordType = kind
        if named is not None:
            record.ReferencedFileID = named
        records.append(record)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.DirectoryRecordSequence = records
    touch(tmp_path, "disc/IM/A", "disc/IM/SR", "disc/TOP", "B")
    data.save_as(tmp_path / "disc/DICOMDIR", enforce_file_format=True)
    found = [(os.path.relpath(f.path, tmp_path / "disc"), f.status)
             for f in find_inputs([str(tmp_path / "disc/DICOMDIR")])]  # fmt: skip
    assert found == [("IM/A", ""), ("IM/GONE", "failed"), ("../B", "failed"), ("TOP", "")]
    with pytest.raises(PassedOverError, match="Media Storage Directory"):
        check_lateral(str(tmp_path / "disc/DICOMDIR"))
    whole = (tmp_path / "disc/DICOMDIR").read_bytes()
    (tmp_path / "disc/DICOMDIR").write_bytes(
        whole.replace(b"\x04\x00\x30\x14CS", b"\x04\x00\x30\x14CT")
    )
    with pytest.raises(ConfigurationError, match="damaged"):
        list(find_inputs([str(tmp_path / "disc/DICOMDIR")]))


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"Modality": "CT"}, "a CT image"),
        ({"Modality": "SR"}, "structured report"),
        ({"sop_class": "1.2.840.10008.5.1.4.1.1.104.1"}, "Encapsulated PDF"),
        ({"ViewPosition": "AP"}, "frontal"),
        ({"SeriesDescription": "AP Spine"}, "frontal"),
        ({"BodyPartExamined": "HIP"}, "names the hip"),
        ({"SeriesDescription": "Left Femur"}, "names the femur"),
        ({"PatientOrientation": ["L", "F"]}, "frontal image"),
        ({"NumberOfFrames": 12}, "12 frames"),
    ],
)
def test_what_its_header_calls_something_else_is_passed_over(
    tmp_path: Path, tags: dict[str, str], said: str
) -> None:
    with pytest.raises(PassedOverError, match=said):
        check_lateral(str(write_dicom(tmp_path / "a", **tags)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"Modality": "OT"},
        {"Modality": "BMD", "SeriesDescription": "LVA"},
        {"Modality": "DX", "ViewPosition": "LL"},
        {"SeriesDescription": "Lateral spine", "BodyPartExamined": "WHOLE BODY"},
    ],
)
def test_a_header_that_may_be_lateral_is_taken(tmp_path: Path, tags: dict[str, str]) -> None:
    check_lateral(str(write_dicom(tmp_path / "a", **tags)))


def test_only_a_file_named_as_an_image_fails_where_it_is_none(tmp_path: Path) -> None:
    for name in ("notes.txt", "README", "scan.png", "empty.dcm"):
        (tmp_path / name).write_text("" if name.startswith("empty") else "words")
        error = ImageError if name[-3:] in ("png", "dcm") else PassedOverError
        with pytest.raises(error):
            check_lateral(str(tmp_path / name))


def test_an_inventory_holds_each_file_once_in_the_order_of_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"in/{i}.png" for i in range(30)] + ["in/é.png", "in/\udcff.png", "out/mine.png"]
    touch(tmp_path, *names)
    monkeypatch.chdir(tmp_path)
    again = [*names, *names[:5], "in/gone.png"]
    random.Random(0).shuffle(again)
    inventory = Inventory(tmp_path / "files.sqlite")
    inventory.fill((Found(name) for name in again), skip=Path("out"))
    assert inventory.counts() == (33, 32)
    listed = [entry.name for entry in inventory.entries()]
    assert listed == sorted([*names[:-1], "in/gone.png"], key=os.fsencode)
    keys = {key for _, _, key in inventory.unread()}
    assert len(keys) == 32
    inventory.place(keys.pop(), 3, 400)
    assert inventory.counts() == (33, 31)
    inventory.close()
