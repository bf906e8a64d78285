"""The choices in the panel's lists by their places: the shown words may be translated."""

from __future__ import annotations

from collections.abc import Sequence

from .spine_detector import DEVICES

SIDES = ("auto", "left", "right")
COLOURS = ("grade", "vertebra")
SEXES = ("image", "F", "M", "U")

__all__ = ["COLOURS", "DEVICES", "SEXES", "SIDES", "choose", "chosen"]


def chosen(values: Sequence[str], box) -> str:
    """The value at the place that is chosen in a list; the first where none is."""
    return values[max(box.currentIndex, 0)]


def choose(values: Sequence[str], box, value: str) -> None:
    """Choose the place of a value; the first for one that is not known."""
    box.currentIndex = values.index(value) if value in values else 0
