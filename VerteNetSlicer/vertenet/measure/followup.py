"""Two examinations of one person: what became of each vertebra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..anatomy import Level
from .heights import HEIGHT_NAMES
from .morphometry import VertebraMeasures

INCIDENT_SHARE = 0.20
INCIDENT_MM = 4.0
"""A height that lost 20 % and 4 mm or more since the earlier examination is an incident
fracture.  Source: as quoted from the European study, https://eprints.soton.ac.uk/25772"""
_TIE = 1e-9


@dataclass(frozen=True)
class Change:
    """One vertebra at two examinations.

    Attributes:
        level: its name.
        change: later minus earlier height by name (``Ha``, ``Hm``, ``Hp``), mm; empty
            where one examination has no millimetres.
        change_percent: the same in per cent of the earlier height.
        grade_before: final grade of the earlier examination, or None.
        grade_after: of the later one.
        incident: True or False; None where it cannot be told.
        reason: what the answer rests on, or why there is none.
    """

    level: Level
    change: Mapping[str, float]
    change_percent: Mapping[str, float]
    grade_before: int | None
    grade_after: int | None
    incident: bool | None
    reason: str


@dataclass(frozen=True)
class FollowUp:
    """Both examinations together.

    Attributes:
        changes: levels measured in both, from the head.
        only_before: levels measured only in the earlier one.
        only_after: levels measured only in the later one.
        incident: levels with an incident fracture.
    """

    changes: tuple[Change, ...]
    only_before: tuple[Level, ...]
    only_after: tuple[Level, ...]
    incident: tuple[Level, ...]


def compare(before: Sequence[VertebraMeasures], after: Sequence[VertebraMeasures]) -> FollowUp:
    """Match two examinations by level and look for incident fractures.

    Where both are in millimetres the heights decide (20 % and 4 mm), otherwise the
    grade: a rise by one or more.  What a reader called not evaluable at either is not decided.
    """
    earlier = {m.level: m for m in before}
    later = {m.level: m for m in after}
    changes = tuple(_change(earlier[m.level], m) for m in after if m.level in earlier)
    return FollowUp(
        changes,
        tuple(level for level in earlier if level not in later),
        tuple(level for level in later if level not in earlier),
        tuple(c.level for c in changes if c.incident),
    )


def _change(before: VertebraMeasures, after: VertebraMeasures) -> Change:
    grades = (before.final_grade, after.final_grade)
    if before.heights.unit == after.heights.unit == "mm":
        pairs = {n: (getattr(before.heights, n), getattr(after.heights, n)) for n in HEIGHT_NAMES}
        known = {n: p for n, p in pairs.items() if None not in p}
        change = {n: b - a for n, (a, b) in known.items()}
        percent = {n: 100 * (b - a) / a for n, (a, b) in known.items()}
        answer = _not_evaluable(before, after) or _by_heights(change, percent)
        return Change(before.level, change, percent, *grades, *answer)
    answer = _not_evaluable(before, after) or _by_grade(*grades)
    return Change(before.level, {}, {}, *grades, *answer)


def _not_evaluable(before: VertebraMeasures, after: VertebraMeasures) -> tuple[None, str] | None:
    """No answer, with its reason, where a reader called the vertebra not evaluable."""
    words = ("earlier", before.reader), ("later", after.reader)
    called = [word for word, reader in words if reader is not None and not reader.evaluable]
    if not called:
        return None
    which = "both examinations" if len(called) == 2 else f"the {called[0]} examination"
    return None, f"a reader called it not evaluable at {which}"


def _by_heights(
    change: Mapping[str, float], percent: Mapping[str, float]
) -> tuple[bool | None, str]:
    if not change:
        return None, "no height is known at both examinations"
    name = min(percent, key=lambda n: percent[n])
    lost = [
        n
        for n in change
        if percent[n] <= -100 * INCIDENT_SHARE + _TIE and change[n] <= -INCIDENT_MM + _TIE
    ]
    if lost:
        name = min(lost, key=lambda n: percent[n])
    text = f"{name} changed by {change[name]:+.1f} mm ({percent[name]:+.0f} %)"
    return bool(lost), text


def _by_grade(before: int | None, after: int | None) -> tuple[bool | None, str]:
    if before is None or after is None:
        return None, "not graded at both examinations, and no millimetres"
    return after > before, f"grade {before} before, {after} after; no millimetres to compare"
