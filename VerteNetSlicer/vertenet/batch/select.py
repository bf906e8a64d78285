"""Is a file a lateral DXA scan?  Judged by its first bytes and its DICOM header only."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Any

from ..errors import ImageError, VerteNetError
from ..images import dicom_tags as tags
from ..images.libraries import dicom_errors
from ..images.sniff import sniff
from .names import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_HEAD = 1 << 16
_OTHERS = {
    "CT": "a CT image",
    "MR": "an MR image",
    "US": "an ultrasound image",
    "PT": "a PET image",
    "NM": "a scintigram",
    "MG": "a mammogram",
    "XA": "an angiogram",
    "ECG": "an ECG",
    "SR": "a structured report",
    "PR": "a presentation state",
    "KO": "a list of key objects",
    "DOC": "a document",
    "SEG": "a segmentation",
    "REG": "a registration",
    "RTIMAGE": "a radiotherapy image",
    "RTDOSE": "a dose",
    "RTPLAN": "a plan",
    "RTSTRUCT": "contours",
    "ES": "an endoscopy",
    "OP": "an eye image",
    "SM": "a slide",
    "PX": "a dental image",
    "IO": "a dental image",
    "IVUS": "an ultrasound image",
}
"""Modalities that are never DXA; DXA itself comes as BMD, DX, CR, RG, SC or OT."""
_LATERAL = re.compile(r"\b(lat|lateral|VFA|LVA|IVA)\b", re.I)
_WORDS = ("SeriesDescription", "ProtocolName", "StudyDescription", "ViewPosition")


class PassedOverError(VerteNetError):
    """A file is sound, but not a lateral DXA scan; the message says what it is."""


def check_lateral(path: str) -> None:
    """Pass over what cannot be a lateral DXA scan, without reading its pixels.

    Raises:
        PassedOverError: saying what the file is.
        ImageError: if the file has an image's name but is none, or is damaged.
    """
    name = os.path.basename(path)
    if _kind(path, name) == "DICOM":
        _check_header(path, name)


def _kind(path: str, name: str) -> str:
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise ImageError(f"{name}: expected a readable file ({error.strerror}).") from error
    try:
        return sniff(head, name)
    except ImageError as error:
        if name.lower().endswith(IMAGE_SUFFIXES):
            raise
        raise PassedOverError(str(error)) from None


def _check_header(path: str, name: str) -> None:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            reason = _other(dataset) or _frontal(dataset, name)
        except dicom_errors():
            return  # reading it in full says better what is wrong
    if reason:
        raise PassedOverError(reason)


def _other(dataset: Dataset) -> str | None:
    from pydicom.uid import UID

    modality = tags.text(dataset, "Modality").upper()
    if modality in _OTHERS:
        return f"{name_of(modality)}, not a lateral DXA"
    meta: Any = getattr(dataset, "file_meta", None)
    sop_class = tags.text(dataset, "SOPClassUID") or (
        tags.text(meta, "MediaStorageSOPClassUID") if meta is not None else ""
    )
    title = UID(sop_class).name if sop_class else ""
    if title and title != sop_class and "Image Storage" not in title:
        return f"a DICOM object of another kind ({title}), not a lateral DXA"
    frames = tags.whole(dataset, "NumberOfFrames", 1)
    return f"a series of {frames} frames, not one lateral DXA" if frames > 1 else None


def name_of(modality: str) -> str:
    """A modality in words, with its code."""
    return f"{_OTHERS[modality]} (modality {modality})"


def _frontal(dataset: Dataset, name: str) -> str | None:
    try:
        tags.refuse_frontal(dataset, name)
    except ImageError as error:
        return str(error)
    said = " / ".join(tags.text(dataset, word) for word in _WORDS)
    remarks = tags.remarks(dataset)
    if not remarks or _LATERAL.search(said):
        return None
    return remarks[0]
