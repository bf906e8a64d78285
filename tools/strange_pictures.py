"""Lies in the headers and chunks of pictures, volumes and MATLAB files, and bombs."""

from __future__ import annotations

import gzip
import random
import re
import struct
import zlib
from collections.abc import Sequence

from strange_words import NUMBERS, SIZES

BOMB = 300 << 20


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    out, at = [], 8
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        out.append((kind, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return out


def png_of(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def png(data: bytes, rng: random.Random) -> bytes:
    """Chunks with a right checksum and a wrong content."""
    chunks = png_chunks(data)
    if not chunks:
        return data
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(len(chunks))
        kind, body = chunks[i]
        turn = rng.randrange(8)
        if turn <= 1 and chunks[0][0] == b"IHDR":
            head = bytearray(chunks[0][1].ljust(13, b"\0"))
            at = rng.randrange(13)
            if at < 8:
                side = rng.choice((*SIZES, 2**31 - 1, 2**31, 2**32 - 1))
                head[at // 4 * 4 : at // 4 * 4 + 4] = struct.pack(">I", side)
            else:
                head[at] = rng.choice((0, 1, 2, 3, 4, 6, 7, 8, 16, 255))
            chunks[0] = (b"IHDR", bytes(head))
        elif turn == 2:
            chunks = [c for c in chunks if c[0] != b"IDAT" or rng.random() < 0.5]
            chunks.insert(rng.randint(0, len(chunks)), (b"IDAT", bomb(rng)))
        elif turn == 3:
            text = (b"zTXt", b"Comment\0\0" + bomb(rng)), (b"iCCP", b"p\0\0" + bomb(rng))
            chunks.insert(rng.randint(1, len(chunks)), rng.choice(text))
        elif turn == 4:
            chunks.insert(rng.randrange(len(chunks) + 1), (kind, body))
        elif turn == 5 and len(chunks) > 1:
            del chunks[i]
        elif turn == 6:
            extra = (b"PLTE", b"tRNS", b"sBIT", b"gAMA", b"pHYs", b"acTL", b"CgBI", b"\0\0\0\0")
            chunks.insert(
                rng.randrange(len(chunks) + 1),
                (rng.choice(extra), rng.randbytes(rng.choice((0, 1, 3, 4, 9, 768)))),
            )
        elif body:
            out = bytearray(body)
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
            chunks[i] = (kind, bytes(out))
        chunks = chunks or [(b"IEND", b"")]
    return png_of(chunks)


def bomb(rng: random.Random) -> bytes:
    """A stream of zlib that unfolds to very much more than it is."""
    return _bomb(rng.choice((1 << 20, 64 << 20, BOMB)))


_BOMBS: dict[int, bytes] = {}


def _bomb(size: int) -> bytes:
    if size not in _BOMBS:
        packer = zlib.compressobj(9)
        block = bytes(1 << 20)
        parts = [packer.compress(block) for _ in range(size >> 20)]
        _BOMBS[size] = b"".join(parts) + packer.flush()
    return _BOMBS[size]


def tiff(data: bytes, rng: random.Random) -> bytes:
    """Tags of the first directory with other kinds, counts and values; bombs as strips."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 14:
        return data
    at = struct.unpack_from(f"{order}I", data, 4)[0]
    if at + 2 > len(data):
        return data
    out = bytearray(data)
    count = struct.unpack_from(f"{order}H", data, at)[0]
    for _ in range(rng.randint(1, 4)):
        place = at + 2 + 12 * rng.randrange(max(1, count))
        if place + 12 > len(out):
            continue
        turn = rng.randrange(6)
        if turn == 0:
            struct.pack_into(
                f"{order}H", out, place + 2, rng.choice((0, 1, 2, 3, 4, 5, 12, 16, 99))
            )
        elif turn == 1:
            struct.pack_into(
                f"{order}I", out, place + 4, rng.choice((0, 2, 1000, 2**31, 2**32 - 1))
            )
        elif turn == 2:
            value = rng.choice((*SIZES, 2**31 - 1, 2**32 - 1, at, 8, len(data)))
            struct.pack_into(f"{order}I", out, place + 8, value)
        elif turn == 3:
            tag = rng.choice((256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 324, 339))
            struct.pack_into(f"{order}H", out, place, tag)
        elif turn == 4:  # another compression
            for i in range(count):
                if struct.unpack_from(f"{order}H", out, at + 2 + 12 * i)[0] == 259:
                    kind = rng.choice((2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34661, 34712, 50000))
                    struct.pack_into(f"{order}HIH", out, at + 4 + 12 * i, 3, 1, kind)
        else:  # the next directory is this one, or nowhere
            end = at + 2 + 12 * count
            if end + 4 <= len(out):
                struct.pack_into(f"{order}I", out, end, rng.choice((at, 8, len(data), 2**32 - 2)))
    return bytes(out)


def header_lines(data: bytes, rng: random.Random) -> bytes:
    """Lines of a header in text (NRRD, MetaImage) doubled, removed, or with other values."""
    head, gap, rest = data.partition(b"\n\n") if data.startswith(b"NRRD") else (data, b"", b"")
    if not gap:
        at = data.find(b"LOCAL\n") + 6
        head, rest = (data[:at], data[at:]) if at > 5 else (data, b"")
    lines = head.split(b"\n")
    values = (
        *(n.encode() for n in NUMBERS),
        b"-",
        b"LIST",
        b"%03d.raw 1 9 1",
        b"/etc/passwd",
        b"../x.raw",
        b"gzip",
        b"bzip2",
        b"hex",
        b"ascii",
        b"raw",
        b"big",
        b"block",
        b"double",
        b"MET_DOUBLE",
        b"True",
        b"99999 99999",
        b"-1 -1",
        b"3 2 1 1 1 1 1 1",
        b"LOCAL",
        b"unsigned long long int",
        b"(1,0) (0,1)",
        b"none",
        b"space space",
    )
    for _ in range(rng.randint(1, 4)):
        i = rng.randrange(len(lines))
        mark = b": " if b": " in lines[i] else b" = "
        key = lines[i].partition(mark)[0]
        turn = rng.randrange(5)
        if turn == 0:
            lines.insert(i, lines[i])
        elif turn == 1 and len(lines) > 1:
            del lines[i]
        elif turn == 2:
            extra = (
                b"data file",
                b"byte skip",
                b"line skip",
                b"encoding",
                b"endian",
                b"sizes",
                b"spacings",
                b"space directions",
                b"block size",
                b"kinds",
                b"HeaderSize",
                b"CompressedData",
                b"CompressedDataSize",
                b"ElementNumberOfChannels",
                b"NDims",
                b"DimSize",
                b"ElementSpacing",
                b"TransformMatrix",
                b"ElementDataFile",
            )
            lines.insert(i + 1, rng.choice(extra) + mark + rng.choice(values))
        else:
            lines[i] = key + mark + rng.choice(values)
    if rng.random() < 0.15:
        rest = gzip.compress(b"", mtime=0) + _bomb(rng.choice((64 << 20, BOMB)))
    return b"\n".join(lines) + gap + rest


def nifti(data: bytes, rng: random.Random) -> bytes:
    """Fields of the header: sizes, kind, offset, scale; packed or not."""
    packed = data[:2] == b"\x1f\x8b"
    out = bytearray(gzip.decompress(data) if packed else data)
    for _ in range(rng.randint(1, 4)):
        place, form = rng.choice(
            (
                (0, "i"),
                (40, "h"),
                (42, "h"),
                (44, "h"),
                (46, "h"),
                (48, "h"),
                (70, "h"),
                (72, "h"),
                (76, "f"),
                (80, "f"),
                (84, "f"),
                (108, "f"),
                (112, "f"),
                (116, "f"),
                (123, "B"),
                (252, "h"),
                (344, "I"),
                (348, "I"),
            )
        )
        value = {
            "f": rng.choice((0.0, -1.0, 1e38, float("nan"), float("inf"), 352.0, 1e9)),
            "B": rng.randrange(256),
            "I": rng.getrandbits(32),
        }.get(form, rng.choice((-32768, -1, 0, 1, 2, 7, 8, 64, 512, 16385, 32767)))
        if place + 4 <= len(out):
            struct.pack_into(f"<{form}", out, place, value)
    if rng.random() < 0.1:
        return gzip.compress(bytes(out), mtime=0) + gzip.compress(bytes(64 << 20), 1, mtime=0)
    return gzip.compress(bytes(out), 1, mtime=0) if packed else bytes(out)


def bmp(data: bytes, rng: random.Random) -> bytes:
    """Fields of the header: sizes, depth, compression, where the pixels begin."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        place, form = rng.choice(
            (
                (2, "I"),
                (10, "I"),
                (14, "I"),
                (18, "i"),
                (22, "i"),
                (26, "H"),
                (28, "H"),
                (30, "I"),
                (34, "I"),
                (46, "I"),
            )
        )
        value = rng.choice((0, 1, 2, 3, 4, 8, 12, 16, 24, 32, 40, 64, 16385, 65535, 2**31 - 1))
        if form == "i":
            value = rng.choice((value, -value, -96, -(2**31)))
        value &= 0xFFFF if form == "H" else -1
        if place + 4 <= len(out):
            struct.pack_into(f"<{form}", out, place, value)
    return bytes(out)


def jpeg(data: bytes, rng: random.Random) -> bytes:
    """Segments doubled, removed, of another length or with other bytes."""
    marks = [m.start() for m in re.finditer(rb"\xff[\xc0-\xfe]", data[:4096])]
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.choice(marks or [0])
        turn = rng.randrange(4)
        if turn == 0:
            out[at + 1 : at + 2] = bytes([rng.randrange(0xC0, 0xFF)])
        elif turn == 1:
            out[at + 2 : at + 4] = rng.choice((b"\0\0", b"\0\2", b"\xff\xff", b"\0\x0b"))
        elif turn == 2:
            place = at + 4 + rng.randrange(12)
            out[place : place + 2] = struct.pack(">H", rng.choice(SIZES))
        else:
            out[at:at] = data[at : at + rng.randint(2, 200)] * rng.choice((1, 2, 50))
    return bytes(out)


def mat(data: bytes, rng: random.Random) -> bytes:
    """Kinds and lengths of the elements, packed or not; bombs."""
    out = bytearray(data)
    if rng.random() < 0.2:
        body = _bomb(rng.choice((1 << 20, 64 << 20, BOMB)))
        return bytes(out[:128]) + struct.pack("<II", 15, len(body)) + body
    for _ in range(rng.randint(1, 4)):
        at = 128 + 4 * rng.randrange(max(1, min(16, (len(out) - 128) // 4)))
        value = rng.choice((0, 1, 5, 6, 9, 14, 15, 17, 2**16, 2**24, 2**31 - 1, 2**32 - 1))
        out[at : at + 4] = struct.pack("<I", value)
    return bytes(out)
