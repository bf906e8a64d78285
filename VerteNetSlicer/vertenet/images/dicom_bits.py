"""Which bits of a stored DICOM word are the pixel, and whether the others contradict that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .dicom_layout import Layout, Stored
from .dicom_tags import whole
from .libraries import dicom_errors

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
_ALLOCATED, _POSITION, _DATA = 0x0100, 0x0102, 0x3000


@dataclass(frozen=True)
class Codes:
    """Stored values with what was noticed on the way.

    Attributes:
        values: (rows, columns) or (rows, columns, 3) integers.
        padding: True where Pixel Padding Value says that there is no image; None without.
        history: what was done.
        warnings: sentences for the reader.
    """

    values: Stored
    padding: NDArray[np.bool_] | None = None
    history: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def codes_from_words(dataset: Dataset, raw: Stored, layout: Layout, name: str) -> Codes:
    """Take the stored bits out of each word, extend the sign, set overlays aside.

    Bits outside the stored ones may be empty, the sign's extension, the same in every pixel
    (of values without a sign), a declared overlay or padding.  Anything else says that values
    are larger than Bits Stored: cut to it they would wrap round and look right.

    Raises:
        ImageError: if bits above the stored ones are set and nothing explains them.

    Source: DICOM PS3.5 8.1.1 (pixel cells) and, for overlays in unused bits, PS3.3-2004 C.9.2
    (Overlay Bit Position, retired in 2004).
    """
    bits = raw.dtype.itemsize * 8
    stored = min(layout.stored, bits)
    words = raw.astype(raw.dtype.newbyteorder("="), copy=False).view(f"u{bits // 8}")
    padding = _padding(dataset, words, layout)
    if stored == bits:
        return Codes(words.view(f"i{bits // 8}") if layout.signed else words, _some(padding))
    overlays = _overlay_bits(dataset, layout)
    shift = _shift(words, layout.high_bit + 1 - stored, bits - stored, overlays)
    outside = tuple(bit for bit in overlays if not shift <= bit < shift + stored)
    kept = ((1 << bits) - 1) & ~sum(1 << bit for bit in outside)
    words = (words & words.dtype.type(kept)) >> shift
    image = words if padding is None else words[~padding]
    _refuse_excess(image, kept >> shift >> stored, stored, layout.signed, name)
    values = _cut(words, bits, stored, layout.signed)
    # Writers differ in whether the value is that of the whole word or of its stored bits.
    cut = _padding(dataset, values, layout)
    return Codes(
        values,
        _some(cut if padding is None or cut is None else cut | padding),
        tuple(f"overlay in bit {bit} taken out" for bit in outside),
        _inside(overlays, outside),
    )


def _cut(words: Stored, bits: int, stored: int, signed: bool) -> Stored:
    if signed:
        extended: Stored = (words << (bits - stored)).view(f"i{bits // 8}") >> (bits - stored)
        return extended
    kept: Stored = words & words.dtype.type((1 << stored) - 1)
    return kept


def _shift(words: Stored, shift: int, room: int, overlays: tuple[int, ...]) -> int:
    """Empty bits below the pixel.

    High Bit is often wrong: believed only where the bits below hold nothing but overlays.
    """
    if not 0 < shift <= room:
        return 0
    below = ((1 << shift) - 1) & ~sum(1 << bit for bit in overlays)
    return 0 if np.any(words & words.dtype.type(below)) else shift


def _refuse_excess(image: Stored, above: int, stored: int, signed: bool, name: str) -> None:
    """Refuse set bits among those `above` the stored ones, unless they tell nothing."""
    excess = image >> stored
    if not np.any(excess):
        return
    if signed:
        wrong = excess != (image >> (stored - 1) & 1) * image.dtype.type(above)
    else:
        wrong = excess != excess.flat[0]
    if np.any(wrong):
        raise ImageError(
            f"{name}: expected values of {stored} bits as Bits Stored says, got "
            f"{int(np.count_nonzero(excess))} pixels with other bits set, which no overlay in the "
            "file explains. Export it again with the right Bits Stored and High Bit."
        )


def _overlay_bits(dataset: Dataset, layout: Layout) -> tuple[int, ...]:
    """Bits of a word that the file says hold overlays; one with data of its own holds none."""
    found = set()
    for group in _OVERLAY_GROUPS:
        if (group, _POSITION) not in dataset or (group, _DATA) in dataset:
            continue
        position = _number(dataset, group, _POSITION, -1)
        allocated = _number(dataset, group, _ALLOCATED, layout.allocated)
        if allocated == layout.allocated and 0 <= position < layout.allocated:
            found.add(position)
    return tuple(sorted(found))


def _number(dataset: Dataset, group: int, element: int, default: int) -> int:
    try:
        return int(dataset[group, element].value)
    except dicom_errors():
        return default


def _inside(overlays: tuple[int, ...], outside: tuple[int, ...]) -> tuple[str, ...]:
    inside = [str(bit) for bit in overlays if bit not in outside]
    if not inside:
        return ()
    return (
        f"The file says that bit {', '.join(inside)} of each pixel is an overlay, and also that it "
        "is part of the grey value: lines drawn on the image may be in it.",
    )


def _padding(dataset: Dataset, words: Stored, layout: Layout) -> NDArray[np.bool_] | None:
    """Pixels that Pixel Padding Value, which may lie outside the stored bits, calls no image."""
    if layout.samples != 1 or "PixelPaddingValue" not in dataset:
        return None
    first = whole(dataset, "PixelPaddingValue")
    limits = (first, whole(dataset, "PixelPaddingRangeLimit", first))
    bits = words.dtype.itemsize * 8
    ends = [limit % (1 << bits) for limit in limits]
    if layout.signed:
        words = words.view(f"i{bits // 8}")
        ends = [end - (1 << bits) if end >= 1 << (bits - 1) else end for end in ends]
    found: NDArray[np.bool_] = (words >= min(ends)) & (words <= max(ends))
    return found


def _some(mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """None for a mask that leaves no image, or leaves all of it."""
    return mask if mask is not None and 0 < int(mask.sum()) < mask.size else None
