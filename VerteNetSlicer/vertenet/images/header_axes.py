"""What an NRRD, NIfTI or MetaImage header says of its axes: their unit, and where they run."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_MILLIMETRES = {
    **dict.fromkeys(("", "mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 10.0),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1000.0),
    **dict.fromkeys(("um", "\u00b5m", "\u03bcm", "micron", "microns", "micrometer"), 0.001),
}
_UNITS = re.compile(r"^(?:space )?units:\s*(.*)$", re.MULTILINE)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_UPSIDE_DOWN = (
    "The file's header says that its first row is the lowest; the image is used as stored and "
    "may be upside down."
)
_TURNED = (
    "The file's header says that its rows run up or down and its columns across; the image is used "
    "as stored and may lie on its side."
)
_MOSTLY = 0.5
"""Share of an axis along a direction of the world beyond which it runs that way."""


def nrrd_units(data: bytes) -> tuple[float | None, str]:
    """Millimetres in the unit of an NRRD header's spacings, and its name.

    None where the unit is no length, or differs between the axes.  The format's own default is
    no unit at all, which medical writers leave where they mean millimetres.
    """
    # an empty line ends it, or the file does where the pixels are in another
    header = _EMPTY_LINE.split(data, 1)[0].decode("utf-8", "replace").replace("\r", "")
    named = [
        unit.strip() for line in _UNITS.findall(header) for unit in re.findall('"(.*?)"', line)
    ]
    factors = {_MILLIMETRES.get(unit.casefold()) for unit in named} or {1.0}
    name = ", ".join(dict.fromkeys(unit for unit in named if unit))
    return (factors.pop() if len(factors) == 1 else None), name


def axes_remark(direction: NDArray[np.float64], axes: tuple[int, int]) -> tuple[str, ...]:
    """A sentence where the header says that the head is not at the upper edge.

    Args:
        direction: ``(n, n)``, a column for each axis of the file; world axes left, posterior,
            superior.
        axes: the file's (column, row) axes.

    Down is the world's inferior where the slice stands upright in it, else its posterior, which
    is how pictures without an orientation are laid down.
    """
    column, row = direction[:, axes[0]], direction[:, axes[1]]
    upright = len(row) > 2 and max(abs(column[2]), abs(row[2])) > _MOSTLY
    down = np.zeros(len(row))
    down[2 if upright else 1] = -1.0 if upright else 1.0
    along, across = float(row @ down), float(column @ down)
    if abs(across) > max(_MOSTLY, abs(along)):
        return (_TURNED,)
    return (_UPSIDE_DOWN,) if along < -_MOSTLY else ()
