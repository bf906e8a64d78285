"""Synthetic scans as files: PNG or DICOM pictures, and tables with what is true of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..anatomy import LEVELS, POINT_NAMES, Level
from ..errors import MissingDependencyError, OutputError
from .render import SyntheticScan, synthesise
from .shapes import BODY_LEVELS, MM_PER_UNIT, load_shape_model, sample_shape
from .view import SpineCurve, make_view

POINT_COLUMNS = ("image", "level", "point", "x", "y")
TRUTH_COLUMNS = (
    *("image", "level", "visible", "grade", "aac_anterior", "aac_posterior", "aorta_cropped"),
    *("look", "anterior", "spacing_row_mm", "spacing_column_mm"),
)
MEASURABLE = 1
#: Secondary Capture Image Storage.  Source: DICOM PS3.6, table A-1.
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_TWELVE_BITS = 4095

Progress = Callable[[int, int, str], None]
Row = tuple[object, ...]


def write_scans(
    output: Path, *, count: int, seed: int, kind: str = "png", progress: Progress | None = None
) -> tuple[Path, ...]:
    """Render scans and write them with ``points.csv`` and ``truth.csv``.

    ``points.csv`` has the points of the vertebrae T4 to L5 that can be measured on the
    scan; ``truth.csv`` also says which are cut or hidden (visible 2), their grades and
    the aorta's calcification.

    Args:
        output: folder, made if absent.
        count: how many scans.
        seed: equal seeds give equal files.
        kind: ``"png"`` (8 bit) or ``"dicom"`` (Secondary Capture, 12 bit, with spacing).
        progress: called with (done, total, file) before each scan and at the end.

    Raises:
        OutputError: if a file cannot be written.
        MissingDependencyError: if Pillow is not installed and PNG is wanted.
    """
    tell = progress or (lambda done, total, name: None)
    points: list[Row] = []
    truth: list[Row] = []
    paths: list[Path] = []
    try:
        output.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            path = output / f"scan_{i + 1:04d}.{'dcm' if kind == 'dicom' else 'png'}"
            tell(i, count, path.name)
            scan = synthesise(_scan_seed(seed, i))
            spacing = scan_spacing_mm(scan)
            (_write_dicom if kind == "dicom" else _write_png)(scan, spacing, path)
            points += _point_rows(scan, path.name)
            truth += _truth_rows(scan, path.name, spacing)
            paths.append(path)
        _write_csv(output / "points.csv", POINT_COLUMNS, points)
        _write_csv(output / "truth.csv", TRUTH_COLUMNS, truth)
    except OSError as error:
        raise OutputError(
            f"Expected to write scans to '{output}', but it failed ({error.strerror or error}). "
            "Choose a folder that can be written."
        ) from error
    tell(count, count, "")
    return tuple(paths)


def write_scan(scan: SyntheticScan, path: Path) -> None:
    """Write one scan as a 12-bit Secondary Capture with its spacing.

    Raises:
        OutputError: if the file cannot be written.
    """
    try:
        _write_dicom(scan, scan_spacing_mm(scan), path)
    except OSError as error:
        raise OutputError(
            f"Expected to write '{path.name}', but it failed ({error.strerror}). "
            "Choose a folder that can be written."
        ) from error


def scan_spacing_mm(scan: SyntheticScan) -> tuple[float, float]:
    """``(row, column)`` in mm that a scan's pixels would have on an average spine."""
    stream = np.random.default_rng([scan.params["seed"], 0])
    spine = sample_shape(load_shape_model(), stream, fracture_rate=scan.params["fracture_rate"])
    rows, columns = scan.image.shape
    view = make_view(scan.params, SpineCurve(np.asarray(spine.six, np.float64)), (rows, columns))
    across, down = np.linalg.norm(view.matrix, axis=1)
    return MM_PER_UNIT / float(down), MM_PER_UNIT / float(across)


def _scan_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def _bodies(scan: SyntheticScan) -> Iterator[tuple[int, Level]]:
    """Index and level of the bodies T4 to L5 that are on the scan."""
    for level in LEVELS:
        index = BODY_LEVELS.index(level.value)
        if scan.visible[index]:
            yield index, level


def _point_rows(scan: SyntheticScan, name: str) -> list[Row]:
    return [
        (name, level.value, point.value, float(x), float(y))
        for index, level in _bodies(scan)
        if scan.visible[index] == MEASURABLE
        for point, (x, y) in zip(POINT_NAMES, scan.points[index], strict=True)
    ]


def _truth_rows(scan: SyntheticScan, name: str, spacing: tuple[float, float]) -> list[Row]:
    rows: list[Row] = []
    for index, level in _bodies(scan):
        aac = scan.aorta.calcification.get(level.value, ("", ""))
        cropped = scan.aorta.cropped.get(level.value)
        flag = "" if cropped is None else int(cropped)
        about = (int(scan.visible[index]), int(scan.grade[index]), *aac, flag)
        rows.append((name, level.value, *about, scan.look, scan.anterior, *spacing))
    return rows


def _write_png(scan: SyntheticScan, _spacing: tuple[float, float], path: Path) -> None:
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'pillow' for PNG files, but it is not installed. "
            "Install it with: pip install pillow"
        ) from None
    grey = np.clip(scan.image * 255 + 0.5, 0, 255).astype(np.uint8)
    temporary = path.with_name(f".{path.name}")
    Image.fromarray(grey).save(temporary, format="PNG")
    os.replace(temporary, path)


def _write_dicom(scan: SyntheticScan, spacing: tuple[float, float], path: Path) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    uids = [generate_uid(entropy_srcs=[f"{scan.params['seed']}", part]) for part in "123"]
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID(_SECONDARY_CAPTURE)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uids[0]
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SeriesInstanceUID, data.StudyInstanceUID = uids[1], uids[2]
    data.PatientName, data.PatientID = "SYNTHETIC^SCAN", path.stem
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = ""
    data.AccessionNumber = data.StudyID = data.ReferringPhysicianName = ""
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.Modality, data.ConversionType = "OT", "SYN"
    data.SeriesDescription = "Synthetic lateral spine, not a patient"
    # the scan shows bone dark where it is inverted, which MONOCHROME1 undoes
    data.PhotometricInterpretation = "MONOCHROME1" if scan.params["inverted"] else "MONOCHROME2"
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.Rows, data.Columns = scan.image.shape
    data.PixelSpacing = [f"{value:.9g}" for value in spacing]
    values = np.clip(scan.image * _TWELVE_BITS + 0.5, 0, _TWELVE_BITS).astype("<u2")
    data.PixelData = values.tobytes()
    temporary = path.with_name(f".{path.name}")
    data.save_as(temporary, enforce_file_format=True)
    os.replace(temporary, path)


def _write_csv(path: Path, columns: Sequence[str], rows: list[Row]) -> None:
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    os.replace(temporary, path)
