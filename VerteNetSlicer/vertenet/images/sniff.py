"""What a file is, judged by its first bytes and never by its extension."""

from __future__ import annotations

import re
import zlib

from ..errors import ImageError

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"NRRD000", "NRRD"),
)

# What people drop on the program by mistake, in their words.
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an Office document)"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture, a film or a sound"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file outside DICOM"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 codestream outside DICOM"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"MATLAB", "a MATLAB file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Salted__", "a file encrypted by OpenSSL"),
    (b"-----BEGIN PGP", "a file encrypted by PGP"),
    (b"age-encryption", "a file encrypted by age"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format", "a database"),
)
_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_METAIMAGE = re.compile(rb"^\s*(ObjectType|ObjectSubType|NDims|Comment)\s*=", re.ASCII)
_READ = "DICOM, PNG, JPEG, TIFF, BMP, NRRD, NIfTI or MetaImage"


def sniff(data: bytes, name: str) -> str:
    """``"DICOM"``, ``"PNG"``, ``"JPEG"``, ``"TIFF"``, ``"BMP"``, ``"NRRD"``, ``"NIfTI"``
    or ``"MetaImage"``.

    Raises:
        ImageError: saying what the file is instead, as far as its first bytes tell.
    """
    if not data:
        raise ImageError(f"{name}: expected an image, got an empty file of 0 bytes.")
    if data[128:132] == b"DICM":
        return "DICOM"
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:2] == b"BM" and data[6:10] == b"\x00\x00\x00\x00":
        return "BMP"
    if _METAIMAGE.match(data[:200]):
        return "MetaImage"
    if _is_nifti(gunzip_start(data) if data[:2] == b"\x1f\x8b" else data):
        return "NIfTI"
    if data[:2] == b"\x1f\x8b":
        raise ImageError(f"{name}: expected {_READ}, got a gzip archive. Unpack it first.")
    if _is_bare_dicom(data):
        return "DICOM"
    raise ImageError(f"{name}: expected {_READ}, got {_other(data)}.")


def gunzip_start(data: bytes, size: int = 1024) -> bytes:
    """The first bytes inside a gzip file; empty if it is damaged."""
    try:
        return zlib.decompressobj(31).decompress(data[: max(65536, size)], size)
    except zlib.error:
        return b""


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\x00", b"ni1\x00") or head[4:8] in (b"n+2\x00", b"ni2\x00")


def _is_bare_dicom(data: bytes) -> bool:
    """A data set without the 128-byte preamble, as some archives send it."""
    if len(data) < 16 or data[:4] not in (
        b"\x02\x00\x00\x00",
        b"\x08\x00\x00\x00",
        b"\x08\x00\x05\x00",
        b"\x08\x00\x08\x00",
        b"\x08\x00\x16\x00",
        b"\x08\x00\x12\x00",
        b"\x00\x08\x00\x05",
        b"\x00\x08\x00\x08",
        b"\x00\x08\x00\x16",
        b"\x08\x00\x01\x00",
    ):
        return False
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    return explicit or int.from_bytes(data[4:8], "little") < 1024


def _other(data: bytes) -> str:
    for signature, what in _OTHERS:
        if data.startswith(signature):
            return what
    if data[:1] == b"\x30" and _ENVELOPED in data[:64]:
        return "an encrypted (CMS) file; decrypt it first"
    if data[4:8] == b"ftyp":
        return "a film or a HEIC picture"
    head = data[:512]
    if not any(head):
        return "a file that begins with zeros only"
    text = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    if text >= 0.95 * len(head):
        return "a text file"
    return "data of an unknown kind, perhaps damaged or encrypted"
