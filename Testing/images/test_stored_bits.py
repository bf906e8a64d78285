"""DICOM words whose bits outside Bits Stored are empty, explained, or against the header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vertenet.errors import ImageError
from vertenet.images import read_image

MakeDicom = Callable[..., Path]
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_VR = {0x0010: "US", 0x0011: "US", 0x0040: "CS", 0x0050: "SS", 0x0100: "US", 0x0102: "US"}


def with_overlay(path: Path, bit: int, *, data: bytes | None = None, group: int = 0x6000) -> Path:
    """The same file with an overlay plane at a bit of its pixels, or with data of its own."""
    import pydicom

    dataset = pydicom.dcmread(path)
    values: dict[int, Any] = {
        0x0010: dataset.Rows, 0x0011: dataset.Columns, 0x0040: "G", 0x0050: [1, 1],
        0x0100: 1 if data else dataset.BitsAllocated, 0x0102: bit,
    }  # fmt: skip
    for element, value in values.items():
        dataset.add_new((group, element), _VR[element], value)
    if data:
        dataset.add_new((group, 0x3000), "OW", data)
    dataset.save_as(path, enforce_file_format=True)
    return path


def lines(image: np.ndarray, bit: int) -> np.ndarray:
    """A drawing at one bit: every third column."""
    drawing = np.zeros_like(image)
    drawing[:, ::3] = 1 << bit
    return drawing


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("bit", [12, 15])
def test_a_declared_overlay_above_the_stored_bits_is_taken_out(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, syntax: str, bit: int
) -> None:
    words = twelve_bit | lines(twelve_bit, bit)
    image = read_image(with_overlay(make_dicom(words, syntax, BitsStored=12), bit))
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.history == (f"overlay in bit {bit} taken out",)


def test_two_overlays_and_a_signed_value_between_them(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    signed = twelve_bit.astype(np.int16) - 2048
    # Bits 12 and 13 extend the sign, 14 and 15 are drawings.
    words = (signed & 0x3FFF).astype(np.uint16) | lines(twelve_bit, 14) | lines(twelve_bit, 15)
    path = make_dicom(words, BitsStored=12, PixelRepresentation=1)
    image = read_image(with_overlay(with_overlay(path, 14), 15, group=0x6002))
    assert np.array_equal(image.pixels, signed)


def test_a_declared_overlay_below_left_aligned_values_is_taken_out(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    words = (twelve_bit << 4) | lines(twelve_bit, 0)
    path = make_dicom(words, BitsStored=12, HighBit=15)
    image = read_image(with_overlay(path, 0))
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.history == ("overlay in bit 0 taken out",)


def test_bits_that_another_bits_overlay_does_not_explain_are_refused(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    path = make_dicom(twelve_bit | lines(twelve_bit, 13), BitsStored=12)
    with pytest.raises(ImageError, match="12 bits as Bits Stored says, got 3240 pixels"):
        read_image(with_overlay(path, 14))


def test_an_overlay_with_data_of_its_own_explains_no_bits(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    plane = b"\x01\x00" * (twelve_bit.size // 16)
    clean = with_overlay(make_dicom(twelve_bit, BitsStored=12, name="clean"), 0, data=plane)
    image = read_image(clean)
    assert np.array_equal(image.pixels, twelve_bit)
    assert (image.history, any("overlay" in w for w in image.warnings)) == ((), False)
    words = twelve_bit | lines(twelve_bit, 0 + 12)
    drawn = with_overlay(make_dicom(words, BitsStored=12, name="drawn"), 12, data=plane)
    with pytest.raises(ImageError, match="Bits Stored"):
        read_image(drawn)


def test_an_overlay_inside_the_grey_value_is_warned_about(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    image = read_image(with_overlay(make_dicom(twelve_bit, BitsStored=12), 11))
    assert np.array_equal(image.pixels, twelve_bit)
    assert any("bit 11 of each pixel is an overlay" in sentence for sentence in image.warnings)


def test_values_larger_than_the_stored_bits_are_refused_and_never_wrap(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    # 14-bit values in a file that says 12: cut, 4096 would be as dark as 0.
    high = int(twelve_bit.max())
    for top, fits in ((4095, True), (4096, False)):
        values = twelve_bit.copy()
        values[values == high] = top
        path = make_dicom(values, BitsStored=12, name=f"{top}")
        if fits:
            assert float(read_image(path).pixels.max()) == 4095
            continue
        with pytest.raises(ImageError, match="expected values of 12 bits"):
            read_image(path)
    signed = twelve_bit.astype(np.int16) - 2048
    signed[0, 0] = -2049
    path = make_dicom(signed, BitsStored=12, name="signed")
    with pytest.raises(ImageError, match="expected values of 12 bits"):
        read_image(path)


def test_signed_values_are_read_extended_or_not_but_not_both(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    signed = twelve_bit.astype(np.int16) - 2048
    bare = (signed & 0x0FFF).astype(np.int16)
    for words, name in ((signed, "extended"), (bare, "bare")):
        assert np.array_equal(
            read_image(make_dicom(words, BitsStored=12, name=name)).pixels, signed
        )
    mixed = np.where(np.arange(80) < 40, signed, bare)
    with pytest.raises(ImageError, match="Bits Stored"):
        read_image(make_dicom(mixed, BitsStored=12, name="mixed"))


def test_a_bit_set_in_every_pixel_tells_nothing_and_is_cut(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    path = make_dicom(twelve_bit | np.uint16(0x8000), BitsStored=12)
    assert np.array_equal(read_image(path).pixels, twelve_bit)


def test_padding_outside_the_stored_bits_is_padding_and_not_an_excess(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    words = twelve_bit.copy()
    words[:, :10] = 63536
    image = read_image(make_dicom(words, BitsStored=12, PixelPaddingValue=63536))
    assert np.array_equal(image.pixels[:, 10:], twelve_bit[:, 10:])
    assert np.all(image.pixels[:, :10] == twelve_bit[:, 10:].min())
    words[0, 20] = 63537
    with pytest.raises(ImageError, match="got 1 pixels"):
        read_image(make_dicom(words, BitsStored=12, PixelPaddingValue=63536, name="more"))


def test_left_aligned_values_under_a_right_aligned_header_are_refused(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    with pytest.raises(ImageError, match="Bits Stored and High Bit"):
        read_image(make_dicom(twelve_bit << 4, BitsStored=12, HighBit=11))


def test_a_rle_file_is_judged_as_its_uncompressed_twin(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    import pydicom
    from pydicom.uid import RLELossless

    for words, fits in ((twelve_bit, True), (twelve_bit | lines(twelve_bit, 14), False)):
        path = make_dicom(words, name=f"rle{fits}")
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, encoding_plugin="pydicom")
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.save_as(path)
        if fits:
            assert np.array_equal(read_image(path).pixels, twelve_bit)
            continue
        with pytest.raises(ImageError, match="Bits Stored"):
            read_image(path)
