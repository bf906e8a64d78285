"""The plain 20/25/40 per cent rule on the raw ratios.

Source: Genant et al. 1993, J Bone Miner Res 8:1137 (semi-quantitative method, which
is visual); ranges as in Wang 2019, Quant Imaging Med Surg, article 22821.  The rule
on ratios follows XVFA (Wahlstrand Skarstrom et al. 2024, arXiv 2407.02926).
"""

from __future__ import annotations

import math

from .grade import Genant
from .heights import Z_95, Ratios

MILD, MODERATE, SEVERE = 0.20, 0.25, 0.40
"""Height loss: 20 % <= grade 1 < 25 % <= grade 2 <= 40 % < grade 3 (our choice for ties)."""
NOMINAL_RATIO_SD = 0.04
"""SD of a height ratio where the points have no sigma: corners placed within 0.5 mm
(SD) of a 25 mm vertebra; derived in docs/grading.md, near the 3 to 6 % that Engelke
reports for manual six-point morphometry."""

_TIE = 1e-9  # a loss of exactly 20 % must not depend on how 1 - 0.8 is rounded


def grade_of_loss(loss: float) -> int:
    """Grade of a height loss given as a fraction: 20 % is 1, 25 % and 40 % are 2."""
    if loss > SEVERE + _TIE:
        return 3
    return int(loss >= MILD - _TIE) + int(loss >= MODERATE - _TIE)


def plain_rule(ratios: Ratios) -> Genant:
    """Grade by the largest loss among the three raw ratios, without norm or neighbours.

    The probabilities say how likely the true loss reaches 20 % and 25 %, given the
    normal error of the ratio.
    """
    losses = _losses(ratios)
    if not losses:
        reason = "not graded: no two heights to compare"
        return Genant(None, None, reason, None, None, "plain")
    loss, kind, name, low, reference = max(losses)
    grade = grade_of_loss(loss)
    reason = f"{low} height {100 * loss:.0f} % below the {reference}"
    if loss <= 0:
        reason = "no height falls short of another"
    sd = NOMINAL_RATIO_SD
    if name in ratios.intervals:
        low_end, high_end = ratios.intervals[name]
        sd = max((high_end - low_end) / (2 * Z_95), 1e-6)
    p1, p2 = (normal_cdf((loss - cut) / sd) for cut in (MILD, MODERATE))
    return Genant(grade, kind if grade else "normal", reason, p1, p2, "plain", loss)


def _losses(ratios: Ratios) -> list[tuple[float, str, str, str, str]]:
    """Loss, type, ratio and the two heights, for every ratio that is known."""
    inverse = None if not ratios.Ha_Hp else 1 / ratios.Ha_Hp
    rows = (
        (ratios.Ha_Hp, "wedge", "Ha_Hp", "anterior", "posterior"),
        (ratios.Hm_Hp, "biconcave", "Hm_Hp", "middle", "posterior"),
        (ratios.Hm_Ha, "biconcave", "Hm_Ha", "middle", "anterior"),
        (inverse, "crush", "Ha_Hp", "posterior", "anterior"),
    )
    return [(1 - value, *rest) for value, *rest in rows if value is not None]  # type: ignore[misc]


def normal_cdf(value: float) -> float:
    """Distribution function of the standard normal."""
    return 0.5 * math.erfc(-value / math.sqrt(2))
