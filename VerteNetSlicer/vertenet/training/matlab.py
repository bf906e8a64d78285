"""Numeric arrays of MATLAB files (level 5, as ``scipy.io.savemat`` and MATLAB 5 to 7 write).

A reader of our own: ``scipy.io.loadmat`` brings the whole process down on some damaged
files, and only small arrays of numbers are wanted here.
Source: MathWorks, MAT-File Format (R2024a), chapter 1, level 5 MAT-files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_HEADER, _MATRIX, _COMPRESSED, _TEXT = 128, 14, 15, 1
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_NUMERIC_CLASSES = range(6, 16)
_LARGEST = 1 << 24


def read_mat(data: bytes) -> dict[str, Array]:
    """The real numeric arrays of a file by name; other variables are passed over.

    Args:
        data: the file's content.

    Raises:
        ValueError: if it is no such file or damaged.
    """
    mark = data[126:128]
    if len(data) < _HEADER or mark not in (b"IM", b"MI"):
        raise ValueError("not a MATLAB file of level 5")
    order = "<" if mark == b"IM" else ">"
    found: dict[str, Array] = {}
    try:
        for kind, body in _elements(data[_HEADER:], order):
            if kind == _COMPRESSED:
                unpacked = zlib.decompressobj().decompress(body, _LARGEST)
                kind, body = next(_elements(unpacked, order), (0, b""))
            if kind == _MATRIX:
                found |= _matrix(body, order)
    except (struct.error, zlib.error, StopIteration, UnicodeError) as error:
        raise ValueError(f"damaged: {error}") from None
    return found


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element; small ones hold both in eight bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:
            kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start = at + 8
            end = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data) or size > _LARGEST:
            raise ValueError("damaged: an element is longer than the file")
        yield kind, data[start : start + size]
        at = end


def _matrix(data: bytes, order: str) -> dict[str, Array]:
    parts = list(_elements(data, order))
    if len(parts) < 4 or len(parts[0][1]) < 4:
        return {}
    flags = struct.unpack_from(f"{order}I", parts[0][1])[0]
    sizes = np.frombuffer(parts[1][1], dtype=f"{order}i4")
    name = parts[2][1].decode("ascii")
    kind, values = parts[3]
    if flags & 0xFF not in _NUMERIC_CLASSES or kind not in _NUMBERS:
        return {}
    numbers = np.frombuffer(values, dtype=f"{order}{_NUMBERS[kind]}").astype(np.float64)
    if (sizes < 0).any() or int(np.prod(sizes.astype(object))) != len(numbers):
        raise ValueError("damaged: an array has another size than it says")
    return {name: numbers.reshape(tuple(int(s) for s in sizes), order="F")}
