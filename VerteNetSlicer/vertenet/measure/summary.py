"""What the vertebrae together say: fractured levels, worst grade, deformity index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..anatomy import LEVELS, Level
from .morphometry import VertebraMeasures

SCORED = tuple(level for level in LEVELS if level is not Level.L5)
"""T4 to L4, the levels that vertebral fracture assessment counts (NHANES DXXVFA_H)."""


@dataclass(frozen=True)
class Summary:
    """The vertebrae T4 to L4 together; the reader's grade counts where there is one.

    Attributes:
        fractured: levels of final grade 1 or more, L5 included.
        worst_grade: largest final grade, or None where nothing is evaluable.
        deformity_index: sum of the final grades T4 to L4, or None where nothing is.
        lower_bound: True where a level of T4 to L4 is missing or not evaluable.
        evaluable: levels of T4 to L4 with a final grade.
        not_evaluable: the others of T4 to L4.
        wording: sentences for a report.
    """

    fractured: tuple[Level, ...]
    worst_grade: int | None
    deformity_index: int | None
    lower_bound: bool
    evaluable: tuple[Level, ...]
    not_evaluable: tuple[Level, ...]
    wording: tuple[str, ...]


def summarise(measures: Sequence[VertebraMeasures]) -> Summary:
    """Sum up one image.

    Source: spinal deformity index, sum of the semi-quantitative grades T4 to L4, after Crans
    2004 (as commonly quoted; not the index of that name by Minne 1988).
    """
    graded = {m.level: m for m in measures if m.final_grade is not None}
    evaluable = tuple(level for level in SCORED if level in graded)
    rest = tuple(level for level in SCORED if level not in graded)
    fractured = tuple(level for level in LEVELS if level in graded and _grade(graded[level]))
    worst = max((_grade(m) for m in graded.values()), default=None)
    index = sum(_grade(graded[level]) for level in evaluable) if evaluable else None
    wording = _wording([graded[level] for level in fractured], evaluable, rest, index)
    return Summary(fractured, worst, index, bool(rest), evaluable, rest, wording)


def _grade(measures: VertebraMeasures) -> int:
    return measures.final_grade or 0


def _wording(
    fractured: Sequence[VertebraMeasures],
    evaluable: Sequence[Level],
    rest: Sequence[Level],
    index: int | None,
) -> tuple[str, ...]:
    lines = [f"{len(evaluable)} of {len(SCORED)} vertebrae from T4 to L4 were evaluable."]
    if rest:
        lines.append(f"Not evaluable: {', '.join(level.value for level in rest)}.")
    if fractured:
        names = "; ".join(_named(m) for m in fractured)
        lines.append(f"Deformities that may be fractures: {names}.")
    elif evaluable:
        lines.append("No deformity of grade 1 or more among the evaluable vertebrae.")
    if index is not None:
        at_least = "at least " if rest else ""
        lines.append(f"Spinal deformity index (sum of grades T4 to L4): {at_least}{index}.")
    if any(m.reader is None or m.reader.grade is None for m in fractured):
        lines.append("Computed grades are suggestions; a reader decides what is a fracture.")
    return tuple(lines)


def _named(measures: VertebraMeasures) -> str:
    reader = measures.reader
    if reader is not None and reader.grade is not None:
        reason = f", {reader.reason}" if reader.reason else ""
        return f"{measures.level} grade {reader.grade} (reader{reason})"
    return f"{measures.level} grade {measures.genant.grade} ({measures.genant.type}, computed)"
