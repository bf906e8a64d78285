"""The spacing rule: how large a pixel is, and who says so.

The first source that holds a usable value wins:

1. the user's own value (row, column) in mm;
2. Pixel Spacing (0028,0030);
3. Imager Pixel Spacing (0018,1164), at the detector: magnified;
4. Nominal Scanned Pixel Spacing (0018,2010);
5. the header of an NRRD, NIfTI or MetaImage file ("file header");
6. Pixel Aspect Ratio (0028,0034) alone: ratios are known, millimetres are not;
7. unknown: square pixels are assumed, lengths are in pixels.

All DICOM pairs are ``row \\ column``: the distance between rows (vertical) comes first, as does
the vertical size in Pixel Aspect Ratio.  A resolution in dots per inch (JPEG, TIFF, PNG, BMP) is
never a spacing: it says how to print.

A value is usable when both numbers are finite, 0.05 to 2 mm, at most 4 to 1 apart, and not
exactly 1 x 1, which is what converters write when they know nothing.  Others are withheld with a
warning: a wrong number that looks right is worse than none.  The user's own value is believed;
an unlikely one is only warned about.

Source: DICOM PS3.3 10.7.1.1-10.7.1.3 (Pixel Spacing, Calibration), C.7.6.3.1.7 (Pixel Aspect
Ratio), C.8.11.4 (DX Detector).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import ConfigurationError
from ..geometry import PixelScale

MIN_PIXEL_MM = 0.05
MAX_PIXEL_MM = 2.0
MAX_ASPECT = 4.0
MAX_FIELD_MM = 1200.0
"""No lateral spine scan is longer; a longer field is a sign of a wrong spacing."""

AGREEMENT = 0.01
"""Two sources that differ by less than this fraction agree."""

_RECORDED = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")

ASPECT = "PixelAspectRatio"
"""The source that tells a pixel's shape and not its size."""
UNKNOWN = (
    "The size of a pixel is not known: lengths are in pixels, square pixels are assumed. "
    "Give the spacing as ROW,COLUMN in millimetres if you know it."
)
SHAPE_ONLY = (
    "The file gives the shape of a pixel but not its size: ratios and angles are right, lengths "
    "are in pixel widths, not millimetres."
)


_OF_SPACING = re.compile(r"spacing|PixelAspectRatio|(size|shape) of a pixel", re.IGNORECASE)


def speaks_of_spacing(sentence: str) -> bool:
    """Whether a sentence for the reader is about the size of a pixel, and ends with a new one."""
    return _OF_SPACING.search(sentence) is not None


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel, the source that gave it, and sentences for the reader."""

    scale: PixelScale
    source: str
    warnings: tuple[str, ...] = ()

    def with_warning(self, sentence: str) -> Spacing:
        """The same spacing with one more sentence."""
        return replace(self, warnings=(*self.warnings, sentence))


@dataclass(frozen=True)
class SpacingTags:
    """What a DICOM file says about its pixels' size, as text, nothing checked yet."""

    pixel_spacing: Sequence[str] = ()
    imager_pixel_spacing: Sequence[str] = ()
    nominal_scanned_pixel_spacing: Sequence[str] = ()
    pixel_aspect_ratio: Sequence[str] = ()
    calibration_type: str = ""


def unknown_spacing() -> Spacing:
    """Square pixels of unknown size."""
    return Spacing(PixelScale(), "unknown", (UNKNOWN,))


def user_spacing(spacing_mm: Sequence[float]) -> Spacing:
    """The user's own (row, column) in mm; believed, warned about where unlikely.

    Raises:
        ConfigurationError: if it is not two numbers above 0.
    """
    try:
        row, column = (float(value) for value in spacing_mm)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"Expected a spacing of two numbers, ROW,COLUMN in millimetres, got {spacing_mm!r}. "
            "Write it like 0.25,0.25."
        ) from None
    spacing = Spacing(PixelScale(row, column, in_mm=True), "user")
    doubt = _doubt(row, column)
    if doubt and (row, column) != (1.0, 1.0):
        return spacing.with_warning(f"The spacing given, {_mm(row, column)}, {doubt}: check it.")
    return spacing


