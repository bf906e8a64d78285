"""AAC-24 and AAC-8: what a reader scores, the totals, and where they lie among people.

Eight walls, anterior and posterior of L1 to L4, each 0 to 3 by the share of the wall
that is calcified: 0 none, 1 below a third, 2 from a third, 3 from two thirds.  A wall
that was not scored is not 0: the total is withheld until all are, and where it is not
known whether the aorta is cropped.  Where it is cropped the total is a lower bound.

AAC-8 here is Schousboe's (calcified length of the anterior and of the posterior wall,
each 0 to 4 in vertebral heights), not the 0-to-8 count of Kauppila's paper.

Source: Kauppila et al. 1997, Atherosclerosis 132:245; Schousboe et al. 2007, PLoS ONE
2:e715; categories 0-1, 2-5, 6 and more as in NHANES and ML-AAC-24 (Sharif 2023,
eBioMedicine 94:104676); percentiles from NHANES 2013-14 (DXXAAC_H).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from ..images.person import OLDEST_YEARS
from .aac import AacGeometry, Guide
from .aac_reading import LEVELS, WALLS, AacReading, Wall

CATEGORIES = ("low (0 to 1)", "moderate (2 to 5)", "high (6 or more)")
MODERATE_FROM, HIGH_FROM = 2, 6


@dataclass(frozen=True)
class Plaque:
    """A calcified stretch that a reader marked on one wall, pixels.

    Attributes:
        wall: ``anterior`` or ``posterior``.
        start: one end ``(x, y)``.
        end: the other end.
    """

    wall: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class AacScore:
    """The score of one image.

    Attributes:
        walls: score 0 to 3 of each wall, or None where not scored.
        total24: sum of the eight walls; None while one is not scored, or where it is not
            known whether the aorta is cropped.
        at_least: sum of the scored walls, which the score cannot fall below; None where
            none is scored.
        lower_bound: True where a wall is not scored or the aorta is cropped or unknown.
        category: one of :data:`CATEGORIES`; None where a lower bound leaves it open.
        anterior8: Schousboe's 0 to 4 of the anterior wall, or None.
        posterior8: the same of the posterior wall.
        total8: their sum, or None.
        percentile: of ``total24`` among people of that age and sex, 0 to 100; None
            without age, and where the total is a lower bound.
        reasons: sentences: what is missing and why a total is a lower bound.
    """

    walls: Mapping[Wall, int | None]
    total24: int | None
    at_least: int | None
    lower_bound: bool
    category: str | None
    anterior8: int | None
    posterior8: int | None
    total8: int | None
    percentile: float | None
    reasons: tuple[str, ...]


def wall_score(share: float) -> int:
    """Score 0 to 3 of a wall of which that share (0 to 1) is calcified."""
    if not share > 0:
        return 0
    # 1e-9: a third marked as three ninths must not fall below a third by rounding
    return 1 + int(share >= 1 / 3 - 1e-9) + int(share >= 2 / 3 - 1e-9)


def schousboe_score(heights: float) -> int:
    """Score 0 to 4 of one wall's calcified length in vertebral heights.

    0 none, 1 up to 1, 2 up to 2, 3 up to 3, 4 more.
    """
    if not heights > 0:
        return 0
    return min(math.ceil(heights - 1e-9), 4)


def score_aac(
    walls: Mapping[Wall, int | None],
    *,
    crop_status: str = "unknown",
    lengths8: tuple[int, int] | None = None,
    sex: str | None = None,
    age_years: float | None = None,
) -> AacScore:
    """Total a reader's wall scores.

    Args:
        walls: score 0 to 3 by level and wall; absent or None where not scored.
        crop_status: of the image, ``ok``, ``cropped`` or ``unknown``.
        lengths8: Schousboe's scores, (anterior, posterior), each 0 to 4, or None.
        sex: ``M``, ``F`` or None.
        age_years: age or None.

    Raises:
        LandmarkError: if a score is out of range or a wall is none of the eight.
    """
    reading = AacReading.of(walls, lengths8)
    known = [s for s in reading.scores if s is not None]
    at_least = sum(known) if known else None
    complete = len(known) == len(reading.scores)
    reasons = _open_questions(reading, crop_status)
    bound = bool(reasons)
    total = at_least if complete and crop_status in ("ok", "cropped") else None
    percentile = None
    if total is not None and not bound:
        percentile = aac_percentile(total, sex=sex, age_years=age_years)
        if percentile is None:
            reasons.append("No percentile: the age is not known or below 40 years.")
    first, second = reading.lengths8 or (None, None)
    eight = None if reading.lengths8 is None else sum(reading.lengths8)
    return AacScore(reading.walls, total, at_least, bound, _category(at_least, bound), first,
                    second, eight, percentile, tuple(reasons))  # fmt: skip


def _open_questions(reading: AacReading, crop_status: str) -> list[str]:
    """Why the sum of the scores is only a lower bound."""
    reasons = []
    if None in reading.scores:
        names = ", ".join(f"{lv} {wall}" for (lv, wall), s in reading.walls.items() if s is None)
        reasons.append(f"Not scored: {names}.")
    if crop_status == "cropped":
        reasons.append("Part of the aorta is outside the image: the total is a lower bound.")
    elif crop_status != "ok":
        reasons.append("It is not known whether the whole aorta is in the image.")
    return reasons


def _category(total: int | None, lower_bound: bool) -> str | None:
    if total is None:
        return None
    if total >= HIGH_FROM:
        return CATEGORIES[2]  # more calcification cannot lower it
    return None if lower_bound else CATEGORIES[int(total >= MODERATE_FROM)]


def walls_from_plaques(
    geometry: AacGeometry, plaques: Iterable[Plaque], *, read: Iterable[Wall] | None = None
) -> tuple[dict[Wall, int | None], tuple[int, int] | None]:
    """Wall scores, and Schousboe's, from marked plaques.

    Args:
        geometry: the guides.
        plaques: what the reader marked.
        read: the walls that the reader looked at; another wall without a mark is not
            scored.  None where all eight were looked at: one without a mark is 0 then.

    A stretch counts along the spine, from guide to guide; stretches that overlap count
    once.  One segment from guide to guide is taken as one vertebral height.

    Returns:
        The eight wall scores, None where a guide is missing or the wall was not read; and
        Schousboe's two scores, None unless all eight walls have a score.
    """
    shares = _shares(geometry, tuple(plaques))
    if read is not None:
        looked_at = frozenset(read)
        shares = {w: s if s or w in looked_at else None for w, s in shares.items()}
    walls = {key: None if s is None else wall_score(s) for key, s in shares.items()}
    if any(s is None for s in shares.values()):
        return walls, None
    anterior, posterior = (
        schousboe_score(sum(shares[level, wall] or 0.0 for level in LEVELS)) for wall in WALLS
    )
    return walls, (anterior, posterior)


def _shares(geometry: AacGeometry, plaques: Sequence[Plaque]) -> dict[Wall, float | None]:
    guides = {guide.name: guide for guide in geometry.guides}
    names = ("T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5")
    out: dict[Wall, float | None] = {}
    for level, above, below in zip(LEVELS, names, names[1:], strict=False):
        for wall in WALLS:
            if above not in guides or below not in guides:
                out[level, wall] = None
                continue
            pieces = [
                sorted(_place(p, guides[above], guides[below]) for p in (q.start, q.end))
                for q in plaques
                if q.wall == wall
            ]
            out[level, wall] = _covered(pieces)
    return out


def _place(point: tuple[float, float], above: Guide, below: Guide) -> float:
    """0 on or above the upper guide, 1 on or below the lower one."""
    first, second = _height_over(point, above), _height_over(point, below)
    side = _height_over(below.anterior, above)
    first, second = (math.copysign(v, v * side) for v in (first, second))
    if first <= 0 or first - second <= 0:
        return 0.0
    return min(first / (first - second), 1.0)


def _height_over(point: tuple[float, float], guide: Guide) -> float:
    """Signed distance of a point from a guide's line."""
    (px, py), (ax, ay) = guide.posterior, guide.anterior
    length = max(math.hypot(ax - px, ay - py), 1e-12)
    return ((ax - px) * (point[1] - py) - (ay - py) * (point[0] - px)) / length


