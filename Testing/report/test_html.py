"""The page of a report: self-contained, complete, safe."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vertenet.analysis import Analysis
from vertenet.errors import LandmarkError
from vertenet.images import DxaImage
from vertenet.pipeline import measure
from vertenet.report import report_json, write_folder
from vertenet.report.html import html_page, page_from_report

VOID = {"meta", "img", "br", "link", "input"}


class Balance(HTMLParser):
    """Collects tags, texts and attributes, and fails on a wrong end tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.sources += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parse(page: str) -> Balance:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_the_page_needs_nothing_from_outside(an_analysis: Analysis) -> None:
    parser = parse(html_page(report_json(an_analysis), b"\x89PNG"))
    assert parser.sources == ["data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()]
    page = html_page(report_json(an_analysis))
    assert not re.search(r"https?:|url\(|@import|<script", page)


def test_the_page_tells_what_was_computed(an_analysis: Analysis) -> None:
    text = " ".join(parse(html_page(report_json(an_analysis))).texts)
    for word in ("Research use only", "scän 1.dcm", "0.3 × 0.25 mm", "female, 71 years",
                 "vertenet-compact 0.1.0", "L2 grade", "Levels are uncertain",
                 "Lordosis", "AAC-24", "reader: 1 (computed 0)"):  # fmt: skip
        assert word in text


def test_every_vertebra_has_a_drawing(an_analysis: Analysis) -> None:
    page = html_page(report_json(an_analysis))
    assert page.count("<svg") == len(an_analysis.spine)


def test_the_drawings_are_to_scale(an_analysis: Analysis) -> None:
    page = html_page(report_json(an_analysis))
    wedge = re.findall(r'polygon points="([^"]+)"', page)[3]
    points = [tuple(map(float, pair.split(","))) for pair in wedge.split()]
    front, back = points[3][1] - points[2][1], points[5][1] - points[0][1]
    # SVG coordinates are rounded to 0.1 of about 20
    assert front / back == pytest.approx(0.7, abs=0.02)


def test_a_report_without_vertebrae_is_a_page(an_empty_analysis: Analysis) -> None:
    text = " ".join(parse(html_page(report_json(an_empty_analysis))).texts)
    assert "No vertebrae were found." in text
    assert "No spine was found." in text


def test_words_from_files_cannot_become_markup(an_analysis: Analysis) -> None:
    frame = replace(an_analysis.frame, file="<script>alert(1)</script>.png", spacing_source='"><b>')
    spine = replace(an_analysis.spine, warnings=("<img src=x onerror=y>",))
    page = html_page(report_json(measure(spine, frame)))
    assert "<script" not in page
    assert "<img" not in page
    parse(page)


def test_a_folder_gets_its_page_with_the_picture(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    write_folder(an_analysis, tmp_path / "s", image=an_image)
    page = page_from_report(tmp_path / "s")
    assert page == tmp_path / "s" / "report.html"
    picture = base64.b64encode((tmp_path / "s" / "overlay.png").read_bytes()).decode("ascii")
    assert picture in page.read_text(encoding="utf-8")
    other = page_from_report(tmp_path / "s" / "report.json", tmp_path / "x" / "p.html")
    assert other.read_bytes() == page.read_bytes()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "vertenet-report/1"}'])
def test_what_is_no_report_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(LandmarkError, match="Expected a report"):
        page_from_report(tmp_path)


def test_a_folder_without_a_report_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LandmarkError, match="Expected a report"):
        page_from_report(tmp_path)


def test_a_height_stands_with_half_of_its_interval(an_analysis: Analysis) -> None:
    heights = an_analysis.vertebrae[0].heights
    low, high = heights.intervals["Ha"]
    assert f"{heights.Ha:.1f}<br><small>± {(high - low) / 2:.1f}</small>" in html_page(
        report_json(an_analysis)
    )


def test_there_is_a_line_to_sign(an_analysis: Analysis) -> None:
    assert "Read by <span></span> Date <span></span>" in html_page(report_json(an_analysis))


def test_a_coordinate_too_large_for_a_number_is_refused(an_analysis: Analysis) -> None:
    report = report_json(an_analysis)
    report["vertebrae"][0]["points"]["PS"]["x"] = 10**400
    with pytest.raises(LandmarkError, match="damaged"):
        html_page(report)


def test_a_report_whose_text_cannot_be_written_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text('{"schema": "vertenet-report/1", "image": "\\ud800"}', encoding="utf-8")
    with pytest.raises(LandmarkError, match="cannot be read"):
        page_from_report(report)
    assert sorted(tmp_path.iterdir()) == [report]
