"""What a decoder may raise, and how large or small an image may be."""

from __future__ import annotations

import struct
import zlib

from ..errors import ImageError

MIN_SIDE_PX = 64
"""Below this no vertebra is more than a few pixels high."""

MAX_SIDE_PX = 16_384
MAX_PIXELS = 64_000_000
"""Thirty times the largest lateral DXA scan; checked before memory is asked for."""

MAX_FILE_BYTES = 1 << 30

# Decoders in C and Python raise nearly anything on a damaged file.  Named one by one, so that
# KeyboardInterrupt and our own errors pass.
DECODER_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def check_size(rows: int, columns: int, name: str) -> None:
    """Refuse an image that is too small to hold a spine or too large to be a DXA scan.

    Raises:
        ImageError: naming the size that was found and the one expected.
    """
    if min(rows, columns) < 1:
        raise ImageError(f"{name}: expected an image, got one of {columns} x {rows} pixels.")
    if min(rows, columns) < MIN_SIDE_PX:
        raise ImageError(
            f"{name}: expected at least {MIN_SIDE_PX} x {MIN_SIDE_PX} pixels, got {columns} x "
            f"{rows} (width x height). Export the scan at its full size."
        )
    if max(rows, columns) > MAX_SIDE_PX or rows * columns > MAX_PIXELS:
        raise ImageError(
            f"{name}: expected at most {MAX_SIDE_PX} pixels a side and {MAX_PIXELS // 1_000_000} "
            f"million in all, got {columns} x {rows} (width x height). This is not a DXA scan; "
            "reduce it first."
        )


def reason(error: BaseException) -> str:
    """A library's message in one short line, fit for the end of a sentence."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # ITK's message begins with the place in its C++ source; the last line says why.
    text = lines[-1] if lines else type(error).__name__
    text = text.rsplit("): ", 1)[-1].strip().rstrip(".")
    return text if len(text) <= 160 else text[:157] + "..."
