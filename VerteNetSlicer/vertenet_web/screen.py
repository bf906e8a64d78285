"""What the page shows of an examination, as plain values; nothing is computed here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vertenet.analysis import Analysis
from vertenet.anatomy import LEVELS, POINT_NAMES, Level, Vertebra
from vertenet.measure import VertebraMeasures
from vertenet.report import report_json
from vertenet.report.html_parts import alignment_tables
from vertenet.report.numbers import HEIGHT_DIGITS, RATIO_DIGITS, interval_of, text_of
from VerteNetSlicerLib import scoring
from VerteNetSlicerLib.choices import COLOURS, SEXES
from VerteNetSlicerLib.drawing import GRADE_COLOURS, colour_of
from VerteNetSlicerLib.examination import Examination
from VerteNetSlicerLib.light import Light
from VerteNetSlicerLib.placement import SPOKEN
from VerteNetSlicerLib.prior import HEADERS as COMPARED
from VerteNetSlicerLib.prior import compared_rows, headline
from VerteNetSlicerLib.table import HEADERS, Row, rows_of, uncertain_points
from VerteNetSlicerLib.words import said_here

from .reader import NOT_EVALUABLE, Reader
from .rounds import State

Values = dict[str, Any]

NOTICE = "Research use only. Not a medical device. A grade is a suggestion."


def fixed() -> Values:
    """What never changes."""
    return {
        "notice": NOTICE,
        "headers": HEADERS,
        "levels": [level.value for level in LEVELS],
        "columns": [level.value for level in scoring.COLUMNS],
        "walls": [wall.capitalize() for wall in scoring.ROWS],
        "colours": {str(grade): _css(colour) for grade, colour in GRADE_COLOURS.items()},
        "vertebra_colours": {level.value: _css(colour_of(level)) for level in LEVELS},
        "not_evaluable": NOT_EVALUABLE,
        "compared_headers": list(COMPARED),
    }


def empty() -> Values:
    """Before it is known who reads."""
    return {
        **_nothing(),
        **dict.fromkeys(("detail", "grid", "compared")),
        **dict.fromkeys(("selected", "facing", "angles", "prompt", "offer", "message"), ""),
        **dict.fromkeys(("image_name", "image_text", "busy"), ""),
        **dict.fromkeys(("sex", "age", "subject_text"), ""),
        "images": [], "present": -1, "image_warnings": [], "spacing_known": True,
        "edited": False, "failed": False, "confirming": "", "with_pdf": False, "with_dicom": False,
        "with_screenshot": False, "with_identity": False,
        "tab": "vertebra", "layers": {}, "paused": False, "placed": False, "marking": False,
        "can_undo": False, "can_redo": False, "bare": False, "colour_by": COLOURS[0],
        "offer_own": True, "lighting": False,
        "light": asdict(Light()), "round": asdict(State()),
    }  # fmt: skip


def shown(reader: Reader, *, angles: bool) -> Values:
    """Everything that changes with the reading.

    Args:
        angles: whether the angles are looked at; they are written out only then.
    """
    found = reader.examination
    return {
        **_image(reader),
        **(_nothing() if found is None else _findings(found.analysis)),
        "detail": None if reader.level is None else _detail(reader, reader.level),
        "selected": "" if reader.level is None else reader.level.value,
        "edited": found is not None and found.review.edited,
        "can_undo": reader.logic.can_undo(reader.volume),
        "can_redo": found is not None and found.can_redo,
        "facing": "" if found is None else found.review.spine.anterior.value,
        "grid": None if found is None else _grid(reader, found),
        "compared": None if found is None else _compared(reader, found),
        "angles": "" if found is None or not angles else _angles(found.analysis),
        "layers": dict(reader.sight.layers),
        "bare": reader.sight.bare,
        "colour_by": reader.logic.state.colour_by,
        "light": asdict(reader.sight.shown_light),
        "prompt": reader.hand.prompt,
        "paused": reader.hand.paused,
        "placed": reader.hand.placed,
        "marking": reader.aorta.marking,
        "offer": reader.offer_text(),
        "offer_own": reader.offer is None or not reader.offer.elsewhere,
        "message": reader.message[0],
        "failed": reader.message[1],
    }


def _image(reader: Reader) -> Values:
    worklist, volume = reader.worklist, reader.volume
    values: Values = {
        "images": reader.images.entries,
        "present": worklist.position,
        "image_name": "" if worklist.present is None else reader.images.title(worklist.present),
        "image_text": "",
        "image_warnings": [],
        "spacing_known": True,
        "sex": SEXES[0],
        "age": "",
        "subject_text": "",
    }
    if volume is not None:
        known = reader.logic.spacing_of(volume)
        columns, rows, _ = volume.GetImageData().GetDimensions()
        pixel = f"pixel {known.text}" if known.scale.in_mm else "pixel size unknown"
        values["image_text"] = f"{columns} × {rows} px; {pixel}"
        values["image_warnings"] = [said_here(sentence) for sentence in known.warnings]
        values["spacing_known"] = known.scale.in_mm
        person = reader.logic.subject_of(volume)
        values["sex"] = person.given_sex or SEXES[0]
        values["age"] = "" if person.given_age_years is None else f"{person.given_age_years:g}"
        values["subject_text"] = person.text
    return values


def _nothing() -> Values:
    return {"rows": [], "findings": [], "warnings": [], "crop": "", "crop_reason": "", "model": ""}


def _findings(analysis: Analysis) -> Values:
    summary, crop, model = analysis.summary, analysis.aac.crop, analysis.model
    rows = rows_of(analysis)
    return {
        "rows": [_row(row, m) for row, m in zip(rows, analysis.vertebrae, strict=True)],
        "findings": [] if summary is None else list(summary.wording),
        "warnings": [said_here(sentence) for sentence in analysis.warnings],
        "crop": crop.status,
        "crop_reason": crop.reason or "",
        "model": "" if model is None else f"{model.name} {model.version}",
    }


def _row(row: Row, measures: VertebraMeasures) -> Values:
    return {
        **{name: row[name] for name in HEADERS},
        "final": str(measures.final_grade),
        "withheld": " ".join(measures.withheld),
    }


def _detail(reader: Reader, level: Level) -> Values:
    """One vertebra: why it has its grade, how sure its numbers are, what a reader decided."""
    found = reader.examination
    assert found is not None
    vertebra = found.review.vertebra(level)
    measures = next(m for m in found.analysis.vertebrae if m.level is level)
    genant, decision = measures.genant, vertebra.reader
    grade = "" if decision is None or decision.grade is None else str(decision.grade)
    return {
        "level": level.value,
        "look": next(row for row in rows_of(found.analysis) if row.level is level).attention,
        "reason": genant.reason,
        "withheld": [text for text in dict.fromkeys(measures.withheld) if text != genant.reason],
        "sure": _sure(vertebra, measures),
        "numbers": _numbers(measures),
        "points": _points(vertebra),
        "point": "" if reader.hand.point is None else reader.hand.point.value,
        "reader_grade": NOT_EVALUABLE if decision and not decision.evaluable else grade,
        "reader_reason": (decision.reason if decision is not None else None) or "",
    }  # fmt: skip


def _sure(vertebra: Vertebra, measures: VertebraMeasures) -> str:
    """How likely the grade is, and the level."""
    genant = measures.genant
    parts = []
    if genant.p_ge1 is not None:
        first, second = (text_of(p, RATIO_DIGITS) for p in (genant.p_ge1, genant.p_ge2))
        parts.append(f"P(grade ≥ 1) {first}, P(≥ 2) {second}")
    if vertebra.level_confidence is not None:
        parts.append(f"level confidence {text_of(vertebra.level_confidence, RATIO_DIGITS)}")
    return "; ".join(parts)


def _numbers(measures: VertebraMeasures) -> list[Values]:
    heights, ratios = measures.heights, measures.ratios
    lengths = [
        (name, getattr(heights, name), heights.intervals.get(name), heights.unit, HEIGHT_DIGITS)
        for name in ("Ha", "Hm", "Hp")
    ]
    shares = [
        (
            name.replace("_", "/"),
            getattr(ratios, name),
            ratios.intervals.get(name),
            "",
            RATIO_DIGITS,
        )
        for name in ("Ha_Hp", "Hm_Hp", "Hm_Ha")
    ]
    return [
        {"name": n, "value": text_of(v, d), "unit": u if v is not None else "",
         "interval": interval_of(i, d)}
        for n, v, i, u, d in lengths + shares
    ]  # fmt: skip


def _points(vertebra: Vertebra) -> list[Values]:
    doubted = uncertain_points(vertebra)
    return [
        {
            "name": name.value,
            "spoken": SPOKEN[name],
            "edited": vertebra.points[name].status.value == "edited",
            "sigma": text_of(vertebra.points[name].sigma_px, 1),
            "uncertain": name in doubted,
        }
        for name in POINT_NAMES
        if name in vertebra.points
    ]


def _grid(reader: Reader, found: Examination) -> Values:
    grid = scoring.grid_of(found.analysis, found.wall, found.scored.derived)
    return {
        "cells": [list(row) for row in grid.cells],
        "active": list(grid.active) if grid.active is not None else None,
        "total": grid.total,
        "warning": [line for line in grid.warning.split("\n") if line],
        "eight": reader.aorta.lengths8(),
    }


def _compared(reader: Reader, found: Examination) -> Values:
    """What changed since the prior, as Slicer's panel words it."""
    values: Values = {"choices": reader.comparison.choices, "name": "", "lines": [], "rows": []}
    if found.prior is None or found.follow_up is None:
        return values
    return {
        **values,
        "name": found.prior.name,
        "lines": headline(found.prior, found.analysis, found.follow_up).split("\n"),
        "rows": [
            {"cells": list(row.cells), "incident": bool(row.incident), "reason": row.reason}
            for row in compared_rows(found.follow_up)
        ],
    }


def _angles(analysis: Analysis) -> str:
    """The report's own tables."""
    return alignment_tables(report_json(analysis)["alignment"])


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
