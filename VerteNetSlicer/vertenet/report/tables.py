"""``vertebrae.csv`` and ``aac.csv``: rows of plain text for spreadsheets and statistics.

UTF-8, commas, full precision; an empty cell is a withheld number and the reason
stands in the row.  Free text that a spreadsheet would run as a formula has an apostrophe
before it, which our readers take off again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..analysis import Analysis
from ..anatomy import POINT_NAMES, Vertebra
from ..images.person import GIVEN
from ..measure import (
    AAC_WALLS,
    AacReading,
    AacScore,
    FollowUp,
    Genant,
    Guide,
    VertebraMeasures,
)
from ..texts import csv_lines
from .description import clean

Cell = str | int | float | None

#: A reader's eight wall scores and Schousboe's two, the same in every row of an image.
READING_COLUMNS = (
    *(f"aac_{level.value}_{wall}" for level, wall in AAC_WALLS),
    *("aac8_anterior", "aac8_posterior"),
)
VERTEBRA_COLUMNS = (
    *("image", "level", "Ha", "Hm", "Hp", "unit", "Ha_Hp", "Hm_Hp", "Hm_Ha"),
    *("genant_grade", "genant_type", "p_ge1", "p_ge2", "grade_score", "reader_grade"),
    *("reader_reason", "evaluable", "final_grade", "score", "level_confidence", "reason"),
    *("withheld", "sex", "age", "sex_source", "age_source"),
    *("spacing_row_mm", "spacing_column_mm", "anterior"),
    *(f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"),
    *(f"{name}_{word}" for name in POINT_NAMES for word in ("sigma", "status")),
    *("reader_evaluable", "width", "height", "aspect_ratio", "spacing_source"),
    *READING_COLUMNS,
)
AAC_COLUMNS = (
    *("image", "kind", "name", "wall", "posterior_x", "posterior_y", "anterior_x", "anterior_y"),
    *("end_x", "end_y", "polygon", "status", "visible", "room", "reason"),
    *("score", "at_least", "category", "percentile"),
)

FOLLOWUP_COLUMNS = (
    "level",
    *(f"{name}_change_mm" for name in ("Ha", "Hm", "Hp")),
    *(f"{name}_change_percent" for name in ("Ha", "Hm", "Hp")),
    *("grade_before", "grade_after", "incident", "reason"),
)


def rules_csv(graded: Iterable[tuple[Analysis, Mapping[str, Sequence[Genant]]]]) -> str:
    """``rules.csv``: each vertebra's grade by every rule, side by side.

    Args:
        graded: images with what :func:`vertenet.pipeline.by_rules` gives of each.
    """
    columns: tuple[str, ...] = ("image", "level")
    rows: list[list[Cell]] = []
    for analysis, grades in graded:
        words = ("grade", "type", "p_ge1", "p_ge2", "reason")
        columns = ("image", "level", *(f"{rule} {word}" for rule in grades for word in words))
        for i, vertebra in enumerate(analysis.spine):
            row: list[Cell] = [clean(analysis.frame.file), vertebra.level.value]
            for found in (grades[rule][i] for rule in grades):
                row += [found.grade, found.type, found.p_ge1, found.p_ge2, found.reason]
            rows.append(row)
    return csv_text(columns, rows)


def followup_csv(found: FollowUp) -> str:
    """``followup.csv``: what became of each vertebra between two examinations.

    Levels that only one examination has stand last, with that as the reason.
    """
    names = ("Ha", "Hm", "Hp")
    rows: list[list[Cell]] = []
    for change in found.changes:
        row: list[Cell] = [change.level.value]
        row += [change.change.get(name) for name in names]
        row += [change.change_percent.get(name) for name in names]
        incident = None if change.incident is None else "yes" if change.incident else "no"
        rows.append([*row, change.grade_before, change.grade_after, incident, change.reason])
    for levels, word in ((found.only_before, "earlier"), (found.only_after, "later")):
        rows += [[level.value, *[None] * 9, f"only in the {word} examination"] for level in levels]
    return csv_text(FOLLOWUP_COLUMNS, rows)


def vertebra_rows(analysis: Analysis) -> list[list[Cell]]:
    """One row per vertebra, in the order of :data:`VERTEBRA_COLUMNS`."""
    return [
        _vertebra_row(analysis, vertebra, measures)
        for vertebra, measures in zip(analysis.spine, analysis.vertebrae, strict=True)
    ]


def aac_rows(analysis: Analysis) -> list[list[Cell]]:
    """One row per guide, third and wall region, then each segment's and the image's crop.

    Where a reader scored walls, their scores stand with the regions, and the totals
    before the crop.  A polygon is ``x y`` pairs parted by semicolons, pixels.
    """
    aac, image = analysis.aac, clean(analysis.frame.file)
    lines = [_line_row(image, "guide", guide) for guide in aac.guides]
    lines += [_line_row(image, "third", third) for third in aac.thirds]
    blank: list[Cell] = [None] * 6
    scores = analysis.aac_scores
    given = {} if scores is None else scores.walls
    regions: list[list[Cell]] = [
        [image, "region", s.level.value, wall, *blank, _polygon(polygon), *blank[:3], s.reason,
         given.get((s.level, wall)), *blank[:3]]
        for s in aac.segments
        for wall, polygon in (("anterior", s.anterior), ("posterior", s.posterior))
    ]  # fmt: skip
    crops: list[list[Cell]] = [
        [image, "crop", c.level.value, None, *blank, None, c.status, c.visible, c.room, c.reason,
         *blank[:4]]
        for c in aac.crop.per_segment
    ]  # fmt: skip
    whole: list[Cell] = [image, "crop", "L1-L4", None, *blank, None, aac.crop.status, None, None]
    whole += [aac.crop.reason, *blank[:4]]
    return [*lines, *regions, *_total_rows(image, scores), *crops, whole]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as the text of a CSV file with a heading; None becomes an empty cell."""
    return "".join(csv_lines([columns, *rows]))


