"""Files that are really written, in a temporary folder, for the tests of the images room."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROWS, COLUMNS = 120, 80
EXPLICIT = "1.2.840.10008.1.2.1"

MakeDicom = Callable[..., Path]


def dicom_bytes(
    pixels: np.ndarray, syntax: str = EXPLICIT, *, drop: tuple[str, ...] = (), **tags: Any
) -> bytes:
    """A minimal Secondary Capture; every tag can be replaced, added or dropped."""
    from pydicom.dataset import Dataset, FileMetaDataset

    data = Dataset()
    colour = pixels.ndim == 3
    bits = pixels.dtype.itemsize * 8
    values: dict[str, Any] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
        "SOPInstanceUID": "2.25.7",
        "Modality": "OT",
        "PatientName": "Doe^Jane",
        "PatientID": "4711",
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(),
    }
    values.update({"PlanarConfiguration": 0} if colour else {})
    values.update(tags)
    values.setdefault("HighBit", values["BitsStored"] - 1)
    if len(values["PixelData"]) % 2:
        values["PixelData"] += b"\0"
    compressed = values.pop("compressed", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in values.items():
            if keyword not in drop:
                setattr(data, keyword, value)
        if "PixelData" in data:
            data["PixelData"].VR = "OW" if values["BitsAllocated"] > 8 else "OB"
        if compressed:
            data["PixelData"].is_undefined_length = True
            data["PixelData"].VR = "OB"
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = syntax
        stream = io.BytesIO()
        data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    def make(pixels: np.ndarray, *args: Any, name: str = "scan", **kwargs: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(dicom_bytes(pixels, *args, **kwargs))
        return path

    return make


@pytest.fixture
def dicom_as_bytes() -> Callable[..., bytes]:
    return dicom_bytes


@pytest.fixture
def twelve_bit() -> np.ndarray:
    """A smooth 12-bit scan with noise, (120, 80) uint16, no two quarters alike."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    noise = np.random.default_rng(7).integers(0, 40, (ROWS, COLUMNS))
    return (1000 * (np.sin(x / 9) + np.cos(y / 11) + 2) + noise).astype(np.uint16)


@pytest.fixture
def eight_bit(twelve_bit: np.ndarray) -> np.ndarray:
    return (twelve_bit >> 4).astype(np.uint8)


@pytest.fixture
def colours() -> np.ndarray:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    return np.stack([x * 3, y * 2, 255 - x * 2], axis=-1).astype(np.uint8)
