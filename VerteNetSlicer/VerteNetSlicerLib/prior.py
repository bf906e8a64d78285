"""An earlier examination beside the present one: what changed, and its outlines; no qt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from slicer.i18n import tr as _

from vertenet.analysis import Analysis
from vertenet.anatomy import POINT_NAMES, Level, PointName, Vertebra
from vertenet.errors import LandmarkError
from vertenet.geometry import PixelScale
from vertenet.measure import Change, FollowUp, compare
from vertenet.pipeline import measure
from vertenet.report import LandmarkSet, csv_text, read_landmarks, report_json
from vertenet.report.numbers import HEIGHT_DIGITS
from vertenet.report.read import read_report
from vertenet.texts import parsed_json

RECORD = "VerteNet.prior"
HEIGHTS = ("Ha", "Hm", "Hp")
REPORT = "report.json"
TABLE = "followup.csv"

_COLUMNS = (
    "level",
    *(f"{name}_change_mm" for name in HEIGHTS),
    *(f"{name}_change_percent" for name in HEIGHTS),
    *("grade_before", "grade_after", "incident", "reason"),
)
_BASE = (PointName.PI, PointName.AI)


@dataclass(frozen=True)
class Prior:
    """An earlier examination.

    Attributes:
        name: what it was opened from, without folder.
        analysis: everything computed from its points.
    """

    name: str
    analysis: Analysis


@dataclass(frozen=True)
class ComparedRow:
    """One vertebra at both examinations, as text.

    Attributes:
        cells: level, change of Ha, Hm, Hp, grades, incident fracture.
        incident: True, False, or None where it cannot be told.
        reason: what that rests on.
    """

    level: Level
    cells: tuple[str, ...]
    incident: bool | None
    reason: str


HEADERS = (_("Level"), "Ha", "Hm", "Hp", _("Grade"), _("Incident"))


def read_prior(path: str | Path, *, name: str | None = None) -> Prior:
    """The prior in an exported file, or in the folder that an export made.

    Args:
        path: ``report.json``, ``landmarks.mrk.json``, ``sr.dcm``, a CSV, or the folder.
        name: of the image that is meant where a file holds several.

    Raises:
        LandmarkError: if there are no landmarks, or those of several images.
    """
    file = Path(path)
    if file.is_dir():
        file = file / REPORT
    sets = read_landmarks(file)
    wanted = [s for s in sets if name and Path(s.frame.file).stem == Path(name).stem]
    chosen = wanted or list(sets)
    if len(chosen) != 1:
        raise LandmarkError(
            f"Expected the landmarks of one earlier image, got {len(chosen)} from '{file.name}'. "
            "Choose the report.json of that image."
        )
    return Prior(f"{file.parent.name}/{file.name}", _measured(chosen[0]))


def prior_to_text(prior: Prior) -> str:
    """What a saved scene keeps of it."""
    return json.dumps({"name": prior.name, "report": report_json(prior.analysis)})


def prior_from_text(text: str) -> Prior | None:
    """The inverse of :func:`prior_to_text`; None where there is none.

    Raises:
        LandmarkError: if the text is damaged.
    """
    if not text:
        return None
    try:
        content = parsed_json(text)
        name, report = content["name"], content["report"]
    except (ValueError, KeyError, TypeError) as error:
        raise LandmarkError(
            f"Expected an earlier examination in the scene, but it cannot be read ({error}). "
            "Open it again."
        ) from error
    return Prior(name, _measured(read_report(report, name)))


def _measured(found: LandmarkSet) -> Analysis:
    return measure(
        found.spine,
        found.frame,
        model=found.model,
        sex=found.sex,
        age_years=found.age_years,
        sources=(found.sex_source, found.age_source),
        aac_reading=found.aac_reading,
    )


def follow_up(prior: Prior, present: Analysis) -> FollowUp:
    """Both examinations, matched by level."""
    return compare(prior.analysis.vertebrae, present.vertebrae)


def compared_rows(found: FollowUp) -> tuple[ComparedRow, ...]:
    """One row per level that both examinations have; incident fractures first."""
    rows = [
        ComparedRow(
            c.level,
            (
                c.level.value,
                *(_change(c, name) for name in HEIGHTS),
                _grades(c),
                {True: _("yes"), False: _("no"), None: _("not known")}[c.incident],
            ),
            c.incident,
            c.reason,
        )
        for c in found.changes
    ]
    return tuple(sorted(rows, key=lambda row: (not row.incident, row.level.order)))


def headline(prior: Prior, present: Analysis, found: FollowUp) -> str:
    """What changed, in a few lines, with what the comparison cannot say."""
    lines = []
    reasons = {c.level: c.reason for c in found.changes}
    if found.incident:
        what = "; ".join(f"{level} ({reasons[level]})" for level in found.incident)
        lines.append(_("Incident fracture: {what}.").format(what=what))
    told = sum(c.incident is not None for c in found.changes)
    if not found.incident and told:
        none = (
            _("No incident fracture at 1 level.")
            if told == 1
            else _("No incident fracture at {count} levels.")
        )
        lines.append(none.format(count=told))
    if told < len(found.changes):
        count = len(found.changes) - told
        known = _("Not known at 1 level.") if count == 1 else _("Not known at {count} levels.")
        lines.append(known.format(count=count))
    if not found.changes:
        lines.append(_("No level is in both examinations."))
    lines += _doubts(prior, present, found)
    return "\n".join(lines)


def _doubts(prior: Prior, present: Analysis, found: FollowUp) -> list[str]:
    lines = []
    before = prior.analysis
    if None not in (before.sex, present.sex) and before.sex != present.sex:
        lines.append(_("The sex differs: is this the same person?"))
    ages = before.age_years, present.age_years
    if None not in ages and ages[0] > ages[1]:
        lines.append(_("The prior is of a later age: is the order right?"))
    if found.changes and not (before.frame.scale.in_mm and present.frame.scale.in_mm):
        lines.append(_("Without millimetres in both, only grades are compared."))
    names = {_("only before"): found.only_before, _("only now"): found.only_after}
    for words, levels in names.items():
        if levels:
            lines.append(f"{words}: {', '.join(level.value for level in levels)}")
    return lines


def comparison_csv(prior: Prior, present: Analysis) -> str:
    """The comparison as a table, full precision; an empty cell is not known."""
    rows = [
        [
            c.level.value,
            *(c.change.get(name) for name in HEIGHTS),
            *(c.change_percent.get(name) for name in HEIGHTS),
            c.grade_before,
            c.grade_after,
            None if c.incident is None else int(c.incident),
            c.reason,
        ]
        for c in follow_up(prior, present).changes
    ]
    return csv_text(_COLUMNS, rows)


def prior_outlines(prior: Prior, present: Analysis) -> list[NDArray[np.float64]]:
    """Closed outlines ``(N, 2)`` of the prior's bodies, pixels of the present image.

    Each is laid with its lower end plate onto that of the present body, in true
    proportion: where an upper end plate came down, the old one stands above it.
    """
    outlines = []
    mirrored = prior.analysis.spine.anterior is not present.spine.anterior
    for old in prior.analysis.spine:
        new = present.spine.get(old.level)
        if new is None or not all(_there(v) for v in (old, new)):
            continue
        names = [n for n in POINT_NAMES if n in old.points]
        xy = np.array([old.points[n].xy for n in (*names, names[0])])
        to_new = _laid_on(old, new, prior.analysis.frame.scale, present.frame.scale, mirrored)
        outlines.append(to_new(xy))
    return outlines


def _there(vertebra: Vertebra) -> bool:
    return all(name in vertebra.points for name in _BASE)


def _laid_on(old: Vertebra, new: Vertebra, before: PixelScale, now: PixelScale, mirrored: bool):
    """The function from pixels of the old image to those of the new."""
    sizes = [np.array([scale.column, scale.row]) for scale in (before, now)]
    flip = np.array([-1.0 if mirrored else 1.0, 1.0])
    a = np.array([old.points[n].xy for n in _BASE]) * sizes[0] * flip
    b = np.array([new.points[n].xy for n in _BASE]) * sizes[1]
    # As complex numbers a turn is one product.
    turn = complex(*(b[1] - b[0])) / complex(*(a[1] - a[0]))
    if before.in_mm and now.in_mm:
        turn /= abs(turn)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])

    def to_new(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (xy * sizes[0] * flip - a.mean(axis=0)) @ matrix.T
        return (moved + b.mean(axis=0)) / sizes[1]

    return to_new


def _change(change: Change, name: str) -> str:
    if name not in change.change:
        return ""
    millimetres = f"{change.change[name]:+.{HEIGHT_DIGITS}f} mm"
    return f"{millimetres} ({change.change_percent[name]:+.0f} %)"


def _grades(change: Change) -> str:
    before, after = (
        "-" if grade is None else str(grade) for grade in (change.grade_before, change.grade_after)
    )
    return before if before == after else f"{before} → {after}"
