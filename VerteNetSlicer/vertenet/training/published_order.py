"""Points without names: the order of the published VerteNet's annotations.

Per vertebra top-left, top-right, bottom-left, bottom-right; vertebrae T12, L1 ... L5
from the top; the patient faces right.
Source: notes of the published code's ``csv_to_matfiles.py`` and its example CSV
(labels all alike, 24 rows per image).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import LandmarkError
from .annotated import ROWS, Annotated, level_name

PUBLISHED_LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
PUBLISHED_CORNERS = ("PS", "AS", "PI", "AI")
"""Top-left, top-right, bottom-left, bottom-right of a patient who faces right."""

Labelled = Sequence[tuple[str, float, float]]


def place_published(item: Annotated, points: Labelled) -> None:
    """Place labelled points: ``L1_PS``, or a level per vertebra, or the published 24.

    Args:
        item: the image's annotation.
        points: label, x, y in the order of the file.

    Raises:
        LandmarkError: if the labels name nothing and there are not 24 points.
    """
    labels = [label.strip().upper() for label, _, _ in points]
    if all("_" in label for label in labels):
        for label, (_, x, y) in zip(labels, points):
            level, _, point = label.partition("_")
            item.place(level, point, x, y)
    elif all(_is_level(label) for label in labels):
        _by_level(item, labels, points)
    elif len(points) == len(PUBLISHED_LEVELS) * len(PUBLISHED_CORNERS):
        names = [(level, corner) for level in PUBLISHED_LEVELS for corner in PUBLISHED_CORNERS]
        for (level, corner), (_, x, y) in zip(names, points):
            item.place(level, corner, x, y)
    else:
        raise LandmarkError(
            f"Expected labels such as L1_PS or L1, or 24 points from T12 to L5 in "
            f"'{item.image}', got {len(points)} points labelled '{points[0][0]}'. "
            "Label the points."
        )


def _by_level(item: Annotated, labels: list[str], points: Labelled) -> None:
    for level in dict.fromkeys(labels):
        mine = [p for label, p in zip(labels, points) if label == level]
        names = {4: PUBLISHED_CORNERS, 6: tuple(ROWS)}.get(len(mine))
        if names is None:
            raise LandmarkError(
                f"Expected 4 or 6 points of {level} in '{item.image}', got {len(mine)}. "
                "Add or remove points, or label them L1_PS, L1_AS ..."
            )
        for name, (_, x, y) in zip(names, mine):
            item.place(level, name, x, y)


def _is_level(label: str) -> bool:
    try:
        return not level_name(label).startswith("?")
    except LandmarkError:
        return False
