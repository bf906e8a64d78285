"""The part of a model's card that tells about a user's own images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..network.bundle import read_model_info
from ..resources import resource_path
from .config import BUNDLED, TrainingConfig
from .evaluation import Evaluation, figures
from .own_data import OwnData, judge

if TYPE_CHECKING:
    from ..detection import Detector

_BUNDLED_MODEL = "Models/vertenet-compact"


def own_section(config: TrainingConfig, own: OwnData, detector: Detector) -> str:
    """Markdown: how many own images, and the figures on those that were held back.

    Args:
        config: of the training.
        own: what was learnt from and what was held back.
        detector: with the new model.
    """
    lines = [
        "",
        f"## Own images ({len(own.scans)} learnt from, {len(own.held)} held back)",
        "",
        f"Share of own images in the views: {config.real_share:.0%}. Held back by patient where "
        f"the annotations name one, else by image, with the seed {config.seed}.",
    ]
    lines += [f"Went on from: {_start(config)}"] if config.start else []
    lines += [*own.left_out, ""]
    new = judge(detector, own)
    if new is None:
        return "\n".join(
            [
                *lines,
                "No image was held back: nothing is known of how well this model "
                "does on images of this kind.",
                "",
            ]
        )
    lines += [
        "Errors: distance of the four corners in % of the vertebra's height.",
        "",
        "| model | images | vertebrae | found | false per image | levels right | median | "
        "mean | 95 % | median px at 512 x 1024 |",
        f"|{'---|' * 10}",
    ]
    before = _before(config, own)
    lines += [_row("before", before)] if before else []
    return "\n".join([*lines, _row("this model", new), ""])


def _before(config: TrainingConfig, own: OwnData) -> Evaluation | None:
    """The same for the model that the training went on from, if it did."""
    from ..detection import load_detector

    if config.start is None:
        return None
    return judge(load_detector(None if config.start == BUNDLED else config.start, "cpu"), own)


def _start(config: TrainingConfig) -> str:
    start = resource_path(_BUNDLED_MODEL) if config.start == BUNDLED else Path(config.start or "")
    info = read_model_info(start)
    return f"{info.name} {info.version}, sha256 {info.sha256}"


def _row(name: str, evaluation: Evaluation) -> str:
    f = figures(evaluation.cases)
    shares = [_percent(f[k]) for k in ("level_right", "median_share", "mean_share", "p95_share")]
    false, paper = f["false_per_image"], f["median_paper_px"]
    cells = [
        name,
        f"{f['images'] or 0:.0f}",
        f"{f['vertebrae'] or 0:.0f}",
        _percent(f["found"]),
        "" if false is None else f"{false:.2f}",
        *shares,
        "" if paper is None else f"{paper:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
