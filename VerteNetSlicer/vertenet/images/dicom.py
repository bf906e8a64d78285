"""A DICOM file, whatever its modality, to a :class:`DxaImage`."""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ImageError
from . import dicom_tags as tags
from .dicom_grey import grey_from_dicom
from .dicom_layout import read_layout
from .libraries import dicom_errors
from .limits import MAX_FILE_BYTES, reason
from .person import DICOM
from .spacing import check_field, dicom_spacing
from .types import DxaImage, build_image

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_NOT_IMAGES = {
    "1.2.840.10008.1.3.10": "a DICOMDIR (a table of contents)",
    "1.2.840.10008.5.1.4.1.1.104.1": "a PDF in DICOM",
    "1.2.840.10008.5.1.4.1.1.104.2": "a CDA document in DICOM",
    "1.2.840.10008.5.1.4.1.1.66": "a raw-data object",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
}


def read_dicom(data: bytes, name: str, spacing_mm: Sequence[float] | None = None) -> DxaImage:
    """Read the bytes of a DICOM file.

    Values are the stored ones after Modality LUT or Rescale Slope and Intercept, then the VOI
    LUT where the file carries one as a table; a window (centre, width) is display only and is
    recorded, not applied.  MONOCHROME1 is inverted over the range of its stored bits.

    Args:
        data: the whole file.
        name: file name without folder.
        spacing_mm: the user's (row, column).

    Raises:
        ImageError: one sentence on why this is not one lateral slice.
        ConfigurationError: if `spacing_mm` is not two numbers above 0.
    """
    with warnings.catch_warnings():
        # pydicom warns about values that our own checks judge.
        warnings.simplefilter("ignore")
        try:
            dataset = _parse(data, name)
            return _read(dataset, name, spacing_mm)
        except dicom_errors() as error:
            raise ImageError(
                f"{name}: expected a DICOM image, got one that is damaged ({reason(error)})."
            ) from error


def _read(dataset: Dataset, name: str, spacing_mm: Sequence[float] | None) -> DxaImage:
    keyword = _pixel_keyword(dataset, name)
    layout = read_layout(dataset, name)
    tags.refuse_frontal(dataset, name)
    grey = grey_from_dicom(dataset, layout, keyword, name)
    spacing = check_field(
        dicom_spacing(tags.spacing_tags(dataset), user_mm=spacing_mm), layout.rows
    )
    age, doubts = tags.age_years(dataset)
    return build_image(
        grey.values,
        name,
        spacing,
        history=grey.history,
        warnings=grey.warnings + tags.remarks(dataset) + doubts,
        sex=tags.sex(dataset),
        age_years=age,
        sources=(DICOM, DICOM),
    )


def _parse(data: bytes, name: str) -> Dataset:
    import pydicom

    return pydicom.dcmread(io.BytesIO(_inflated(data, name)), force=True)


def _inflated(data: bytes, name: str) -> bytes:
    """A deflated file checked not to unfold into more than memory should hold."""
    start = data.find(_DEFLATED.encode(), 132, 1024)
    if start < 0:
        return data
    length_at = data.find(b"\x02\x00\x00\x00UL\x04\x00", 128, 144)
    if length_at < 0:
        return data
    begin = length_at + 12 + int.from_bytes(data[length_at + 8 : length_at + 12], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflater.decompress(data[begin:], MAX_FILE_BYTES // 2)
    if not inflater.eof:
        raise ImageError(f"{name}: expected a whole deflated file, got one truncated or too large.")
    return data


def _pixel_keyword(dataset: Dataset, name: str) -> str:
    for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
        if keyword in dataset:
            return keyword
    if "EncryptedAttributesSequence" in dataset:
        raise ImageError(f"{name}: expected pixels, got an encrypted DICOM file. Decrypt it first.")
    meta = getattr(dataset, "file_meta", None)
    sop_class = tags.text(dataset, "SOPClassUID") or (
        tags.text(meta, "MediaStorageSOPClassUID") if meta is not None else ""
    )
    what = _NOT_IMAGES.get(sop_class)
    if what is None:
        from pydicom.uid import UID

        title = UID(sop_class).name if sop_class else ""
        known = title and title != sop_class and "Image Storage" not in title
        what = (
            f"a DICOM object of another kind ({title})"
            if known
            else "a DICOM file without any, perhaps truncated; copy or export it again"
        )
    raise ImageError(f"{name}: expected an image with pixels, got {what}.")
