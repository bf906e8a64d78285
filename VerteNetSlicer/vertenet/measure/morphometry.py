"""Vertebral morphometry: heights, ratios, grade and what a reader decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..anatomy import Level, ReaderDecision, Spine, Vertebra
from ..errors import ConfigurationError
from ..geometry import Array, PixelScale
from .genant import UNGRADED, default_rule
from .grade import Genant
from .heights import (
    RATIO_NAMES,
    Heights,
    HeightTable,
    Ratios,
    height_table,
    heights_of,
    ratio_table,
    ratios_of,
)
from .norms import NormTable, default_norms, norm_array, norm_sources, normal_sex
from .rules import plain_rule
from .sd_rules import sd_rule

RULES = ("default", "plain", "eastell-melton", "mccloskey-kanis")
"""The rules that :func:`measure_vertebrae` knows."""
NO_RULE = (
    "not graded: no rule was measured on L5, which is normally wedged; its heights are "
    "shown and a reader may grade it"
)


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
        norm: source of that norm, or None where none applies (L5).
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
        """False where a reader called it not evaluable or there is no grade at all."""
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
    norms: NormTable | None = None,
    implausible: Mapping[Level, str] | None = None,
) -> tuple[VertebraMeasures, ...]:
    """Measure every vertebra of a spine, in its order.

    Args:
        spine: the vertebrae.
        scale: size of a pixel.
        sex: ``"M"`` or ``"F"``; anything else is taken as not known.
        age_years: accepted for a norm that depends on age; the shipped one does not
            (at most 0.15 SD per ten years, docs/measures.md).
        rule: one of :data:`RULES`.
        norms: the user's own table, or None for the shipped one.
        implausible: levels whose geometry cannot be right, with the reason (from
            :func:`.quality.check_quality`); their numbers are withheld, and they
            predict no neighbour, until a reader has decided on the vertebra.

    Raises:
        ConfigurationError: if the rule is not known.
    """
    if rule not in RULES:
        raise ConfigurationError(
            f"Expected one of the rules {', '.join(RULES)}, got '{rule}'. Choose one of them."
        )
    letter, norms = normal_sex(sex), norms or default_norms()
    table = height_table(spine, scale)
    ratios, sds = ratio_table(table)
    z = _z_scores(ratios, spine, norms, letter)
    doubts = [_doubt(v, implausible or {}) for v in spine.vertebrae]
    ratio_rows = [ratios_of(ratios, sds, i) for i in range(len(spine))]
    grades = _grades(rule, table, ratio_rows, spine, doubts, norms, letter)
    return tuple(
        _measures(vertebra, heights_of(table, i), ratio_rows[i], grades[i], z[i], doubts[i])
        for i, vertebra in enumerate(spine.vertebrae)
    )


def _grades(
    rule: str,
    table: HeightTable,
    ratios: Sequence[Ratios],
    spine: Spine,
    doubts: Sequence[str | None],
    norms: NormTable,
    sex: str | None,
) -> list[Genant]:
    levels = [v.level for v in spine.vertebrae]
    usable = [
        doubt is None and (v.reader is None or v.reader.evaluable)
        for doubt, v in zip(doubts, spine.vertebrae, strict=True)
    ]
    if rule not in ("default", "plain"):
        return sd_rule(table.values, levels, usable, rule=rule, norms=norms, sex=sex)
    if rule == "default":
        grades = default_rule(table, levels, usable, norms=norms, sex=sex)
    else:
        grades = [plain_rule(r) for r in ratios]
    return [
        Genant(None, None, NO_RULE, None, None, rule) if level in UNGRADED else grade
        for level, grade in zip(levels, grades, strict=True)
    ]


def _doubt(vertebra: Vertebra, implausible: Mapping[Level, str]) -> str | None:
    """Why the vertebra is withheld, unless a reader has looked at it."""
    confirmed = vertebra.reader is not None and vertebra.reader.evaluable
    return None if confirmed else implausible.get(vertebra.level)


def _z_scores(
    ratios: Array, spine: Spine, norms: NormTable, sex: str | None
) -> list[dict[str, tuple[float, str]]]:
    """By vertebra and ratio: deviation in SD and source of the norm."""
    rows = [v.level.order for v in spine.vertebrae]
    values = np.empty_like(ratios)
    for column, name in enumerate(RATIO_NAMES):
        mean, sd = norm_array(norms, sex, name)
        values[:, column] = (ratios[:, column] - mean[rows]) / sd[rows]
    sources = norm_sources(norms, sex, RATIO_NAMES[0])
    out = []
    for place, row in zip(rows, values.tolist(), strict=True):
        known = zip(RATIO_NAMES, row, strict=True)
        out.append({name: (z, sources[place]) for name, z in known if -math.inf < z < math.inf})
    return out


def _measures(
    vertebra: Vertebra,
    heights: Heights,
    ratios: Ratios,
    genant: Genant,
    z: Mapping[str, tuple[float, str]],
    doubt: str | None,
) -> VertebraMeasures:
    if doubt is not None:
        reason = f"withheld until a reader confirms the points: {doubt}"
        nothing = Genant(None, None, reason, None, None, genant.rule)
        blank = Heights(None, None, None, heights.unit)
        return VertebraMeasures(
            vertebra.level, blank, Ratios(None, None, None), nothing,
            (f"All numbers: {reason}",), vertebra.reader,
        )  # fmt: skip
    source = next((s for _, s in z.values()), None)
    withheld = _withheld(vertebra, heights, source)
    scores = {name: score for name, (score, _) in z.items()}
    return VertebraMeasures(
        vertebra.level, heights, ratios, genant, withheld, vertebra.reader, scores, source
    )


def _withheld(vertebra: Vertebra, heights: Heights, norm: str | None) -> tuple[str, ...]:
    reasons = []
    if not vertebra.has_mid_points:
        reasons.append("Hm, Hm/Hp and Hm/Ha: the mid-endplate points are missing.")
    elif heights.Hm is None:
        reasons.append("Hm, Hm/Hp and Hm/Ha: MS and MI coincide.")
    if heights.Ha is None:
        reasons.append("Ha and its ratios: AS and AI coincide.")
    if heights.Hp is None:
        reasons.append("Hp and its ratios: PS and PI coincide.")
    if norm is None:
        reasons.append(f"z-scores: there is no norm for {vertebra.level}.")
    if vertebra.reader is not None and not vertebra.reader.evaluable:
        reasons.append("Grade: a reader called the vertebra not evaluable.")
    return tuple(reasons)
