"""Which files are read, and what the folders of their results are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import ImageError
from ..report.folder import FILE_NAMES, REPORT

IMAGE_SUFFIXES = (
    *(".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp"),
    *(".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"),
)
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_PORTS = {f"{port}{i}" for port in ("com", "lpt") for i in range(10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS
_TABLES = ("failures", "images", "vertebrae", "aac")  # lie beside the folders
_LONGEST, _LONGEST_BYTES = 120, 240  # of a folder's name; file systems allow 255 bytes


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Files as given; folders replaced by the images below them, sorted, without hidden ones.

    Raises:
        ImageError: if a folder holds no image.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(
            file
            for file in path.rglob("*")
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
            and _looks_like_image(file)
        )
        if not inside:
            raise ImageError(
                f"Expected images in the folder '{path}', got none. Give image files or a "
                "folder with DICOM, PNG, JPEG, TIFF, BMP, NRRD, NIfTI or MHA files."
            )
        found += inside
    return found


def folder_names(names: Iterable[str]) -> list[str]:
    """One folder name for each file name, all distinct whatever the case of letters.

    The name without its ending; characters that a file system refuses become ``_``;
    the second ``scan`` becomes ``scan-2``, and so does what is called like a table.
    """
    taken = {f"{table}.{kind}" for table in _TABLES for kind in ("csv", "parquet")}
    chosen: list[str] = []
    for name in names:
        stem = candidate = _stem(name)
        number = 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}-{number}"
        taken.add(candidate.casefold())
        chosen.append(candidate)
    return chosen


def printable(text: str) -> str:
    """Valid UTF-8 on one line, whatever bytes a file's name holds."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _looks_like_image(file: Path) -> bool:
    """By its ending, or by the mark of a DICOM file; our own results never."""
    if not file.is_file():
        return False
    if file.name in FILE_NAMES and (file.parent / REPORT).is_file():
        return False
    if file.name.lower().endswith(IMAGE_SUFFIXES):
        return True
    try:
        with file.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _stem(name: str) -> str:
    """A name fit for a folder on every system."""
    lower = name.lower()
    known = max((s for s in IMAGE_SUFFIXES if lower.endswith(s)), key=len, default="")
    stem = name[: len(name) - len(known)] if known else name
    if not known and not Path(name).suffix[1:].isdigit():  # 1.2.840.1 has no ending
        stem = Path(name).stem
    stem = _UNFIT.sub("_", stem).strip(" .")[:_LONGEST]
    stem = stem.encode("utf-8")[:_LONGEST_BYTES].decode("utf-8", "ignore").rstrip(" .")
    return f"{stem or 'image'}_" if stem.casefold() in _RESERVED else stem or "image"
