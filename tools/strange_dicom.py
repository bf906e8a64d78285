"""Lies about the elements, fragments and codestreams of DICOM files."""

from __future__ import annotations

import random
import re
import struct

from strange_words import NUMBERS, SIZES, WORDS

_LONG = (b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR", b"OV", b"SV", b"UV")
KINDS = (
    *_LONG,
    b"US",
    b"SS",
    b"UL",
    b"SL",
    b"DS",
    b"IS",
    b"LO",
    b"PN",
    b"CS",
    b"UI",
    b"DA",
    b"TM",
    b"DT",
    b"AS",
    b"AT",
    b"FL",
    b"FD",
    b"LT",
    b"ST",
    b"AE",
    b"SH",
    b"XX",
    b"\0\0",
)
SYNTAXES = (
    b"1.2.840.10008.1.2",
    b"1.2.840.10008.1.2.1",
    b"1.2.840.10008.1.2.1.99",
    b"1.2.840.10008.1.2.2",
    b"1.2.840.10008.1.2.5",
    b"1.2.840.10008.1.2.4.50",
    b"1.2.840.10008.1.2.4.51",
    b"1.2.840.10008.1.2.4.57",
    b"1.2.840.10008.1.2.4.70",
    b"1.2.840.10008.1.2.4.80",
    b"1.2.840.10008.1.2.4.81",
    b"1.2.840.10008.1.2.4.90",
    b"1.2.840.10008.1.2.4.91",
    b"1.2.840.10008.1.2.4.201",
    b"1.2.840.10008.1.2.4.100",
    b"1.2.840.10008.1.2.7.1",
    b"9.9",
    b"",
)
COLOURS = (
    b"MONOCHROME1",
    b"RGB",
    b"YBR_FULL",
    b"YBR_FULL_422",
    b"YBR_ICT",
    b"YBR_RCT",
    b"CMYK",
    b"PALETTE COLOR",
    b"YBR_PARTIAL_420",
    b"ARGB",
    b"HSV",
    b"",
    b"\0\0\0\0",
)
_SHAPE = {(0x28, n) for n in (2, 6, 8, 0x10, 0x11, 0x100, 0x101, 0x102, 0x103)}


def elements(data: bytes) -> list[tuple[tuple[int, int], bytes, int, int, int]]:
    """Tag, kind, where it begins, where its value does, and its length; explicit, top level."""
    found, at = [], 132
    while at + 8 <= len(data):
        group, number, kind = struct.unpack_from("<HH2s", data, at)
        wide = kind in _LONG
        if wide and at + 12 > len(data):
            break
        length = struct.unpack_from("<I" if wide else "<H", data, at + (8 if wide else 6))[0]
        start = at + (12 if wide else 8)
        found.append(((group, number), kind, at, start, length))
        if length == 0xFFFFFFFF:
            break
        at = start + length
    return found


def element(tag: tuple[int, int], kind: bytes, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    if kind in _LONG:
        return struct.pack("<HH2sHI", *tag, kind, 0, size & 0xFFFFFFFF) + value
    return struct.pack("<HH2sH", *tag, kind, size & 0xFFFF) + value


def dicom(data: bytes, rng: random.Random) -> bytes:
    """One to three lies about elements of a file in explicit little endian."""
    for _ in range(rng.randint(1, 3)):
        found = elements(data)
        if not found:
            return data
        lie = rng.choice(
            (
                _retyped,
                _relengthed,
                _nested,
                _doubled,
                _shaped,
                _shaped,
                _recoded,
                _coloured,
                _fragments,
                _fragments,
                _payload,
                _payload,
                _valued,
            )
        )
        data = lie(data, found, rng)
    return data


def _some(found, rng, tags=None):
    chosen = [e for e in found if tags is None or e[0] in tags] or found
    return rng.choice(chosen)


def _retyped(data, found, rng):
    tag, _, at, start, length = _some(found, rng)
    value = data[start : start + min(length, len(data))]
    return data[:at] + element(tag, rng.choice(KINDS), value) + data[start + len(value) :]


def _relengthed(data, found, rng):
    tag, kind, at, start, length = _some(found, rng)
    lie = rng.choice(
        (0, 1, length + 1, length - 1, length * 2, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, len(data))
    )
    return data[:at] + element(tag, kind, data[start:], max(0, lie))


def _nested(data, found, rng):
    """Sequences of known length within each other, or of unknown and never closed."""
    inner = element((0x10, 0x10), b"PN", b"A^B ")
    known = rng.random() < 0.5
    for _ in range(rng.choice((3, 40, 900, 2500))):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner) if known else 0xFFFFFFFF) + inner
        inner = element((0x40, 0xA730), b"SQ", item, None if known else 0xFFFFFFFF)
    at = _some(found, rng)[2]
    return data[:at] + inner + data[at:]


