"""Stored values of a DICOM image's one frame: native or compressed, one sample or three."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .codestream import codestream_size
from .dicom_tags import text, whole
from .limits import DECODER_ERRORS, check_size, reason

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Stored = NDArray[Any]

NATIVE = ("", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99",
          "1.2.840.10008.1.2.2", "1.2.840.113619.5.2")
_BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True)
class Layout:
    """The tags that say how pixels lie in the file."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    planar: int
    photometric: str
    syntax: str
    big_endian: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        """Unsigned container of one sample, in the file's byte order."""
        return np.dtype(f"{'>' if self.big_endian else '<'}u{self.allocated // 8}")

    @property
    def halved(self) -> bool:
        """True where the colours of two neighbours are shared (YBR_FULL_422)."""
        return self.photometric.endswith("_422") and self.samples == 3

    @property
    def frame_bytes(self) -> int:
        """Length of one native frame."""
        samples = 2 if self.halved else self.samples
        return self.rows * self.columns * samples * self.allocated // 8


def read_layout(dataset: Dataset, name: str) -> Layout:
    """Check the tags of the image pixel module.

    Raises:
        ImageError: if they are missing, absurd, or of a kind that is not read.
    """
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    if rows < 1 or columns < 1:
        raise ImageError(f"{name}: expected Rows and Columns above 0, got {rows} and {columns}.")
    check_size(rows, columns, name)
    frames = whole(dataset, "NumberOfFrames", 1)
    if frames > 1:
        raise ImageError(
            f"{name}: expected one slice, got {frames} frames. Export the one lateral image."
        )
    samples = whole(dataset, "SamplesPerPixel", 1)
    allocated = whole(dataset, "BitsAllocated")
    if samples not in (1, 3) or allocated not in (8, 16, 32):
        raise ImageError(
            f"{name}: expected 1 or 3 samples of 8, 16 or 32 bits a pixel, got {samples} of "
            f"{allocated} bits."
        )
    stored = whole(dataset, "BitsStored", allocated)
    stored = stored if 1 <= stored <= allocated else allocated
    meta = getattr(dataset, "file_meta", None)
    syntax = text(meta, "TransferSyntaxUID") if meta is not None else ""
    return Layout(
        rows=rows, columns=columns, samples=samples, allocated=allocated, stored=stored,
        high_bit=whole(dataset, "HighBit", stored - 1),
        signed=whole(dataset, "PixelRepresentation") == 1,
        planar=whole(dataset, "PlanarConfiguration"),
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        syntax=syntax,
        big_endian=syntax == _BIG_ENDIAN or (not syntax and _guessed_big_endian(dataset)),
    )


def stored_values(dataset: Dataset, layout: Layout, name: str) -> Stored:
    """(rows, columns) or (rows, columns, 3) integers with the file's sign and stored bits.

    Raises:
        ImageError: truncated, of another length than the tags say, or not decodable.
    """
    element = dataset["PixelData"]
    data = element.value
    if not isinstance(data, bytes) or not data:
        raise ImageError(f"{name}: expected pixels, got an empty Pixel Data element.")
    if layout.syntax in NATIVE:
        raw = _native(data, layout, str(element.VR), name)
    else:
        raw = _decoded(dataset, data, layout, name)
    return _sign_and_mask(raw, layout)


def _guessed_big_endian(dataset: Dataset) -> bool:
    """Byte order that pydicom found in a file without its meta header (pydicom 2 and 3)."""
    for attribute in ("original_encoding", "read_encoding"):
        encoding = getattr(dataset, attribute, None)
        if isinstance(encoding, tuple):
            return encoding[-1] is False
    return getattr(dataset, "read_little_endian", True) is False


