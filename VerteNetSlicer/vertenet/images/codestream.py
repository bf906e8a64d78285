"""The size that a JPEG, JPEG-LS or JPEG 2000 stream says it has, before a decoder believes it."""

from __future__ import annotations

# Start-of-frame markers of JPEG (without DHT C4, JPG C8, DAC CC) and of JPEG-LS (F7).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}


def codestream_size(data: bytes) -> tuple[int, int] | None:
    """(rows, columns) of the first stream inside encapsulated or bare data; None if not found."""
    jpeg2000 = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if jpeg2000 >= 0:
        field = [
            int.from_bytes(data[i : i + 4], "big") for i in range(jpeg2000 + 8, jpeg2000 + 24, 4)
        ]
        return field[1] - field[3], field[0] - field[2]
    start = data.find(b"\xff\xd8\xff", 0, 4096)
    return jpeg_size(data, start) if start >= 0 else None


def joined_fragments(data: bytes) -> bytes:
    """The one frame inside encapsulated data, its fragments joined; what is there if cut.

    Source: DICOM PS3.5 A.4: items FFFE,E000 of which the first is the table of offsets.
    """
    place, parts = 0, []
    while data[place : place + 4] == b"\xfe\xff\x00\xe0":
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        parts.append(data[place + 8 : place + 8 + length])
        place += 8 + length
    return b"".join(parts[1:])


def lacks_end(frame: bytes) -> bool:
    """Whether a JPEG, JPEG-LS or JPEG 2000 stream stops before its end marker.

    Decoders fill the rest with grey, or with what was there before; what they do may change
    within a process.
    """
    if frame[:3] == b"\xff\xd8\xff":
        return not jpeg_is_complete(frame)
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0:
        return False
    # Source: ISO/IEC 15444-1 A.1: no coded data hold a marker; SOD begins them, EOC ends them
    coded = frame.find(b"\xff\x93", start)
    return coded < 0 or frame.find(b"\xff\xd9", coded) < 0


def jpeg_size(data: bytes, start: int = 0) -> tuple[int, int] | None:
    """(rows, columns) in the frame header of the JPEG stream that begins at `start`."""
    found = _segment(data, start, _FRAMES)
    if found is None:
        return None
    return (
        int.from_bytes(data[found + 5 : found + 7], "big"),
        int.from_bytes(data[found + 7 : found + 9], "big"),
    )


def jpeg_is_complete(data: bytes) -> bool:
    """Whether the end-of-image marker follows the scan; libjpeg fills the rest with grey."""
    scan = _segment(data, 0, frozenset({0xDA}))
    return scan is not None and data.find(b"\xff\xd9", scan) >= 0


def _segment(data: bytes, start: int, wanted: frozenset[int]) -> int | None:
    """Position of the first marker of a wanted kind, walking from segment to segment."""
    position = start + 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker in wanted:
            return position
        if marker == 0xFF:
            position += 1
        elif marker in _ALONE:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
