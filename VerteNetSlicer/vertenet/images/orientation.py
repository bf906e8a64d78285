"""Whether a picture asks to be shown turned or mirrored (EXIF or TIFF Orientation).

VerteNet takes pixels and points as they are stored, in every format; programs that obey the
tag show the picture otherwise, so the reader is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import ImageError
from .limits import MAX_FILE_BYTES
from .sniff import sniff
from .tiff_tags import ORIENTATION, first_page_number

_SHOWN = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "mirrored and turned by 90 degrees",
    6: "turned by 90 degrees clockwise",
    7: "mirrored and turned by 90 degrees",
    8: "turned by 90 degrees anticlockwise",
}
"""What is done to the stored picture.  Source: EXIF 2.32 (JEITA CP-3451), 4.6.4, tag 274."""


def asks_to_be_turned(data: bytes, kind: str) -> str:
    """A sentence for the reader where the tag asks for another view; else empty.

    Args:
        data: the whole file.
        kind: what :func:`vertenet.images.sniff.sniff` says.
    """
    shown = _SHOWN.get(orientation(data, kind))
    if shown is None:
        return ""
    return (
        f"The file asks to be shown {shown} (orientation tag); it is read as stored, and points "
        "are those of the stored pixels. Other programs may show it otherwise: if the spine does "
        "not stand upright here, save the picture upright without that tag."
    )


def picture_asks_to_be_turned(path: Path) -> str:
    """The same of a PNG, JPEG or TIFF file that another reader loaded, as ITK inside Slicer.

    ITK mirrors a TIFF by its tag but never turns it, so that its pixels may be neither those
    stored nor those that other programs show.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_FILE_BYTES else b""
        kind = sniff(data, path.name)
    except (OSError, ImageError):
        return ""
    asked = asks_to_be_turned(data, kind)
    if not asked or kind != "TIFF":
        return asked
    shown = _SHOWN[orientation(data, kind)]
    return (
        f"The file asks to be shown {shown} (orientation tag), and this program mirrored its "
        "pixels by that tag on loading: points lie on the image as it is here, not on the stored "
        "pixels. Save the picture upright without that tag and load it again."
    )


def orientation(data: bytes, kind: str) -> int:
    """EXIF's or TIFF's Orientation, 1 to 8; 1 (as stored) where it is absent or unreadable."""
    if kind == "TIFF":
        found = [data]
    elif kind == "JPEG":
        found = [part[6:] for part in _jpeg_segments(data, 0xE1) if part[:6] == b"Exif\0\0"]
    elif kind == "PNG":
        found = list(_png_chunks(data, b"eXIf"))
    else:
        return 1
    number = first_page_number(found[0], ORIENTATION) if found else None
    return number if number in _SHOWN else 1


def _jpeg_segments(data: bytes, wanted: int) -> Iterator[bytes]:
    """Contents of the segments of a kind before the picture itself."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xDA or length < 2:
            return
        if marker == wanted:
            yield data[place + 4 : place + 2 + length]
        place += 2 + length


def _png_chunks(data: bytes, wanted: bytes) -> Iterator[bytes]:
    """Contents of the chunks of a kind; EXIF may stand behind the picture."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] == wanted:
            yield data[place + 8 : place + 8 + length]
        place += 12 + length
