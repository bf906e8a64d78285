"""Scoring the aorta wall by wall: the grid, the order of reading, the totals in words; no qt."""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _

from vertenet.analysis import Analysis
from vertenet.measure import AAC_WALLS, AacReading, AacScore, Wall

# The grid lies as the aorta is drawn in Kauppila's form: a row per wall, a column per level.
ROWS = tuple(dict.fromkeys(wall for _level, wall in AAC_WALLS))
COLUMNS = tuple(dict.fromkeys(level for level, _wall in AAC_WALLS))
SCORES = (0, 1, 2, 3)
# Beside a score that follows from the length of marked plaque.
MARK = " ▬"


@dataclass(frozen=True)
class Grid:
    """What the panel shows.

    Attributes:
        cells: text by row and column, empty where not scored.
        active: row and column of the wall that is read now, or None.
        total: total, category and percentile, or what to do first.
        warning: why the total is a lower bound, and what of the wall cannot be seen.
    """

    cells: tuple[tuple[str, ...], ...]
    active: tuple[int, int] | None
    total: str
    warning: str


def wall_at(row: int, column: int) -> Wall | None:
    """The wall of a cell, or None outside the grid."""
    if 0 <= row < len(ROWS) and 0 <= column < len(COLUMNS):
        return COLUMNS[column], ROWS[row]
    return None


def cell_of(wall: Wall) -> tuple[int, int]:
    """Row and column of a wall."""
    return ROWS.index(wall[1]), COLUMNS.index(wall[0])


def next_wall(wall: Wall) -> Wall:
    """The wall that is read after this one; the last is followed by itself."""
    return AAC_WALLS[min(AAC_WALLS.index(wall) + 1, len(AAC_WALLS) - 1)]


def first_wall(reading: AacReading) -> Wall:
    """Where reading goes on: the first wall that is not scored, or the first of all."""
    walls = reading.walls
    return next((wall for wall in AAC_WALLS if walls[wall] is None), AAC_WALLS[0])


def grid_of(
    analysis: Analysis, active: Wall | None, derived: frozenset[Wall] = frozenset()
) -> Grid:
    """The grid of an analysis; scores of ``derived`` walls come from marks."""
    walls = (analysis.aac_reading or AacReading()).walls

    def text(wall: Wall) -> str:
        score = walls[wall]
        return "" if score is None else f"{score}{MARK if wall in derived else ''}"

    cells = tuple(tuple(text((level, wall)) for level in COLUMNS) for wall in ROWS)
    warning = "\n".join(_warnings(analysis, active))
    return Grid(cells, active and cell_of(active), total_text(analysis.aac_scores), warning)


def total_text(scores: AacScore | None) -> str:
    """The score in one line."""
    if scores is None or scores.at_least is None:
        return _("No wall is scored. Choose one, then press 0 to 3.")
    bound = _("at least {total}") if scores.lower_bound else "{total}"
    parts = [_("AAC-24: {total}").format(total=bound.format(total=scores.at_least))]
    if scores.category is not None:
        parts.append(scores.category)
    if scores.percentile is not None:
        parts.append(_("percentile {value:.0f}").format(value=scores.percentile))
    left = sum(score is None for score in scores.walls.values())
    if left:
        parts.append(_("{count} of 8 walls not scored").format(count=left))
    if scores.total8 is not None:
        parts.append(
            _("AAC-8 (Schousboe): {total} (anterior {front}, posterior {back})").format(
                total=scores.total8, front=scores.anterior8, back=scores.posterior8
            )
        )
    return "; ".join(parts)


def _warnings(analysis: Analysis, active: Wall | None) -> list[str]:
    """The whole image's crop status, and the active segment's."""
    crop = analysis.aac.crop
    lines = []
    if crop.status != "ok":
        words = {"cropped": _("Aorta cropped: {why}"), "unknown": _("Crop not known: {why}")}
        lines.append(words[crop.status].format(why=crop.reason))
    if active is not None:
        withheld = [s.reason for s in analysis.aac.segments if s.level is active[0]]
        seen = [s.reason for s in crop.per_segment if s.level is active[0] and s.status != "ok"]
        lines += [text for text in (*withheld, *seen) if text]
    return list(dict.fromkeys(lines))