def _native(data: bytes, layout: Layout, vr: str, name: str) -> Stored:
    expected, got = layout.frame_bytes, len(data)
    if got < expected:
        raise ImageError(
            f"{name}: expected {expected} bytes of pixels for {layout.columns} x {layout.rows}, "
            f"got {got}: the file is truncated or its tags are wrong."
        )
    # Writers pad to an even length, or to a block; a whole row more is another image.
    if got - expected > max(512, layout.columns * layout.samples * layout.allocated // 8):
        raise ImageError(
            f"{name}: expected {expected} bytes of pixels for {layout.columns} x {layout.rows}, "
            f"got {got}: more than one frame, or wrong tags."
        )
    frame = data[:expected]
    if layout.big_endian and layout.allocated == 8 and vr == "OW":
        even = frame + data[expected : expected + expected % 2]
        frame = np.frombuffer(even[: len(even) // 2 * 2], ">u2").astype("<u2").tobytes()
    values = np.frombuffer(frame, layout.dtype)
    rows, columns = layout.rows, layout.columns
    if layout.halved:
        return values.reshape(-1, 4)[:, :2].reshape(rows, columns)
    if layout.samples == 1:
        return values.reshape(rows, columns)
    if layout.planar == 1:
        return values.reshape(3, rows, columns).transpose(1, 2, 0)
    return values.reshape(rows, columns, 3)


def _sign_and_mask(raw: Stored, layout: Layout) -> Stored:
    """Cut unused bits, which may hold overlays, and extend the sign."""
    bits = raw.dtype.itemsize * 8
    stored = min(layout.stored, bits)
    unsigned = raw.view(raw.dtype.newbyteorder("=").str.replace("i", "u")) if (
        raw.dtype.kind == "i") else raw
    values = unsigned.astype(unsigned.dtype.newbyteorder("="), copy=False)
    shift = layout.high_bit + 1 - stored
    if 0 < shift <= bits - stored and not np.any(values & ((1 << shift) - 1)):
        values = values >> shift
    if not layout.signed:
        return values if stored == bits else values & np.array((1 << stored) - 1, values.dtype)
    up = bits - stored
    shifted = (values << up) if up else values
    return shifted.view(f"i{bits // 8}") >> up


def _decoded(dataset: Dataset, data: bytes, layout: Layout, name: str) -> Stored:
    """Decode by pydicom's plugins, else by GDCM inside SimpleITK."""
    from pydicom.uid import UID

    uid = UID(layout.syntax)
    title = uid.name if uid.name != layout.syntax else layout.syntax
    if not uid.is_transfer_syntax and not layout.syntax.startswith("1.2.840.10008.1.2."):
        raise ImageError(f"{name}: expected a DICOM transfer syntax, got {layout.syntax!r}.")
    if "MPEG" in title or "HEVC" in title or "JPIP" in title or "SMPTE" in title:
        raise ImageError(f"{name}: expected a still image, got one coded as {title}.")
    size = codestream_size(data)
    if size is not None and size != (layout.rows, layout.columns):
        raise ImageError(
            f"{name}: expected {layout.columns} x {layout.rows} pixels as its tags say, got "
            f"compressed data of {size[1]} x {size[0]}."
        )
    failures = []
    for decode in (_by_pydicom, _by_gdcm):
        try:
            pixels = decode(dataset, data, layout)
        except DECODER_ERRORS as error:
            failures.append(reason(error))
            continue
        if pixels.shape[:2] == (layout.rows, layout.columns) and pixels.ndim in (2, 3):
            return pixels
        failures.append(f"got shape {pixels.shape}")
    raise ImageError(
        f"{name}: expected readable pixels, but its {title} data cannot be decoded "
        f"({failures[-1]}). Export it uncompressed if the file is not damaged."
    )


def _by_pydicom(dataset: Dataset, data: bytes, layout: Layout) -> Stored:
    return np.asarray(dataset.pixel_array)


def _by_gdcm(dataset: Dataset, data: bytes, layout: Layout) -> Stored:
    """Let GDCM decode a copy that holds nothing but the compressed pixels.

    Given the whole file GDCM inverts MONOCHROME1, rescales, and picks a spacing by SOP class.
    The copy has no tag that invites it to.
    """
    import SimpleITK as sitk

    handle, path = tempfile.mkstemp(suffix=".dcm")
    os.close(handle)
    try:
        _write_bare_copy(path, data, layout)
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(path)
        pixels = np.asarray(sitk.GetArrayFromImage(reader.Execute()))
    finally:
        os.unlink(path)
    return pixels[0] if pixels.shape[0] == 1 else pixels


def _write_bare_copy(path: str, data: bytes, layout: Layout) -> None:
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset

    bare = Dataset()
    bare.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    bare.SOPInstanceUID = "2.25.1"
    bare.Modality = "OT"
    bare.Rows, bare.Columns = layout.rows, layout.columns
    bare.SamplesPerPixel = layout.samples
    bare.PhotometricInterpretation = layout.photometric if layout.samples == 3 else "MONOCHROME2"
    if layout.samples == 3:
        bare.PlanarConfiguration = layout.planar
    bare.BitsAllocated, bare.BitsStored = layout.allocated, layout.stored
    bare.HighBit = layout.stored - 1
    bare.PixelRepresentation = int(layout.signed)
    bare.PixelData = data
    bare["PixelData"].VR = "OB"
    bare["PixelData"].is_undefined_length = True
    bare.file_meta = FileMetaDataset()
    bare.file_meta.MediaStorageSOPClassUID = bare.SOPClassUID
    bare.file_meta.MediaStorageSOPInstanceUID = bare.SOPInstanceUID
    bare.file_meta.TransferSyntaxUID = pydicom.uid.UID(layout.syntax)
    if int(pydicom.__version__.split(".")[0]) >= 3:
        bare.save_as(path, enforce_file_format=True)
    else:
        bare.is_little_endian, bare.is_implicit_VR = True, False
        bare.save_as(path, write_like_original=False)
