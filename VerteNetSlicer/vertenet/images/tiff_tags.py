"""Single tags of a TIFF file's first page, read from its bytes (also those inside EXIF)."""

from __future__ import annotations

import struct

PHOTOMETRIC, ORIENTATION, SAMPLES = 262, 274, 277
_NUMBERS = {1: "B", 3: "H", 4: "I"}
"""Types of a whole number (BYTE, SHORT, LONG) and how they are unpacked."""


def first_page_number(data: bytes, tag: int) -> int | None:
    """A tag's whole number in the first directory; None where it is absent or unreadable.

    Source: TIFF 6.0, section 2; BigTIFF (magic number 43) has 8-byte offsets.
    """
    found = _place(data, tag)
    if found is None:
        return None
    place, form = found
    return int(struct.unpack_from(form, data, place)[0])


def with_first_page_number(data: bytes, tag: int, value: int) -> bytes:
    """The same file with another whole number in a tag that is there."""
    found = _place(data, tag)
    if found is None:
        return data
    place, form = found
    changed = bytearray(data)
    struct.pack_into(form, changed, place, value)
    return bytes(changed)


def _place(data: bytes, tag: int) -> tuple[int, str] | None:
    """Where a tag's number lies, and its form for ``struct``."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    offset, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    try:
        (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
        (entries,) = struct.unpack_from(order + count, data, start)
        first = start + struct.calcsize(order + count)
        # A damaged count ends with the data.
        for place in range(first, min(first + entries * entry, len(data)), entry):
            found, kind = struct.unpack_from(order + "HH", data, place)
            if found == tag:
                form = _NUMBERS.get(kind)
                place += 12 if big else 8
                whole = form is not None and place + struct.calcsize(form) <= len(data)
                return (place, order + str(form)) if whole else None
    except (struct.error, OverflowError):
        return None
    return None
