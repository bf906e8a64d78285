"""After the last step: validation on scans never learnt from, calibration, the model folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..images import image_from_array
from ..network.bundle import ModelInfo, write_model
from ..network.compact import BODY_CLASSES, CompactConfig, CompactVerteNet
from .metrics import Bodies, ImageResult, compare, summary

if TYPE_CHECKING:
    from ..detection import Detector

Array = NDArray[np.float64]
ONE_SIGMA, TWO_SIGMA = 0.6827, 0.9545
"""Shares of a normal distribution within one and two standard deviations."""

LABELLED = tuple(BODY_CLASSES[3:17])
FIRST_VALIDATION_SEED = 900_000_000


@dataclass(frozen=True)
class Validation:
    """Results on rendered scans.

    Attributes:
        images: one result per scan.
        looks: the scanner look of each scan.
        pulls: (M,) signed errors along x and y over the predicted sigma.
    """

    images: tuple[ImageResult, ...]
    looks: tuple[str, ...]
    pulls: Array

    def sigma_factor(self) -> float:
        """What the predicted sigma must be multiplied with so that 68.27 % lie within it."""
        return float(np.quantile(np.abs(self.pulls), ONE_SIGMA))

    def within(self, times: float, factor: float = 1.0) -> float:
        """Share of the signed errors within so many sigma."""
        return float(np.mean(np.abs(self.pulls) <= times * factor))


def validate(
    detector: Detector,
    count: int,
    first_seed: int = FIRST_VALIDATION_SEED,
    size: tuple[int, int] = (704, 352),
) -> Validation:
    """Run the whole detection on freshly rendered scans of held-back seeds.

    Args:
        detector: what is judged.
        count: how many scans.
        first_seed: their seeds follow from here; trainings never use them.
        size: rows and columns.
    """
    from ..synthesis import synthesise

    results, looks, pulls = [], [], []
    for seed in range(first_seed, first_seed + count):
        scan = synthesise(seed, size=size)
        spine = detector.detect(image_from_array(scan.image, name=f"synthetic {seed}"))
        truth, unsure = _truth(scan.points, scan.visible)
        predicted = {v.level.value: v.array() for v in spine}
        result = compare(str(seed), predicted, truth, (size[1], size[0]), ignore=unsure)
        sigma = {v.level.value: _sigma(v.points) for v in spine}
        pulls += [
            _pull(predicted[m.predicted] - truth[m.level], sigma[m.predicted])
            for m in result.matches
            if m.predicted is not None
        ]
        results.append(result)
        looks.append(scan.look)
    joined = np.concatenate(pulls) if pulls else np.empty(0)
    return Validation(tuple(results), tuple(looks), joined[np.isfinite(joined)])


def _truth(points: NDArray[np.float32], visible: NDArray[np.int8]) -> tuple[Bodies, Bodies]:
    """Bodies that must be found, and those that may be."""
    must, may = {}, {}
    for i, name in enumerate(BODY_CLASSES):
        if visible[i] == 1 and name in LABELLED:
            must[name] = points[i].astype(np.float64)
        elif visible[i] > 0:
            may[name] = points[i].astype(np.float64)
    return must, may


def _sigma(points: Mapping[Any, Any]) -> Array:
    return np.array([np.nan if p.sigma_px is None else p.sigma_px for p in points.values()])


def _pull(error: Array, sigma: Array) -> Array:
    pull: Array = (error / sigma[:, None]).ravel()
    return pull


def table(validation: Validation) -> list[dict[str, Any]]:
    """One row of figures for all scans and one for each look."""
    rows = [{"look": "all", **summary(list(validation.images))}]
    for look in sorted(set(validation.looks)):
        chosen = [r for r, name in zip(validation.images, validation.looks) if name == look]
        rows.append({"look": look, **summary(chosen)})
    return rows


def half(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as 16-bit floats: half the file; they are widened again on loading."""
    return {
        name: value.half() if value.is_floating_point() else value for name, value in state.items()
    }


def store(
    directory: Path,
    network: CompactVerteNet,
    *,
    name: str,
    version: str,
    sigma_factor: float,
    card: str,
) -> ModelInfo:
    """Write a model folder.

    Args:
        directory: where to.
        network: with the weights to keep.
        name: of the model.
        version: of the model.
        sigma_factor: of :meth:`Validation.sigma_factor`.
        card: Markdown.
    """
    config = {**CompactConfig.to_dict(network.config), "sigma_factor": round(sigma_factor, 4)}
    return write_model(
        directory,
        state_dict=half(network.state_dict()),
        name=name,
        version=version,
        architecture="compact",
        config=config,
        card=card,
    )


@torch.no_grad()
def parameters(network: torch.nn.Module) -> int:
    """Number of weights."""
    return sum(p.numel() for p in network.parameters())
