"""Reading our Structured Reports back, with pydicom alone.

The exact text gives the points as doubles.  What another program changed since counts
more: a point whose coordinates left the exact ones is an edited one, a group that was
removed is a vertebra less, a coded reader's decision that differs is the newer one.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..analysis import ImageFrame
from ..anatomy import (
    Landmark,
    Level,
    PointName,
    PointStatus,
    ReaderDecision,
    Vertebra,
)
from ..errors import LandmarkError
from . import dicom_codes as words
from .dicom_groups import HALF
from .landmark_set import Evidence, LandmarkSet, build_spine

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Pixels; an SCOORD is a 32-bit float, exact to 2e-4 px on the largest image.
MOVED_PX = 1e-3
_LEVELS = {code[:2]: level for level, code in words.LEVEL_CODES.items()}
_POINTS = {code[:2]: name for name, code in words.POINT_CODES.items()}
_GRADES = {code[:2]: grade for grade, code in words.GRADES.items()}

Code = tuple[str, str]


@dataclass
class _Group:
    """What one measurement group says about its vertebra."""

    level: Level | None = None
    points: dict[PointName, tuple[float, float]] = field(default_factory=dict)
    evaluable: bool | None = None
    grade: int | None = None
    reason: str | None = None

    @property
    def reader(self) -> ReaderDecision | None:
        """The coded decision, or None."""
        if self.evaluable is None and self.grade is None:
            return None
        return ReaderDecision(self.grade, self.reason, self.evaluable is not False)


def is_dicom(head: bytes) -> bool:
    """Whether a file that begins so is DICOM."""
    return head[128:132] == b"DICM"


def read_sr(data: bytes, name: str) -> LandmarkSet:
    """The landmarks of a Structured Report of ours.

    Args:
        data: the whole file.
        name: its name, for messages.

    Raises:
        LandmarkError: if it is no such report, or damaged.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = pydicom.dcmread(io.BytesIO(data))
            groups = [_group(item) for item in _items(document) if _name(item) == _GROUP]
            exact = [item.TextValue for item in _items(document) if _name(item) == _EXACT]
            whole = any(_name(item) == words.NOTICE[:2] for item in _items(document))
    except LandmarkError:
        raise
    except Exception as error:  # pydicom raises whatever a damaged file leads to
        raise _not_ours(name, f"it is damaged ({type(error).__name__})") from None
    vertebrae = {group.level: group for group in groups if group.level is not None}
    if exact:
        return _merged(_exact_set(str(exact[0]), name), vertebrae)
    if not vertebrae:
        raise _not_ours(name, "it holds no vertebrae of ours")
    if not whole:  # what follows the groups is gone, so groups may be gone too
        raise _not_ours(name, "the end is missing")
    return _from_groups(vertebrae, name)


_GROUP: Code = words.GROUP[:2]
_EXACT: Code = words.EXACT[:2]


def _not_ours(name: str, why: str) -> LandmarkError:
    return LandmarkError(
        f"Expected a Structured Report written by VerteNet, but '{name}' is not one: {why}. "
        "For an image, use 'vertenet detect'."
    )


def _items(item: Dataset) -> Iterator[Dataset]:
    """All content items below, depth first."""
    for child in item.get("ContentSequence") or ():
        yield child
        yield from _items(child)


def _code(sequence: Any) -> Code:
    if not sequence:
        return "", ""
    return str(sequence[0].get("CodeValue", "")), str(sequence[0].get("CodingSchemeDesignator", ""))


def _name(item: Dataset) -> Code:
    return _code(item.get("ConceptNameCodeSequence"))


def _group(container: Dataset) -> _Group:
    group = _Group()
    for item in container.get("ContentSequence") or ():
        name, kind = _name(item), str(item.get("ValueType", ""))
        value = _code(item.get("ConceptCodeSequence"))
        if name == words.FINDING_SITE[:2]:
            group.level = _LEVELS.get(value, group.level)
        elif kind == "SCOORD" and name in _POINTS:
            x, y = (float(v) - HALF for v in item.GraphicData)
            group.points[_POINTS[name]] = (x, y)
        elif name == words.READER_EVALUABLE[:2]:
            group.evaluable = value != words.NO[:2]
        elif name == words.READER_GRADE[:2]:
            group.grade = _GRADES.get(value)
        elif name == words.READER_REASON[:2]:
            group.reason = str(item.TextValue)
    return group


def _exact_set(text: str, name: str) -> LandmarkSet:
    from .read import parsed, read_report

    try:
        content = parsed(text)
    except (ValueError, RecursionError):
        raise _not_ours(name, "the exact points are damaged") from None
    return read_report(content, name)


def _merged(exact: LandmarkSet, groups: dict[Level, _Group]) -> LandmarkSet:
    """The exact points, and what has been changed since in the coded ones."""
    kept = [
        _changed(vertebra, groups[vertebra.level])
        for vertebra in exact.spine
        if vertebra.level in groups
    ]
    known = {vertebra.level for vertebra in kept}
    points = {v.level: dict(v.points) for v in kept}
    evidence = {v.level: Evidence(v.score, v.level_confidence, v.reader) for v in kept}
    for level, group in groups.items():
        if level not in known:
            points[level] = _landmarks(group)
            evidence[level] = Evidence(reader=group.reader)
    spine = build_spine(
        points, anterior=exact.spine.anterior, evidence=evidence, warnings=exact.spine.warnings
    )
    return replace(exact, spine=spine)


def _changed(vertebra: Vertebra, group: _Group) -> Vertebra:
    points = dict(vertebra.points)
    for name, (x, y) in group.points.items():
        old = points.get(name)
        if old is None or not math.dist((old.x, old.y), (x, y)) <= MOVED_PX:
            points[name] = Landmark(x, y, None, PointStatus.EDITED)
    old_reader, reader = vertebra.reader, group.reader
    if _decision(reader) == _decision(old_reader):
        reader = old_reader
    return replace(vertebra, points=points, reader=reader)


def _decision(reader: ReaderDecision | None) -> tuple[int | None, bool] | None:
    return None if reader is None else (reader.grade, reader.evaluable)


def _landmarks(group: _Group) -> dict[PointName, Landmark]:
    return {name: Landmark(x, y, None, PointStatus.EDITED) for name, (x, y) in group.points.items()}


def _from_groups(groups: dict[Level, _Group], name: str) -> LandmarkSet:
    """A report whose exact text was stripped: single precision, size of a pixel unknown."""
    spine = build_spine(
        {level: _landmarks(group) for level, group in groups.items()},
        evidence={level: Evidence(reader=group.reader) for level, group in groups.items()},
        warnings=("The report's exact points are missing; coordinates are in single precision.",),
    )
    return LandmarkSet(ImageFrame(name, None, None), spine)
