"""A DICOMDIR: the table of contents of a disc, and the files it names."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from ..errors import ConfigurationError
from ..images.libraries import dicom_errors

_DIRECTORY = re.compile(rb"UI..1\.2\.840\.10008\.1\.3\.10(?![.\d])", re.S)
"""The class of a DICOMDIR as its file's meta information says it."""
_FILES_OF = "IMAGE"


def is_dicomdir(path: str) -> bool:
    """Whether a file is a DICOMDIR, by its own word for it."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(1024)
    except OSError:
        return False
    return head[128:132] == b"DICM" and _DIRECTORY.search(head) is not None


def referenced_files(path: str) -> Iterator[tuple[str, str, str]]:
    """``(path, status, reason)`` of each image that a DICOMDIR names.

    Raises:
        ConfigurationError: if the DICOMDIR is damaged.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # values are read when they are asked for: damage may show as late as that
            folder = os.path.dirname(path)
            records = pydicom.dcmread(path).DirectoryRecordSequence
            files = [file for record in records for file in _file_of(record, folder)]
        except dicom_errors() as error:
            raise ConfigurationError(
                f"Expected a DICOMDIR, but '{path}' is damaged ({type(error).__name__}). "
                "Give the folder with its files instead."
            ) from None
    yield from files


def _file_of(record: Any, folder: str) -> Iterator[tuple[str, str, str]]:
    if record.get("DirectoryRecordType") != _FILES_OF:
        return
    named = record.get("ReferencedFileID") or []
    parts = [named] if isinstance(named, str) else [str(part) for part in named]
    if not parts:
        return
    # a disc's table must not lead outside of the disc
    if any(part in ("", ".", "..") or set(part) & set("/\\:\0") for part in parts):
        shown = os.path.join(folder, "/".join(p.replace("\0", "?") for p in parts))
        yield shown, "failed", "the DICOMDIR names a path outside of its folder"
        return
    path = os.path.normpath(os.path.join(folder, *parts))
    if os.path.isfile(path):
        yield path, "", ""
    else:
        yield path, "failed", "the DICOMDIR names it, but it is not there"
