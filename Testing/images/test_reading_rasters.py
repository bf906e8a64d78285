"""PNG, JPEG, TIFF, BMP, NRRD, NIfTI and MetaImage, really written by Pillow and SimpleITK."""

from __future__ import annotations

import gzip
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from vertenet.images import read_image


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_lossless_pictures_come_back_exactly_and_dots_per_inch_are_no_spacing(
    tmp_path: Path, eight_bit: np.ndarray, suffix: str
) -> None:
    path = tmp_path / f"scan.{suffix}"
    Image.fromarray(eight_bit).save(path, dpi=(72, 144))
    image = read_image(path)
    assert np.array_equal(image.pixels, eight_bit)
    assert (image.spacing_mm, image.spacing_source) == (None, "unknown")
    assert (image.scale.row, image.scale.column) == (1.0, 1.0)
    assert image.name == path.name


def test_a_jpegs_dots_per_inch_are_no_spacing(tmp_path: Path, eight_bit: np.ndarray) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "scan.jpg", quality=98, dpi=(72, 72))
    image = read_image(tmp_path / "scan.jpg")
    assert image.spacing_mm is None
    # Lossy: four grey levels of 255 at quality 98.
    assert np.abs(image.pixels - eight_bit).max() <= 4
    given = read_image(tmp_path / "scan.jpg", spacing_mm=(0.5, 0.25))
    assert (given.spacing_mm, given.spacing_source) == ((0.5, 0.25), "user")


def test_sixteen_bits_of_png_and_tiff_are_kept(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    for suffix in ("png", "tif"):
        Image.fromarray(twelve_bit * 12).save(tmp_path / f"scan.{suffix}")
        assert np.array_equal(read_image(tmp_path / f"scan.{suffix}").pixels, twelve_bit * 12)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff(tmp_path: Path, eight_bit: np.ndarray, compression: str) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "scan.tif", compression=compression)
    assert np.array_equal(read_image(tmp_path / "scan.tif").pixels, eight_bit)


def test_a_tiff_whose_small_values_are_white_is_inverted(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "scan.tif", tiffinfo={262: 0})
    image = read_image(tmp_path / "scan.tif")
    assert np.array_equal(image.pixels, eight_bit)
    assert image.history == ("inverted (TIFF MinIsWhite)",)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_colour_palette_and_alpha_pngs_of_a_grey_scan_are_unchanged(
    tmp_path: Path, eight_bit: np.ndarray, mode: str
) -> None:
    Image.fromarray(eight_bit).convert(mode).save(tmp_path / "scan.png")
    assert np.array_equal(read_image(tmp_path / "scan.png").pixels, eight_bit)


