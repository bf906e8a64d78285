"""The grades as rows, and as a table node; missing values stay empty."""

from __future__ import annotations

from dataclasses import dataclass

import vtk
from slicer.i18n import tr as _

import slicer
from vertenet.analysis import Analysis
from vertenet.anatomy import Level, PointName, PointStatus, Vertebra
from vertenet.measure import VertebraMeasures
from vertenet.report.numbers import HEIGHT_DIGITS, RATIO_DIGITS, text_of

# The first ten are those of vertebrae.csv.
COLUMNS = (
    "level", "Ha", "Hm", "Hp", "unit", "Ha_Hp", "Hm_Hp", "Hm_Ha",
    "genant_grade", "genant_type", "reader_grade", "state", "confidence", "worst_ratio",
    "z", "attention",
)  # fmt: skip

# Those a reader sees, with their headers.
HEADERS = {
    "level": _("Level"),
    "genant_grade": _("Grade"),
    "genant_type": _("Type"),
    "reader_grade": _("Reader"),
    "Ha": "Ha",
    "Hm": "Hm",
    "Hp": "Hp",
    "unit": "",
    "worst_ratio": _("Worst ratio"),
    "z": "z",
    "confidence": _("Confidence"),
    "state": _("State"),
    "attention": _("Look at"),
}

# A level below this confidence, or a point less certain than this, is looked at first.
LEVEL_CONFIDENCE = 0.8
SIGMA_OF_DEPTH = 0.08


@dataclass(frozen=True)
class Row:
    """One vertebra as a reader sees it: text by column, why to look at it, why the grade."""

    level: Level
    cells: tuple[str, ...]
    attention: str
    grade: int | None
    reason: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells[COLUMNS.index(column)]


@dataclass(frozen=True)
class Glance:
    """An image in a list: what is worst in it, and how much of it needs a look.

    Attributes:
        grade: the highest grade, a reader's before a computed one; None where none is graded.
        count: vertebrae that were found.
        looks: those that need a look.
    """

    grade: int | None
    count: int
    looks: int

    @property
    def text(self) -> str:
        """In words: ``13 vertebrae, highest grade 2, 3 to look at``."""
        worst = _("none graded") if self.grade is None else _("highest grade {n}")
        words = _("{count} vertebrae, {worst}, {looks} to look at")
        return words.format(count=self.count, worst=worst.format(n=self.grade), looks=self.looks)


def glance_of(analysis: Analysis) -> Glance:
    """What a list says of an image."""
    grades = [m.final_grade for m in analysis.vertebrae if m.final_grade is not None]
    rows = rows_of(analysis)
    return Glance(max(grades, default=None), len(rows), sum(bool(r.attention) for r in rows))


def rows_of(analysis: Analysis) -> tuple[Row, ...]:
    """One row per vertebra, from head to foot."""
    doubted = analysis.quality.implausible if analysis.quality is not None else ()
    pairs = zip(analysis.spine, analysis.vertebrae, strict=True)
    return tuple(_row(v, m, implausible=v.level in doubted) for v, m in pairs)


def attention_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows that need a look, then the others, each from head to foot."""
    return tuple(sorted(rows, key=lambda row: (not row.attention, row.level.order)))


def detail(row: Row) -> str:
    """One vertebra in a line: its grade with the rule, and what to look at."""
    said = f"{row.level}: {row.reason}" if row.reason else f"{row.level}."
    looked = _("Look at: {what}.").format(what=row.attention) if row.attention else ""
    return " ".join(part for part in (said, looked) if part)


def table_text(rows: tuple[Row, ...]) -> str:
    """The rows with their headers, parted by tabs, for a spreadsheet."""
    lines = [[title or name for name, title in HEADERS.items()]]
    lines += [[row[name] for name in HEADERS] for row in rows]
    return "\n".join("\t".join(cells) for cells in lines) + "\n"


def update_table(node: slicer.vtkMRMLTableNode, analysis: Analysis) -> None:
    """Write the rows into a table node."""
    table = vtk.vtkTable()
    rows = rows_of(analysis)
    for index, name in enumerate(COLUMNS):
        column = vtk.vtkStringArray()
        column.SetName(name)
        for row in rows:
            column.InsertNextValue(row.cells[index])
        table.AddColumn(column)
    node.SetAndObserveTable(table)


def _row(vertebra: Vertebra, measures: VertebraMeasures, *, implausible: bool) -> Row:
    heights, ratios, genant = measures.heights, measures.ratios, measures.genant
    attention = ", ".join(_attention(vertebra, measures, implausible))
    cells = (
        vertebra.level.value,
        *(_number(h, HEIGHT_DIGITS) for h in (heights.Ha, heights.Hm, heights.Hp)),
        heights.unit,
        *(_number(r, RATIO_DIGITS) for r in (ratios.Ha_Hp, ratios.Hm_Hp, ratios.Hm_Ha)),
        "" if genant.grade is None else str(genant.grade),
        genant.type or "",
        _reader(vertebra),
        _state(vertebra),
        _number(vertebra.score, RATIO_DIGITS),
        _worst_ratio(measures),
        _lowest_z(measures),
        attention,
    )
    reason = " ".join((genant.reason, *measures.withheld)).strip()
    return Row(vertebra.level, cells, attention, genant.grade, reason)


def _lowest_z(measures: VertebraMeasures) -> str:
    """The lowest of the ratios' z-scores; none where the level has no norm."""
    return f"{min(measures.z_scores.values()):+.1f}" if measures.z_scores else ""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else text_of(value, digits)


def _worst_ratio(measures: VertebraMeasures) -> str:
    ratios = measures.ratios
    named = {"Ha/Hp": ratios.Ha_Hp, "Hm/Hp": ratios.Hm_Hp, "Hm/Ha": ratios.Hm_Ha}
    known = [(value, name) for name, value in named.items() if value is not None]
    if not known:
        return ""
    value, name = min(known)
    return f"{name} {text_of(value, RATIO_DIGITS)}"


def _reader(vertebra: Vertebra) -> str:
    reader = vertebra.reader
    if reader is None:
        return ""
    if not reader.evaluable:
        return _("not evaluable")
    return "" if reader.grade is None else str(reader.grade)


def _state(vertebra: Vertebra) -> str:
    statuses = {p.status for p in vertebra.points.values()}
    return _("edited") if PointStatus.EDITED in statuses else _("auto")


def _attention(vertebra: Vertebra, measures: VertebraMeasures, implausible: bool) -> list[str]:
    """Why this vertebra is looked at first."""
    reasons = [_("implausible points")] if implausible else []
    if measures.genant.grade:
        reasons.append(_("grade {grade}").format(grade=measures.genant.grade))
    elif measures.genant.grade is None:
        reasons.append(_("no grade"))
    confidence = vertebra.level_confidence
    if confidence is not None and confidence < LEVEL_CONFIDENCE:
        reasons.append(_("level uncertain"))
    if uncertain_points(vertebra):
        reasons.append(_("points uncertain"))
    return reasons


def uncertain_points(vertebra: Vertebra) -> tuple[PointName, ...]:
    """The points of which the network is less sure than a reader would be."""
    corners = vertebra.array()[[0, 2]]
    depth = float(((corners[1] - corners[0]) ** 2).sum() ** 0.5)
    return tuple(
        name
        for name, point in vertebra.points.items()
        if point.sigma_px is not None and point.sigma_px > SIGMA_OF_DEPTH * depth
    )
