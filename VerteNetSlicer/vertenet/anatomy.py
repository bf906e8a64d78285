"""The words of the field: levels, points, vertebrae and the spine.

Frame: pixels of the image as stored, ``(x, y)``, x to the right, y down,
``(0, 0)`` the centre of the top-left pixel.  All classes are frozen: a
correction gives a new object.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import LandmarkError


class Level(str, Enum):
    """The vertebrae that are measured, from head to foot."""

    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"

    # of the text, to which it is equal; Enum's own is slow Python
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value

    @property
    def order(self) -> int:
        """Place in the list from the head: T4 is 0, L5 is 13."""
        return _LEVEL_INDEX[self]

    @classmethod
    def parse(cls, text: str) -> Level:
        """Read a level's name, in any case and with surrounding blanks.

        Raises:
            LandmarkError: if the text names no level from T4 to L5.
        """
        try:
            return cls(text.strip().upper())
        except ValueError:
            raise LandmarkError(
                f"Expected a level from T4 to L5, got '{text}'. "
                "Correct the level's name or leave the vertebra out."
            ) from None


LEVELS: tuple[Level, ...] = tuple(Level)
_LEVEL_INDEX = {level: i for i, level in enumerate(LEVELS)}


class PointName(str, Enum):
    """The six points of a vertebral body: posterior, mid, anterior; superior, inferior."""

    PS = "PS"
    MS = "MS"
    AS = "AS"
    AI = "AI"
    MI = "MI"
    PI = "PI"

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value


POINT_NAMES: tuple[PointName, ...] = tuple(PointName)
CORNERS: tuple[PointName, ...] = (PointName.PS, PointName.AS, PointName.AI, PointName.PI)


class Side(str, Enum):
    """A side of the image."""

    LEFT = "left"
    RIGHT = "right"

    def __str__(self) -> str:
        return self.value


class PointStatus(str, Enum):
    """Who placed a point: the network, or a reader's hand."""

    AUTO = "auto"
    EDITED = "edited"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Landmark:
    """One point in pixels, with its standard uncertainty where it is known.

    Attributes:
        x: column coordinate, pixel centres at whole numbers.
        y: row coordinate, downwards.
        sigma_px: standard deviation along each axis, in pixels, or None.
        status: placed by the network or edited by a reader.

    Raises:
        LandmarkError: if a coordinate is not finite or sigma is negative.
    """

    x: float
    y: float
    sigma_px: float | None = None
    status: PointStatus = PointStatus.AUTO

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise LandmarkError(
                f"Expected finite point coordinates, got ({self.x}, {self.y}). "
                "Correct the point or leave the vertebra out."
            )
        if self.sigma_px is not None and not (math.isfinite(self.sigma_px) and self.sigma_px >= 0):
            raise LandmarkError(
                f"Expected a point uncertainty of 0 px or more, got {self.sigma_px}. "
                "Correct it or leave it empty."
            )

    @property
    def xy(self) -> NDArray[np.float64]:
        """``(2,)`` array ``(x, y)`` in pixels."""
        return np.array([self.x, self.y], dtype=np.float64)

    def moved_to(self, x: float, y: float) -> Landmark:
        """The point as a reader placed it: edited, without the network's uncertainty."""
        return Landmark(float(x), float(y), None, PointStatus.EDITED)


@dataclass(frozen=True)
class ReaderDecision:
    """What a reader decided about one vertebra; kept apart from what is computed.

    Attributes:
        grade: the reader's Genant grade 0 to 3, or None where none was given.
        reason: the reader's reason in words (fracture, old deformity, ...), or None.
        evaluable: False where the reader called the vertebra not evaluable.
    """

    grade: int | None = None
    reason: str | None = None
    evaluable: bool = True

    def __post_init__(self) -> None:
        if self.grade is not None and self.grade not in (0, 1, 2, 3):
            raise LandmarkError(
                f"Expected a reader's grade of 0, 1, 2 or 3, got {self.grade}. Correct the grade."
            )


