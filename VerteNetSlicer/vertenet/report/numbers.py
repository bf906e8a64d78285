"""Numbers as a reader sees them."""

from __future__ import annotations


def text_of(value: float | None, digits: int) -> str:
    """Rounded text, or a dash for a number that was withheld."""
    # adding zero takes the sign from a rounded "-0"
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def interval_of(interval: list[float] | tuple[float, float] | None, digits: int) -> str:
    """``a to b``, or nothing where there is no interval."""
    if not interval:
        return ""
    return f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}"
