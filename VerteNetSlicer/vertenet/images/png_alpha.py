"""Grey PNG files with an alpha channel or a transparent grey, which SimpleITK does not read.

Source: PNG specification, third edition (W3C 2025), sections 9 (filtering) and 11.2.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .limits import check_size

_GREY_ALPHA = 4


def is_grey_alpha(data: bytes) -> bool:
    """Whether the header of a PNG says grey with alpha."""
    return len(data) > 33 and data[25] == _GREY_ALPHA


def without_transparent_grey(data: bytes) -> bytes | None:
    """A grey PNG less its chunk that calls one grey transparent; None where there is none."""
    place = data.find(b"tRNS", 33, data.find(b"IDAT"))
    if len(data) <= 33 or data[25] != 0 or place < 0:
        return None
    length = int.from_bytes(data[place - 4 : place], "big")
    return data[: place - 4] + data[place + 8 + length :]


def read_grey_alpha(data: bytes, name: str) -> NDArray[np.uint16]:
    """(rows, columns) grey values; alpha is left aside.

    Raises:
        ImageError: interlaced, truncated, or of an absurd size.
    """
    columns, rows, bits, _, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    check_size(rows, columns, name)
    if interlaced or bits not in (8, 16):
        raise ImageError(
            f"{name}: expected a plain grey PNG, got an interlaced one with alpha. "
            "Save it without alpha."
        )
    step = bits // 4
    length = 1 + columns * step
    raw = zlib.decompressobj().decompress(_image_data(data), rows * length)
    if len(raw) < rows * length:
        raise ImageError(f"{name}: expected a whole PNG file, got one that is truncated.")
    lines = np.frombuffer(raw, np.uint8).reshape(rows, length)
    # Filters work byte by byte, a pixel apart: alpha's bytes need not be undone.
    planes = [_unfilter(lines[:, 0], lines[:, 1 + byte :: step]) for byte in range(bits // 8)]
    if bits == 8:
        return planes[0].astype(np.uint16)
    return np.stack(planes, axis=-1).view(">u2")[..., 0].astype(np.uint16)


def _image_data(data: bytes) -> bytes:
    parts, position = [], 8
    while position + 12 <= len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            parts.append(data[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(parts)


def _unfilter(kinds: NDArray[np.uint8], plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo the five filters in one byte plane, (rows, columns)."""
    out = np.zeros(plane.shape, np.uint8)
    above = np.zeros(plane.shape[1], np.uint8)
    for row, kind in enumerate(kinds.tolist()):
        line = plane[row]
        if kind == 1:
            line = np.add.accumulate(line, dtype=np.uint8)
        elif kind == 2:
            line = line + above
        elif kind == 3:
            line = _average(line, above)
        elif kind == 4:
            line = _paeth(line, above)
        elif kind:
            raise ValueError(f"unknown PNG filter {kind}")
        out[row] = above = line
    return out


def _average(line: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    left, out = 0, []
    for value, up in zip(line.tolist(), above.tolist(), strict=True):
        left = (value + (left + up) // 2) & 255
        out.append(left)
    return np.array(out, np.uint8)


def _paeth(line: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    left, corner, out = 0, 0, []
    for value, up in zip(line.tolist(), above.tolist(), strict=True):
        to_left, to_up, to_corner = (
            abs(up - corner),
            abs(left - corner),
            abs(left + up - 2 * corner),
        )
        if to_left <= to_up and to_left <= to_corner:
            nearest = left
        else:
            nearest = up if to_up <= to_corner else corner
        left, corner = (value + nearest) & 255, up
        out.append(left)
    return np.array(out, np.uint8)
