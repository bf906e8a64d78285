"""Damaged copies of valid files give an image or an ImageError, and print nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from vertenet.errors import ImageError
from vertenet.images import DxaImage, read_image

COMPRESSED = {
    "dicom rle": "1.2.840.10008.1.2.5",
    "dicom jpeg-ls": "1.2.840.10008.1.2.4.80",
    "dicom jpeg 2000": "1.2.840.10008.1.2.4.90",
}
MANY = ("dicom", "png", "nrrd")


def mutate(raw: bytes, rng: np.random.Generator) -> bytes:
    """Cut the file, flip some bytes, or overwrite a run with zeros; headers are hit most."""
    data = bytearray(raw)
    # Half of the damage goes to the first kilobyte, where the tags are.
    reach = len(data) if rng.random() < 0.5 else min(1024, len(data))
    kind = rng.integers(3)
    if kind == 0:
        return bytes(data[: rng.integers(reach)])
    if kind == 1:
        for place in rng.integers(0, reach, rng.integers(1, 9)):
            data[place] ^= int(rng.integers(1, 256))
        return bytes(data)
    start = int(rng.integers(reach))
    length = int(rng.integers(1, 65))
    data[start : start + length] = bytes(len(data[start : start + length]))
    return bytes(data)


def write_whole(path: Path, kind: str, pixels: np.ndarray, dicom: Callable[..., bytes]) -> None:
    if kind in COMPRESSED:
        import pydicom

        data = pydicom.dcmread(io.BytesIO(dicom(pixels, BitsStored=12)))
        data.compress(COMPRESSED[kind])
        data.save_as(path, enforce_file_format=True)
    elif kind.startswith("dicom"):
        syntax = "1.2.840.10008.1.2" if kind == "dicom implicit" else "1.2.840.10008.1.2.1"
        path.write_bytes(dicom(pixels, syntax, PixelSpacing=[0.5, 0.25], PatientAge="067Y",
                               RescaleSlope="1", RescaleIntercept="0", WindowCenter="40",
                               WindowWidth="80"))  # fmt: skip
    elif kind in ("png", "jpg", "tif", "bmp"):
        Image.fromarray((pixels >> 4).astype(np.uint8)).save(path.with_suffix("." + kind))
        path.with_suffix("." + kind).replace(path)
    else:
        target = path.with_suffix("." + kind)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels), str(target))
        target.replace(path)


@pytest.mark.parametrize(
    "kind",
    [
        "dicom",
        "dicom implicit",
        "png",
        "nrrd",
        "jpg",
        "tif",
        "bmp",
        "nii",
        "nii.gz",
        "mha",
        *COMPRESSED,
    ],
)
def test_damage_gives_an_image_or_one_sentence(
    tmp_path: Path,
    twelve_bit: np.ndarray,
    dicom_as_bytes: Callable[..., bytes],
    capfd: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    rng = np.random.default_rng(20)
    path = tmp_path / "scan"
    write_whole(path, kind, twelve_bit, dicom_as_bytes)
    raw = path.read_bytes()
    refused, count = 0, 150 if kind in MANY else 40
    for _ in range(count):
        path.write_bytes(mutate(raw, rng))
        try:
            image = read_image(path)
        except ImageError as error:
            refused += 1
            assert "\n" not in str(error)
            assert len(str(error)) < 500
        else:
            assert isinstance(image, DxaImage)
            assert np.isfinite(image.pixels).all()
    assert refused >= count // 8
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
