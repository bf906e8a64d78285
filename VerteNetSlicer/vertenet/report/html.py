"""One self-contained page of a report: opens offline, prints on A4."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from ..errors import LandmarkError
from .atomic import write_text
from .folder import OVERLAY, PAGE, REPORT
from .html_parts import STYLE, aac_table, alignment_tables, shape_drawing
from .json_report import NOTICE, SCHEMA
from .numbers import HEIGHT_DIGITS, RATIO_DIGITS, text_of
from .person import person_words

Json = Mapping[str, Any]

_NO_REMARK = (
    "<section><h2>Technical quality</h2><p>Nothing was remarked on the image or the points."
    "</p></section>"
)
_SIGN = "<p class=sign>Read by <span></span> Date <span></span></p>"


def page_from_report(path: Path, output: Path | None = None) -> Path:
    """Write the page of a ``report.json``, or of the folder that holds it.

    Args:
        path: the file or its folder; an ``overlay.png`` beside it becomes the picture.
        output: the page's file; ``report.html`` beside the report where None.

    Raises:
        LandmarkError: if there is no such report.
        OutputError: if the page cannot be written.
    """
    file, page = read_page(path)
    target = file.with_name(PAGE) if output is None else output
    write_text(target, page)
    return target


def read_page(path: Path) -> tuple[Path, str]:
    """The file ``report.json``, given or in a given folder, and its page.

    Raises:
        LandmarkError: if there is no such report.
    """
    from .read import parsed

    file = path / REPORT if path.is_dir() else path
    try:
        content = parsed(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise LandmarkError(
            f"Expected a report.json or its folder, but '{file}' cannot be read "
            f"({type(error).__name__}). Measure or detect first."
        ) from None
    picture = file.with_name(OVERLAY)
    return file, html_page(content, picture.read_bytes() if picture.is_file() else None)


def html_page(report: Json, picture: bytes | None = None) -> str:
    """The page of a report's content.

    Args:
        report: what :func:`vertenet.report.report_json` gives.
        picture: the annotated picture as PNG, or None.

    Raises:
        LandmarkError: if the content does not follow the report's schema.
    """
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise LandmarkError(
            f"Expected a report of the schema {SCHEMA}, got another file. Choose a report.json."
        )
    try:
        return _page(report, picture)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise LandmarkError(
            f"Expected a report of the schema {SCHEMA}, but it is damaged "
            f"({type(error).__name__}: {error}). Measure the landmarks again."
        ) from None


def _page(report: Json, picture: bytes | None) -> str:
    title = f"Lateral spine: {report['image']['file']}"
    body = [
        f"<header><h1>{escape(title)}</h1><p class=notice>{escape(NOTICE)}</p></header>",
        _facts(report),
        _findings(report),
        "<div class=columns>",
        _picture(picture),
        f"<div class=tables>{_vertebrae(report)}</div></div>",
        aac_table(report["aac"]),
        alignment_tables(report.get("alignment")),
        _list("Warnings", report["warnings"]) or _NO_REMARK,
        _SIGN,
        _footer(report),
    ]
    return (
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body></html>\n"
    )


def _facts(report: Json) -> str:
    image, subject = report["image"], report.get("subject") or {}
    spacing = image["spacing_mm"]
    size = "unknown" if image["width"] is None else f"{image['width']} × {image['height']} px"
    pixel = (
        "unknown (lengths in pixels)"
        if spacing is None
        else f"{spacing[0]:.4g} × {spacing[1]:.4g} mm, {image['spacing_source']}"
    )
    facts = _patient_facts(report.get("patient")) | {
        "Image": size,
        "Pixel": pixel,
        "Patient faces": image["anterior"],
        "Sex, age": person_words(subject),
    }
    items = (f"<div><dt>{k}</dt><dd>{escape(str(v))}</dd></div>" for k, v in facts.items())
    return f"<dl class=facts>{''.join(items)}</dl>"


def _patient_facts(patient: Json | None) -> dict[str, str]:
    """Who the scan is of, where the report says so."""
    if not patient:
        return {}
    names = {"name": "Patient", "id": "Patient ID", "birth_date": "Born", "study_date": "Study"}
    return {label: patient[key] for key, label in names.items() if patient.get(key)}


def _findings(report: Json) -> str:
    """The result in a few sentences, taken from what was computed."""
    vertebrae, summary = report["vertebrae"], report.get("summary")
    if not vertebrae:
        return "<p class=finding>No vertebrae were found.</p>"
    if summary and summary["wording"]:
        return f"<p class=finding>{escape(' '.join(summary['wording']))}</p>"
    deformed = [
        f"{v['level']} (grade {v['final_grade']}{_type_words(v)})"
        for v in vertebrae
        if v["final_grade"]
    ]
    open_ = [v["level"] for v in vertebrae if v["final_grade"] is None]
    parts = [
        f"{len(vertebrae)} vertebrae, {vertebrae[0]['level']} to {vertebrae[-1]['level']}.",
        f"Deformity suggested: {', '.join(deformed)}." if deformed else "No deformity suggested.",
    ]
    if open_:
        parts.append(f"Not graded: {', '.join(open_)}.")
    return f"<p class=finding>{escape(' '.join(parts))}</p>"


def _type_words(vertebra: Json) -> str:
    if vertebra["reader"] and vertebra["reader"]["grade"] is not None:
        return ", reader"
    kind = vertebra["genant"]["type"]
    return "" if kind is None else f", {kind}"


def _picture(picture: bytes | None) -> str:
    if picture is None:
        return ""
    data = base64.b64encode(picture).decode("ascii")
    return f'<img class=picture alt="Annotated image" src="data:image/png;base64,{data}">'


def _vertebrae(report: Json) -> str:
    if not report["vertebrae"]:
        return ""
    image = report["image"]
    spacing = image["spacing_mm"] or (image.get("aspect_ratio") or 1.0, 1.0)
    unit = report["vertebrae"][0]["heights"]["unit"]
    words = ("Level", "Shape", "Grade")
    heads = (
        *("Level", "Shape", f"Ha {unit}", f"Hm {unit}", f"Hp {unit}", "Ha/Hp", "Hm/Hp", "Hm/Ha"),
        *("Grade", "P ≥ 1", "P ≥ 2"),
    )
    cells = "".join(f"<th{'' if h in words else ' class=n'}>{h}</th>" for h in heads)
    largest = max(_extent(v, spacing) for v in report["vertebrae"])
    rows = "".join(_vertebra_row(v, spacing, largest) for v in report["vertebrae"])
    return f"<table class=vertebrae><thead><tr>{cells}</tr></thead>{rows}</table>"


def _extent(vertebra: Json, spacing: Iterable[float]) -> float:
    row, column = spacing
    points = vertebra["points"].values()
    x, y = [p["x"] * column for p in points], [p["y"] * row for p in points]
    return float(max(max(x) - min(x), max(y) - min(y)))


def _vertebra_row(vertebra: Json, spacing: Iterable[float], largest: float) -> str:
    heights, ratios, genant = vertebra["heights"], vertebra["ratios"], vertebra["genant"]
    final = vertebra["final_grade"]
    style = f"g{'x' if final is None else final}"
    cells = [
        f"<th rowspan=2>{escape(vertebra['level'])}</th>",
        f"<td rowspan=2>{shape_drawing(vertebra, spacing, largest)}</td>",
        *(f"<td class=n>{_height(heights, k)}</td>" for k in ("Ha", "Hm", "Hp")),
        *(
            f"<td class=n>{text_of(ratios[k], RATIO_DIGITS)}</td>"
            for k in ("Ha_Hp", "Hm_Hp", "Hm_Ha")
        ),
        f"<td>{_grade_cell(vertebra, style)}</td>",
        *(f"<td class=n>{text_of(genant.get(k), RATIO_DIGITS)}</td>" for k in ("p_ge1", "p_ge2")),
    ]
    why = f"<td class=why colspan=9>{escape(_why(vertebra))}</td>"
    return f"<tbody><tr class=first>{''.join(cells)}</tr><tr>{why}</tr></tbody>"


def _height(heights: Json, name: str) -> str:
    """A height with half of its 95 % interval, where the points have an uncertainty."""
    span = (heights.get("intervals") or {}).get(name)
    if span is None or heights[name] is None:
        return text_of(heights[name], HEIGHT_DIGITS)
    half = text_of((span[1] - span[0]) / 2, HEIGHT_DIGITS)
    return f"{text_of(heights[name], HEIGHT_DIGITS)}<br><small>± {half}</small>"


def _grade_cell(vertebra: Json, style: str) -> str:
    """The reader's grade with the computed one below, or the computed one alone."""
    genant, reader = vertebra["genant"], vertebra["reader"]
    kind = f" {genant['type']}" if genant["grade"] else ""
    computed = escape("not graded" if genant["grade"] is None else f"{genant['grade']}{kind}")
    if not reader or (reader["evaluable"] and reader["grade"] is None):
        return f"<b class={style}>{computed}</b>"
    said = escape(str(reader["grade"])) if reader["evaluable"] else "not evaluable"
    return f"<b class={style}>reader: {said}</b><br><small>(computed {computed})</small>"


