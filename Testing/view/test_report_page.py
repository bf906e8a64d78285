"""The page of a report in a real browser: nothing runs off its right edge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium, executable

from vertenet.analysis import ImageFrame
from vertenet.anatomy import LEVELS, Landmark, PointName, ReaderDecision, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.pipeline import measure
from vertenet.report import report_json
from vertenet.report.html import html_page
from vertenet.report.png import png_bytes

pytestmark = pytest.mark.skipif(executable() is None, reason="no Chromium on this machine")

SIX = {"PS": (40, 0), "MS": (60, 1), "AS": (80, 0), "AI": (80, 14), "MI": (60, 16), "PI": (40, 24)}


def page_of(file: str) -> str:
    """Fourteen wedges that a reader calls not evaluable: the longest words of the column."""
    bodies = tuple(
        Vertebra(
            level,
            {PointName(n): Landmark(x, y + 35 * (i + 1), 0.5) for n, (x, y) in SIX.items()},
            reader=ReaderDecision(None, "osteophyte, endplate not seen", i % 2 == 0),
        )
        for i, level in enumerate(LEVELS)
    )
    analysis = measure(Spine(bodies), ImageFrame(file, 300, 700, PixelScale(0.9, 0.9, True)))
    assert any(v.genant.grade for v in analysis.vertebrae)
    picture = png_bytes(np.zeros((700, 300, 3), np.uint8))
    return html_page(report_json(replace(analysis, warnings=("w" * 500,))), picture)


@pytest.mark.parametrize("width", [1120, 970, 800, 703])
def test_long_words_wrap_and_hide_no_column(tmp_path: Path, width: int) -> None:
    (tmp_path / "report.html").write_text(page_of("a" * 150 + ".dcm"), encoding="utf-8")
    browser = Chromium(tmp_path / "profile", size=(width, 900))
    try:
        page = browser.page()
        page.open((tmp_path / "report.html").as_uri())
        page.wait("document.readyState === 'complete' && document.querySelector('.vertebrae')")
        if width == 703:  # A4 within its margins, at 96 dots an inch
            page.told("Emulation.setEmulatedMedia", media="print")
        widest = page.js(
            "Math.max(...[...document.querySelectorAll('td,th,h1,li,b')]"
            ".map(e => e.getBoundingClientRect().right))"
        )
        assert widest <= width
    finally:
        browser.close()
