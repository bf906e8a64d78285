"""Compressed DICOM pixels: RLE, JPEG, JPEG-LS, JPEG 2000."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..errors import ImageError
from .codestream import codestream_size, joined_fragments, lacks_end
from .dicom_layout import Layout, Stored
from .libraries import (
    DAMAGED_JPEG,
    dicom_errors,
    is_damage,
    pydicom_major,
    quiet_decoders,
    simpleitk,
)
from .limits import reason

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Decoder: TypeAlias = "Callable[[Dataset, bytes, Layout], Stored]"

_RLE = "1.2.840.10008.1.2.5"
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


def decode_frame(dataset: Dataset, data: bytes, layout: Layout, name: str) -> Stored:
    """Decode by pydicom's plugins, or by GDCM inside SimpleITK.

    Grey goes to pydicom first, RLE to GDCM alone.  Colour goes to GDCM first, which gives red,
    green, blue under every release of pydicom.

    Raises:
        ImageError: a film, an unknown syntax, or data that neither can decode.
    """
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
    if lacks_end(joined_fragments(data)):
        raise ImageError(
            f"{name}: expected a whole {title} image, got one that is truncated. Copy or export it "
            "again."
        )
    failures = []
    for decode in _decoders(layout):
        try:
            with quiet_decoders():
                pixels = decode(dataset, data, layout)
        except dicom_errors() as error:
            failures.append(reason(error))
            continue
        if pixels.shape[:2] == (layout.rows, layout.columns) and pixels.ndim in (2, 3):
            return pixels
        failures.append(f"got shape {pixels.shape}")
    raise ImageError(
        f"{name}: expected readable pixels, but its {title} data cannot be decoded "
        f"({failures[-1]}). Export it uncompressed if the file is not damaged."
    )


def damage(data: bytes, layout: Layout) -> tuple[str, ...]:
    """A sentence where libjpeg finds lossy data damaged, which pydicom's plugins do not say."""
    frame = joined_fragments(data)
    if layout.syntax not in _JPEG or layout.allocated != 8 or not frame:
        return ()
    sitk = simpleitk()
    with tempfile.TemporaryDirectory(prefix="vertenet-") as folder:
        path = os.path.join(folder, "frame.jpg")
        with open(path, "wb") as stream:
            stream.write(frame)
        with quiet_decoders(also_stdout=True) as said, suppress(*dicom_errors()):
            reader = sitk.ImageFileReader()
            reader.SetImageIO("JPEGImageIO")
            reader.SetFileName(path)
            reader.Execute()
    return (DAMAGED_JPEG,) if is_damage(said) else ()


def _decoders(layout: Layout) -> tuple[Decoder, ...]:
    if layout.syntax == _RLE:
        # pylibjpeg-rle panics on damage, which is no Exception; GDCM needs no help with RLE.
        return (by_gdcm,)
    return (by_pydicom, by_gdcm) if layout.samples == 1 else (by_gdcm, by_pydicom)


def by_pydicom(dataset: Dataset, data: bytes, layout: Layout) -> Stored:
    """pydicom with whatever plugins there are; colours as red, green, blue or as luminance."""
    pixels = np.asarray(dataset.pixel_array)
    kept = pydicom_major() < 3 and layout.photometric.startswith("YBR_FULL")
    # pydicom 2 leaves YBR_FULL as it is: its first channel is the grey that we want.
    return pixels[..., 0] if kept and pixels.ndim == 3 else pixels


def by_gdcm(dataset: Dataset, data: bytes, layout: Layout) -> Stored:
    """Let GDCM decode a copy that holds nothing but the compressed pixels.

    Given the whole file GDCM inverts MONOCHROME1, rescales, and picks a spacing by SOP class.
    The copy has no tag that invites it to.
    """
    sitk = simpleitk()
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
    pixels = pixels[0] if pixels.shape[0] == 1 else pixels
    return pixels[..., 0] if _luminance_first(layout) and pixels.ndim == 3 else pixels


def _write_bare_copy(path: str, data: bytes, layout: Layout) -> None:
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset

    bare = Dataset()
    bare.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    bare.SOPInstanceUID = "2.25.1"
    bare.Modality = "OT"
    bare.Rows, bare.Columns = layout.rows, layout.columns
    bare.SamplesPerPixel = layout.samples
    bare.PhotometricInterpretation = _true_colours(data, layout)
    if layout.samples == 3:
        bare.PlanarConfiguration = layout.planar
    # The whole word: told fewer bits, GDCM cuts the others, and what they hold is lost unseen.
    bare.BitsAllocated = bare.BitsStored = layout.allocated
    bare.HighBit = layout.allocated - 1
    bare.PixelRepresentation = int(layout.signed)
    bare.PixelData = data
    bare["PixelData"].VR = "OB"
    bare["PixelData"].is_undefined_length = True
    bare.file_meta = FileMetaDataset()
    bare.file_meta.MediaStorageSOPClassUID = bare.SOPClassUID
    bare.file_meta.MediaStorageSOPInstanceUID = bare.SOPInstanceUID
    bare.file_meta.TransferSyntaxUID = pydicom.uid.UID(layout.syntax)
    if pydicom_major() >= 3:
        bare.save_as(path, enforce_file_format=True)
    else:
        bare.is_little_endian, bare.is_implicit_VR = True, False
        bare.save_as(path, write_like_original=False)


def _luminance_first(layout: Layout) -> bool:
    """Lossless streams hold YBR_FULL as it is: the first channel is the grey that we want."""
    return layout.photometric.startswith("YBR_FULL") and layout.syntax not in _JPEG


def _true_colours(data: bytes, layout: Layout) -> str:
    """The colour model to tell GDCM, which believes the tag; JPEG often belies it."""
    if layout.samples == 1:
        return "MONOCHROME2"
    if layout.syntax in _JPEG and b"JFIF\x00" in data[:1024]:
        return "YBR_FULL"
    # Called RGB, the channels come back untouched.
    return "RGB" if _luminance_first(layout) else layout.photometric
