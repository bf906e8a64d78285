"""Stored values of a DICOM image's one frame: native or compressed, one sample or three."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ImageError
from .dicom_bits import Codes, codes_from_words
from .dicom_codecs import damage, decode_frame
from .dicom_layout import NATIVE, Layout, Stored

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def stored_values(dataset: Dataset, layout: Layout, name: str) -> Codes:
    """Integers with the file's sign and stored bits.

    Raises:
        ImageError: truncated, of another length than the tags say, not decodable, or with values
            beyond the stored bits.
    """
    element = dataset["PixelData"]
    data = element.value
    if not isinstance(data, bytes) or not data:
        raise ImageError(f"{name}: expected pixels, got an empty Pixel Data element.")
    if layout.syntax in NATIVE:
        raw = _native(data, layout, str(element.VR), name)
        return codes_from_words(dataset, raw, layout, name)
    raw = decode_frame(dataset, data, layout, name)
    codes = codes_from_words(dataset, raw, layout, name)
    return replace(codes, warnings=codes.warnings + damage(data, layout))


def _native(data: bytes, layout: Layout, vr: str, name: str) -> Stored:
    expected, got = layout.frame_bytes, len(data)
    if got < expected:
        raise ImageError(
            f"{name}: expected {expected} bytes of pixels for {layout.columns} x {layout.rows}, "
            f"got {got}: the file is truncated or its tags are wrong."
        )
    # Writers pad to an even length, or to a block; a whole row more is another image.
    if got - expected > max(512, layout.columns * layout.samples * layout.allocated // 8):
        raise ImageError(
            f"{name}: expected {expected} bytes of pixels for {layout.columns} x {layout.rows}, "
            f"got {got}: more than one frame, or wrong tags."
        )
    frame = data[:expected]
    if layout.big_endian and layout.allocated == 8 and vr == "OW":
        # Two bytes to a 16-bit word, the second pixel first.
        frame = np.frombuffer(data[: expected + expected % 2], "u2").byteswap().tobytes()[:expected]
    values = np.frombuffer(frame, layout.dtype)
    rows, columns = layout.rows, layout.columns
    if layout.halved:
        return values.reshape(-1, 4)[:, :2].reshape(rows, columns)
    if layout.samples == 1:
        return values.reshape(rows, columns)
    if layout.planar == 1:
        return values.reshape(3, rows, columns).transpose(1, 2, 0)
    return values.reshape(rows, columns, 3)