@dataclass(frozen=True)
class Vertebra:
    """One vertebral body with its points.

    Attributes:
        level: its name.
        points: the points that were found or placed.  The four corners are always
            there; MS and MI are absent for models that find corners only.
        score: how sure the network is that this is a vertebra, 0 to 1, or None.
        level_confidence: how sure the level is, 0 to 1, or None where unknown.
        reader: what a reader decided, or None.

    Raises:
        LandmarkError: if a corner is missing.
    """

    level: Level
    points: Mapping[PointName, Landmark]
    score: float | None = None
    level_confidence: float | None = None
    reader: ReaderDecision | None = None

    def __post_init__(self) -> None:
        ordered = {name: self.points[name] for name in POINT_NAMES if name in self.points}
        missing = [name.value for name in CORNERS if name not in ordered]
        if missing:
            raise LandmarkError(
                f"Expected the four corners of {self.level}, but {', '.join(missing)} "
                "is missing. Place the point or delete the vertebra."
            )
        object.__setattr__(self, "points", MappingProxyType(ordered))

    @property
    def centre(self) -> NDArray[np.float64]:
        """``(2,)`` mean of the four corners, pixels."""
        middle: NDArray[np.float64] = np.mean([self.points[name].xy for name in CORNERS], axis=0)
        return middle

    @property
    def has_mid_points(self) -> bool:
        """True where both mid-endplate points are there."""
        return PointName.MS in self.points and PointName.MI in self.points

    def array(self) -> NDArray[np.float64]:
        """``(6, 2)`` points in the order PS, MS, AS, AI, MI, PI; NaN where absent."""
        out = np.full((6, 2), np.nan)
        for i, name in enumerate(POINT_NAMES):
            if name in self.points:
                out[i] = self.points[name].xy
        return out

    def with_point(self, name: PointName, landmark: Landmark) -> Vertebra:
        """A copy in which one point is replaced or added."""
        return replace(self, points={**self.points, name: landmark})


@dataclass(frozen=True)
class Spine:
    """The vertebrae of one image, from head to foot, each level at most once.

    Attributes:
        vertebrae: in the order of their levels.
        anterior: the side of the image the patient faces.
        warnings: sentences a reader should see.

    Raises:
        LandmarkError: if a level occurs twice.
    """

    vertebrae: tuple[Vertebra, ...] = ()
    anterior: Side = Side.RIGHT
    warnings: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.vertebrae, key=lambda v: v.level.order))
        for above, below in zip(ordered, ordered[1:]):
            if above.level is below.level:
                raise LandmarkError(
                    f"Expected each level once, got {above.level} twice. "
                    "Rename or delete one of the two."
                )
        object.__setattr__(self, "vertebrae", ordered)

    def __iter__(self) -> Iterator[Vertebra]:
        return iter(self.vertebrae)

    def __len__(self) -> int:
        return len(self.vertebrae)

    def get(self, level: Level) -> Vertebra | None:
        """The vertebra of that level, or None."""
        return next((v for v in self.vertebrae if v.level is level), None)

    def replacing(self, vertebra: Vertebra) -> Spine:
        """A copy with this vertebra in place of the one of its level, or added."""
        others = tuple(v for v in self.vertebrae if v.level is not vertebra.level)
        return replace(self, vertebrae=(*others, vertebra))


def point_label(level: Level, name: PointName) -> str:
    """The label of a point in every file and view: ``L1_AS``."""
    return f"{level.value}_{name.value}"


def parse_label(text: str) -> tuple[Level, PointName]:
    """Read a label such as ``L1_AS``.

    Raises:
        LandmarkError: if the text is not a level and a point joined by an underscore.
    """
    level, _, name = text.strip().upper().partition("_")
    if name not in PointName.__members__ or level not in Level.__members__:
        raise LandmarkError(
            f"Expected a label such as 'L1_AS' (T4 to L5; PS, MS, AS, AI, MI or PI), "
            f"got '{text}'. Correct the label."
        )
    return Level[level], PointName[name]


_Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
_last_arrays: tuple[weakref.ReferenceType[Spine], _Arrays] | None = None


def spine_arrays(spine: Spine) -> _Arrays:
    """Points ``(n, 6, 2)`` and sigmas ``(n, 6)``, pixels, NaN where missing; not to be changed.

    Remembered for the last spine, as several measures begin with it.
    """
    global _last_arrays
    last = _last_arrays
    if last is not None and last[0]() is spine:
        return last[1]
    nothing = (math.nan, math.nan, math.nan)
    rows: list[tuple[float, float, float]] = []
    for vertebra in spine.vertebrae:
        points = vertebra.points
        for name in POINT_NAMES:
            mark = points.get(name)
            if mark is None:
                rows.append(nothing)
            else:
                rows.append((mark.x, mark.y, math.nan if mark.sigma_px is None else mark.sigma_px))
    table = np.array(rows, dtype=np.float64).reshape(-1, 6, 3)
    table.flags.writeable = False
    answer = table[:, :, :2], table[:, :, 2]
    _last_arrays = (weakref.ref(spine), answer)
    return answer
