"""What is looked at: ``view``, ``report`` and ``info``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import MissingDependencyError
from .options import MODEL, PATH


@click.command()
@click.argument("places", nargs=-1, type=PATH, metavar="[FILE or FOLDER]...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen on; other machines need the token.")  # fmt: skip
@click.option("--token", help="What a browser must show; made where other machines can connect.")
@click.option("--output", "-o", type=PATH, help="Folder for exports, beside the download.")
@MODEL
@click.option("--sessions", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Readers at the same time, each with a process of about 0.7 GB.")  # fmt: skip
@click.option("--drafts", type=PATH, help="Folder where edits are kept; the user's by default.")
@click.option("--browser/--no-browser", default=None, help="Open the page here.")
def view(places: tuple[Path, ...], browser: bool | None, **options: Any) -> None:
    """Read images in a browser: detect, correct, grade, score, export.

    Needs the packages of 'vertenet[view]'.  Nothing is sent anywhere; edits are kept as
    they are made, and offered when the image is opened again.
    """
    try:
        from vertenet_web.command import view as show
    except ImportError:
        raise MissingDependencyError(
            "Expected the packages of the browser viewer, but they are not installed. "
            "Install them with: pip install 'vertenet[view]'"
        ) from None
    screen = sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    show(places, browser=screen if browser is None else browser, tell=click.echo, **options)


@click.command()
@MODEL
def info(model: Path | None) -> None:
    """Tell which model is used, and show its card."""
    from ..network.bundle import BUNDLED, read_model_info
    from ..resources import resource_path

    found = read_model_info(resource_path(BUNDLED) if model is None else model)
    weights = found.directory / found.weights
    size = f"{weights.stat().st_size / 1e6:.1f} MB" if weights.is_file() else "missing"
    rows = {
        "program": f"vertenet {__version__}",
        "model": f"{found.name} {found.version}",
        "architecture": found.architecture,
        "levels": " ".join(found.levels),
        "weights": f"{weights} ({size})",
        "sha256": found.sha256,
    }
    for key, value in rows.items():
        click.echo(f"{key:13s} {value}")
    click.echo(f"\n{found.card_text().strip()}")


@click.command()
@click.argument("report", type=PATH, metavar="REPORT")
@click.option("--output", "-o", type=PATH,
              help="File to write; by default report.html, or report.pdf, beside it.")  # fmt: skip
@click.option("--pdf", is_flag=True, help="Make a PDF of the page; needs the package weasyprint.")
def report(report: Path, output: Path | None, pdf: bool) -> None:
    """Make a printable HTML page, or a PDF of it, of a report.json or of its folder."""
    if pdf:
        from ..report.pdf import pdf_from_report

        click.echo(str(pdf_from_report(report, output)))
        return
    from ..report.html import page_from_report

    click.echo(str(page_from_report(report, output)))
