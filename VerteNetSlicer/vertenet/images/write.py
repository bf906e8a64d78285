"""An image as an NRRD file, on which the landmarks of the markups file lie."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..errors import OutputError
from .types import DxaImage

_COMPACT = (("uint8", np.uint8), ("uint16", np.uint16), ("int16", np.int16))


def write_nrrd(image: DxaImage, path: str | Path) -> None:
    """Write one slice with LPS axes: x = column * width of a pixel, y = row * height, z = 0.

    Where millimetres are unknown a pixel is 1 wide (and 1, or its known ratio, high), and
    ``vertenet_spacing_source`` says so; :func:`read_image` takes it back as unknown.  Whole
    numbers are stored in the smallest of uint8, uint16 and int16.  Not compressed: two
    megabytes are written faster than packed.

    Raises:
        OutputError: if the file cannot be written.
    """
    target = Path(path)
    kind, values = _compact(image)
    # not by tempfile: another thread may write while the process's mask would be asked for
    temporary = target.parent / f".{secrets.token_hex(6)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(_header(image, kind).encode("ascii"))
            file.write(np.ascontiguousarray(values).data)
        os.replace(temporary, target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise OutputError(
            f"Expected to write {target}, but could not ({error.strerror or error})."
        ) from error


def _compact(image: DxaImage) -> tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """NRRD's name of the smallest type that holds every value exactly, and the values in it."""
    low, high = float(image.pixels.min()), float(image.pixels.max())
    for kind, dtype in _COMPACT:
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            values = image.pixels.astype(dtype)
            if np.array_equal(values, image.pixels):
                return kind, values.astype(values.dtype.newbyteorder("<"), copy=False)
            break
    return "float", image.pixels.astype("<f4", copy=False)


def _header(image: DxaImage, kind: str) -> str:
    row, column = float(image.scale.row), float(image.scale.column)
    lines = (
        "NRRD0005",
        f"type: {kind}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {image.width} {image.height} 1",
        f"space directions: ({column!r},0,0) (0,{row!r},0) (0,0,1)",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: raw",
        "space origin: (0,0,0)",
        f"vertenet_spacing_source:={_ascii(image.spacing_source)}",
        f"vertenet_spacing:={row!r} {column!r}",
    )
    return "\n".join(lines) + "\n\n"


def _ascii(text: str) -> str:
    """A word that cannot break out of its header line."""
    return "".join(c if c.isascii() and c.isprintable() else "_" for c in text)[:64]