def _doubled(data, found, rng):
    _, _, at, start, length = _some(found, rng)
    piece = data[at : start + min(length, 4096)]
    return data[:at] + piece * rng.choice((2, 3, 300)) + data[at:]


def _shaped(data, found, rng):
    _tag, kind, _, start, length = _some(found, rng, _SHAPE)
    if kind == b"US":
        value = struct.pack("<H", rng.choice(SIZES) if rng.random() < 0.8 else rng.getrandbits(16))
    else:
        value = rng.choice(NUMBERS).encode()[:length].ljust(length)
    return data[:start] + value[:length].ljust(length, b"\0") + data[start + length :]


def _valued(data, found, rng):
    tag, kind, at, start, length = _some(found, rng)
    value = rng.choice(
        (
            rng.choice(NUMBERS).encode(),
            rng.choice(WORDS),
            b"\\" * 400,
            b"",
            rng.randbytes(rng.randint(0, 90)),
            b"20269999",
            b"1\\2\\3",
            b"^" * 90,
        )
    )
    return data[:at] + element(tag, kind, value) + data[start + min(length, len(data)) :]


def _recoded(data, found, rng):
    """Another transfer syntax than the data have."""
    for tag, kind, at, start, length in found:
        if tag == (2, 0x10):
            value = rng.choice(SYNTAXES)
            value += b"\0" * (len(value) % 2)
            return data[:at] + element(tag, kind, value) + data[start + length :]
    return data


def _coloured(data, found, rng):
    for tag, kind, at, start, length in found:
        if tag == (0x28, 4):
            value = rng.choice(COLOURS)
            value += b" " * (len(value) % 2)
            return data[:at] + element(tag, kind, value) + data[start + length :]
    return data


def _fragments(data, found, rng):
    """Encapsulated data in pieces that are cut, empty, far too many, or without an end."""
    tag, _kind, at, start, length = found[-1]
    if tag != (0x7FE0, 0x10):
        return data
    body = data[start:] if length == 0xFFFFFFFF else b""
    pieces = re.findall(rb"\xfe\xff\x00\xe0....", body, re.S)
    payload = body[16:] if pieces else data[start:]
    cuts = sorted(rng.randrange(len(payload) + 1) for _ in range(rng.choice((0, 1, 5, 400))))
    parts = [payload[i:j] for i, j in zip([0, *cuts], [*cuts, len(payload)])]
    if rng.random() < 0.4 and len(parts) > 1:
        del parts[rng.randrange(len(parts))]
    if rng.random() < 0.3:
        parts.insert(rng.randrange(len(parts) + 1), b"")
    table = b"".join(
        struct.pack("<I", rng.choice((0, 4, 2**31, 2**32 - 1)))
        for _ in range(rng.choice((0, 0, 1, 3)))
    )
    out = struct.pack("<HHI", 0xFFFE, 0xE000, len(table)) + table
    for part in parts:
        size = rng.choice((len(part),) * 8 + (0, len(part) + 9, 0xFFFFFFFF, 0x7FFFFFFF))
        out += struct.pack("<HHI", 0xFFFE, rng.choice((0xE000,) * 9 + (0xE00D,)), size) + part
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if rng.random() < 0.7 else b""
    return data[:at] + element(tag, b"OB", out + end, 0xFFFFFFFF)


def _payload(data, found, rng):
    """Damage within the codestream: sizes, markers, tables, offsets."""
    tag, _, _, start, _ = found[-1]
    if tag != (0x7FE0, 0x10) or start >= len(data):
        return data
    out = bytearray(data)
    marks = [m.start() for m in re.finditer(rb"\xff[\x4f-\x64\x90-\x93\xc0-\xfe]", data[start:])]
    for _ in range(rng.randint(1, 6)):
        at = start + (
            rng.choice(marks[:40])
            if marks and rng.random() < 0.8
            else rng.randrange(max(1, min(len(out) - start, 200)))
        )
        at = min(len(out) - 1, at + rng.randint(0, 24))
        wide = rng.choice((1, 1, 2, 4))
        out[at : at + wide] = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\x01")) * wide
    return bytes(out)
