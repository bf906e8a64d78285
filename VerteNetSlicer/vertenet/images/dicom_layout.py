"""How the pixels of a DICOM file lie, as its tags say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .dicom_tags import text, whole
from .limits import check_size

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Stored = NDArray[Any]

NATIVE = (
    "",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.113619.5.2",
)
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
        rows=rows,
        columns=columns,
        samples=samples,
        allocated=allocated,
        stored=stored,
        high_bit=whole(dataset, "HighBit", stored - 1),
        signed=whole(dataset, "PixelRepresentation") == 1,
        planar=whole(dataset, "PlanarConfiguration"),
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        syntax=syntax,
        big_endian=syntax == _BIG_ENDIAN or (not syntax and _guessed_big_endian(dataset)),
    )


def _guessed_big_endian(dataset: Dataset) -> bool:
    """Byte order that pydicom found in a file without its meta header (pydicom 2 and 3)."""
    for attribute in ("original_encoding", "read_encoding"):
        encoding = getattr(dataset, attribute, None)
        if isinstance(encoding, tuple):
            return encoding[-1] is False
    return getattr(dataset, "read_little_endian", True) is False
