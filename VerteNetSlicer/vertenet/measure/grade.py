"""What a grading rule says about one vertebra."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("normal", "wedge", "biconcave", "crush")


@dataclass(frozen=True)
class Genant:
    """A suggested Genant-style grade; a reader decides.

    Attributes:
        grade: 0 to 3, or None where it cannot be computed.
        type: ``normal``, ``wedge``, ``biconcave`` or ``crush``; None without a grade.
        reason: which height fell short of what by how many percent, or why not graded.
        p_ge1: probability of grade 1 or more, 0 to 1; also the score for ranking.
        p_ge2: probability of grade 2 or more.
        rule: the rule's name.
        score: the rule's continuous score, larger is worse, or None.
    """

    grade: int | None
    type: str | None
    reason: str
    p_ge1: float | None
    p_ge2: float | None
    rule: str = "plain"
    score: float | None = None
