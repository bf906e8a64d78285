"""Damage of another make than hard_knocks_damage.py: what a stranger would send.

Blocks as radamsa moves them, other files spliced in, numbers in text, JSON and CSV of any
depth and length, and each format's own lies (strange_dicom.py, strange_pictures.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from strange_dicom import dicom
from strange_pictures import bmp, header_lines, jpeg, mat, nifti, png, tiff
from strange_words import NUMBERS, WORDS

Damage = Callable[[bytes, random.Random], bytes]


def damaged(name: str, data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """A damaged copy: by the format's own lies, by blocks, or by both."""
    own = OWN.get(name.rpartition(".")[2])
    if own is not None and rng.random() < 0.65:
        data = own(data, rng)
        if rng.random() < 0.75:
            return data
    for _ in range(rng.randint(1, 3)):
        data = blocks(data, others, rng)
    return data


def blocks(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Blocks doubled, swapped, turned round or exchanged for another file's; dense noise."""
    if not data:
        return rng.choice(WORDS)
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    c = rng.randrange(b, len(data) + 1)
    kind = rng.randrange(11)
    if kind == 0:  # doubled again and again
        return data[:b] + data[a : min(b, a + 4096)] * 2 ** rng.randint(1, 9) + data[b:]
    if kind == 1:
        return data[:a] + data[b:c] + data[a:b] + data[c:]
    if kind == 2:
        return data[:a] + data[a:b][::-1] + data[b:]
    if kind == 3:
        other = rng.choice(others)
        return data[:a] + other[rng.randrange(len(other) + 1) :]
    if kind == 4:
        other = rng.choice(others)
        at = rng.randrange(len(other) + 1)
        return data[:a] + other[at : at + rng.randint(1, 2000)] + data[b if b - a < 2000 else a :]
    if kind == 5:
        out = bytearray(data)
        for _ in range(max(1, int(len(out) * 10 ** rng.uniform(-4, -1)))):
            out[rng.randrange(len(out))] = rng.choice((0, 0xFF, 0x80, rng.randrange(256)))
        return bytes(out)
    if kind == 6:
        return data[:a]
    if kind == 7:
        return data[a:]
    if kind == 8:
        return data[:a] + rng.choice(WORDS) * rng.choice((1, 3, 5000)) + data[a:]
    if kind == 9:
        return numbers(data, rng)
    lines = data.split(b"\n")
    i, j = (rng.randrange(len(lines)) for _ in range(2))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines[: rng.randint(0, len(lines))] if rng.random() < 0.3 else lines)


def numbers(data: bytes, rng: random.Random) -> bytes:
    """Some of the numbers in a text become others."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?(e-?\d+)?", data[: 1 << 20]))
    for match in sorted(
        rng.sample(found, min(len(found), rng.randint(1, 6))), key=lambda m: -m.start()
    ):
        data = data[: match.start()] + rng.choice(NUMBERS).encode() + data[match.end() :]
    return data


def json_text(data: bytes, rng: random.Random) -> bytes:
    """Values of the text itself: other kinds, very deep, very long, twice the same key."""
    text = data.decode("utf-8", "replace")
    turn = rng.randrange(9)
    if turn == 0:
        depth = rng.choice((100, 990, 1100, 50_000, 400_000))
        mark = rng.choice(("[", '{"a":'))
        return (mark * depth).encode() + (b"" if rng.random() < 0.5 else b"]" * depth)
    strange = (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "9" * 4400,
        "-0",
        "true",
        "null",
        '"\\ud800"',
        "{}",
        "[]",
        '""',
        "1E400",
        "0.1e-999",
        '"' + "a" * 200_000 + '"',
        "[[[[1]]]]",
        '"\\u0000"',
        "-1",
        "1.5",
        '"NaN"',
        '"1"',
        "12345678901234567890",
    )
    for _ in range(rng.randint(1, 4)):
        found = list(re.finditer(r'(?<=[:\[,] )(-?\d[\d.e+-]*|null|true|false|"[^"]*")', text))
        found = found or list(re.finditer(r'-?\d[\d.e+-]*|null|true|false|"[^"]*"', text))
        if not found:
            break
        match = rng.choice(found)
        if turn < 6:
            text = text[: match.start()] + rng.choice(strange) + text[match.end() :]
        elif turn == 6:  # the same key once more
            text = text.replace("{", '{"level": "L1", "points": {}, "schema": 3, ', 1)
        else:
            keys = re.findall(r'"(\w+)":', text) or ["x"]
            text = text.replace(
                f'"{rng.choice(keys)}":', f'"{rng.choice(keys)}":', rng.choice((1, -1))
            )
    return text.encode("utf-8", "surrogatepass")


def csv_text(data: bytes, rng: random.Random) -> bytes:
    """Lines of great length, thousands of columns, quotes without an end, other separators."""
    turn = rng.randrange(10)
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    if turn == 0:
        lines[i] += b"," + b"x" * rng.choice((70_000, 140_000, 5_000_000))
    elif turn == 1:
        lines[i] += b"," * rng.choice((100, 100_000))
    elif turn == 2:
        lines[i] = b'"' + lines[i]
    elif turn == 3:
        return data.replace(b",", rng.choice((b";", b"\t", b"|", b", ", b",,", b"\0")))
    elif turn == 4:
        return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\n" * 9, b"#x\n")) + data
    elif turn == 5:
        return data.decode("latin-1").encode(rng.choice(("utf-16", "utf-32", "utf-7", "cp500")))
    elif turn == 6:
        lines[0] = rng.choice(
            (
                lines[0] + b"," + lines[0],
                lines[0].upper(),
                b"",
                lines[0][::-1],
                lines[0].replace(b",", b",,"),
            )
        )
    elif turn == 7:
        return data.replace(b"\n", rng.choice((b"\r", b"\r\r\n", b"\0\n", b"\n\n")))
    else:
        cells = [line.split(b",") for line in lines]
        for _ in range(rng.randint(1, 8)):
            row = rng.choice(cells)
            value = rng.choice(
                (
                    rng.choice(NUMBERS).encode(),
                    rng.choice(WORDS),
                    b"T13",
                    b"?",
                    b"F",
                    b"dicom",
                    b"no",
                    b"edited",
                )
            )
            row[rng.randrange(len(row))] = value
        lines = [b",".join(row) for row in cells]
    return b"\n".join(lines)


OWN: dict[str, Damage] = {
    "dcm": dicom,
    "png": png,
    "tif": tiff,
    "nrrd": header_lines,
    "mha": header_lines,
    "nii": nifti,
    "gz": nifti,
    "bmp": bmp,
    "jpg": jpeg,
    "mat": mat,
    "json": json_text,
    "csv": csv_text,
}
