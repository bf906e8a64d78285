"""How a process that is ours alone treats memory that it has done with."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # Source: glibc, malloc.h
_KEPT = 1 << 29  # bytes; no array of ours is as large


def keep_memory() -> bool:
    """Let freed arrays be used again in place of being given back to the system.

    Otherwise Linux hands out and clears the pages of every image anew, which takes a tenth
    of the time of a detection.  Not for a host's process: its memory is not ours to keep.

    Returns:
        Whether the C library knows how; where it does not, nothing is changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    return all(mallopt(option, _KEPT) == 1 for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD))
