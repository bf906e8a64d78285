"""The plain 20/25/40 per cent rule on the raw ratios.

Source: Genant et al. 1993, J Bone Miner Res 8:1137 (semi-quantitative method, which
is visual); ranges as in Wang 2019, Quant Imaging Med Surg, article 22821.  The rule
on ratios follows XVFA (Wahlstrand Skarstrom et al. 2024, arXiv 2407.02926).
"""

from __future__ import annotations

import math

from .grade import Genant
from .heights import Ratios

MILD, MODERATE, SEVERE = 0.20, 0.25, 0.40
"""Height loss: 20 % <= grade 1 < 25 % <= grade 2 <= 40 % < grade 3 (our choice for ties)."""

_TIE = 1e-9  # a loss of exactly 20 % must not depend on how 1 - 0.8 is rounded


def grade_of_loss(loss: float) -> int:
    """Grade of a height loss given as a fraction: 20 % is 1, 25 % and 40 % are 2."""
    if loss > SEVERE + _TIE:
        return 3
    return int(loss >= MILD - _TIE) + int(loss >= MODERATE - _TIE)


def plain_rule(ratios: Ratios) -> Genant:
    """Grade by the largest loss among the three raw ratios, without norm or neighbours."""
    losses = {
        "wedge": (ratios.Ha_Hp, "anterior", "posterior"),
        "biconcave": (ratios.Hm_Hp, "middle", "posterior"),
        "biconcave ": (ratios.Hm_Ha, "middle", "anterior"),
        "crush": (_inverse(ratios.Ha_Hp), "posterior", "anterior"),
    }
    known = [(1 - r, kind.strip(), a, b) for kind, (r, a, b) in losses.items() if r is not None]
    if not known:
        return Genant(None, None, "no two heights to compare", None, None)
    loss, kind, low, reference = max(known)
    grade = grade_of_loss(loss)
    reason = f"{low} height {100 * loss:.0f} % below the {reference}"
    if loss <= 0:
        reason = "no height falls short of another"
    return Genant(
        grade,
        kind if grade else "normal",
        reason,
        _logistic((loss - MILD) / 0.03),
        _logistic((loss - MODERATE) / 0.03),
        rule="plain",
        score=loss,
    )


def _inverse(value: float | None) -> float | None:
    return None if not value else 1 / value


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -60.0), 60.0)))
