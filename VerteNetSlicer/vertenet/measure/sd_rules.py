"""Two published rules in standard deviations of the norm: Eastell-Melton, McCloskey-Kanis.

Both need the norm of the level and are withheld without one (L5).  The published
reference values of their authors are not used: the norm is the table given.

Source: Eastell et al. 1991, J Bone Miner Res 6:207; McCloskey et al. 1993,
Osteoporos Int 3:138.  Their limits of 3 and 4 SD are given here as they are commonly
quoted; the original tables were not at hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..anatomy import LEVELS, Level
from ..geometry import Array
from .expected import predicted_posterior
from .grade import Genant
from .norms import NormTable, norm_array
from .rules import NOMINAL_RATIO_SD, normal_cdf

FIRST_SD, SECOND_SD = 3.0, 4.0
"""Grade 1 from 3 SD below the norm, grade 2 from 4 SD (at the limit: the higher grade)."""

_Criterion = tuple[str, tuple[str, ...], str]
EASTELL_MELTON: tuple[_Criterion, ...] = (
    ("wedge", ("Ha_Hp",), "anterior height"),
    ("biconcave", ("Hm_Hp",), "middle height"),
    ("crush", ("Hp_above", "Hp_below"), "posterior height"),
)
MCCLOSKEY_KANIS: tuple[_Criterion, ...] = (
    ("wedge", ("Ha_Hp", "Ha_pred"), "anterior height"),
    ("biconcave", ("Hm_Hp", "Hm_pred"), "middle height"),
    ("crush", ("Hp_pred", "Ha_pred"), "posterior height"),
)
_WORDS = {
    "Ha_Hp": "Ha/Hp",
    "Hm_Hp": "Hm/Hp",
    "Hp_above": "Hp against the vertebra above",
    "Hp_below": "Hp against the vertebra below",
    "Ha_pred": "Ha against the predicted Hp",
    "Hm_pred": "Hm against the predicted Hp",
    "Hp_pred": "Hp against the predicted Hp",
}


def sd_rule(
    heights: Array, levels: Sequence[Level], usable: Sequence[bool], *,
    rule: str, norms: NormTable, sex: str | None,
) -> list[Genant]:  # fmt: skip
    """Grade all vertebrae of a spine by one of the two rules.

    Args:
        heights: ``(n, 3)`` Ha, Hm, Hp; NaN where missing.
        levels: their levels.
        usable: False for vertebrae that may not stand as neighbours.
        rule: ``eastell-melton`` or ``mccloskey-kanis``.
        norms: by level and sex.
        sex: ``M``, ``F`` or None.
    """
    rows = [level.order for level in levels]
    table = np.full((len(LEVELS), 3), np.nan)
    table[rows] = heights
    near = np.full(len(LEVELS), np.nan)
    near[rows] = np.where(usable, heights[:, 2], np.nan)
    # where the norm has no scatter of a level (L5), that level predicts no other
    near[np.isnan(norm_array(norms, sex, "Hp_size")[1])] = np.nan
    z, relative_sd = _z_scores(table, near, norms, sex)
    criteria = EASTELL_MELTON if rule == "eastell-melton" else MCCLOSKEY_KANIS
    # of the two neighbours Eastell-Melton takes those that are there, McCloskey needs both
    partial = rule == "eastell-melton"
    return [
        _grade({k: float(v[row]) for k, v in z.items()}, criteria, partial, rule, relative_sd[row])
        for row in rows
    ]


def _z_scores(
    table: Array, near: Array, norms: NormTable, sex: str | None
) -> tuple[dict[str, Array], list[float]]:
    """Deviation from the norm by measure, ``(14,)`` each, and one SD as a share.

    ``near`` has the Hp of the vertebrae that may stand as neighbours.
    """
    ha, hm, hp = table.T
    above, below = np.full_like(hp, np.nan), np.full_like(hp, np.nan)
    predicted = predicted_posterior(near, norm_array(norms, sex, "Hp_size")[0])
    with np.errstate(all="ignore"):
        above[1:], below[:-1] = hp[1:] / near[:-1], hp[:-1] / near[1:]
        ratios = {
            "Ha_Hp": ha / hp, "Hm_Hp": hm / hp, "Hp_above": above, "Hp_below": below,
            "Ha_pred": ha / predicted, "Hm_pred": hm / predicted, "Hp_pred": hp / predicted,
        }  # fmt: skip
        z = {}
        for name, value in ratios.items():
            mean, sd = norm_array(norms, sex, name)
            z[name] = (value - mean) / sd
        share = norm_array(norms, sex, "Ha_Hp")
        return z, (share[1] / share[0]).tolist()


def _grade(
    z: dict[str, float], criteria: tuple[_Criterion, ...], partial: bool, rule: str, share: float
) -> Genant:
    """The worst of the three types; within one type the least deviating ratio counts."""
    found = []
    for kind, names, height in criteria:
        known = [(z[name], name) for name in names if math.isfinite(z[name])]
        if known and (partial or len(known) == len(names)):
            worst = max(known)
            found.append((-worst[0], kind, height, worst[1]))
    if not found:
        reason = "not graded: no norm of this level, or no neighbours"
        return Genant(None, None, reason, None, None, rule)
    depth, kind, _, name = max(found)
    grade = int(depth >= FIRST_SD) + int(depth >= SECOND_SD)
    side = "below" if depth >= 0 else "above"
    reason = f"{_WORDS[name]} {abs(depth):.1f} SD {side} the norm"
    error = NOMINAL_RATIO_SD / share
    p1, p2 = (normal_cdf((depth - cut) / error) for cut in (FIRST_SD, SECOND_SD))
    return Genant(grade, kind if grade else "normal", reason, p1, p2, rule, depth)
