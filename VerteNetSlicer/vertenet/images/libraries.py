"""The two libraries that decode images: loaded late, kept from writing to the console."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LOCK = threading.RLock()


def simpleitk() -> Any:
    """SimpleITK, imported on first use; it has no types of its own."""
    import SimpleITK

    return SimpleITK


def pydicom_major() -> int:
    """2 or 3: Slicer's pydicom may be either."""
    import pydicom

    return int(pydicom.__version__.split(".")[0])


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Drop what ITK, GDCM, libtiff, libjpeg and MetaIO print on a damaged file.

    Our own error says it better.  ITK's global switch and file descriptor 2, to which the
    others write, are put back afterwards: inside Slicer they are the host's.
    """
    with _LOCK:
        sitk = simpleitk()
        shown = sitk.ProcessObject.GetGlobalWarningDisplay()
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        try:
            with _descriptor_2_closed():
                yield
        finally:
            sitk.ProcessObject.SetGlobalWarningDisplay(shown)


@contextmanager
def _descriptor_2_closed() -> Iterator[None]:
    try:
        saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        # No console at all, as in Slicer on Windows: nothing to silence.
        yield
        return
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
