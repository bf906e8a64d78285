"""image.nrrd: compact, whole or not at all, and read back with the same pixels and spacing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from vertenet.errors import OutputError
from vertenet.geometry import PixelScale
from vertenet.images import image_from_array, read_image, write_nrrd

PIXEL_TYPES = [
    ("uint8", 0, 255, 1.0),
    ("uint16", 0, 65535, 1.0),
    ("int16", -32768, 32767, 1.0),
    ("float", 0, 255, 0.5),
    ("float", -1, 65535, 1.0),
    ("float", 0, 65536, 1.0),
]


@pytest.mark.parametrize(("kind", "low", "high", "step"), PIXEL_TYPES)
def test_the_smallest_exact_type_is_written(
    tmp_path: Path, kind: str, low: int, high: int, step: float
) -> None:
    values = np.linspace(low, high, 120 * 80).reshape(120, 80)
    values = np.rint(values / step) * step
    values[0, 0], values[-1, -1] = low, high
    if step < 1:
        values[0, 1] = low + step
    image = image_from_array(values, spacing_mm=(0.6, 0.3))
    write_nrrd(image, tmp_path / "image.nrrd")
    assert f"type: {kind}\n".encode() in (tmp_path / "image.nrrd").read_bytes()[:200]
    assert np.array_equal(read_image(tmp_path / "image.nrrd").pixels, image.pixels)


@pytest.mark.parametrize("row", [0.6, 0.1 + 0.2, 1 / 3, 0.2345678901234567, 1.0])
@pytest.mark.parametrize("column", [0.3, 0.7 / 3, 1.0])
def test_the_spacing_comes_back_to_the_last_digit(
    tmp_path: Path, twelve_bit: np.ndarray, row: float, column: float
) -> None:
    image = image_from_array(twelve_bit, spacing_mm=(row, column), spacing_source="PixelSpacing")
    write_nrrd(image, tmp_path / "image.nrrd")
    again = read_image(tmp_path / "image.nrrd")
    assert again.spacing_mm == (row, column)
    assert again.spacing_source == "PixelSpacing"


@pytest.mark.parametrize("source", ["user", "ImagerPixelSpacing", "odd", "unknown"])
@pytest.mark.parametrize("spacing", [(0.6, 0.6), (5.0, 0.1), (1.0, 1.0)])
def test_a_file_written_from_what_was_read_is_the_same(
    tmp_path: Path, twelve_bit: np.ndarray, source: str, spacing: tuple[float, float]
) -> None:
    given = None if source == "unknown" else spacing
    known = source if source != "odd" else "file header"
    image = image_from_array(twelve_bit, spacing_mm=given, spacing_source=known)
    write_nrrd(image, tmp_path / "1.nrrd")
    write_nrrd(read_image(tmp_path / "1.nrrd"), tmp_path / "2.nrrd")
    assert (tmp_path / "1.nrrd").read_bytes() == (tmp_path / "2.nrrd").read_bytes()


def test_an_unknown_spacing_stays_unknown(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    write_nrrd(image_from_array(twelve_bit), tmp_path / "image.nrrd")
    again = read_image(tmp_path / "image.nrrd")
    assert (again.spacing_mm, again.spacing_source) == (None, "unknown")


def test_a_known_shape_of_the_pixels_is_kept(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    scale = PixelScale(4 / 3, 1.0, in_mm=False)
    image = image_from_array(twelve_bit, scale=scale, spacing_source="PixelAspectRatio")
    write_nrrd(image, tmp_path / "image.nrrd")
    again = read_image(tmp_path / "image.nrrd")
    assert (again.scale, again.spacing_source) == (scale, "PixelAspectRatio")


def test_itk_sees_the_plane_on_which_the_markups_lie(
    tmp_path: Path, twelve_bit: np.ndarray
) -> None:
    write_nrrd(image_from_array(twelve_bit, spacing_mm=(0.6, 0.3)), tmp_path / "image.nrrd")
    seen = SimpleITK.ReadImage(str(tmp_path / "image.nrrd"))
    assert seen.GetSize() == (80, 120, 1)
    assert seen.GetSpacing() == pytest.approx((0.3, 0.6, 1.0), abs=1e-15)
    assert seen.GetOrigin() == (0.0, 0.0, 0.0)
    assert seen.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    # LPS, in mm: column 10 and row 20 lie at (10 x 0.3, 20 x 0.6, 0).
    assert seen.TransformIndexToPhysicalPoint((10, 20, 0)) == pytest.approx((3.0, 12.0, 0.0))


def test_a_source_with_a_line_break_cannot_write_a_header_of_its_own(
    tmp_path: Path, twelve_bit: np.ndarray
) -> None:
    image = image_from_array(
        twelve_bit, spacing_mm=(0.6, 0.3), spacing_source="host\n\ntype: double"
    )
    write_nrrd(image, tmp_path / "image.nrrd")
    assert np.array_equal(read_image(tmp_path / "image.nrrd").pixels, twelve_bit)


def test_an_old_file_stays_whole_when_writing_fails(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    image = image_from_array(twelve_bit)
    with pytest.raises(OutputError, match="Expected to write"):
        write_nrrd(image, tmp_path / "nowhere" / "image.nrrd")
    (tmp_path / "image.nrrd").mkdir()
    with pytest.raises(OutputError, match="Expected to write"):
        write_nrrd(image, tmp_path / "image.nrrd")
    assert [path.name for path in tmp_path.iterdir()] == ["image.nrrd"]
