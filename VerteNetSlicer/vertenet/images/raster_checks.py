"""Whether a raster file is whole, for the formats whose libraries fill gaps silently.

ITK returns grey, zeros or garbage for the missing part of a truncated JPEG, BMP or NIfTI file.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from pathlib import Path

from ..errors import ImageError
from .codestream import jpeg_is_complete
from .limits import MAX_PIXELS
from .tiff_tags import PHOTOMETRIC, SAMPLES, first_page_number

_META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}
_MAX_PAGES = 4096
_MAX_BYTES = 8 * MAX_PIXELS + (1 << 20)


def check_whole(data: bytes, kind: str, path: Path) -> None:
    """Refuse a truncated file.

    Raises:
        ImageError: if the data ends before the image does.
    """
    if kind == "BMP" and data[30:31] not in (b"", b"\x00", b"\x03"):
        # ITK writes beyond its buffer where such data are damaged, which ends the process.
        raise ImageError(
            f"{path.name}: expected an uncompressed BMP file, got a compressed one. Save it as PNG."
        )
    if kind == "NRRD":
        where = _nrrd_data_file(data)
        if where is not None:
            _detached(path, where, kind)
        return
    if kind == "TIFF" and not _tiff_ends(data):
        raise ImageError(
            f"{path.name}: expected a TIFF file with an end, got one whose pages follow one "
            "another in a circle. Export it again."
        )
    if kind == "TIFF" and first_page_number(data, SAMPLES) == 2:
        # ITK hands out grey and alpha in turn, as if both were pixels.
        raise ImageError(
            f"{path.name}: expected grey or colour pixels, got a TIFF file of grey with alpha. "
            "Save it without alpha."
        )
    whole = {"PNG": _png, "JPEG": jpeg_is_complete, "BMP": _bmp, "NIfTI": _nifti}.get(kind)
    complete = _metaimage(data, path) if kind == "MetaImage" else whole is None or whole(data)
    if not complete:
        raise ImageError(
            f"{path.name}: expected a whole {kind} file, got one that is truncated. "
            "Copy or export it again."
        )


def _tiff_ends(data: bytes) -> bool:
    """Whether the chain of directories ends; ITK counts pages without an end where it does not.

    Source: TIFF 6.0, section 2; BigTIFF (magic number 43) has 8-byte offsets.
    """
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    offset, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    place = 8 if big else 4
    while place + struct.calcsize(offset) <= len(data):
        (start,) = struct.unpack_from(order + offset, data, place)
        if start == 0 or start + struct.calcsize(count) > len(data):
            return True
        if start in seen or len(seen) >= _MAX_PAGES:
            return False
        seen.add(start)
        (entries,) = struct.unpack_from(order + count, data, start)
        place = start + struct.calcsize(count) + entry * entries
    return True


def is_min_white(data: bytes) -> bool:
    """Whether a TIFF's first page says PhotometricInterpretation 0: small values are white.

    ITK hands out such values as they are stored.
    """
    return first_page_number(data, PHOTOMETRIC) == 0


def _png(data: bytes) -> bool:
    return b"IEND" in data[-64:] or data.rfind(b"IEND\xae\x42\x60\x82") > 0


def _bmp(data: bytes) -> bool:
    """Rows are padded to four bytes and lie at the offset in the header."""
    offset, _, width, height, _, bits, _ = struct.unpack("<IIiiHHI", data[10:34])
    return bool(len(data) >= offset + (abs(width) * bits + 31) // 32 * 4 * abs(height))


def _nifti(data: bytes) -> bool:
    """The voxels that the header promises are there, unpacked if need be."""
    packed = data[:2] == b"\x1f\x8b"
    head = zlib.decompressobj(31).decompress(data, 544) if packed else data[:544]
    if head[4:7] in (b"n+2", b"ni2"):
        order = "<" if head[0] in (28, 84) else ">"
        bits = struct.unpack(order + "h", head[14:16])[0]
        dim = struct.unpack(order + "8q", head[16:80])
        offset = struct.unpack(order + "q", head[168:176])[0]
    else:
        order = "<" if struct.unpack("<i", head[:4])[0] == 348 else ">"
        dim = struct.unpack(order + "8h", head[40:56])
        bits = struct.unpack(order + "h", head[72:74])[0]
        offset = int(struct.unpack(order + "f", head[108:112])[0])
    sizes = [max(int(length), 1) for length in dim[1 : 1 + max(0, min(int(dim[0]), 7))]]
    expected = max(int(offset), 0) + math.prod(sizes) * int(bits) // 8
    if expected > _MAX_BYTES or not packed:
        return expected > _MAX_BYTES or len(data) >= expected
    return len(zlib.decompressobj(31).decompress(data, expected)) >= expected


def _metaimage(data: bytes, path: Path) -> bool:
    """The element data that the header promises is there."""
    fields, start = _metaimage_header(data)
    _check_axes(data[:start], path)
    where = fields.get("elementdatafile", "")
    kind = fields.get("elementtype", "").upper().removeprefix("MET_").removesuffix("_ARRAY")
    width = _META_BYTES.get(kind.removeprefix("U"), 0)
    count = math.prod(max(int(size), 0) for size in fields.get("dimsize", "0").split())
    expected = count * width * int(fields.get("elementnumberofchannels", "1"))
    if where.upper() != "LOCAL":
        data = _detached(path, where, "MetaImage").read_bytes()
        start = max(int(fields.get("headersize", "0")), 0)
    if fields.get("compresseddata", "").lower() == "true" and expected <= _MAX_BYTES:
        # MetaIO pads what zlib could not give.
        return len(zlib.decompressobj(47).decompress(data[start:], expected)) >= expected
    return bool(expected > _MAX_BYTES or len(data) - start >= expected)


def _check_axes(header: bytes, path: Path) -> None:
    """MetaIO reads as many numbers as NDims says into ten places, which ends the process.

    Whatever the case of a key or however often it stands there: each must hold.
    """
    found: dict[bytes, list[bytes]] = {b"ndims": [], b"dimsize": []}
    for line in header.splitlines():
        key, *value = re.split(rb"[=:]", line, maxsplit=1)  # MetaIO takes either
        found.setdefault(key.strip().lower(), []).append(b"".join(value).strip())
    axes, sizes = found[b"ndims"], found[b"dimsize"]
    right = len(axes) == len(sizes) == 1 and re.fullmatch(rb"[2-5]", axes[0]) is not None
    if not right or len(sizes[0].split()) != int(axes[0]):
        raise ImageError(
            f"{path.name}: expected a MetaImage file with NDims from 2 to 5 and as many sizes in "
            "DimSize, each once, got another header. Export it again."
        )


def _detached(path: Path, where: str, kind: str) -> Path:
    """The one raw file in the header's folder; a pipe would hang, a path could be anything."""
    listed = "%" in where or where.upper().startswith("LIST")
    detached = path.parent / (where or ".")
    below = detached.resolve().is_relative_to(path.parent.resolve())
    if listed or not below or not detached.is_file():
        raise ImageError(
            f"{path.name}: expected one {kind} file with its data, or its raw file beside it, "
            f"got a reference to {where[:60]!r}. Export it as one file."
        )
    return detached


def _nrrd_data_file(data: bytes) -> str | None:
    """What the header's field ``data file`` says (``-`` is standard input); None without one."""
    found = re.search(rb"^data ?file: ?([^\r\n]*)", _nrrd_header(data), re.I | re.M)
    return None if found is None else found[1].decode("utf-8", "replace").strip()


def _nrrd_header(data: bytes) -> bytes:
    """The lines before the first empty one, which are the header."""
    ends = [end for end in (data.find(b"\n\n"), data.find(b"\n\r\n")) if end >= 0]
    return data[: min(ends, default=len(data))]


def _metaimage_header(data: bytes) -> tuple[dict[str, str], int]:
    """Lower-case keys with their values, and where the data after the header begins."""
    fields: dict[str, str] = {}
    position = 0
    while position < min(len(data), 1 << 16):
        end = data.find(b"\n", position)
        if end < 0:
            end = len(data)
        key, _, value = data[position:end].decode("latin-1").partition("=")
        fields[key.strip().lower()] = value.strip()
        position = end + 1
        if key.strip().lower() == "elementdatafile":
            break
    return fields, position
