"""Which images a reader should look at first: an order of work, not a finding."""

from __future__ import annotations

from ..analysis import Analysis
from ..measure import UNGRADED

_FINDINGS = {
    "outside": 2, "order": 2, "overlap": 2, "gap": 2, "turned": 4, "spacing": 2, "side": 2,
    "label": 3, "tilt": 1,
}  # fmt: skip
"""Weight of each kind of remark on quality; ours, chosen so that what may make many numbers
of an image wrong comes before what concerns one body."""
_NO_SPINE, _IMPLAUSIBLE, _BODY_OPEN, _CROPPED = 10.0, 3.0, 1.0, 0.5
_GRADES = {1: 1.0, 2: 2.0, 3: 3.0}
_DOUBT = (0.3, 0.7)  # probability of a fracture that is neither


def attention(analysis: Analysis) -> tuple[float, list[str]]:
    """How much an image needs a look, 0 for not at all, and why, most important first."""
    if not len(analysis.spine):
        return _NO_SPINE, ["no vertebra was found"]
    found = [*_quality(analysis), *_vertebrae(analysis)]
    found.sort(key=lambda item: -item[0])
    total = sum(weight for weight, _ in found)
    if found and analysis.aac.crop.status == "cropped":
        total += _CROPPED
    return total, [reason for _, reason in found if reason]


def _quality(analysis: Analysis) -> list[tuple[float, str]]:
    quality = analysis.quality
    if quality is None:
        return []
    found = [
        (float(_FINDINGS[finding.code]), finding.text.rstrip("."))
        for finding in quality.findings
        if finding.code in _FINDINGS
    ]
    if quality.implausible:
        named = {
            level for f in quality.findings if f.code in _FINDINGS for level in f.levels
        }  # said already, with what is wrong
        names = ", ".join(lv.value for lv in quality.implausible if lv not in named)
        weight = _IMPLAUSIBLE * len(quality.implausible)
        found.append((weight, f"implausible: {names}" if names else ""))
    return found


def _vertebrae(analysis: Analysis) -> list[tuple[float, str]]:
    found = []
    implausible = () if analysis.quality is None else analysis.quality.implausible
    for measures in analysis.vertebrae:
        level, grade, chance = measures.level, measures.final_grade, measures.genant.p_ge1
        if grade is None and level not in implausible and level not in UNGRADED:
            found.append((_BODY_OPEN, f"{level} not graded"))
        elif grade:
            found.append((_GRADES[grade], f"{level} grade {grade}"))
        elif chance is not None and _DOUBT[0] <= chance <= _DOUBT[1]:
            found.append((0.5, f"{level} is near the limit of a fracture"))
    return found
