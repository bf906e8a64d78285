"""The page of a report as PDF: the same page, laid out by WeasyPrint for A4."""

from __future__ import annotations

from pathlib import Path

from ..errors import MissingDependencyError
from .atomic import write_bytes
from .folder import PRINT
from .html import read_page


def pdf_from_report(path: Path, output: Path | None = None) -> Path:
    """Write the page of a ``report.json``, or of the folder that holds it, as PDF.

    Args:
        path: the file or its folder; an ``overlay.png`` beside it becomes the picture.
        output: the PDF's file; ``report.pdf`` beside the report where None.

    Raises:
        LandmarkError: if there is no such report.
        MissingDependencyError: if WeasyPrint, or a library it draws with, is not there.
        OutputError: if the file cannot be written.
    """
    file, page = read_page(path)
    target = file.with_name(PRINT) if output is None else output
    write_bytes(target, pdf_bytes(page))
    return target


def pdf_bytes(page: str) -> bytes:
    """A self-contained HTML page as PDF; nothing is fetched from disk or network.

    Raises:
        MissingDependencyError: if WeasyPrint, or a library it draws with, is not there.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'weasyprint' for PDF, but it is not installed. "
            "Install it with: pip install 'weasyprint>=70'"
        ) from None
    except OSError:
        raise MissingDependencyError(
            "Expected the library Pango, with which WeasyPrint draws, but it is not installed. "
            "On Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
            "or print report.html from a browser."
        ) from None
    document = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=["data"]))
    data: bytes = document.write_pdf()
    return data
