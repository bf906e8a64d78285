"""Parts of the page: its look, the drawings, the tables for AAC and alignment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from .numbers import ANGLE_DIGITS, HEIGHT_DIGITS, RATIO_DIGITS, interval_of, text_of

Json = Mapping[str, Any]

#: Colours by grade: Okabe and Ito's, lightened for print.
STYLE = """
@page{size:A4;margin:12mm}
*{box-sizing:border-box}
body{font:13px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1a1a1a;
background:#fff;max-width:1120px;margin:0 auto;padding:16px}
h1,li,dd,td.why,td.l,.finding{overflow-wrap:anywhere}
h1{font-size:20px;margin:0}h2{font-size:14px;margin:18px 0 6px}
header{border-bottom:2px solid #0072b2;padding-bottom:8px}
.notice{margin:4px 0 0;color:#a33a00;font-weight:600}
.facts{display:flex;flex-wrap:wrap;gap:4px 28px;margin:10px 0}
.facts dt{color:#666;font-size:11px}.facts dd{margin:0}
.finding{font-size:15px;font-weight:600;margin:10px 0}
.columns{display:flex;gap:16px;align-items:flex-start}
.picture{width:36%;min-width:220px;border-radius:4px}
.tables{flex:1;min-width:0}
table{border-collapse:collapse;width:100%}
th,td{padding:2px 5px;border-bottom:1px solid #ddd;text-align:left;vertical-align:middle}
thead th{font-size:11px;color:#555;border-bottom:1px solid #888;white-space:nowrap}
td.n,thead th.n{text-align:right;font-variant-numeric:tabular-nums}
td.n,tbody th{white-space:nowrap}
td.why{font-size:11px;color:#444}
.vertebrae tr.first td:not([rowspan]){border-bottom:0;padding-bottom:0}
.vertebrae td.why{padding-top:0}
b.g0{font-weight:400}
b.g1,b.g2,b.g3,b.gx{padding:1px 5px;border-radius:3px;box-decoration-break:clone;
-webkit-box-decoration-break:clone}
b.g1{background:#f7f0a3}b.g2{background:#f5cf80}b.g3{background:#eea27a}b.gx{background:#e4e4e4}
svg{display:block}
.aac td,.aac th{text-align:center}.aac td.l{text-align:left}
.box{display:inline-block;width:26px;height:18px;border:1px solid #888;border-radius:2px}
.pair{display:flex;gap:24px;flex-wrap:wrap}.pair>section{flex:1;min-width:260px}
.pair>section.wide{flex:1.3}
td small{color:#666;font-size:80%}
.sign{display:flex;gap:24px;margin-top:26px}.sign span{flex:1;border-bottom:1px solid #555}
footer{margin-top:18px;border-top:1px solid #aaa;padding-top:6px;font-size:11px;color:#555}
@media screen and (max-width:960px){.columns{flex-wrap:wrap}.tables{flex-basis:100%}}
@media print{body{font-size:9.5px;padding:0;max-width:none}.finding{font-size:12px}
.picture{width:37%}tr,tbody,section,img{break-inside:avoid}.vertebrae{page-break-inside:auto}
td.why,thead th{font-size:8px}th,td{padding:1px 3px}
body{line-height:1.25}h2{margin:9px 0 3px}p{margin:3px 0}footer{margin-top:8px}
.vertebrae svg{height:26px;width:32px}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
_FILL = {0: "#d7ebf8", 1: "#f7f0a3", 2: "#f5cf80", 3: "#eea27a", None: "#e4e4e4"}
_ROMAN = ("0", "I", "II", "III", "IV", "V")
_ORDER = ("PS", "MS", "AS", "AI", "MI", "PI")
_WIDE, _HIGH, _RIM = 46, 38, 2


def shape_drawing(vertebra: Json, spacing: Iterable[float], largest: float) -> str:
    """The outline of a body as a small SVG; all bodies of a page are to one scale.

    Args:
        vertebra: of the report.
        spacing: row and column distance of pixels, of any unit.
        largest: extent of the largest body of the page in that unit.
    """
    row, column = spacing
    points = [vertebra["points"][name] for name in _ORDER if vertebra["points"].get(name)]
    x, y = [p["x"] * column for p in points], [p["y"] * row for p in points]
    scale = (_HIGH - 2 * _RIM) / largest if largest > 0 else 0.0
    middle_x, middle_y = (max(x) + min(x)) / 2, (max(y) + min(y)) / 2
    outline = " ".join(
        f"{_WIDE / 2 + (a - middle_x) * scale:.1f},{_HIGH / 2 + (b - middle_y) * scale:.1f}"
        for a, b in zip(x, y, strict=True)
    )
    fill = _FILL.get(vertebra["final_grade"], _FILL[None])
    return (
        f'<svg width={_WIDE} height={_HIGH} viewBox="0 0 {_WIDE} {_HIGH}" role=img '
        f'aria-label="shape of {escape(vertebra["level"])}"><polygon points="{outline}" '
        f'fill="{fill}" stroke="#333" stroke-width="1" stroke-linejoin="round"/></svg>'
    )


def aac_table(aac: Json) -> str:
    """Boxes with the eight wall scores, empty where not scored, and what can be seen."""
    scores = aac.get("scores")
    walls = scores["walls"] if scores else {}
    crop = {item["level"]: item for item in aac["crop"]["per_segment"]}
    rows = []
    for segment in aac["segments"]:
        seen = crop.get(segment["level"], {})
        why = segment.get("reason") or seen.get("reason") or ""
        given = walls.get(segment["level"]) or {}
        boxes = "".join(
            f"<td><span class=box>{_score_text(given.get(wall))}</span></td>"
            for wall in ("anterior", "posterior")
        )
        rows.append(
            f"<tr><th>{escape(segment['level'])}</th>{boxes}"
            f"<td>{escape(seen.get('status', 'unknown'))}</td><td class=l>{escape(why)}</td></tr>"
        )
    status = f"Aorta in the image: <b>{escape(aac['crop']['status'])}</b>."
    if aac["crop"]["status"] != "ok":
        status += "" if scores else " A total would be a lower bound."
    return (
        "<section><h2>Abdominal aortic calcification (AAC-24)</h2>"
        f"{aac_totals(scores) if scores else ''}<p>{status} Score each wall "
        "0 to 3 by the length that is calcified: none, below a third, from a third, from two "
        "thirds. An empty box is not 0.</p><table class=aac><thead><tr><th>Segment</th>"
        "<th>Anterior</th><th>Posterior</th><th>In the image</th><th>Remark</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def aac_totals(scores: Json) -> str:
    """Totals, category and percentile of a reader's scores, and what is open."""
    parts = []
    if scores["at_least"] is not None:
        bound = "at least " if scores["lower_bound"] else ""
        parts.append(f"<b>AAC-24: {bound}{scores['at_least']}</b>")
    if scores["category"] is not None:
        parts.append(escape(scores["category"]))
    if scores["percentile"] is not None:
        parts.append(f"percentile {scores['percentile']:.0f} of that age and sex (NHANES 2013–14)")
    if scores["total8"] is not None:
        parts.append(
            f"AAC-8 (Schousboe): {scores['total8']} (anterior {scores['anterior8']}, "
            f"posterior {scores['posterior8']})"
        )
    why = escape(" ".join(scores["reasons"]))
    return f"<p>{'; '.join(parts)}{'. ' if parts else ''}{why}</p>"


def _score_text(score: int | None) -> str:
    return "" if score is None else str(int(score))


def alignment_tables(alignment: Json | None) -> str:
    """Angles and discs, or nothing where they were not measured."""
    if not alignment:
        return ""
    angles = "".join(
        _angle_row(name, alignment[key])
        for name, key in (
            ("Kyphosis T4–T12", "kyphosis_t4_t12"),
            ("Lordosis L1–L5", "lordosis_l1_l5"),
        )
    )
    discs = "".join(_disc_row(disc) for disc in alignment["discs"])
    unit = alignment["discs"][0]["unit"] if alignment["discs"] else "mm"
    names = ("Ant.", "Mid.", "Post.", "Index", "Angle °", "Slip %", "Meyerding")
    table = (
        f"<section class=wide><h2>Discs (heights in {escape(unit)})</h2><table><thead><tr>"
        f"<th>Disc</th>{''.join(f'<th class=n>{name}</th>' for name in names)}</tr></thead>"
        f"<tbody>{discs}</tbody></table></section>"
    )
    return (
        "<div class=pair><section><h2>Alignment</h2><table><thead><tr><th>Angle</th><th class=n>"
        f"Degrees</th><th>95 %</th><th>Remark</th></tr></thead><tbody>{angles}</tbody></table>"
        f"<p>{escape(alignment.get('note') or '')}</p></section>{table if discs else ''}</div>"
    )


def _angle_row(name: str, measured: Json) -> str:
    remark = measured.get("reason") or measured.get("definition") or ""
    return (
        f"<tr><th>{name}</th><td class=n>{text_of(measured['value'], ANGLE_DIGITS)}</td>"
        f"<td>{interval_of(measured.get('interval'), ANGLE_DIGITS)}</td>"
        f"<td class=why>{escape(remark)}</td></tr>"
    )


def _disc_row(disc: Json) -> str:
    slip = None if disc["slip"] is None else 100 * disc["slip"]
    grade = _ROMAN[disc["meyerding"]] if disc["meyerding"] else ""
    cells = [
        *(text_of(disc[key], HEIGHT_DIGITS) for key in ("anterior", "middle", "posterior")),
        text_of(disc["height_index"], RATIO_DIGITS),
        text_of(disc["angle_deg"], ANGLE_DIGITS),
        text_of(slip, 0),
        grade,
    ]
    return (
        f"<tr><th>{escape(disc['upper'])}/{escape(disc['lower'])}</th>"
        + "".join(f"<td class=n>{cell}</td>" for cell in cells)
        + "</tr>"
    )