def dicom_spacing(tags: SpacingTags, *, user_mm: Sequence[float] | None = None) -> Spacing:
    """Apply the rule to a DICOM file's tags.

    Raises:
        ConfigurationError: if the user's value is not two numbers above 0.
    """
    found, warnings = _usable_tags(tags)
    if user_mm is not None:
        return _against(user_spacing(user_mm), found)
    if not found:
        spacing = _aspect_spacing(tags.pixel_aspect_ratio)
        return replace(spacing, warnings=(*warnings, *spacing.warnings))
    source, (row, column) = next(iter(found.items()))
    spacing = Spacing(PixelScale(row, column, in_mm=True), source, tuple(warnings))
    for sentence in _remarks(source, found, tags):
        spacing = spacing.with_warning(sentence)
    return spacing


def header_spacing(
    row: float, column: float, *, user_mm: Sequence[float] | None = None, recorded: str = ""
) -> Spacing:
    """Apply the rule to the spacing in an NRRD, NIfTI or MetaImage header.

    Args:
        row: distance of rows in the header's mm.
        column: distance of columns in the header's mm.
        user_mm: the user's own value.
        recorded: ``vertenet_spacing_source`` where :func:`write_nrrd` wrote the file; it tells
            a measured 1 x 1 mm from an unknown one, and stays the source, so that the file
            written from what was read is the same.

    Raises:
        ConfigurationError: if the user's value is not two numbers above 0.
    """
    known = recorded not in ("", "unknown", "PixelAspectRatio")
    doubt = "" if known and _positive(row, column) else _doubt(row, column)
    found = {"file header": (row, column)} if not doubt else {}
    if recorded in ("unknown", "PixelAspectRatio"):
        found = {}
    if user_mm is not None:
        return _against(user_spacing(user_mm), found)
    if recorded == "user" and _positive(row, column):
        return user_spacing((row, column))
    if recorded == "PixelAspectRatio":
        return _aspect_spacing((repr(row), repr(column)))
    if found:
        source = recorded if recorded in _RECORDED else "file header"
        return Spacing(PixelScale(row, column, in_mm=True), source)
    if recorded == "unknown" or (row, column) == (1.0, 1.0):
        return unknown_spacing()
    sentence = f"The spacing in the file's header, {_mm(row, column)}, {doubt}; it is not used."
    spacing = unknown_spacing()
    return replace(spacing, warnings=(sentence, *spacing.warnings))


def other_unit(unit: str, *, user_mm: Sequence[float] | None = None) -> Spacing:
    """The spacing of a header whose unit is not understood.

    Raises:
        ConfigurationError: if the user's value is not two numbers above 0.
    """
    if user_mm is not None:
        return user_spacing(user_mm)
    sentence = f"The spacing in the file's header is in {unit[:40]!r}, not in mm; it is not used."
    spacing = unknown_spacing()
    return replace(spacing, warnings=(sentence, *spacing.warnings))


def check_field(spacing: Spacing, rows: int) -> Spacing:
    """Warn when the image would be longer than any lateral spine scan."""
    length = rows * spacing.scale.row
    if spacing.scale.in_mm and length > MAX_FIELD_MM:
        return spacing.with_warning(
            f"At {spacing.scale.row:g} mm a row the image is {length:.0f} mm long, longer than a "
            "lateral spine scan: check the spacing before using lengths in mm."
        )
    return spacing


def parse_pair(values: Sequence[str]) -> tuple[float, float] | None:
    """Two numbers from a DICOM value, or None if it is anything else."""
    if len(values) != 2:
        return None
    try:
        return float(values[0]), float(values[1])
    except ValueError:
        return None


