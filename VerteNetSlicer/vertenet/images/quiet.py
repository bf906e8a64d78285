"""Keep C libraries from writing to the console."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what libtiff, libjpeg and MetaIO print on a damaged file; our error says it better.

    They write to file descriptor 2 itself.  A host without one (Slicer on Windows) prints
    nothing anyway.
    """
    with _LOCK:
        try:
            saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        except OSError:
            yield
            return
        try:
            os.dup2(sink, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(sink)
