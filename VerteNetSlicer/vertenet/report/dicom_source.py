"""The DICOM file that was measured: what may refer to it, and who it is of."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
#: Type 2 of the Patient and Study modules: always there, empty where not known.
SHOWN = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"),
    *("ReferringPhysicianName", "StudyID", "AccessionNumber"),
)
#: Carried on where the source has them, so that both sort into the same study.
CARRIED = (
    *("IssuerOfPatientID", "OtherPatientIDs", "PatientAge", "StudyDescription"),
    *("PatientIdentityRemoved", "DeidentificationMethod"),
    "LongitudinalTemporalInformationModified",
)
_FORMS = {
    "PatientBirthDate": r"\d{8}",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "PatientSex": r"[MFO]",
    "PatientAge": r"\d{3}[DWMY]",
    "PatientIdentityRemoved": r"YES|NO",
}
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


@dataclass(frozen=True)
class Patient:
    """Who a scan is of; only ``--with-identity`` writes it.

    Attributes:
        name: as in the DICOM file, ``Family^Given``.
        id: Patient ID.
        birth_date: ``YYYY-MM-DD``, or None.
        study_date: ``YYYY-MM-DD``, or None.
    """

    name: str | None
    id: str | None
    birth_date: str | None
    study_date: str | None


def read_source(path: Path) -> Dataset:
    """The header of the DICOM file that was measured, without its pixels.

    Raises:
        ConfigurationError: if it is no DICOM file, or names no study and instance.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with path.open("rb") as stream:
                marked = stream.read(132)[128:] == b"DICM"
            header = pydicom.dcmread(path, stop_before_pixels=True, force=not marked)
            missing = [word for word in NEEDED if not _is_uid(header.get(word))]
    except Exception as error:  # pydicom raises whatever a damaged file leads to
        raise _no_source(path, type(error).__name__) from None
    if missing:
        raise _no_source(path, f"without {', '.join(missing)}")
    return header


def _is_uid(value: Any) -> bool:
    return bool(value) and len(str(value)) <= 64 and _UID.fullmatch(str(value)) is not None


def _no_source(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Expected a DICOM image as the source of patient and study, got '{path.name}' ({why}). "
        "Give the DICOM file, or leave out --dicom and --with-identity."
    )


def header_of(source: Dataset) -> Dataset:
    """Patient and study of the source, cleaned: what a new object of the study copies.

    Values that break DICOM's own form are left empty; text keeps its characters
    whatever the source's character set, since it is written as UTF-8.
    """
    from pydicom.dataset import Dataset

    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for word in (*NEEDED, *SHOWN, *CARRIED):
            value = text_of(source, word)
            form = _FORMS.get(word)
            if form is not None and not re.fullmatch(form, value):
                value = ""
            if value or word in SHOWN:
                setattr(header, word, value)
    return header


def text_of(source: Dataset, keyword: str) -> str:
    """A value as decoded text, empty where it is absent or cannot be read."""
    try:
        value = source.get(keyword)
    except Exception:  # one damaged value; pydicom's kinds of error differ by release
        return ""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return "\\".join(str(part) for part in value)
    return str(value)


def read_patient(source: Dataset) -> Patient:
    """Who the scan is of."""
    header = header_of(source)

    def text(word: str) -> str | None:
        return text_of(header, word) or None

    def date(word: str) -> str | None:
        day = text(word)
        return None if day is None else f"{day[:4]}-{day[4:6]}-{day[6:]}"

    return Patient(text("PatientName"), text("PatientID"), date("PatientBirthDate"),
                   date("StudyDate"))  # fmt: skip


def check_size(source: Dataset, width: int | None, height: int | None) -> None:
    """Check that points of an image of that size can lie on the source.

    Raises:
        ConfigurationError: if the sizes differ.
    """
    own = (int(source.get("Columns") or 0), int(source.get("Rows") or 0))
    if (width, height) != own:
        raise ConfigurationError(
            f"Expected the DICOM image on which the points lie ({width} x {height} pixels), got "
            f"one of {own[0]} x {own[1]}. Give --image the image that was measured."
        )
