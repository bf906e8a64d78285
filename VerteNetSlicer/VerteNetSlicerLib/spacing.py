"""How large a pixel of a volume is, and how that is known.

A volume that Slicer loaded by itself may carry a spacing that no tag of its file
says: GDCM ignores Pixel Spacing of DX and CR images, JPEG's density becomes
millimetres.  So the rule here asks, in this order: what VerteNet wrote on the
volume (its own reader, or a reader's calibration), the DICOM tags, the header of
a file that can hold millimetres.  Each is judged by :mod:`vertenet.images.spacing`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import slicer
from vertenet.errors import ConfigurationError
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage
from vertenet.images.age import dicom_age
from vertenet.images.orientation import picture_asks_to_be_turned
from vertenet.images.spacing import (
    Spacing,
    SpacingTags,
    dicom_spacing,
    header_spacing,
    speaks_of_spacing,
    unknown_spacing,
    user_spacing,
)
from vertenet.texts import parsed_json

RECORD = "VerteNet.image"

# Their headers hold no millimetres: a density in dots per inch is the printer's.
_PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"}
# 1 in 1000: beyond rounding in a file, far below what matters to a height.
_RELATIVE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class VolumeSpacing:
    """A pixel's size with its source, and what else is known about the image.

    Attributes:
        scale: size of a pixel; ``in_mm`` False where millimetres are unknown.
        source: where it came from: a DICOM keyword, "user", "file header", "unknown".
        warnings: sentences for the reader.
        history: what was done to the pixels.
        sex: ``"M"``, ``"F"`` or None.
        age_years: age at the examination or None.
    """

    scale: PixelScale
    source: str
    warnings: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    sex: str | None = None
    age_years: float | None = None

    @property
    def text(self) -> str:
        """One line for the reader: ``0.25 x 0.25 mm (PixelSpacing)``."""
        if not self.scale.in_mm:
            return f"unknown size: lengths in pixels ({self.source})"
        return f"{self.scale.row:g} x {self.scale.column:g} mm ({self.source})"


def volume_spacing(volume: slicer.vtkMRMLVolumeNode) -> VolumeSpacing:
    """Decide the pixel spacing of a volume by the rule of this module."""
    column, row, _ = volume.GetSpacing()
    known = _recorded(volume)
    if known is not None:
        return _unchanged(known, row, column)
    tags = _dicom_spacing(volume)
    if tags is not None:
        return _checked(tags, row, column)
    if _file_suffix(volume) in _PICTURE_SUFFIXES:
        found = _of(unknown_spacing())
        turned = _asks_to_be_turned(volume.GetStorageNode().GetFileName())
        return replace(found, warnings=(*found.warnings, turned)) if turned else found
    return _of(header_spacing(row, column))


def remember_image(volume: slicer.vtkMRMLVolumeNode, image: DxaImage) -> None:
    """Write on a volume what our reader knows about its image."""
    _remember(
        volume,
        VolumeSpacing(
            image.scale,
            image.spacing_source,
            image.warnings,
            image.history,
            image.sex,
            image.age_years,
        ),
    )


def calibrate(volume: slicer.vtkMRMLVolumeNode, *, row_mm: float, column_mm: float) -> None:
    """Give a volume the pixel spacing that a reader knows.

    Raises:
        ConfigurationError: if a spacing is not between 0.01 and 10 mm.
    """
    for value in (row_mm, column_mm):
        if not 0.01 <= value <= 10.0:
            raise ConfigurationError(
                f"Expected a pixel spacing from 0.01 to 10 mm, got {value:g}. "
                "Correct the calibration; a DXA pixel is commonly 0.2 to 1 mm."
            )
    before = volume_spacing(volume)
    given = user_spacing((row_mm, column_mm))
    volume.SetSpacing(column_mm, row_mm, volume.GetSpacing()[2])
    _remember(volume, _respaced(before, given))


def _of(spacing: Spacing, *, sex: str | None = None, age: float | None = None) -> VolumeSpacing:
    return VolumeSpacing(spacing.scale, spacing.source, spacing.warnings, (), sex, age)


def _remember(volume, known: VolumeSpacing) -> None:
    content = {
        "spacing": [known.scale.row, known.scale.column, known.scale.in_mm],
        "source": known.source,
        "warnings": known.warnings,
        "history": known.history,
        "sex": known.sex,
        "age_years": known.age_years,
    }
    volume.SetAttribute(RECORD, json.dumps(content))


def _recorded(volume) -> VolumeSpacing | None:
    text = volume.GetAttribute(RECORD)
    if not text:
        return None
    try:
        content = parsed_json(text)
        return VolumeSpacing(
            PixelScale(*content["spacing"]),
            content["source"],
            tuple(content["warnings"]),
            tuple(content["history"]),
            content["sex"],
            content["age_years"],
        )
    except (ValueError, KeyError, TypeError, ConfigurationError):
        return None  # written by another version: the volume itself is asked


def _unchanged(known: VolumeSpacing, row: float, column: float) -> VolumeSpacing:
    """Believe the record, unless the spacing was changed in the Volumes module since."""
    if _agree((row, column), (known.scale.row, known.scale.column)):
        return known
    return _respaced(known, user_spacing((row, column)))


def _respaced(known: VolumeSpacing, given: Spacing) -> VolumeSpacing:
    """What is known with another size of a pixel; what was said of the old size goes with it."""
    kept = tuple(sentence for sentence in known.warnings if not speaks_of_spacing(sentence))
    return replace(known, scale=given.scale, source=given.source, warnings=(*kept, *given.warnings))


def _file_suffix(volume) -> str:
    storage = volume.GetStorageNode()
    name = storage.GetFileName() if storage is not None else None
    return Path(name).suffix.lower() if name else ""


def _asks_to_be_turned(name: str) -> str:
    try:
        changed = Path(name).stat().st_mtime_ns
    except OSError:
        return ""
    return _asked_once(name, changed)


@lru_cache(maxsize=64)
def _asked_once(name: str, changed: int) -> str:
    """By name and time of change: the spacing is asked for often, the file is read once."""
    del changed
    return picture_asks_to_be_turned(Path(name))


def _dicom_spacing(volume) -> VolumeSpacing | None:
    """What the DICOM tags say, or None where the volume is not from Slicer's database."""
    uids = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.fileForInstance(uids[0]):
        return None

    def value(tag: str) -> str:
        return database.instanceValue(uids[0], tag) or ""

    tags = SpacingTags(
        *(value(t).split("\\") for t in ("0028,0030", "0018,1164", "0018,2010", "0028,0034")),
        calibration_type=value("0028,0a02"),
    )
    sex = value("0010,0040").strip().upper()
    age, doubts = dicom_age(
        value("0010,1010").strip(),
        value("0010,0030").strip(),
        [value(tag).strip() for tag in ("0008,0020", "0008,0022")],
    )
    found = _of(
        dicom_spacing(tags),
        sex=sex if sex in ("M", "F") else None,
        age=age,
    )
    return replace(found, warnings=(*found.warnings, *doubts))


def _checked(tags: VolumeSpacing, row: float, column: float) -> VolumeSpacing:
    """Say so where the volume's own spacing is not that of its tags."""
    expected = tags.scale.spacing_mm
    if expected is None or _agree((row, column), expected):
        return tags
    sentence = (
        f"Slicer loaded this image with a pixel of {row:g} x {column:g} mm (row x column), but "
        f"its {tags.source} says {expected[0]:g} x {expected[1]:g} mm, which is used here."
    )
    return replace(tags, warnings=(*tags.warnings, sentence))


def _agree(got: tuple[float, float], want: tuple[float, float]) -> bool:
    pairs = zip(got, want, strict=True)
    return all(abs(a - b) <= _RELATIVE_TOLERANCE * b for a, b in pairs)
