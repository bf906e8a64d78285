"""Vertebral morphometry: heights, ratios, grade and what a reader decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..anatomy import Level, ReaderDecision, Spine
from ..geometry import PixelScale
from .grade import Genant
from .heights import Heights, Ratios, height_table, heights_of, ratio_table, ratios_of
from .rules import plain_rule


@dataclass(frozen=True)
class VertebraMeasures:
    """Everything measured on one vertebra.

    Attributes:
        level: its name.
        heights: in mm where the pixel size is known, otherwise px.
        ratios: of the heights.
        genant: the computed grade; it never contains a reader's decision.
        withheld: why a number is missing, one sentence each.
        reader: what a reader decided, carried through unchanged.
        z_scores: deviation from the norm of level and sex in SD, by ratio name.
        norm: source of the norm, or None where none applies (L5).
    """

    level: Level
    heights: Heights
    ratios: Ratios
    genant: Genant
    withheld: tuple[str, ...] = ()
    reader: ReaderDecision | None = None
    z_scores: Mapping[str, float] = field(default_factory=dict)
    norm: str | None = None

    @property
    def evaluable(self) -> bool:
        """False where the reader called it not evaluable or no grade could be computed."""
        if self.reader is not None and not self.reader.evaluable:
            return False
        return self.final_grade is not None

    @property
    def final_grade(self) -> int | None:
        """The reader's grade where given, otherwise the computed one; None if withheld."""
        if self.reader is not None:
            if not self.reader.evaluable:
                return None
            if self.reader.grade is not None:
                return self.reader.grade
        return self.genant.grade


def measure_vertebrae(
    spine: Spine,
    scale: PixelScale,
    *,
    sex: str | None = None,
    age_years: float | None = None,
    rule: str = "default",
) -> tuple[VertebraMeasures, ...]:
    """Measure every vertebra of a spine, in its order."""
    table = height_table(spine, scale)
    ratios, sds = ratio_table(table)
    out = []
    for i, vertebra in enumerate(spine.vertebrae):
        heights, ratio = heights_of(table, i), ratios_of(ratios, sds, i)
        withheld: list[str] = []
        if not vertebra.has_mid_points:
            withheld.append("Hm, Hm/Hp and Hm/Ha: no mid-endplate points.")
        out.append(
            VertebraMeasures(
                vertebra.level, heights, ratio, plain_rule(ratio), tuple(withheld), vertebra.reader
            )
        )
    return tuple(out)
