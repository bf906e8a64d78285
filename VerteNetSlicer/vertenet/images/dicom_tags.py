"""What a DICOM file's tags say beside its pixels; no patient's name among it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError
from .age import dicom_age
from .header_axes import axes_remark
from .libraries import dicom_errors
from .spacing import SpacingTags

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_FRONTAL = re.compile(
    r"\b(A\.?P\.?|P\.?A\.?|frontal|antero-?posterior|postero-?anterior)(?!\w)", re.I
)
_LATERAL = re.compile(r"lat\b|lateral|\bVFA\b|\bLVA\b|\bIVA\b|\bLL\b|\bRL\b|sagittal", re.I)
_ELSEWHERE = re.compile(r"\b(hip|femur|forearm|whole.?body|total.?body|hand|knee)\b", re.I)


def element_value(dataset: Dataset, keyword: str, default: Any = None) -> Any:
    """A converted value, or the default where it is absent, empty or cannot be converted."""
    try:
        value = dataset.get(keyword, default)
    except dicom_errors():
        return default
    return default if value is None or value == "" else value


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a text or number-as-text tag as they stand, unconverted.

    pydicom's own conversion fails or warns on a value such as ``"0,25"``; here the spacing
    rule judges it.
    """
    try:
        element = dataset.get_item(keyword)
    except dicom_errors():
        return ()
    value: Any = None if element is None else element.value
    if value is None:
        return ()
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        parts: Iterable[Any] = value.split("\\")
    else:
        parts = value if hasattr(value, "__iter__") else (value,)
    return tuple(str(part).strip(" \0") for part in parts)


def text(dataset: Dataset, keyword: str) -> str:
    """The first value of a text tag, stripped; empty if absent."""
    values = texts(dataset, keyword)
    return values[0] if values else ""


def whole(dataset: Dataset, keyword: str, default: int = 0) -> int:
    """A tag's value as a whole number."""
    try:
        return int(element_value(dataset, keyword, default))
    except (TypeError, ValueError, OverflowError):
        return default


def spacing_tags(dataset: Dataset) -> SpacingTags:
    """The tags of the spacing rule, as text."""
    return SpacingTags(
        pixel_spacing=texts(dataset, "PixelSpacing") or _functional_group_spacing(dataset),
        imager_pixel_spacing=texts(dataset, "ImagerPixelSpacing"),
        nominal_scanned_pixel_spacing=texts(dataset, "NominalScannedPixelSpacing"),
        pixel_aspect_ratio=texts(dataset, "PixelAspectRatio"),
        calibration_type=text(dataset, "PixelSpacingCalibrationType"),
    )


def sex(dataset: Dataset) -> str | None:
    """``"M"`` or ``"F"``; other codes and absence give None."""
    value = text(dataset, "PatientSex").upper()
    return value if value in ("M", "F") else None


def age_years(dataset: Dataset) -> tuple[float | None, tuple[str, ...]]:
    """The age at the examination by :func:`vertenet.images.age.dicom_age`, and its sentences."""
    return dicom_age(
        text(dataset, "PatientAge"),
        text(dataset, "PatientBirthDate"),
        [text(dataset, word) for word in ("StudyDate", "AcquisitionDate")],
    )


def refuse_frontal(dataset: Dataset, name: str) -> None:
    """Refuse what the file itself calls a frontal view; the picture's shape is never asked.

    Raises:
        ImageError: naming the tag and its value.
    """
    view = text(dataset, "ViewPosition")
    if view.upper() in ("AP", "PA"):
        raise _frontal(name, f"View Position {view}")
    codes = element_value(dataset, "ViewCodeSequence") or []
    meaning = text(codes[0], "CodeMeaning") if len(codes) else ""
    if _FRONTAL.search(meaning) and not _LATERAL.search(meaning):
        raise _frontal(name, f"view {meaning!r}")
    described = " / ".join(text(dataset, word) for word in ("SeriesDescription", "ProtocolName"))
    if view or meaning or _LATERAL.search(described + text(dataset, "StudyDescription")):
        return
    word = _FRONTAL.search(described)
    if word:
        raise _frontal(name, f"description with {word[0]!r}")


def remarks(dataset: Dataset) -> tuple[str, ...]:
    """Sentences for the reader on tags that speak against a lateral spine."""
    found = []
    part = " ".join(text(dataset, word) for word in ("BodyPartExamined", "SeriesDescription"))
    match = _ELSEWHERE.search(part)
    if match:
        found.append(f"The file's description names the {match[0].lower()}, not a lateral spine.")
    orientation = texts(dataset, "PatientOrientation")
    if orientation and orientation[0][:1] in ("L", "R"):
        found.append(
            f"Patient Orientation {'/'.join(orientation)} is that of a frontal image, "
            "not of a lateral spine."
        )
    elif orientation and orientation[0][:1] in ("H", "F"):
        found.append(
            f"Patient Orientation {'/'.join(orientation)} says that the head is at a side edge: "
            "the image is used as stored and lies on its side."
        )
    elif len(orientation) > 1 and orientation[1][:1] == "H":
        found.append(
            f"Patient Orientation {'/'.join(orientation)} says that the head is at the lower edge: "
            "the image is used as stored and may be upside down."
        )
    elif not orientation:
        found.extend(_oriented(dataset))
    return tuple(found)


def _oriented(dataset: Dataset) -> tuple[str, ...]:
    """The same where cosines tell it: Image Orientation (Patient), also of an enhanced frame."""
    holders = [dataset]
    for group in functional_groups(dataset):
        holders += element_value(group, "PlaneOrientationSequence") or []
    for holder in holders:
        try:
            cosines = [float(value) for value in texts(holder, "ImageOrientationPatient")]
        except ValueError:
            continue
        if len(cosines) == 6 and all(math.isfinite(value) for value in cosines):
            across, down = np.array(cosines[:3]), np.array(cosines[3:])
            return axes_remark(np.stack([across, down, np.cross(across, down)], axis=1), (0, 1))
    return ()


def _frontal(name: str, what: str) -> ImageError:
    return ImageError(
        f"{name}: expected a lateral image of the spine, got a frontal (AP or PA) one: "
        f"{what}. Choose the lateral scan of the study."
    )


def _functional_group_spacing(dataset: Dataset) -> tuple[str, ...]:
    """Pixel Spacing of an enhanced object with one frame."""
    for group in functional_groups(dataset):
        for measures in element_value(group, "PixelMeasuresSequence") or []:
            found = texts(measures, "PixelSpacing")
            if found:
                return found
    return ()


def functional_groups(dataset: Dataset) -> list[Dataset]:
    """What an enhanced object with one frame says of it, before what it says of all frames."""
    names = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
    return [group for name in names for group in element_value(dataset, name) or []]
