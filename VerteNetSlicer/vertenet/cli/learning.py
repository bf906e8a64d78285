"""Models and what they learn from: ``synth``, ``train``, ``evaluate``, ``convert-checkpoint``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .options import OUTPUT, PATH
from .telling import make_folder, progress


@click.command()
@click.option("--count", type=click.IntRange(1, 1_000_000), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--format", "kind", type=click.Choice(["png", "dicom"]), default="png")
@OUTPUT
def synth(count: int, seed: int, kind: str, output: Path) -> None:
    """Write synthetic scans with their true points in OUTPUT/points.csv."""
    from ..synthesis.export import write_scans

    make_folder(output)
    with progress(count) as tell:
        write_scans(output, count=count, seed=seed, kind=kind, progress=tell)
    click.echo(f"{output}: {count} scans with points.csv")


@click.command()
@click.option("--config", type=PATH, help="JSON file of training settings; defaults otherwise.")
@OUTPUT
@click.option("--resume", is_flag=True, help="Go on from the state in OUTPUT.")
@click.option("--seed", type=click.IntRange(0), help="Replaces the configuration's seed.")
@click.option("--images", type=PATH, help="Folder of your own images to learn from as well.")
@click.option("--points", type=PATH, help="Their points: a file or folder, see docs/own_data.md.")
@click.option("--start", metavar="bundled|FOLDER", help="Go on from this model.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="How long to train.")
def train(config: Path | None, output: Path, resume: bool, **instead: Any) -> None:
    """Train a model on synthetic scans, and on your own images, and write it with its card."""
    from ..training.config import TrainingConfig
    from ..training.run import run

    given = {k: str(v) if isinstance(v, Path) else v for k, v in instead.items() if v is not None}
    settings = (
        TrainingConfig.from_dict(given) if config is None else TrainingConfig.read(config, **given)
    )
    make_folder(output)
    made = run(settings, output, resume=resume, report=lambda line: click.echo(line, err=True))
    click.echo(f"{made.directory}: {made.name} {made.version}")


@click.command()
@click.argument("predictions", type=PATH)
@click.argument("truth", type=PATH)
@OUTPUT
@click.option("--images", type=PATH, help="Folder of the images, for their size and spacing.")
@click.option("--no-plots", is_flag=True, help="Leave the pictures out.")
def evaluate(
    predictions: Path, truth: Path, output: Path, images: Path | None, no_plots: bool
) -> None:
    """Compare two sets of points and grades: errors, Bland-Altman and kappa.

    A model against a reader, two readers, or two models.  Both are a CSV
    (image,level,point,x,y), vertebrae.csv, a folder of landmarks, the output of detect or
    batch, COCO keypoints, makesense.ai's points or the published .mat; see
    docs/evaluation.md.
    """
    from ..training.annotations import open_annotations
    from ..training.evaluation import Comparison
    from ..training.evaluation_files import write_evaluation
    from ..training.evaluation_table import tables
    from ..training.own_images import frames_of

    true = open_annotations(truth)
    frames = None if images is None else frames_of(true.values(), images)
    compared = Comparison(open_annotations(predictions), true, frames=frames)
    make_folder(output)
    parts = tables(write_evaluation(compared, output, plots=not no_plots))
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 200).print(*parts, sep="\n")
    click.echo(f"{output}: summary.csv, agreement.csv, grades.csv, points.csv, summary.json")


@click.command("convert-checkpoint")
@click.argument("file", type=PATH)
@OUTPUT
def convert(file: Path, output: Path) -> None:
    """Make a model folder of a checkpoint of the published VerteNet."""
    from ..network.published import convert_checkpoint

    made = convert_checkpoint(file, output)
    click.echo(f"{made.directory}: {made.name} {made.version}, sha256 {made.sha256}")
