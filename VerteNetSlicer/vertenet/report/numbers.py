"""Numbers as a reader sees them: the same in every table, page and panel.

Files keep full precision.  A height's first decimal is already below what a reader or a network
repeats (docs/measures.md).
"""

from __future__ import annotations

HEIGHT_DIGITS = 1
"""Decimals of a height, of its change and of a disc's, in mm or pixels."""
RATIO_DIGITS = 2
"""Decimals of a ratio of heights, of a share and of a probability."""
ANGLE_DIGITS = 1
"""Decimals of an angle in degrees."""


def text_of(value: float | None, digits: int) -> str:
    """Rounded text, or a dash for a number that was withheld."""
    # adding zero takes the sign from a rounded "-0"
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def interval_of(interval: list[float] | tuple[float, float] | None, digits: int) -> str:
    """``a to b``, or nothing where there is no interval."""
    if not interval:
        return ""
    return f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}"
