"""A result's folder is there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from vertenet.analysis import Analysis
from vertenet.errors import OutputError
from vertenet.images import DxaImage, read_image
from vertenet.report import write_folder, write_text
from vertenet.report.atomic import output_error, whole_folder

ALL = ["aac.csv", "image.nrrd", "landmarks.mrk.json", "overlay.png", "report.json", "vertebrae.csv"]


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_all_files_of_an_image_are_written(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    written = write_folder(an_analysis, tmp_path / "a" / "scan", image=an_image)
    assert names(tmp_path / "a" / "scan") == ALL
    assert [path.name for path in written] == ALL
    assert names(tmp_path / "a") == ["scan"]


def test_the_volume_carries_the_image_and_its_spacing(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    write_folder(an_analysis, tmp_path / "s", image=an_image)
    again = read_image(tmp_path / "s" / "image.nrrd")
    assert (again.pixels == an_image.pixels).all()
    assert again.scale == an_image.scale


def test_without_pixels_there_is_neither_volume_nor_picture(
    an_analysis: Analysis, tmp_path: Path
) -> None:
    write_folder(an_analysis, tmp_path / "s")
    assert names(tmp_path / "s") == [n for n in ALL if n not in ("image.nrrd", "overlay.png")]


def test_a_second_run_replaces_ours_and_keeps_what_is_not_ours(
    an_analysis: Analysis, an_image: DxaImage, an_empty_analysis: Analysis, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    write_folder(an_analysis, folder, image=an_image)
    (folder / "notes.txt").write_text("mine")
    write_folder(an_empty_analysis, folder)
    assert "overlay.png" not in names(folder), "a picture of the earlier result is wrong"
    assert (folder / "notes.txt").read_text() == "mine"
    assert '"vertebrae": []' in (folder / "report.json").read_text()
    assert names(tmp_path) == ["s"]


def test_a_folder_that_is_not_ours_loses_nothing(an_analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "image.nrrd").write_text("somebody's")
    write_folder(an_analysis, tmp_path)
    assert (tmp_path / "image.nrrd").read_text() == "somebody's"


def test_an_error_half_way_leaves_the_earlier_result(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    write_folder(an_analysis, tmp_path / "s", image=an_image)
    before = (tmp_path / "s" / "report.json").read_bytes()
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "s") as work:
        (work / "report.json").write_text("half")
        raise KeyboardInterrupt
    assert (tmp_path / "s" / "report.json").read_bytes() == before
    assert names(tmp_path) == ["s"]


def test_an_error_half_way_leaves_no_new_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the disk is full"), whole_folder(tmp_path / "s") as work:
        (work / "report.json").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


def test_a_file_in_place_of_the_folder_is_named(an_analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file")
    with pytest.raises(OutputError, match="a file stands where a folder is expected"):
        write_folder(an_analysis, tmp_path / "s")
    with pytest.raises(OutputError, match="a file stands where a folder is expected"):
        write_folder(an_analysis, tmp_path / "s" / "below")


def test_text_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "t.csv"
    write_text(path, "ä\n")
    write_text(path, "b\n")
    assert path.read_bytes() == b"b\n"
    assert names(tmp_path / "deep") == ["t.csv"]


def test_the_files_can_be_read_by_others(an_analysis: Analysis, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        write_folder(an_analysis, tmp_path / "s")
        write_text(tmp_path / "t.csv", "x")
    finally:
        os.umask(mask)
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "s" / "report.json").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EIO])
def test_every_system_error_becomes_a_sentence(code: int) -> None:
    message = str(output_error(OSError(code, os.strerror(code)), "/out"))
    assert message.startswith("Expected to write '/out', but ")
    assert "Choose another output folder" in message


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_file_that_finds_no_room_is_told_by_the_name_that_was_asked_for(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))  # the image is larger
    try:
        with pytest.raises(OutputError) as caught:
            write_folder(an_analysis, tmp_path / "scan", image=an_image)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(tmp_path / "scan" / "image.nrrd") in str(caught.value)
    assert ".vertenet-" not in str(caught.value)
    assert names(tmp_path) == []
