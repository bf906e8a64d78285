"""The page as PDF, read back by a program that is not ours."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from vertenet import cli
from vertenet.analysis import Analysis
from vertenet.errors import LandmarkError, MissingDependencyError
from vertenet.images import DxaImage
from vertenet.report import write_folder
from vertenet.report.pdf import pdf_bytes, pdf_from_report

try:
    import weasyprint  # noqa: F401
except (ImportError, OSError):
    pytest.skip("WeasyPrint or its Pango is not installed", allow_module_level=True)
pypdf = pytest.importorskip("pypdf")


def text_of(data: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(data))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_the_pdf_says_what_the_report_says(
    an_analysis: Analysis, an_image: DxaImage, tmp_path: Path
) -> None:
    write_folder(an_analysis, tmp_path / "s", image=an_image)
    assert cli.main(["report", str(tmp_path / "s"), "--pdf"]) == 0
    data = (tmp_path / "s/report.pdf").read_bytes()
    text = text_of(data)
    report = json.loads((tmp_path / "s/report.json").read_text("utf-8"))
    assert "scän 1.dcm" in text
    assert "Research use only" in text
    assert all(vertebra["level"] in text for vertebra in report["vertebrae"])
    assert "reader: 1 (computed 0)" in text
    assert report["summary"]["wording"][0] in text
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    a4 = (210 / 25.4 * 72, 297 / 25.4 * 72)
    assert all(page.mediabox[2:] == pytest.approx(a4, abs=0.5) for page in pages)
    assert len(pages) <= 2
    assert sum(len(page.images) for page in pages) == 1, "the annotated picture"


def test_the_output_can_be_chosen(an_analysis: Analysis, tmp_path: Path) -> None:
    write_folder(an_analysis, tmp_path / "s")
    assert pdf_from_report(tmp_path / "s", tmp_path / "a/b.pdf") == tmp_path / "a/b.pdf"
    assert (tmp_path / "a/b.pdf").read_bytes()[:5] == b"%PDF-"


def test_nothing_outside_the_page_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "x.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">secret</text></svg>')
    page = f'<p>open</p><img src="{picture.as_uri()}"><object data="{picture.as_uri()}"></object>'
    assert text_of(pdf_bytes(page)) == "open"


def test_without_weasyprint_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingDependencyError, match="pip install 'weasyprint"):
        pdf_bytes("<p>x</p>")


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LandmarkError, match=r"report\.json"):
        pdf_from_report(tmp_path)
