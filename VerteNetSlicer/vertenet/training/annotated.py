"""The annotated points of one image, whatever file they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..anatomy import LEVELS, POINT_NAMES
from ..errors import LandmarkError
from .metrics import CORNER_ROWS, Bodies

Array = NDArray[np.float64]
LABELLED = tuple(level.value for level in LEVELS)
BODIES = ("T1", "T2", "T3", *LABELLED, "S1")
"""The bodies that may be annotated: what the network's level head tells apart."""

ROWS = {name.value: i for i, name in enumerate(POINT_NAMES)}
"""Row of each point in a body's (6, 2) array."""

SIDES = {"TL": "PS", "TR": "AS", "BL": "PI", "BR": "AI"}
"""Corners named by their place in the image, for a patient who faces right."""

WALLS = tuple(f"L{i}_{wall}" for i in (1, 2, 3, 4) for wall in ("anterior", "posterior"))
"""The eight walls of the aorta that are scored."""

FARTHEST_PX = 1e7
"""No image reaches so far: a point beyond is a mistake, and breaks what is computed of it."""
SPACING_MM = (1e-4, 1e4)
"""What the size of a pixel may be; DXA has 0.2 to 1 mm."""

MIRROR = (2, 1, 0, 5, 4, 3)
"""Rows of a body with posterior and anterior exchanged."""


@dataclass
class Annotated:
    """Points of one image in pixels of the stored image, and what is known beside them.

    Attributes:
        image: file name as the annotation gives it.
        bodies: (6, 2) points by level, T1 to S1 (``?0`` ... where no level is stated), PS,
            MS, AS, AI, MI, PI; NaN for points that were not placed.
        sigma: (6,) standard deviation along each axis by level, pixels; NaN where unknown.
        size: (width, height) in pixels, or None.
        spacing_mm: (row, column), or None.
        facing: ``"right"`` or ``"left"``; None where corners were named by the sides of the
            image and nothing tells which side is anterior.
        uncertain: levels whose name is not certain.
        unclear: levels that a reader called not evaluable.
        grade: Genant grade by level.
        confidence: (6,) the annotator's word for each point, by level.
        look: the scanner's look, or None.
        quality: the image's quality in a word, or None.
        patient: who; images of one patient are kept together.
        walls: AAC scores 0 to 3 by ``L1_anterior`` ..., those that were scored.
        crop: whether the aorta is in the image: ``ok``, ``cropped``, ``unknown``; or None.
        folder: where the annotation's own file lies.
        in_lengths: True where the points are still positions in the image's lengths: markups
            placed by hand, whose file does not name the size of a pixel.
    """

    image: str
    bodies: Bodies = field(default_factory=dict)
    sigma: dict[str, Array] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    spacing_mm: tuple[float, float] | None = None
    facing: str | None = "right"
    uncertain: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    grade: dict[str, int] = field(default_factory=dict)
    confidence: dict[str, list[str]] = field(default_factory=dict)
    look: str | None = None
    quality: str | None = None
    patient: str | None = None
    walls: dict[str, int] = field(default_factory=dict)
    crop: str | None = None
    folder: Path | None = None
    in_lengths: bool = False

    def place(self, level: str, point: str, x: float, y: float) -> None:
        """Put one point.

        Raises:
            LandmarkError: if the level or the point has no such name, or it is there already,
                or lies where no image is.
        """
        if math.isinf(x) or math.isinf(y) or abs(x) > FARTHEST_PX or abs(y) > FARTHEST_PX:
            raise LandmarkError(
                f"Expected pixels of an image, got {level} {point} of '{self.image}' at "
                f"({x:g}, {y:g}). Correct the point."
            )
        body = self.bodies.setdefault(level_name(level), np.full((6, 2), np.nan))
        row = ROWS.get(SIDES.get(point, point))
        if row is None:
            raise LandmarkError(
                f"Expected a point of {', '.join(ROWS)} or {', '.join(SIDES)}, got '{point}' on "
                f"{level} of '{self.image}'. Correct the name."
            )
        if np.isfinite(body[row]).all():
            raise LandmarkError(
                f"Expected {level} {point} of '{self.image}' once, got it twice. Remove one."
            )
        body[row] = x, y

    def check(self) -> None:
        """See that size and spacing are those of an image.

        Raises:
            LandmarkError: if they cannot be.
        """
        if self.size is not None and not all(1 <= side <= FARTHEST_PX for side in self.size):
            raise LandmarkError(
                f"Expected the size of an image in pixels, got {self.size[0]} x "
                f"{self.size[1]} for '{self.image}'. Correct width and height."
            )
        low, high = SPACING_MM
        if self.spacing_mm is not None and not all(low <= mm <= high for mm in self.spacing_mm):
            raise LandmarkError(
                f"Expected a pixel's size from {low:g} to {high:g} mm, got {self.spacing_mm[0]:g}, "
                f"{self.spacing_mm[1]:g} for '{self.image}'. Correct the spacing."
            )

    def mirrored(self) -> Annotated:
        """The same with posterior and anterior exchanged in every body."""
        rows = list(MIRROR)
        flip = {
            "bodies": {name: points[rows] for name, points in self.bodies.items()},
            "sigma": {name: values[rows] for name, values in self.sigma.items()},
            "confidence": {k: [v[i] for i in rows] for k, v in self.confidence.items()},
        }
        return Annotated(**{**self.__dict__, **flip})

    def placed(self) -> Annotated:
        """The same without bodies of which no point was placed."""
        kept = {
            name: points
            for name, points in self.bodies.items()
            if np.isfinite(points).all(axis=1).any()
        }
        return Annotated(**{**self.__dict__, "bodies": kept})


def level_name(text: str) -> str:
    """A body's name as the network spells it, or ``?...`` for a body without a level.

    Raises:
        LandmarkError: if it is neither.
    """
    name = text.strip().upper()
    if name in BODIES or name.startswith("?"):
        return name
    raise LandmarkError(
        f"Expected a level from T1 to S1 (or ? with a number), got '{text}'. Correct the level."
    )


def is_whole(points: Array) -> bool:
    """True where a body has its four corners."""
    return bool(np.isfinite(points[list(CORNER_ROWS)]).all())


def stem(image: str) -> str:
    """An image's name without folder and ending, in small letters, to match names by."""
    name = image.replace("\\", "/").rsplit("/", 1)[-1].casefold()
    for ending in (".mat", ".mrk.json", ".nii.gz"):
        name = name.removesuffix(ending)
    head, dot, tail = name.rpartition(".")
    return head if dot and 1 <= len(tail) <= 5 and not tail.isdigit() else name