def vertebrae_csv(analyses: Iterable[Analysis]) -> str:
    """``vertebrae.csv`` of one or many images."""
    return csv_text(VERTEBRA_COLUMNS, (row for a in analyses for row in vertebra_rows(a)))


def aac_csv(analyses: Iterable[Analysis]) -> str:
    """``aac.csv`` of one or many images."""
    return csv_text(AAC_COLUMNS, (row for a in analyses for row in aac_rows(a)))


def _vertebra_row(analysis: Analysis, vertebra: Vertebra, measures: VertebraMeasures) -> list[Cell]:
    heights, ratios, genant = measures.heights, measures.ratios, measures.genant
    reader, spacing = vertebra.reader, analysis.frame.scale.spacing_mm or (None, None)
    row: list[Cell] = [clean(analysis.frame.file), vertebra.level.value]
    row += [heights.Ha, heights.Hm, heights.Hp, heights.unit]
    row += [ratios.Ha_Hp, ratios.Hm_Hp, ratios.Hm_Ha]
    row += [genant.grade, genant.type, genant.p_ge1, genant.p_ge2, genant.score]
    row += [None if reader is None else reader.grade, None if reader is None else reader.reason]
    row += ["yes" if measures.evaluable else "no", measures.final_grade]
    row += [vertebra.score, vertebra.level_confidence]
    row += [genant.reason, " ".join(measures.withheld) or None]
    row += [*person_cells(analysis), *spacing, analysis.spine.anterior.value]
    for name in POINT_NAMES:
        point = vertebra.points.get(name)
        row += [None, None] if point is None else [float(point.x), float(point.y)]
    for name in POINT_NAMES:
        point = vertebra.points.get(name)
        row += [None, None] if point is None else [point.sigma_px, point.status.value]
    frame = analysis.frame
    row += [None if reader is None else "yes" if reader.evaluable else "no"]
    row += [frame.width, frame.height, frame.scale.row / frame.scale.column]
    return [*row, clean(frame.spacing_source), *_reading(analysis.aac_reading)]


def person_cells(analysis: Analysis) -> list[Cell]:
    """Sex, age and who says each; that nobody says an absent one needs no word."""
    pairs = (analysis.sex, analysis.sex_source), (analysis.age_years, analysis.age_source)
    said = [None if value is None and word != GIVEN else word for value, word in pairs]
    return [analysis.sex, analysis.age_years, *said]


def _reading(reading: AacReading | None) -> list[Cell]:
    reading = reading or AacReading()
    return [*reading.scores, *(reading.lengths8 or (None, None))]


def _total_rows(image: str, scores: AacScore | None) -> list[list[Cell]]:
    """AAC-24, and Schousboe's AAC-8 where it was read; nothing without a reading."""
    if scores is None:
        return []
    blank: list[Cell] = [None] * 10
    why = " ".join(scores.reasons) or None
    rows: list[list[Cell]] = [
        [image, "total", "AAC-24", None, *blank, why, scores.total24, scores.at_least,
         scores.category, scores.percentile]
    ]  # fmt: skip
    eights = ((None, scores.total8), ("anterior", scores.anterior8),
              ("posterior", scores.posterior8))  # fmt: skip
    for wall, score in eights if scores.total8 is not None else ():
        rows.append([image, "total", "AAC-8", wall, *blank, None, score, None, None, None])
    return rows


def _line_row(image: str, kind: str, line: Guide) -> list[Cell]:
    ends = [*line.posterior, *line.anterior, *line.end]
    return [image, kind, line.name, None, *ends, *[None] * 9]


def _polygon(points: Iterable[tuple[float, float]]) -> str | None:
    return ";".join(f"{x!r} {y!r}" for x, y in points) or None
