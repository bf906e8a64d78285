"""Stored DICOM values to grey values in which bright is dense bone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .dicom_layout import NATIVE, Layout
from .dicom_pixels import stored_values
from .dicom_tags import element_value, functional_groups, text, texts
from .grey import grey_from_colour
from .libraries import dicom_errors

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MAX_FACTOR = 1e9


@dataclass(frozen=True)
class Grey:
    """Values on their way, with the limits between which they may lie.

    Attributes:
        values: (rows, columns) numbers.
        low: value of the lowest code, for inversion.
        high: value of the highest code.
        history: what was done.
        warnings: sentences for the reader.
    """

    values: NDArray[Any]
    low: float
    high: float
    history: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def then(self, sentence: str, **changes: Any) -> Grey:
        """Changed values and a line of history."""
        return replace(self, history=(*self.history, sentence), **changes)

    def warn(self, sentence: str) -> Grey:
        """The same with a sentence for the reader."""
        return replace(self, warnings=(*self.warnings, sentence))


def grey_from_dicom(dataset: Dataset, layout: Layout, keyword: str, name: str) -> Grey:
    """All steps from stored values to bright = dense.

    Raises:
        ImageError: if pixels are missing, truncated, of an unknown colour model, or not decodable.
    """
    if keyword != "PixelData":
        grey = _float_pixels(dataset, layout, keyword, name)
        return _polarity(grey, layout)
    codes = stored_values(dataset, layout, name)
    stored = codes.values
    first = (f"decoded from transfer syntax {layout.syntax}",) if _coded(layout) else ()
    first = (*first, *codes.history)
    if layout.photometric == "PALETTE COLOR":
        return replace(
            _palette(dataset, layout, stored, name),
            history=(*first, "palette colour to grey"),
            warnings=codes.warnings,
        )
    if layout.samples == 3:
        return replace(_colour(stored, layout, first, name), warnings=codes.warnings)
    if layout.photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise ImageError(
            f"{name}: expected MONOCHROME1, MONOCHROME2, RGB, YBR or PALETTE COLOR, got "
            f"{layout.photometric!r} with one sample a pixel."
        )
    low, high = _code_range(layout)
    grey = Grey(stored, low, high, first, codes.warnings)
    if not layout.photometric:
        grey = grey.warn("The file does not say whether bright is white; MONOCHROME2 is assumed.")
    grey = _modality(grey, dataset, layout)
    grey = _voi(grey, dataset, layout)
    grey = _polarity(grey, layout)
    if text(dataset, "PresentationLUTShape").upper() == "INVERSE" and (
        layout.photometric == "MONOCHROME2"
    ):
        grey = grey.warn(
            "The file says MONOCHROME2 and an inverse presentation, which contradict each other; "
            "MONOCHROME2 is believed."
        )
    return _fill_padding(grey, codes.padding)


def _coded(layout: Layout) -> bool:
    return layout.syntax not in NATIVE


def _code_range(layout: Layout) -> tuple[float, float]:
    if layout.signed:
        return -float(1 << (layout.stored - 1)), float((1 << (layout.stored - 1)) - 1)
    return 0.0, float((1 << layout.stored) - 1)


def _float_pixels(dataset: Dataset, layout: Layout, keyword: str, name: str) -> Grey:
    kind = "f4" if keyword == "FloatPixelData" else "f8"
    order = ">" if layout.big_endian else "<"
    values = np.frombuffer(dataset[keyword].value, order + kind)
    if values.size < layout.rows * layout.columns:
        raise ImageError(
            f"{name}: expected {layout.rows * layout.columns} values, got "
            f"{values.size}: the file is truncated."
        )
    values = values[: layout.rows * layout.columns].reshape(layout.rows, layout.columns)
    good = values[np.isfinite(values)]
    low, high = (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)
    return Grey(values.astype(np.float64), low, high, (f"{keyword} read as real numbers",))


def _colour(stored: NDArray[Any], layout: Layout, first: tuple[str, ...], name: str) -> Grey:
    kind = layout.photometric
    if kind not in (
        "RGB",
        "YBR_FULL",
        "YBR_FULL_422",
        "YBR_PARTIAL_422",
        "YBR_PARTIAL_420",
        "YBR_ICT",
        "YBR_RCT",
    ):
        raise ImageError(f"{name}: expected RGB or YBR colours, got {kind!r}.")
    low, high = 0.0, float((1 << layout.stored) - 1)
    if stored.ndim == 2:
        return Grey(stored, low, high, (*first, f"{kind} to grey (luminance channel)"))
    if kind.startswith("YBR_") and not _coded(layout):
        return Grey(stored[..., 0], low, high, (*first, f"{kind} to grey (luminance channel)"))
    return Grey(grey_from_colour(stored), low, high, (*first, f"{kind} to grey"))


def _palette(dataset: Dataset, layout: Layout, stored: NDArray[Any], name: str) -> Grey:
    tables = []
    order = ">" if layout.big_endian else "<"
    for colour in ("Red", "Green", "Blue"):
        table = _table(
            dataset,
            f"{colour}PaletteColorLookupTableDescriptor",
            f"{colour}PaletteColorLookupTableData",
            signed=False,
            order=order,
        )
        if table is None:
            raise ImageError(f"{name}: expected three palette tables, got a file without them.")
        tables.append(_look_up(table, stored))
    grey = grey_from_colour(np.stack(tables, axis=-1))
    return Grey(grey, float(grey.min()), float(grey.max()))


@dataclass(frozen=True)
class _Table:
    first: int
    bits: int
    entries: NDArray[np.float64]


def _table(
    dataset: Dataset, descriptor: str, data: str, *, signed: bool, order: str = "<"
) -> _Table | None:
    """A look-up table, or None where it is absent or makes no sense."""
    try:
        count, first, bits = (int(value) for value in dataset[descriptor].value)
        raw = dataset[data].value
    except dicom_errors():
        return None
    count, bits = (count & 0xFFFF) or 65536, bits & 0xFF
    if isinstance(raw, bytes):
        # Entries of 8 bits may be packed, two to a word (in palettes whatever the descriptor
        # says); any other length is a damaged table.
        packed = len(raw) in (count, count + 1) and (bits == 8 or descriptor != "LUTDescriptor")
        raw = np.frombuffer(
            raw if packed else raw[: len(raw) // 2 * 2], "u1" if packed else order + "u2"
        )
    # The descriptor's first value has the sign of the pixels, whatever its VR became.
    first = first - 65536 if signed and first > 32767 else first
    entries = np.atleast_1d(np.asarray(raw, dtype=np.float64))[:count]
    whole = entries.size == count >= 2
    return _Table(first, bits, entries) if whole and 8 <= bits <= 16 else None


def _look_up(table: _Table, values: NDArray[Any]) -> NDArray[np.float64]:
    index = np.rint(np.asarray(values, dtype=np.float64)) - table.first
    found: NDArray[np.float64] = table.entries[
        np.clip(index, 0, table.entries.size - 1).astype(np.intp)
    ]
    return found


def _modality(grey: Grey, dataset: Dataset, layout: Layout) -> Grey:
    """Modality LUT, else Rescale Slope and Intercept."""
    items = element_value(dataset, "ModalityLUTSequence") or []
    if len(items):
        table = _table(items[0], "LUTDescriptor", "LUTData", signed=layout.signed)
        if table is None:
            return grey.warn("The file's Modality LUT is damaged and was not applied.")
        return grey.then(
            "Modality LUT applied",
            values=_look_up(table, grey.values),
            low=0.0,
            high=float((1 << table.bits) - 1),
        )
    holder = dataset if "RescaleSlope" in dataset else _group_with_slope(dataset)
    slope, intercept = (
        _number(holder, "RescaleSlope", 1.0),
        _number(holder, "RescaleIntercept", 0.0),
    )
    if slope is None or intercept is None or slope == 0 or abs(slope) > _MAX_FACTOR:
        return grey.warn("Rescale Slope or Intercept in the file is not usable and was ignored.")
    if (slope, intercept) == (1.0, 0.0):
        return grey
    ends = (slope * grey.low + intercept, slope * grey.high + intercept)
    return grey.then(
        f"rescaled: {slope:g} x stored value + {intercept:g}",
        values=np.asarray(grey.values, dtype=np.float64) * slope + intercept,
        low=min(ends),
        high=max(ends),
    )


def _group_with_slope(dataset: Dataset) -> Dataset:
    """The functional group of an enhanced object's one frame that holds a slope, if any."""
    for group in functional_groups(dataset):
        for item in element_value(group, "PixelValueTransformationSequence") or []:
            if "RescaleSlope" in item:
                found: Dataset = item
                return found
    return dataset


