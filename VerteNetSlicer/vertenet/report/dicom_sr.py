"""A Comprehensive SR after TID 1500 that a PACS can take: points, measures, grades.

Template: TID 1500 "Measurement Report" with one TID 1501 measurement group per
vertebra, one for the spine and one for the aorta.  Frame of SCOORD: (column, row),
``(0, 0)`` the top-left corner of the top-left pixel and ``(1, 1)`` its bottom-right
one, so our pixel-centre coordinates plus a half.
Source: DICOM PS3.3, C.18.6.1 (Graphic Data, image relative); PS3.16, TID 1500, 1501.
"""

from __future__ import annotations

import io
import uuid
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..analysis import Analysis
from ..errors import MissingDependencyError
from . import dicom_codes as words
from .atomic import write_bytes
from .description import clean
from .dicom_codes import Triple
from .dicom_exact import exact_text
from .dicom_groups import aorta_group, spine_group, vertebra_group
from .dicom_source import CARRIED, check_size, header_of
from .json_report import NOTICE
from .person import given_sentence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOFTWARE = "VerteNetSlicer"
SERIES_NUMBER = 9101
#: Names this software as the observer of every report; of no device's making.
OBSERVER_UID = f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'https://github.com/VerteNetSlicer').int}"


def sr_document(analysis: Analysis, source: Dataset) -> Dataset:
    """The report as a Comprehensive SR of the source's study, in a series of its own.

    Args:
        analysis: what was found and computed.
        source: the header of the DICOM image on which the points lie; patient and
            study are copied from it.

    Raises:
        ConfigurationError: if the source is not of the image's size.
        MissingDependencyError: if highdicom is not installed.
    """
    sr = _highdicom_sr()
    check_size(source, analysis.frame.width, analysis.frame.height)
    from pydicom.uid import generate_uid

    header = header_of(source)
    document: Dataset = sr.ComprehensiveSR(
        evidence=[header],
        content=_report(sr, analysis, header),
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=SOFTWARE,
        manufacturer_model_name=SOFTWARE,
        software_versions=__version__,
        device_serial_number=__version__,
        series_description="Vertebral measurements, research use only",
        is_complete=True,
    )
    _finish(document, header)
    return document


def write_sr(analysis: Analysis, source: Dataset, path: Path) -> None:
    """Write :func:`sr_document`.

    Raises:
        OutputError: if the file cannot be written.
    """
    save(sr_document(analysis, source), path)


def save(document: Dataset, path: Path) -> None:
    """Write a DICOM file beside its place and rename it.

    Raises:
        OutputError: if the file cannot be written.
    """
    stream = io.BytesIO()
    document.save_as(stream, enforce_file_format=True)
    write_bytes(path, stream.getvalue())


def _highdicom_sr() -> Any:
    try:
        from highdicom import sr
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'highdicom' for Structured Reports, but it is not installed. "
            "Install it with: pip install highdicom"
        ) from None
    return sr


def _report(sr: Any, analysis: Analysis, header: Dataset) -> Any:
    groups = [
        *(
            vertebra_group(sr, analysis, i, header)
            for i in range(len(analysis.spine))
        ),
        spine_group(sr, analysis, header),
        aorta_group(sr, analysis, header),
    ]  # fmt: skip
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=OBSERVER_UID, name=SOFTWARE, manufacturer_name=SOFTWARE, model_name=SOFTWARE,
        serial_number=__version__,
    )  # fmt: skip
    observer = sr.ObserverContext(
        observer_type=sr.CodedConcept("121007", "DCM", "Device"),
        observer_identifying_attributes=device,
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=sr.CodedConcept(*words.PROCEDURE),
        imaging_measurements=groups,
        title=sr.CodedConcept("126000", "DCM", "Imaging Measurement Report"),
    )
    sentences: list[tuple[Triple, str]] = [(words.NOTICE, NOTICE)]
    if analysis.summary is not None and analysis.summary.wording:
        sentences.append((words.CONCLUSION, " ".join(analysis.summary.wording)))
    given = given_sentence(analysis)  # the header shows the source's own sex and age
    sentences += [(words.SENTENCE, text) for text in (given, *analysis.warnings) if text]
    sentences.append((words.EXACT, exact_text(analysis)))
    contained = sr.RelationshipTypeValues.CONTAINS
    for code, text in sentences:
        item = sr.TextContentItem(sr.CodedConcept(*code), clean(text), contained)
        report[0].ContentSequence.append(item)
    return report


def _finish(document: Dataset, header: Dataset) -> None:
    """What the constructor leaves out: the study's other words, and whose codes these are."""
    from pydicom.dataset import Dataset

    document.SpecificCharacterSet = header.SpecificCharacterSet  # highdicom 0.27 drops it
    for word in CARRIED:
        if word in header:
            setattr(document, word, header[word].value)
    scheme = Dataset()
    scheme.CodingSchemeDesignator = words.PRIVATE
    scheme.CodingSchemeName = words.PRIVATE_NAME
    scheme.CodingSchemeResponsibleOrganization = SOFTWARE
    document.CodingSchemeIdentificationSequence = [scheme]
    now = datetime.now().astimezone()
    document.TimezoneOffsetFromUTC = now.strftime("%z")