def _covered(pieces: Sequence[Sequence[float]]) -> float:
    """Length of the union of intervals."""
    total, reached = 0.0, 0.0
    for start, end in sorted(tuple(piece) for piece in pieces):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


@lru_cache(maxsize=1)
def _percentile_table() -> dict[str, list[tuple[float, np.ndarray]]]:
    text = resources.files(__package__).joinpath("data").joinpath("aac_percentiles.csv")
    lines = [s for s in text.read_text(encoding="utf-8").splitlines() if not s.startswith("#")]
    table: dict[str, list[tuple[float, np.ndarray]]] = {}
    for row in csv.DictReader(lines):
        cumulative = np.array([float(row[f"le{k}"]) for k in range(25)])
        table.setdefault(row["sex"], []).append((float(row["age_from"]), cumulative))
    return table


def aac_percentile(total: int, *, sex: str | None, age_years: float | None) -> float | None:
    """Where a total lies among people of that sex and ten years of age, 0 to 100.

    Half of those with the same total count as below.  None without age, below the age of
    40, the youngest of the source, and beyond 110 years, which no one has.  Without sex both
    sexes count.
    """
    if age_years is None or not 40 <= age_years <= OLDEST_YEARS or not 0 <= total <= 24:
        return None
    table = _percentile_table()
    rows = table.get((sex or "").strip().upper()[:1], table["U"])
    cumulative = [shares for age_from, shares in rows if age_years >= age_from][-1]
    below = float(cumulative[total - 1]) if total else 0.0
    return 50 * (below + float(cumulative[total]))