def _why(vertebra: Json) -> str:
    reason = vertebra["genant"]["reason"]
    # where all numbers are withheld the grade's reason says why already
    parts = [reason, *(text for text in vertebra["withheld"] if not text.endswith(reason))]
    if vertebra["reader"] and vertebra["reader"]["reason"]:
        parts.insert(0, f"Reader: {vertebra['reader']['reason']}.")
    edited = [n for n, point in vertebra["points"].items() if point["status"] == "edited"]
    if 0 < len(edited) < len(vertebra["points"]):
        parts.append(f"Placed by hand: {', '.join(edited)}.")
    return " ".join(part.rstrip(".") + "." for part in dict.fromkeys(parts) if part)


def _list(title: str, items: Iterable[str]) -> str:
    lines = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<section><h2>{title}</h2><ul>{lines}</ul></section>" if lines else ""


def _footer(report: Json) -> str:
    model, software = report["model"], report.get("software") or {}
    network = (
        "points were given, no network"
        if model is None
        else f"model {model['name']} {model['version']} (SHA-256 {model['sha256'][:16]}…)"
    )
    program = f"{software.get('name', 'VerteNet')} {software.get('version', '')}".strip()
    return (
        f"<footer>{escape(program)}; {escape(network)}. Heights Ha, Hm, Hp: anterior, middle, "
        "posterior distance of the endplates' points, ± half of the 95 % interval. "
        "P ≥ 1, P ≥ 2: how likely the grade is at least 1, at least 2. "
        "DXA is taken lying down. <b>Research use only.</b></footer>"
    )
