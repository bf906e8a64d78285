"""The two libraries that decode images: loaded late, kept from writing to the console."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .limits import DECODER_ERRORS

_LOCK = threading.RLock()

DAMAGED_JPEG = "The JPEG data are damaged: parts of the image may be wrong."


def is_damage(said: list[str]) -> bool:
    """Whether libjpeg told of damage: it goes on after it, with noise or grey in what follows."""
    return any("Corrupt JPEG" in line or "Premature" in line for line in said)


def simpleitk() -> Any:
    """SimpleITK, imported on first use; it has no types of its own."""
    import SimpleITK

    return SimpleITK


def pydicom_major() -> int:
    """2 or 3: Slicer's pydicom may be either."""
    import pydicom

    return int(pydicom.__version__.split(".")[0])


def dicom_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged DICOM file may raise; two of pydicom's own derive from nothing."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (*DECODER_ERRORS, BytesLengthException, InvalidDicomError)


@contextmanager
def quiet_decoders(*, also_stdout: bool = False) -> Iterator[list[str]]:
    """Keep what ITK, GDCM, libtiff, libjpeg and MetaIO print off the console.

    Our own error says it better.  ITK's global switch and the file descriptors are put back
    afterwards: inside Slicer they are the host's.

    Args:
        also_stdout: ITK's JPEG reader complains on standard output.

    Yields:
        A list that holds the printed lines once the block is left.
    """
    said: list[str] = []
    with _LOCK, tempfile.TemporaryFile() as sink:
        sitk = simpleitk()
        shown = sitk.ProcessObject.GetGlobalWarningDisplay()
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        saved = _redirect((1, 2) if also_stdout else (2,), sink.fileno())
        try:
            yield said
        finally:
            for descriptor, copy in saved:
                os.dup2(copy, descriptor)
                os.close(copy)
            sitk.ProcessObject.SetGlobalWarningDisplay(shown)
            sink.seek(0)
            said.extend(sink.read(10_000).decode("utf-8", "replace").splitlines())


def _redirect(descriptors: tuple[int, ...], sink: int) -> list[tuple[int, int]]:
    """Point descriptors at the sink; (descriptor, copy of what it was) for the way back."""
    saved = []
    for descriptor in descriptors:
        try:
            saved.append((descriptor, os.dup(descriptor)))
        except OSError:
            # No console at all, as in Slicer on Windows: nothing to silence.
            continue
        os.dup2(sink, descriptor)
    return saved