def _usable_tags(tags: SpacingTags) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """Usable values by source in the rule's order, and a sentence for each that is not."""
    found: dict[str, tuple[float, float]] = {}
    warnings: list[str] = []
    for source, values in (
        ("PixelSpacing", tags.pixel_spacing),
        ("ImagerPixelSpacing", tags.imager_pixel_spacing),
        ("NominalScannedPixelSpacing", tags.nominal_scanned_pixel_spacing),
    ):
        if not any(values):
            continue
        pair = parse_pair(values)
        doubt = _doubt(*pair) if pair else "is not two numbers"
        if pair and not doubt:
            found[source] = pair
        else:
            shown = "\\".join(str(value) for value in values)[:40]
            warnings.append(f"{source} {shown!r} in the file {doubt}; it is not used.")
    return found, warnings


def _aspect_spacing(values: Sequence[str]) -> Spacing:
    """The spacing when only Pixel Aspect Ratio (vertical, horizontal) may speak."""
    if not any(values):
        return unknown_spacing()
    pair = parse_pair(values)
    if pair is None or not _positive(*pair) or not _within_aspect(*pair):
        shown = "\\".join(str(value) for value in values)[:40]
        spacing = unknown_spacing()
        sentence = f"PixelAspectRatio {shown!r} in the file is not usable."
        return replace(spacing, warnings=(sentence, *spacing.warnings))
    return Spacing(
        PixelScale(pair[0] / pair[1], 1.0, in_mm=False),
        ASPECT,
        (SHAPE_ONLY,),
    )


def _remarks(source: str, found: dict[str, tuple[float, float]], tags: SpacingTags) -> list[str]:
    """What a reader should know about the source that won."""
    remarks = []
    if source == "ImagerPixelSpacing":
        remarks.append(
            "The spacing is Imager Pixel Spacing, measured at the detector: lengths in the patient "
            "are shorter by the magnification."
        )
    if source == "NominalScannedPixelSpacing":
        remarks.append(
            "The spacing is that of a scanned film or capture (Nominal Scanned Pixel Spacing): "
            "lengths in mm are nominal."
        )
    imager = found.get("ImagerPixelSpacing")
    if source == "PixelSpacing" and imager and not _agree(found[source], imager):
        kind = tags.calibration_type.strip().upper()
        why = f"calibrated: {kind.lower()}" if kind else "magnification or calibration"
        remarks.append(
            f"PixelSpacing {_mm(*found[source])} and ImagerPixelSpacing {_mm(*imager)} differ "
            f"({why}); PixelSpacing is used."
        )
    aspect = parse_pair(tags.pixel_aspect_ratio)
    if aspect and _positive(*aspect):
        row, column = found[source]
        if abs(row / column * aspect[1] / aspect[0] - 1.0) > AGREEMENT:
            remarks.append(f"PixelAspectRatio in the file contradicts {source}, which is used.")
    return remarks


def _against(spacing: Spacing, found: dict[str, tuple[float, float]]) -> Spacing:
    """Warn when the user's value is not the file's."""
    for source, pair in found.items():
        if not _agree((spacing.scale.row, spacing.scale.column), pair):
            return spacing.with_warning(
                f"The spacing given, {_mm(spacing.scale.row, spacing.scale.column)}, is used in "
                f"place of the file's {source}, {_mm(*pair)}."
            )
        break
    return spacing


def _doubt(row: float, column: float) -> str:
    """Why a spacing in mm is not usable, as the end of a sentence; empty if it is."""
    if not _positive(row, column):
        return "is not above 0"
    if (row, column) == (1.0, 1.0):
        return "is the 1 x 1 that is written when the size is not known"
    if not all(MIN_PIXEL_MM <= value <= MAX_PIXEL_MM for value in (row, column)):
        return f"is outside {MIN_PIXEL_MM:g} to {MAX_PIXEL_MM:g} mm"
    if not _within_aspect(row, column):
        return f"has sides more than {MAX_ASPECT:g} to 1 apart"
    return ""


def _positive(row: float, column: float) -> bool:
    return all(math.isfinite(value) and value > 0 for value in (row, column))


def _within_aspect(row: float, column: float) -> bool:
    return 1 / MAX_ASPECT <= row / column <= MAX_ASPECT


def _agree(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a / b - 1.0) <= AGREEMENT for a, b in zip(one, other, strict=True))


def _mm(row: float, column: float) -> str:
    return f"{row:g} x {column:g} mm"