def _voi(grey: Grey, dataset: Dataset, layout: Layout) -> Grey:
    """A VOI LUT given as a table is applied; a window is only recorded."""
    items = element_value(dataset, "VOILUTSequence") or []
    if len(items):
        table = _table(items[0], "LUTDescriptor", "LUTData", signed=grey.low < 0)
        shown = _look_up(table, grey.values) if table else None
        if table is None or shown is None or shown.min() == shown.max():
            return grey.warn("The file's VOI LUT is not usable and was not applied.")
        return grey.then(
            "VOI LUT applied", values=shown, low=0.0, high=float((1 << table.bits) - 1)
        )
    centre, width = texts(dataset, "WindowCenter"), texts(dataset, "WindowWidth")
    if centre and width:
        return grey.then(f"window not applied (centre {centre[0][:16]}, width {width[0][:16]})")
    return grey


def _polarity(grey: Grey, layout: Layout) -> Grey:
    if layout.photometric != "MONOCHROME1":
        return grey
    # Over the range of the codes, so that a MONOCHROME1 file equals its MONOCHROME2 twin.
    # Single precision holds 16-bit numbers exactly, in half the time.
    small = grey.values.dtype.kind in "iu" and grey.values.dtype.itemsize <= 2
    values = grey.values.astype(np.float32 if small else np.float64)
    np.subtract(grey.low + grey.high, values, out=values)
    return grey.then("inverted (MONOCHROME1)", values=values)


def _fill_padding(grey: Grey, padding: NDArray[np.bool_] | None) -> Grey:
    if padding is None:
        return grey
    values = np.array(grey.values)
    values[padding] = values[~padding].min()
    return grey.then(f"{int(padding.sum())} padding pixels set to the darkest value", values=values)


def _number(dataset: Dataset, keyword: str, default: float) -> float | None:
    found = texts(dataset, keyword)
    if not any(found):
        return default
    try:
        value = float(found[0])
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None
