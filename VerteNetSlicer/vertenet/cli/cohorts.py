"""Whole cohorts: ``batch`` and ``summary``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import MODEL, OUTPUT, PATH, SPACING
from .telling import FAILED, teller


@click.command("batch")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@OUTPUT
@MODEL
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; one a core by default.")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Use this Dask cluster instead.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=120.0,
              show_default=True, help="Seconds for a file.")  # fmt: skip
@click.option("--overlays", type=click.Choice(["none", "flagged", "all"]), default="none",
              show_default=True, help="Pictures of which images.")  # fmt: skip
@SPACING
@click.option("--anterior", type=click.Choice(["auto", "left", "right"]), default="auto",
              help="Side of the image that the patient faces.")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="Read again what failed in an earlier run.")
def cohort(inputs: tuple[str, ...], output: Path, **options: Any) -> None:
    """Read a cohort into tables; run again after any interruption to go on.

    INPUT is a folder, a file, a DICOMDIR, @LIST with a path a line, or a pattern in
    quotes.  What is not a lateral DXA scan is passed over and listed.  Writes
    OUTPUT/images, vertebrae and failures as .csv and .parquet.
    """
    from ..batch.command import read_with

    counts = read_with(inputs, output, options, tell=teller(), usable=_model_identity)
    click.echo(
        f"{output}: {counts.images} images with {counts.vertebrae} vertebrae, "
        f"{counts.passed_over} files passed over, {counts.failed} failed"
    )
    if counts.failed:
        raise click.exceptions.Exit(FAILED)


@click.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--output", "-o", type=PATH, help="HTML file; by default summary.html in DIR.")
def summary(folder: Path, output: Path | None) -> None:
    """Make one HTML page about a cohort that 'vertenet batch' read."""
    from ..batch.summary import write_summary

    click.echo(str(write_summary(folder, output)))


def _model_identity(model: Path | None) -> dict[str, str]:
    from ..network.bundle import BUNDLED, read_model_info
    from ..resources import resource_path

    found = read_model_info(resource_path(BUNDLED) if model is None else model)
    return {"name": found.name, "version": found.version, "sha256": found.sha256}
