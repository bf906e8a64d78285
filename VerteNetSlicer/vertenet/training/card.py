"""The model card: what a model was made from, and every figure with its command."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

from .config import TrainingConfig
from .finish import Validation, table


def write_card(
    config: TrainingConfig,
    validation: Validation,
    *,
    scans: int,
    views: int,
    parameters: int,
    factor: float,
) -> str:
    """The card as Markdown.

    Args:
        config: of the training.
        validation: on held-back synthetic scans, sigma not yet calibrated.
        scans: distinct rendered scans that were learnt from.
        views: random views that were learnt from.
        parameters: number of weights.
        factor: calibration of sigma.
    """
    import torch

    return "\n".join(
        [
            f"# {config.name} {config.version}",
            "",
            "Research use only. Finds the vertebrae T4 to L5 on lateral-spine DXA images, six "
            "points each.",
            "",
            "| | |",
            "|---|---|",
            f"| Data | {scans} synthetic scans (vertenet.synthesis), {_real(config)}; spine shapes "
            "are drawn from statistics of NHANES 2013-14 (NCHS), L5 and sacrum from published "
            "priors |",
            f"| Views learnt from | {views} |",
            f"| Training | {_budget(config)}, {config.threads} CPU thread(s), "
            f"{platform.machine()}, torch {torch.__version__} |",
            f"| Seed | {config.seed} |",
            f"| Commit | {_commit()} |",
            f"| Weights | {parameters:,}, stored as 16-bit floats |",
            "",
            f"## Synthetic scans held back ({len(validation.images)}, seeds from 900,000,000)",
            "",
            "Command: `vertenet train` prints these at its end. Errors: distance of the four "
            "corners in % of the vertebra's height.",
            "",
            *_rows(validation),
            "",
            _sigma(validation, factor),
            "",
        ]
    )


def _sigma(validation: Validation, factor: float) -> str:
    if not len(validation.pulls):
        return "No vertebra was found: sigma is not calibrated."
    return (
        f"Sigma multiplied by {factor:.3f}: {validation.within(1, factor):.1%} of the signed "
        f"errors lie within one sigma, {validation.within(2, factor):.1%} within two."
    )


def _real(config: TrainingConfig) -> str:
    if config.images is None:
        return "no real image" if config.start is None else "going on from another model"
    own = f"own images in {config.real_share:.0%} of all views"
    return own if config.start is None else f"{own}, going on from another model"


def _budget(config: TrainingConfig) -> str:
    return f"{config.minutes:g} minutes" if config.steps is None else f"{config.steps} steps"


def _rows(validation: Validation) -> list[str]:
    lines = [
        "| look | scans | vertebrae | found | false per scan | levels right | "
        "scans with all levels right | median | mean | 95 % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [_row(row) for row in table(validation)]


def _row(row: dict[str, Any]) -> str:
    return (
        f"| {row['look']} | {row['images']:.0f} | {row['vertebrae']:.0f} | {row['found']:.1%} "
        f"| {row['false_per_image']:.2f} | {row['level_right']:.1%} "
        f"| {row['images_levels_right']:.1%} | {row['median_share']:.1%} "
        f"| {row['mean_share']:.1%} | {row['p95_share']:.1%} |"
    )


def _commit() -> str:
    """The source's commit, or a word where there is none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"
