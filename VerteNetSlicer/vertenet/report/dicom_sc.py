"""A Secondary Capture of the annotated picture, in the source's study.

The picture's text names no patient and no file: who it is of stands in the header.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..analysis import Analysis
from ..anatomy import Side
from . import dicom_codes as words
from .dicom_source import check_size, header_of, text_of
from .dicom_sr import SOFTWARE, save
from .overlay import draw_overlay

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from ..images import DxaImage

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
SERIES_NUMBER = 9102
_DERIVATION = (
    "Enlarged copy with vertebral landmarks, suggested grades and regions of the abdominal "
    "aorta. Research use only; not for measuring."
)
_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def sc_document(analysis: Analysis, image: DxaImage, source: Dataset) -> Dataset:
    """The annotated picture as an RGB Secondary Capture, in a series of its own.

    Args:
        analysis: what was found and computed.
        image: the pixels.
        source: the header of the DICOM image; patient and study are copied from it.

    Raises:
        ConfigurationError: if the source is not of the image's size.
        MissingDependencyError: if Pillow is not installed.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    check_size(source, image.width, image.height)
    named = replace(analysis, frame=replace(analysis.frame, file=""))
    pixels = np.asarray(draw_overlay(named, image), np.uint8)
    document = _common(source)
    _describe(document, analysis, source)
    document.SamplesPerPixel = 3
    document.PhotometricInterpretation = "RGB"
    document.PlanarConfiguration = 0
    document.Rows, document.Columns = pixels.shape[:2]
    document.BitsAllocated = document.BitsStored = 8
    document.HighBit = 7
    document.PixelRepresentation = 0
    data = pixels.tobytes()
    document.PixelData = data + b"\0" * (len(data) % 2)
    document["PixelData"].VR = "OB"
    document.file_meta = FileMetaDataset()
    document.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    return document


def write_sc(analysis: Analysis, image: DxaImage, source: Dataset, path: Path) -> None:
    """Write :func:`sc_document`.

    Raises:
        OutputError: if the file cannot be written.
    """
    save(sc_document(analysis, image, source), path)


def _common(source: Dataset) -> Dataset:
    """Patient and study of the source; a series, an instance and equipment of our own."""
    from pydicom.uid import generate_uid

    document = header_of(source)
    now = datetime.now().astimezone()
    document.SOPClassUID = SECONDARY_CAPTURE
    document.SOPInstanceUID = generate_uid(prefix=None)
    document.SeriesInstanceUID = generate_uid(prefix=None)
    document.SeriesNumber, document.InstanceNumber = SERIES_NUMBER, 1
    document.Modality = "OT"
    document.Manufacturer = document.ManufacturerModelName = SOFTWARE
    document.SoftwareVersions = __version__
    document.ConversionType = "WSD"
    document.SecondaryCaptureDeviceManufacturer = SOFTWARE
    document.SecondaryCaptureDeviceSoftwareVersions = __version__
    document.ContentDate = document.InstanceCreationDate = now.strftime("%Y%m%d")
    document.ContentTime = document.InstanceCreationTime = now.strftime("%H%M%S")
    document.DateOfSecondaryCapture = document.ContentDate
    document.TimeOfSecondaryCapture = document.ContentTime
    document.TimezoneOffsetFromUTC = now.strftime("%z")
    return document


def _describe(document: Dataset, analysis: Analysis, source: Dataset) -> None:
    from pydicom.dataset import Dataset

    document.SeriesDescription = "Vertebral measurements, annotated, research use only"
    document.BodyPartExamined = "SPINE"  # an unpaired part, so that no laterality is missing
    document.ImageType = ["DERIVED", "SECONDARY"]
    document.DerivationDescription = _DERIVATION
    ahead = "A" if analysis.spine.anterior is Side.RIGHT else "P"
    document.PatientOrientation = [ahead, "F"]
    # A source that does not say what is burnt in may show a name; so may the copy.
    burned = text_of(source, "BurnedInAnnotation")
    document.BurnedInAnnotation = "NO" if burned == "NO" else "YES"
    reference = Dataset()
    reference.ReferencedSOPClassUID = text_of(source, "SOPClassUID")
    reference.ReferencedSOPInstanceUID = text_of(source, "SOPInstanceUID")
    purpose = Dataset()
    code = words.SOURCE_IMAGE
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = code
    reference.PurposeOfReferenceCodeSequence = [purpose]
    document.SourceImageSequence = [reference]
    if text_of(source, _LOSSY[0]) == "01":
        for word in _LOSSY:
            if word in source:
                setattr(document, word, source[word].value)
