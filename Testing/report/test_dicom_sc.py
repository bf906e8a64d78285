"""The Secondary Capture of the annotated picture."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from vertenet.analysis import Analysis
from vertenet.anatomy import Side, Spine
from vertenet.errors import ConfigurationError
from vertenet.images import DxaImage, image_from_array, read_image
from vertenet.pipeline import frame_of, measure
from vertenet.report.dicom_sc import sc_document, write_sc
from vertenet.report.dicom_source import read_source
from vertenet.report.overlay import draw_overlay


@pytest.fixture
def an_image_read(a_dicom: Path) -> DxaImage:
    return read_image(a_dicom)


@pytest.fixture
def measured(a_spine: Spine, an_image_read: DxaImage) -> Analysis:
    return measure(a_spine, frame_of(an_image_read), image=an_image_read)


@pytest.fixture
def an_sc(measured: Analysis, an_image_read: DxaImage, a_dicom: Path, tmp_path: Path) -> Path:
    path = tmp_path / "sc.dcm"
    write_sc(measured, an_image_read, read_source(a_dicom), path)
    return path


def test_it_is_an_rgb_picture_of_the_overlay(
    an_sc: Path, measured: Analysis, an_image_read: DxaImage
) -> None:
    capture = pydicom.dcmread(an_sc)
    shown = np.asarray(draw_overlay(measured, an_image_read))
    assert capture.pixel_array.shape == shown.shape
    assert (capture.pixel_array[:-80] == shown[:-80]).all(), "all but the footer with the name"
    assert capture.PhotometricInterpretation == "RGB"


def test_it_refers_to_the_source_in_a_series_of_its_own(an_sc: Path, a_dicom: Path) -> None:
    capture, source = pydicom.dcmread(an_sc), pydicom.dcmread(a_dicom)
    assert capture.StudyInstanceUID == source.StudyInstanceUID
    assert capture.SeriesInstanceUID != source.SeriesInstanceUID
    reference = capture.SourceImageSequence[0]
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert reference.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert "Research use only" in capture.DerivationDescription
    assert list(capture.ImageType) == ["DERIVED", "SECONDARY"]
    assert str(capture.PatientName) == "Müller^Änne"


@pytest.mark.parametrize(
    ("says", "expected"), [(None, "YES"), ("NO", "NO"), ("YES", "YES"), ("no", "YES")]
)
def test_burned_in_text_is_denied_only_where_the_source_denies_it(
    make_source, measured: Analysis, an_image_read: DxaImage, says: str | None, expected: str
) -> None:
    tags = {} if says is None else {"BurnedInAnnotation": says}
    capture = sc_document(measured, an_image_read, read_source(make_source(**tags)))
    assert capture.BurnedInAnnotation == expected


def test_the_picture_shows_no_files_name(
    measured: Analysis, an_image_read: DxaImage, a_dicom: Path
) -> None:
    from dataclasses import replace

    renamed = replace(measured, frame=replace(measured.frame, file="DOE JANE.dcm"))
    source = read_source(a_dicom)
    one = sc_document(measured, an_image_read, source).PixelData
    assert one == sc_document(renamed, an_image_read, source).PixelData


@pytest.mark.parametrize(("side", "row"), [(Side.RIGHT, "A"), (Side.LEFT, "P")])
def test_the_patients_front_is_told(
    an_image_read: DxaImage, a_dicom: Path, side: Side, row: str
) -> None:
    found = measure(Spine((), side), frame_of(an_image_read))
    capture = sc_document(found, an_image_read, read_source(a_dicom))
    assert list(capture.PatientOrientation) == [row, "F"]


def test_a_lossy_source_makes_a_lossy_copy(
    make_source, measured: Analysis, an_image_read: DxaImage
) -> None:
    tags = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "12",
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    capture = sc_document(measured, an_image_read, read_source(make_source(**tags)))
    assert capture.LossyImageCompression == "01"
    assert capture.LossyImageCompressionRatio == 12


def test_a_source_of_another_size_is_refused(measured: Analysis, a_dicom: Path) -> None:
    other = image_from_array(np.arange(300 * 400.0).reshape(300, 400))
    with pytest.raises(ConfigurationError, match="got one of 400 x 600"):
        sc_document(measured, other, read_source(a_dicom))


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="Debian's dcmtk is not installed")
def test_dcmtk_reads_the_capture(an_sc: Path) -> None:
    result = subprocess.run(["dcmdump", "+U8", str(an_sc)], capture_output=True, check=False)
    assert result.returncode == 0
    assert b"=SecondaryCaptureImageStorage" in result.stdout


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_dicom3tools_finds_no_error(an_sc: Path) -> None:
    result = subprocess.run(["dciodvfy", str(an_sc)], capture_output=True, text=True, check=False)
    assert "SCImage" in result.stderr + result.stdout
    assert "Error" not in result.stderr + result.stdout
