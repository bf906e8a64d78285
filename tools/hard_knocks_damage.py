"""How files are damaged: bytes of any file, tags of DICOM, values of JSON, cells of CSV."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator
LIES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**400, 1e308, -1e308, 2**63, "", "NaN", "../../x", "x" * 70_000,
    [], {}, [[[]]], {"x": {}}, "\ud800", "1e999", [1e308] * 50,
)  # fmt: skip
CELLS = ("", "nan", "inf", "-1e308", "1e309", '"', "L1", "T13", "0x10", "9" * 5000, "\r", "\0", "é")
DEEP = 3000


def damaged(name: str, data: bytes, rng: Rng) -> bytes:
    """A damaged copy; half the time the damage knows the format."""
    own: Callable[[bytes, Rng], bytes] | None = None
    if name.endswith(".dcm"):
        own = dicom
    elif name.endswith(".json"):
        own = json_values
    elif name.endswith(".csv"):
        own = cells
    if own is not None and rng.random() < 0.5:
        data = own(data, rng)
        if rng.random() < 0.7:
            return data
    return some_bytes(data, rng)


def some_bytes(data: bytes, rng: Rng) -> bytes:
    """Bits flipped, runs cut, zeroed, repeated or moved, and lengths lied about."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        # half of the damage goes to the first kilobyte, where headers are
        reach = max(1, len(out) if rng.random() < 0.5 else min(1024, len(out)))
        at, size = int(rng.integers(reach)), int(2 ** rng.uniform(0, 9))
        kind = rng.integers(7)
        if kind == 0 and len(out):
            out[min(at, len(out) - 1)] ^= int(rng.integers(1, 256))
        elif kind == 1:
            out[at : at + size] = bytes(len(out[at : at + size]))
        elif kind == 2:
            del out[at : at + size]
        elif kind == 3:
            out[at:at] = out[at : at + size] * int(rng.integers(1, 20))
        elif kind == 4:
            form = "<>"[rng.integers(2)] + "HIQ"[rng.integers(3)]
            lie = LIES[rng.integers(len(LIES))] & (2 ** (8 * struct.calcsize(form)) - 1)
            out[at : at + struct.calcsize(form)] = struct.pack(form, lie)
        elif kind == 5:
            out[at : at + size] = rng.bytes(size)
        elif rng.random() < 0.3:
            del out[at:]
    return bytes(out)


def dicom(data: bytes, rng: Rng) -> bytes:
    """Elements removed, emptied, given other values; sequences within sequences; bombs."""
    import pydicom

    if rng.random() < 0.15:
        return data + deep_sequences(int(rng.integers(1, DEEP)))
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    for _ in range(int(rng.integers(1, 4))):
        elements = [e for e in dataset.iterall() if e.tag != (0x7FE0, 0x10)]
        element = elements[rng.integers(len(elements))]
        kind = rng.integers(4)
        if kind == 0 and element.tag in dataset:
            del dataset[element.tag]
        elif kind == 1 and element.VR != "SQ":
            element._value = None
        elif kind == 2 and element.VR in ("US", "UL", "SS", "SL"):
            element._value = int(LIES[rng.integers(6)])
        elif kind == 3 and element.VR in ("DS", "IS", "LO", "SH", "CS", "UI", "AS", "DA", "PN"):
            text = ("", "\\\\", "1e400", "-1", "../../etc/passwd", "9" * 400, "a\\b\\c", "\0")
            element._value = text[rng.integers(len(text))]
    out = io.BytesIO()
    try:
        dataset.save_as(out, enforce_file_format=False)
    except Exception:  # pydicom will not write it: the bytes must do
        return some_bytes(data, rng)
    return out.getvalue()


def deep_sequences(depth: int) -> bytes:
    """Private sequences of undefined length, one within the other, explicit VR."""
    begin = struct.pack("<HH2sHI", 0x0099, 0x1001, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return (begin + item) * depth


def json_values(data: bytes, rng: Rng) -> bytes:
    """Values replaced, removed or repeated; lists within lists."""
    if rng.random() < 0.1:
        depth = int(rng.integers(1, 200_000))
        return b"[" * depth + data + b"]" * depth
    content = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(content))
        if not places:
            break
        holder, key = places[rng.integers(len(places))]
        kind = rng.integers(4)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder += [holder[key]] * int(rng.integers(1, 300))
        elif kind == 2:
            other, name = places[rng.integers(len(places))]
            holder[key] = json.loads(json.dumps(other[name]))
        else:
            holder[key] = STRANGE[rng.integers(len(STRANGE))]
    return json.dumps(content).encode("utf-8", "surrogatepass")


def _places(content: Any) -> Any:
    keys = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(keys):
        yield content, key
        if isinstance(value, dict | list):
            yield from _places(value)


def cells(data: bytes, rng: Rng) -> bytes:
    """Cells and lines replaced, removed or repeated."""
    lines = [line.split(",") for line in data.decode().split("\n")]
    for _ in range(int(rng.integers(1, 6))):
        row = lines[rng.integers(min(len(lines), 3) if rng.random() < 0.4 else len(lines))]
        at = int(rng.integers(len(row)))
        kind = rng.integers(4)
        if kind == 0:
            row[at] = CELLS[rng.integers(len(CELLS))]
        elif kind == 1:
            del row[at : at + 1]
        elif kind == 2:
            row.insert(at, CELLS[rng.integers(len(CELLS))])
        else:
            lines += [list(row) for _ in range(int(rng.integers(1, 50)))]
        if not row:
            row.append("")
    return "\n".join(",".join(row) for row in lines).encode("utf-8", "surrogatepass")
