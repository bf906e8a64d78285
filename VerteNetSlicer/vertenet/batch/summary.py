"""One page about a cohort: opens offline, links to the pictures beside it."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from .. import __version__
from ..report import write_text
from ..report.html_parts import STYLE
from ..report.json_report import NOTICE
from .pictures import draw_missing
from .statistics import BINS, WORST_SHOWN, LevelCount, Row, Statistics, cohort_statistics
from .summary_parts import aorta, bars, head, levels_drawing, share_text

PAGE = "summary.html"
_STYLE = """
.bar{display:inline-block;height:9px;background:#56b4e9;vertical-align:middle;margin-right:6px}
.big{display:flex;flex-wrap:wrap;gap:8px 36px;margin:12px 0}.big dt{color:#666;font-size:11px}
.big dd{margin:0;font-size:20px;font-variant-numeric:tabular-nums}
thead th.n{text-align:right}table+table{margin-top:10px}
td.path{overflow-wrap:anywhere;min-width:150px}td.w{width:30%}
.levels{margin:6px 0}.levels svg{width:100%;max-width:760px}
.levels text{font-size:10px;text-anchor:middle;fill:#333}
.levels figcaption{font-size:11px;color:#555}.levels span{margin-left:12px}
.levels i{display:inline-block;width:10px;height:10px;margin-right:4px}
"""
_REMARKS = {
    "outside": "points outside of the image",
    "cut": "a body that the border may cut",
    "uncertain": "points too uncertain to measure",
    "coverage": "levels that are missing",
    "shape": "a body of an unlikely shape",
    "size": "a body of an unlikely size",
    "order": "levels out of order",
    "overlap": "bodies that overlap",
    "gap": "a distance that does not fit the levels' names",
    "turned": "a spine that runs across or up the image",
    "spacing": "lengths in mm that no person has",
    "side": "anterior and posterior exchanged",
    "label": "an uncertain level",
    "tilt": "unsharp endplates, perhaps tilted",
    "field": "the image ends too early",
    "image": "noise, or faint endplates",
}


def write_summary(folder: Path, output: Path | None = None) -> Path:
    """Write the page of a cohort, and the pictures of its worst images that are not there.

    Args:
        folder: output of ``vertenet batch``, or of ``detect`` or ``measure`` on several images.
        output: the page; ``summary.html`` in the folder where None.

    Raises:
        ConfigurationError: if the folder does not hold a cohort's tables.
        OutputError: if the page cannot be written.
    """
    target = folder / PAGE if output is None else output
    found = cohort_statistics(folder)
    found.worst_images = draw_missing(found.worst_images, folder)
    write_text(target, summary_page(found, folder, target.parent))
    return target


def summary_page(found: Statistics, folder: Path, beside: Path) -> str:
    """The page as HTML.

    Args:
        found: the cohort's numbers.
        folder: where the pictures are.
        beside: folder of the page, from which links lead to the pictures.
    """
    body = [
        f"<header><h1>Cohort</h1><p class=notice>{escape(NOTICE)}</p></header>",
        _counts(found),
        _prevalence(found),
        f"<div class=pair>{aorta(found)}{_labels(found)}</div>",
        f"<div class=pair>{_quality(found)}{_failures(found)}</div>",
        _worst(found, folder, beside),
        f"<footer>VerteNetSlicer {__version__}. {_whose_grades(found)} "
        "Intervals are 95 % (Wilson) and treat images as independent. <b>Research use only.</b>"
        "</footer>",
    ]
    return (
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src 'self'; style-src 'unsafe-inline'\">"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>Cohort</title><style>{STYLE}{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _counts(found: Statistics) -> str:
    failed, passed = found.status["failed"], found.status["passed over"]
    numbers = {
        "Files": found.images + failed + passed,
        "Images read": found.images,
        "Without a spine": found.no_spine,
        "Vertebrae": found.vertebrae,
        "Passed over": passed,
        "Failed": failed,
        "To look at": found.flagged,
    }
    items = "".join(f"<div><dt>{k}</dt><dd>{v:,}</dd></div>" for k, v in numbers.items())
    models = ", ".join(
        f"{escape(name.strip()) or 'points without a model'} ({n:,})"
        for name, n in found.models.most_common()
    )
    sexes = ", ".join(
        f"{words} {found.sexes[key]:,}"
        for key, words in (("F", "women"), ("M", "men"), ("", "not known"))
        if found.sexes[key]
    )
    facts = "".join(f"<p>{k}: {v}.</p>" for k, v in (("Model", models), ("Sex", sexes)) if v)
    return f"<dl class=big>{items}</dl>{facts}"


def _whose_grades(found: Statistics) -> str:
    if not found.decided:
        return "Grades are computed, corrected by nobody."
    return f"A reader decided on {found.decided:,} of {found.vertebrae:,} vertebrae."


def _prevalence(found: Statistics) -> str:
    graded = sum(n for grade, n in found.worst.items() if grade)
    worst = [
        ([label, f"{n:,}", share_text(n, graded)], n, graded)
        for label, n in (
            ("none", found.worst["0"]),
            *((f"grade {g}", found.worst[str(g)]) for g in (1, 2, 3)),
            ("any", graded - found.worst["0"]),
        )
    ]
    rows = "".join(_level_row(name, level) for name, level in found.levels.items())
    heads = ("Level", "Found", "Graded", *(f"Grade {g}" for g in range(4)), "Not graded",
             "Grade 1 to 3", "Grade 2 to 3", "Name’s confidence")  # fmt: skip
    table = f"{head(heads, words=1)}<tbody>{rows}</tbody>"
    return (
        "<section><h2>Vertebral fractures, by the worst grade of an image</h2>"
        f"{bars(('Worst grade', 'Images', 'Share of the graded'), worst)}</section>"
        f"<section><h2>By level</h2>{levels_drawing(found)}<table>{table}</table></section>"
    )


def _level_row(name: str, level: LevelCount) -> str:
    grades = [level.grades[str(g)] for g in range(4)]
    graded = sum(grades)
    cells = [f"{level.found:,}", f"{graded:,}", *(f"{n:,}" for n in grades)]
    cells += [f"{level.grades['']:,}", share_text(sum(grades[1:]), graded)]
    cells.append(share_text(sum(grades[2:]), graded))
    cells.append(f"{level.sure / level.sure_of:.2f}" if level.sure_of else "–")
    return f"<tr><th>{escape(name)}</th>{''.join(f'<td class=n>{c}</td>' for c in cells)}</tr>"


def _labels(found: Statistics) -> str:
    largest = max(found.label_bins, default=0)
    rows = [
        ([f"{i / BINS:.1f} to {(i + 1) / BINS:.1f}", f"{n:,}"], n, largest)
        for i, n in enumerate(found.label_bins)
    ]
    return (
        "<section><h2>Confidence of the levels' names, least of each image</h2>"
        f"{bars(('Confidence', 'Images'), rows)}</section>"
    )


def _quality(found: Statistics) -> str:
    rows = [
        ([escape(_REMARKS.get(code, code)), f"{n:,}"], n, found.images)
        for code, n in found.findings.most_common()
    ]
    bodies = [
        ([name, f"{level.implausible:,}"], level.implausible, level.found)
        for name, level in found.levels.items()
        if level.implausible
    ]
    sources = [([escape(k), f"{n:,}"], n, found.images) for k, n in found.spacing.most_common()]
    parts = [bars(("Remark", "Images"), rows) if rows else "<p>No remarks.</p>"]
    parts += [bars(("Implausible level", "Bodies"), bodies)] if bodies else []
    parts += [bars(("Pixel spacing from", "Images"), sources)] if sources else []
    return f"<section><h2>Quality</h2>{''.join(parts)}</section>"


def _failures(found: Statistics) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td class=path>{escape(reason)}</td>"
        f"<td class=n>{n:,}</td></tr>"
        for (status, reason), n in found.failures.most_common(25)
    )
    more = len(found.failures) - 25
    rest = f"<p>{more:,} more reasons in failures.csv.</p>" if more > 0 else ""
    table = (
        f"<table>{head(('Status', 'Reason', 'Files'), words=2)}<tbody>{rows}</tbody></table>{rest}"
    )
    return f"<section><h2>Not read</h2>{table if rows else '<p>Every file was read.</p>'}</section>"


def _worst(found: Statistics, folder: Path, beside: Path) -> str:
    rows = "".join(_image_row(row, folder, beside) for row in found.worst_images)
    if not rows:
        return "<section><h2>Images to look at</h2><p>None.</p></section>"
    shown = f"The first {WORST_SHOWN} of " if found.flagged > WORST_SHOWN else ""
    return (
        f"<section><h2>Images to look at</h2><p>{shown}{found.flagged:,}, most in need of a look "
        "first: an order of work, not a finding.</p>"
        f"<table>{head(('Image', 'Why', 'Weight'), words=2)}<tbody>{rows}</tbody></table></section>"
    )


def _image_row(row: Row, folder: Path, beside: Path) -> str:
    name, picture = escape(row["image"]), row.get("overlay") or ""
    if picture and (folder / picture).is_file():
        name = f'<a href="{escape(_link(folder / picture, beside))}">{name}</a>'
    why = escape(row["attention_reasons"].replace("; ", ". "))
    weight = float(row["attention"])
    return f"<tr><td class=path>{name}</td><td>{why}</td><td class=n>{weight:g}</td></tr>"


def _link(picture: Path, beside: Path) -> str:
    try:
        relative = os.path.relpath(picture, beside)
    except ValueError:  # another drive
        return picture.resolve().as_uri()
    return quote(Path(relative).as_posix())
