"""Parts of the cohort's page: tables with bars, prevalence by level, the aorta."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .statistics import AAC_CLASSES, LOWER_BOUND, Statistics, share

_TALL = 110  # of the columns by level, px
_GRADE_COLOURS = ("#f0e442", "#e69f00", "#d55e00")
"""Grades 1 to 3; Okabe and Ito's, told apart by the colour-blind and in grey."""
_CROP = {
    "ok": "in the image",
    "cropped": "cut off: a total is a lower bound",
    "unknown": "not known",
}


def levels_drawing(found: Statistics) -> str:
    """Prevalence by level as stacked columns of grade 1, 2 and 3."""
    shares = {}
    for name, level in found.levels.items():
        graded = sum(level.grades[str(g)] for g in range(4))
        shares[name] = [level.grades[str(g)] / graded if graded else 0.0 for g in (1, 2, 3)]
    most = max((sum(s) for s in shares.values()), default=0.0)
    if most <= 0:
        return ""
    parts = []
    for i, (name, levels) in enumerate(shares.items()):
        x, top = 46 + i * 48, float(_TALL)
        for share_, colour in zip(levels, _GRADE_COLOURS, strict=True):
            high = share_ / most * (_TALL - 14)
            top -= high
            parts.append(
                f'<rect x="{x}" y="{top:.1f}" width="30" height="{high:.1f}" fill="{colour}"/>'
            )
        if sum(levels):
            parts.append(f'<text x="{x + 15}" y="{top - 3:.1f}">{100 * sum(levels):.1f} %</text>')
        parts.append(f'<text x="{x + 15}" y="{_TALL + 14}">{escape(name)}</text>')
    keys = "".join(
        f'<span><i style="background:{c}"></i>grade {g}</span>'
        for g, c in enumerate(_GRADE_COLOURS, 1)
    )
    return (
        f'<figure class=levels><svg viewBox="0 0 720 {_TALL + 20}" role=img '
        f'aria-label="Share of fractured vertebrae by level and grade">{"".join(parts)}'
        f'<line x1="40" x2="712" y1="{_TALL}" y2="{_TALL}" stroke="#888"/></svg>'
        f"<figcaption>Share of the graded vertebrae: {keys}</figcaption></figure>"
    )


def aorta(found: Statistics) -> str:
    """What of the aorta is in the image, and the distribution of its readers' scores."""
    total = sum(found.crop.values())
    seen = [
        (
            [words, f"{found.crop[key]:,}", share_text(found.crop[key], total)],
            found.crop[key],
            total,
        )
        for key, words in _CROP.items()
    ]
    scored = sum(n for key, n in found.aac.items() if key)
    if not scored:
        scores = (
            "<p>AAC-24: no image has a reader’s scores. Calcification is scored by readers; "
            "nothing here computes it, and not scored is not 0.</p>"
        )
    else:
        scores = bars(("AAC-24", "Images", "Share of the scored"), _score_rows(found, scored))
        scores += f"<p>{found.aac['']:,} images are not scored. {_middle(found)}</p>"
    shown = bars(("Aorta", "Images", "Share"), seen)
    return f"<section><h2>Abdominal aorta</h2>{shown}{scores}</section>"


def _score_rows(found: Statistics, scored: int) -> list[tuple[list[str], int, int]]:
    names = {name: name.replace("-", " to ") for name in AAC_CLASSES}
    names[LOWER_BOUND] = "only a lower bound"
    return [
        ([words, f"{found.aac[key]:,}", share_text(found.aac[key], scored)], found.aac[key], scored)
        for key, words in names.items()
    ]


def _middle(found: Statistics) -> str:
    """Quartiles of the whole totals, each the least score that so many images reach."""
    count = sum(found.totals.values())
    if not count:
        return ""
    quarters: list[int] = []
    passed = 0
    for score in sorted(found.totals):
        passed += found.totals[score]
        while len(quarters) < 3 and passed >= (len(quarters) + 1) / 4 * count:
            quarters.append(score)
    low, middle, high = quarters
    return f"Median of the {count:,} whole totals {middle}, quartiles {low} and {high}."


def bars(heads: Sequence[str], rows: Iterable[tuple[list[str], int, int]]) -> str:
    """A table with a bar for each row: its cells, its part and the whole."""
    lines = "".join(
        f"<tr><th>{cells[0]}</th>{''.join(f'<td class=n>{c}</td>' for c in cells[1:])}"
        f'<td class=w><span class=bar style="width:{100 * part / whole if whole else 0:.1f}%">'
        "</span></td></tr>"
        for cells, part, whole in rows
    )
    return f"<table>{head((*heads, ''), words=1)}<tbody>{lines}</tbody></table>"


def head(heads: Iterable[str], *, words: int) -> str:
    """A table's heading; the columns after the first few hold numbers, set to the right."""
    cells = "".join(
        f"<th{'' if i < words else ' class=n'}>{escape(h)}</th>" for i, h in enumerate(heads)
    )
    return f"<thead><tr>{cells}</tr></thead>"


def share_text(part: int, whole: int) -> str:
    """A share with its interval, in words."""
    found = share(part, whole)
    if found is None:
        return "–"
    value, low, high = (100 * v for v in found)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"
