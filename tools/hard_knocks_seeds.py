"""The valid files that hard_knocks.py damages, one of every kind that is read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

ROWS, COLUMNS = 96, 72
SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "rle": "1.2.840.10008.1.2.5",
    "jpegls": "1.2.840.10008.1.2.4.80",
    "jpeg2000": "1.2.840.10008.1.2.4.90",
}


def write_seeds(folder: Path) -> list[tuple[str, bytes]]:
    """(name, content) of each; a name begins with its kind and a hyphen."""
    pixels = np.random.default_rng(1).integers(0, 4096, (ROWS, COLUMNS)).astype(np.uint16)
    out = [(f"image-{name}.dcm", dicom(pixels, uid)) for name, uid in SYNTAXES.items()]
    out += rasters(pixels, folder)
    out += ours(pixels, folder)
    out += annotations()
    model = Path(__file__).resolve().parents[1] / "Resources/Models/vertenet-compact/model.json"
    return [*out, ("model-.json", model.read_bytes())]


def dicom(pixels: np.ndarray, syntax: str) -> bytes:
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    plain = UID(SYNTAXES["implicit"]) if syntax == SYNTAXES["implicit"] else ExplicitVRLittleEndian
    meta.TransferSyntaxUID = plain
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    data = FileDataset("x", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.2", "2.25.3"
    data.PatientName, data.PatientID, data.PatientSex, data.PatientAge = "A^B", "1", "F", "067Y"
    data.StudyDate, data.StudyTime, data.StudyID, data.AccessionNumber = "20260101", "1200", "1", ""
    data.PatientBirthDate, data.ReferringPhysicianName = "", ""
    data.SeriesNumber, data.InstanceNumber, data.Manufacturer = 1, 1, "M"
    data.Modality, data.PhotometricInterpretation = "DX", "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.NumberOfFrames = 1, 1
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelSpacing, data.ImagerPixelSpacing = [0.5, 0.25], [0.5, 0.25]
    data.RescaleSlope, data.RescaleIntercept = "1", "0"
    data.WindowCenter, data.WindowWidth = "2000", "4000"
    region = Dataset()
    region.PhysicalDeltaX, region.PhysicalUnitsXDirection = 0.05, 3
    data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = pixels.astype("<u2").tobytes()
    if syntax != plain:
        data.compress(syntax)
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def rasters(pixels: np.ndarray, folder: Path) -> list[tuple[str, bytes]]:
    from PIL import Image

    from vertenet.images import image_from_array, write_nrrd

    out = []
    for kind in ("png", "jpg", "tif", "bmp"):
        buffer = io.BytesIO()
        formats = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF", "bmp": "BMP"}
        Image.fromarray((pixels >> 4).astype(np.uint8)).save(buffer, formats[kind])
        out.append((f"image-.{kind}", buffer.getvalue()))
    write_nrrd(image_from_array(pixels, name="x", spacing_mm=(0.5, 0.5)), folder / "x.nrrd")
    return [*out, ("image-.nrrd", (folder / "x.nrrd").read_bytes())]


def ours(pixels: np.ndarray, folder: Path) -> list[tuple[str, bytes]]:
    """What the program itself writes: markups, report, CSV, SR, DICOMDIR."""
    from pydicom.fileset import FileSet

    from vertenet.anatomy import LEVELS, POINT_NAMES, Landmark, Spine, Vertebra
    from vertenet.images import read_image
    from vertenet.pipeline import frame_of, measure
    from vertenet.report.exchange import exchange_with
    from vertenet.report.folder import write_folder

    scan = folder / "scan.dcm"
    scan.write_bytes(dicom(pixels, SYNTAXES["explicit"]))
    image = read_image(scan)
    corners = ((20, 0), (30, 0.5), (40, 0), (40, 4), (30, 3.5), (20, 4))
    spine = Spine(
        tuple(
            Vertebra(
                level,
                {n: Landmark(x, y + 10 + 6 * i) for n, (x, y) in zip(POINT_NAMES, corners)},
            )
            for i, level in enumerate(LEVELS)
        )
    )
    analysis = measure(spine, frame_of(image), image=image)
    exchange = exchange_with(scan, dicom=True, identity=False)
    write_folder(analysis, folder / "out", image=image, exchange=exchange)
    lines = ["image,level,point,x,y,sex,age"]
    for v in spine:
        lines += [f"scan.dcm,{v.level},{n},{p.x},{p.y},F,67" for n, p in v.points.items()]
    files = FileSet()
    files.add(scan)
    files.write(folder / "set")
    return [
        ("points-landmarks.mrk.json", (folder / "out/landmarks.mrk.json").read_bytes()),
        ("report-report.json", (folder / "out/report.json").read_bytes()),
        ("points-.csv", "\n".join(lines).encode()),
        ("sr-.dcm", (folder / "out/sr.dcm").read_bytes()),
        ("dicomdir-", (folder / "set/DICOMDIR").read_bytes()),
    ]


def annotations() -> list[tuple[str, bytes]]:
    """Other people's formats: COCO key points and the published .mat."""
    from scipy.io import savemat

    buffer, packed = io.BytesIO(), io.BytesIO()
    savemat(buffer, {"p2": np.random.default_rng(2).random((24, 2)) * 70})
    savemat(packed, {"p2": np.random.default_rng(2).random((24, 2)) * 70}, do_compression=True)
    names = ["PS", "MS", "AS", "AI", "MI", "PI"]
    coco = {
        "images": [{"id": 1, "file_name": "scan.dcm", "width": COLUMNS, "height": ROWS}],
        "categories": [{"id": 1, "name": "L1", "keypoints": names}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [1, 2, 2] * 6,
             "num_keypoints": 6}
        ],
    }  # fmt: skip
    return [
        ("annotations-plain.mat", buffer.getvalue()),
        ("annotations-packed.mat", packed.getvalue()),
        ("annotations-coco.json", json.dumps(coco).encode()),
    ]
