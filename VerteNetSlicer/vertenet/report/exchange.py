"""What a result's folder holds beside the usual files, on request: DICOM and identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .dicom_source import Patient, read_patient, read_source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Exchange:
    """The DICOM image that was measured, and what to take from it.

    Attributes:
        source: its header.
        dicom: write a Structured Report and a Secondary Capture that refer to it.
        identity: name the patient in ``report.json``, and so on the page made of it.
    """

    source: Dataset
    dicom: bool = False
    identity: bool = False

    @property
    def patient(self) -> Patient | None:
        """Who to name, or None where that was not asked for."""
        return read_patient(self.source) if self.identity else None


def exchange_with(source: Path | None, *, dicom: bool, identity: bool) -> Exchange | None:
    """What was asked for, or None where nothing was.

    Args:
        source: the image's file, or None where only points are known.
        dicom: write SR and SC.
        identity: name the patient.

    Raises:
        ConfigurationError: if something was asked for that the source cannot give.
    """
    if not (dicom or identity):
        return None
    if source is None:
        option = "--dicom" if dicom else "--with-identity"
        raise ConfigurationError(
            f"Expected the DICOM image on which the points lie, since {option} takes patient and "
            "study from it, but no image was given. Give it with --image."
        )
    return Exchange(read_source(source), dicom, identity)
