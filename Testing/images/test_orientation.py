"""Pictures with an orientation tag: read as stored, in every format, and the reader is told."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vertenet.images import read_image
from vertenet.images.orientation import orientation, picture_asks_to_be_turned


def save(path: Path, pixels: np.ndarray, tag: int, **options: object) -> Path:
    """A picture with EXIF's orientation tag, or TIFF's."""
    if path.suffix == ".tif":
        Image.fromarray(pixels).save(path, tiffinfo={274: tag}, **options)
    else:
        exif = Image.Exif()
        exif[274] = tag
        Image.fromarray(pixels).save(path, exif=exif, **options)
    return path


def told(path: Path) -> list[str]:
    return [warning for warning in read_image(path).warnings if "orientation tag" in warning]


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("colour", [False, True])
def test_pixels_are_those_stored_and_another_view_is_said(
    tmp_path: Path, eight_bit: np.ndarray, suffix: str, tag: int, colour: bool
) -> None:
    pixels = np.stack([eight_bit] * 3, axis=-1) if colour else eight_bit
    options = {"quality": 98} if suffix == "jpg" else {}
    path = save(tmp_path / f"scan.{suffix}", pixels, tag, **options)
    image = read_image(path)
    # Lossy: four grey levels of 255 at quality 98; the others are exact.
    assert np.abs(image.pixels - eight_bit).max() <= (4 if suffix == "jpg" else 0)
    assert bool(told(path)) == (tag != 1)


def test_the_sentence_names_what_a_viewer_does_to_the_stored_picture(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    from PIL import ImageOps

    views = {
        "mirrored left to right": eight_bit[:, ::-1],
        "turned by 180 degrees": eight_bit[::-1, ::-1],
        "mirrored top to bottom": eight_bit[::-1],
        "turned by 90 degrees clockwise": np.rot90(eight_bit, -1),
        "turned by 90 degrees anticlockwise": np.rot90(eight_bit),
    }
    said = []
    for tag in range(2, 9):
        path = save(tmp_path / f"{tag}.png", eight_bit, tag)
        shown = np.asarray(ImageOps.exif_transpose(Image.open(path)))
        said += [words for words in views if f"shown {words} (" in told(path)[0]]
        if tag not in (5, 7):
            assert np.array_equal(views[said[-1]], shown)
    assert said == list(views)


def test_a_tiff_of_small_white_values_and_16_bits_is_mirrored_by_no_one(
    tmp_path: Path, eight_bit: np.ndarray, twelve_bit: np.ndarray
) -> None:
    path = tmp_path / "white.tif"
    Image.fromarray(eight_bit).save(path, tiffinfo={262: 0, 274: 3})
    assert np.array_equal(read_image(path).pixels, eight_bit)
    assert np.array_equal(read_image(save(tmp_path / "d.tif", twelve_bit, 4)).pixels, twelve_bit)


def test_big_tiff_has_its_tags_read_too(tmp_path: Path, eight_bit: np.ndarray) -> None:
    path = tmp_path / "scan.tif"
    for orient, white in ((1, False), (3, False), (1, True), (3, True)):
        info = {274: orient, **({262: 0} if white else {})}
        Image.fromarray(eight_bit).save(path, tiffinfo=info, big_tiff=True)
        assert path.read_bytes()[2] == 43
        image = read_image(path)
        assert np.array_equal(image.pixels, eight_bit)
        assert bool(image.history) == white
        assert bool(told(path)) == (orient == 3)


def test_grey_with_alpha_is_told_too(tmp_path: Path, eight_bit: np.ndarray) -> None:
    pixels = np.stack([eight_bit, np.full_like(eight_bit, 255)], axis=-1)
    path = save(tmp_path / "scan.png", pixels, 6)
    assert np.array_equal(read_image(path).pixels, eight_bit)
    assert told(path)


def test_exif_after_another_segment_is_found(tmp_path: Path, eight_bit: np.ndarray) -> None:
    data = save(tmp_path / "scan.jpg", eight_bit, 8).read_bytes()
    other = b"http://ns.adobe.com/xap/1.0/\0<x/>"
    more = data[:2] + b"\xff\xe1" + struct.pack(">H", len(other) + 2) + other + data[2:]
    assert orientation(more, "JPEG") == 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_damaged_tag_is_none(tmp_path: Path, eight_bit: np.ndarray, kind: str) -> None:
    suffix = {"JPEG": "jpg", "TIFF": "tif"}.get(kind, "png")
    data = save(tmp_path / f"scan.{suffix}", eight_bit, 6).read_bytes()
    assert orientation(data, kind) == (1 if kind == "BMP" else 6)
    for tag in (0, 9, 300):
        whole = save(tmp_path / f"scan.{suffix}", eight_bit, tag).read_bytes()
        assert orientation(whole, kind) == 1
    rng = np.random.default_rng(5)
    for _ in range(200):
        cut = bytearray(data[: rng.integers(4, len(data))])
        for place in rng.integers(0, min(len(cut), 300), 6):
            cut[place] = rng.integers(0, 256)
        assert orientation(bytes(cut), kind) in range(1, 9)


def test_a_picture_that_another_program_loaded_is_judged_by_its_file(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    for suffix, words in (("jpg", "read as stored"), ("tif", "mirrored its pixels")):
        turned = save(tmp_path / f"turned.{suffix}", eight_bit, 3)
        assert words in picture_asks_to_be_turned(turned)
        assert picture_asks_to_be_turned(save(tmp_path / f"up.{suffix}", eight_bit, 1)) == ""
    (tmp_path / "text.tif").write_text("no picture")
    assert picture_asks_to_be_turned(tmp_path / "text.tif") == ""
    assert picture_asks_to_be_turned(tmp_path / "absent.tif") == ""