def test_a_16_bit_grey_png_with_alpha_through_all_filters(
    tmp_path: Path, twelve_bit: np.ndarray
) -> None:
    # Written by hand: Pillow has no such mode.  Row n carries filter n modulo 5.
    values = np.stack([twelve_bit * 12, np.full_like(twelve_bit, 65535)], axis=-1)
    lines = np.ascontiguousarray(values.astype(">u2")).view(np.uint8).reshape(120, -1).astype(int)
    left = np.pad(lines, ((0, 0), (4, 0)))[:, :-4]
    up = np.pad(lines, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(left, ((1, 0), (0, 0)))[:-1]
    guess = left + up - corner
    far = np.abs(np.stack([guess - left, guess - up, guess - corner]))
    paeth = np.choose(far.argmin(axis=0), [left, up, corner])
    guesses = np.stack([np.zeros_like(lines), left, up, (left + up) // 2, paeth])
    kinds = np.arange(120) % 5
    coded = (lines - guesses[kinds, np.arange(120)]).astype(np.uint8)
    raw = np.concatenate([kinds[:, None].astype(np.uint8), coded], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", 80, 120, 16, 4, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    with (tmp_path / "scan.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, content in parts:
            crc = struct.pack(">I", zlib.crc32(name + content))
            file.write(struct.pack(">I", len(content)) + name + content + crc)
    assert np.array_equal(read_image(tmp_path / "scan.png").pixels, twelve_bit * 12)


def test_a_colour_picture_becomes_its_luminance(tmp_path: Path, colours: np.ndarray) -> None:
    Image.fromarray(colours).save(tmp_path / "scan.png")
    image = read_image(tmp_path / "scan.png")
    assert np.abs(image.pixels - colours @ [0.299, 0.587, 0.114]).max() <= 0.5 + 1e-9
    assert image.history == ("RGB to grey",)


def volume(pixels: np.ndarray, spacing: tuple[float, ...]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetSpacing(spacing)
    return image


@pytest.mark.parametrize("name", ["s.nrrd", "s.nhdr", "s.nii", "s.nii.gz", "s.mha", "s.mhd"])
@pytest.mark.parametrize("slices", [0, 1])
@pytest.mark.parametrize("packed", [False, True])
def test_one_slice_of_a_research_format_with_oblong_pixels(
    tmp_path: Path, twelve_bit: np.ndarray, name: str, slices: int, packed: bool
) -> None:
    signed = twelve_bit.astype(np.int16) - 2048
    pixels, spacing = (signed[None], (0.3, 0.6, 5.0)) if slices else (signed, (0.3, 0.6))
    SimpleITK.WriteImage(volume(pixels, spacing), str(tmp_path / name), useCompression=packed)
    image = read_image(tmp_path / name)
    assert np.array_equal(image.pixels, signed)
    assert image.spacing_mm == (0.6, 0.3)
    assert image.spacing_source == "file header"


def test_a_slice_along_another_axis_is_found(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    # ITK's axes are (x, y, z): a sagittal slice has one x.
    sagittal = volume(twelve_bit[:, :, None], (9.0, 0.3, 0.6))
    SimpleITK.WriteImage(sagittal, str(tmp_path / "s.nii.gz"))
    image = read_image(tmp_path / "s.nii.gz")
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.spacing_mm == (0.6, 0.3)


@pytest.mark.parametrize("name", ["s.nrrd", "s.nii", "s.mha"])
def test_one_by_one_in_a_header_is_unknown(
    tmp_path: Path, twelve_bit: np.ndarray, name: str
) -> None:
    SimpleITK.WriteImage(volume(twelve_bit, (1.0, 1.0)), str(tmp_path / name))
    image = read_image(tmp_path / name)
    assert (image.spacing_mm, image.spacing_source) == (None, "unknown")


def test_rows_that_run_upwards_are_warned_about(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    image = volume(twelve_bit, (0.3, 0.6))
    image.SetDirection((1.0, 0.0, 0.0, -1.0))
    SimpleITK.WriteImage(image, str(tmp_path / "s.nrrd"))
    read = read_image(tmp_path / "s.nrrd")
    assert np.array_equal(read.pixels, twelve_bit)
    assert any("upside down" in sentence for sentence in read.warnings)


@pytest.mark.parametrize(
    "name", ["s.png", "s.nrrd", "s.nii", "s.nii.gz", "s.mha", "s.tif", "s.bmp"]
)
@pytest.mark.parametrize("wrong", ["scan", "scan.dcm", "scan.txt", "scan.jpg"])
def test_the_content_decides_and_not_the_extension(
    tmp_path: Path, eight_bit: np.ndarray, name: str, wrong: str
) -> None:
    if name in ("s.png", "s.tif", "s.bmp"):
        Image.fromarray(eight_bit).save(tmp_path / name)
    else:
        SimpleITK.WriteImage(volume(eight_bit, (0.3, 0.6)), str(tmp_path / name))
    shutil.move(tmp_path / name, tmp_path / wrong)
    assert np.array_equal(read_image(tmp_path / wrong).pixels, eight_bit)


def test_infinite_and_missing_numbers_become_the_darkest_value(
    tmp_path: Path, twelve_bit: np.ndarray
) -> None:
    values = twelve_bit.astype(np.float32) + 10
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    SimpleITK.WriteImage(volume(values, (0.3, 0.6)), str(tmp_path / "s.nrrd"))
    image = read_image(tmp_path / "s.nrrd")
    good = values[np.isfinite(values)]
    assert np.isfinite(image.pixels).all()
    assert image.pixels[1, 1] == good.min()
    assert "3 pixels" in image.warnings[0]


def test_a_name_with_blanks_and_letters_of_all_kinds(tmp_path: Path, eight_bit: np.ndarray) -> None:
    folder = tmp_path / "Ärzte ü 脊椎"
    folder.mkdir()
    Image.fromarray(eight_bit).save(folder / "Wirbel 1 – ß.png")
    assert np.array_equal(read_image(folder / "Wirbel 1 – ß.png").pixels, eight_bit)


def test_a_gzip_file_that_is_cut_is_not_filled_with_zeros(
    tmp_path: Path, twelve_bit: np.ndarray
) -> None:
    from vertenet.errors import ImageError

    SimpleITK.WriteImage(volume(twelve_bit, (0.3, 0.6)), str(tmp_path / "s.nii"))
    cut = gzip.compress((tmp_path / "s.nii").read_bytes()[:5000])
    (tmp_path / "s.nii.gz").write_bytes(cut)
    with pytest.raises(ImageError, match="truncated"):
        read_image(tmp_path / "s.nii.gz")


def test_a_grey_png_with_a_transparent_grey_is_read(tmp_path: Path, eight_bit: np.ndarray) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "s.png", transparency=0)
    assert np.array_equal(read_image(tmp_path / "s.png").pixels, eight_bit)
