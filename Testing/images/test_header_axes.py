"""Units and directions in the headers of NRRD, NIfTI and MetaImage, and odd TIFF files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from vertenet.errors import ImageError
from vertenet.images import read_image
from vertenet.images.header_axes import nrrd_units


def nrrd(path: Path, pixels: np.ndarray, *fields: str) -> Path:
    """An NRRD file of two axes with further lines in its header."""
    rows, columns = pixels.shape
    head = ["NRRD0005", "type: uint8", "dimension: 2", f"sizes: {columns} {rows}", "encoding: raw"]
    path.write_bytes("\n".join([*head, *fields]).encode() + b"\n\n" + pixels.tobytes())
    return path


@pytest.mark.parametrize(
    ("unit", "spacing"),
    [
        ("mm", (0.05, 0.06)),
        ("", (0.05, 0.06)),
        ("millimeters", (0.05, 0.06)),
        ("cm", (0.5, 0.6)),
        ("CM", (0.5, 0.6)),
        ("inches", None),
        ("um", None),
        ("m", None),
    ],
)
@pytest.mark.parametrize("space", [True, False])
def test_a_spacing_in_another_unit_is_never_taken_for_millimetres(
    tmp_path: Path,
    eight_bit: np.ndarray,
    unit: str,
    spacing: tuple[float, float] | None,
    space: bool,
) -> None:
    fields = (
        (
            "space dimension: 2",
            "space directions: (0.06,0) (0,0.05)",
            f'space units: "{unit}" "{unit}"',
        )
        if space
        else ("spacings: 0.06 0.05", f'units: "{unit}" "{unit}"')
    )
    path = nrrd(tmp_path / "scan.nrrd", eight_bit, *fields)
    image = read_image(path)
    assert np.array_equal(image.pixels, eight_bit)
    assert image.spacing_mm == spacing
    assert image.spacing_source == ("unknown" if spacing is None else "file header")
    assert any("file's header" in sentence for sentence in image.warnings) == (spacing is None)
    assert read_image(path, spacing_mm=(0.4, 0.3)).spacing_mm == (0.4, 0.3)


def test_axes_of_two_units_have_no_spacing(tmp_path: Path, eight_bit: np.ndarray) -> None:
    fields = "spacings: 0.3 0.5", 'units: "mm" "cm"'
    image = read_image(nrrd(tmp_path / "scan.nrrd", eight_bit, *fields))
    assert image.spacing_mm is None
    assert any("'mm, cm', not in mm" in sentence for sentence in image.warnings)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("pixels", [b"", b'\x00units: "mm"'])
def test_units_are_read_to_the_empty_line_or_to_the_end_of_a_header_alone(
    end: str, pixels: bytes
) -> None:
    header = end.join(["NRRD0005", 'units: "cm" "cm"', ""]).encode()
    assert nrrd_units(header + (end.encode() + pixels if pixels else b"")) == (10.0, "cm")


def test_a_header_whose_pixels_lie_in_another_file_tells_its_unit(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    rows, columns = eight_bit.shape
    (tmp_path / "scan.raw").write_bytes(eight_bit.tobytes())
    head = ["NRRD0005", "type: uint8", "dimension: 2", f"sizes: {columns} {rows}", "encoding: raw"]
    fields = ["spacings: 0.06 0.05", 'units: "cm" "cm"', "data file: scan.raw", ""]
    (tmp_path / "scan.nhdr").write_text("\n".join([*head, *fields]), encoding="utf-8")
    assert read_image(tmp_path / "scan.nhdr").spacing_mm == (0.5, 0.6)


UP, TURNED = "upside down", "on its side"
SAGITTAL = {
    "head up": ((0, 1, 0), (0, 0, -1), ""),
    "head down": ((0, 1, 0), (0, 0, 1), UP),
    "columns up": ((0, 0, 1), (0, 1, 0), TURNED),
    "columns down": ((0, 0, -1), (0, -1, 0), TURNED),
}


@pytest.mark.parametrize(("column", "row", "word"), SAGITTAL.values(), ids=SAGITTAL.keys())
@pytest.mark.parametrize("suffix", ["nrrd", "mha", "nii"])
def test_a_head_that_is_not_at_the_upper_edge_is_said(
    tmp_path: Path, eight_bit: np.ndarray, column: tuple, row: tuple, word: str, suffix: str
) -> None:
    volume = SimpleITK.GetImageFromArray(eight_bit[None])
    volume.SetSpacing((0.3, 0.5, 1.0))
    third = np.cross(column, row)
    volume.SetDirection(np.stack([column, row, third], axis=1).astype(float).ravel().tolist())
    path = tmp_path / f"scan.{suffix}"
    SimpleITK.WriteImage(volume, str(path))
    image = read_image(path)
    # As stored, whatever the header says; the spacing goes with the file's own axes.
    assert np.array_equal(image.pixels, eight_bit)
    assert image.spacing_mm == (0.5, 0.3)
    said = [w for w in (UP, TURNED) if any(w in sentence for sentence in image.warnings)]
    assert said == ([word] if word else [])


@pytest.mark.parametrize(
    ("matrix", "word"),
    [((1, 0, 0, 1), ""), ((-1, 0, 0, 1), ""), ((1, 0, 0, -1), UP), ((0, 1, 1, 0), TURNED)],
)
def test_a_flat_file_may_have_exchanged_axes(
    tmp_path: Path, eight_bit: np.ndarray, matrix: tuple, word: str
) -> None:
    flat = SimpleITK.GetImageFromArray(eight_bit)
    flat.SetDirection([float(v) for v in matrix])
    SimpleITK.WriteImage(flat, str(tmp_path / "scan.mha"))
    warnings = read_image(tmp_path / "scan.mha").warnings
    assert [w for w in (UP, TURNED) if any(w in s for s in warnings)] == ([word] if word else [])


def test_a_tiff_of_grey_with_alpha_is_refused(tmp_path: Path, eight_bit: np.ndarray) -> None:
    # ITK reads grey and alpha in turn as pixels: half of a picture, with stripes.
    Image.fromarray(eight_bit).convert("LA").save(tmp_path / "scan.tif")
    with pytest.raises(ImageError, match="grey with alpha"):
        read_image(tmp_path / "scan.tif")


def test_real_numbers_whose_small_ones_are_white_are_inverted(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    values = eight_bit.astype(np.float32) / 7
    Image.fromarray(values).save(tmp_path / "scan.tif", tiffinfo={262: 0})
    image = read_image(tmp_path / "scan.tif")
    # Single precision of numbers up to 36: 4e-6.
    np.testing.assert_allclose(image.pixels, values.max() + values.min() - values, atol=4e-6)
    assert image.history == ("inverted (TIFF MinIsWhite)",)


@pytest.mark.parametrize(
    ("kind", "offset"),
    [
        (np.uint32, 2**31),
        (np.int32, -(2**30)),
        (np.int64, 2**40),
        (np.int64, -(2**63)),
        (np.uint64, 2**64 - 256),
        (np.float64, 1e9),
        (np.float64, -1e14),
    ],
)
def test_values_on_a_high_floor_keep_their_differences(
    eight_bit: np.ndarray, kind: type, offset: float
) -> None:
    from vertenet.images import image_from_array

    values = eight_bit.astype(kind) + kind(offset)
    image = image_from_array(values)
    assert np.array_equal(image.pixels, eight_bit - int(eight_bit.min()))
    assert any("taken off" in line for line in image.history)


@pytest.mark.parametrize("kind", [np.uint32, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("factor", [1, 2**20])
def test_other_values_of_32_bits_stay_as_they_are(
    twelve_bit: np.ndarray, kind: type, factor: int
) -> None:
    from vertenet.images import image_from_array

    values = (twelve_bit.astype(np.int64) // 4 * factor).astype(kind)
    image = image_from_array(values)
    assert np.array_equal(image.pixels, values)
    assert image.history == ()
