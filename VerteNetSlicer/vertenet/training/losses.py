"""Losses of the compact network and its second look."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..network.coding import Targets, cell_pixels, cell_values
from ..network.compact import STRIDE, VECTOR_UNIT_PX
from ..network.refiner import BODY_PX

WEIGHTS = {
    "heat": 1.0,
    "offset": 0.1,
    "points": 1.0,
    "level": 1.0,
    "naming": 1.0,
    "measurable": 0.1,
}
_SHIFTS = (-3, -2, -1, 0, 1, 2, 3)
_ALPHA, _BETA = 2, 4
_SMALLEST_LOG_SCALE = math.log(0.005)
_LARGEST_LOG_SCALE = math.log(2.0)


def detection_losses(maps: dict[str, Tensor], targets: Targets) -> dict[str, Tensor]:
    """Each term of the first look's loss, before its weight; scalars."""
    share = targets.share / targets.share.sum().clamp_min(1)
    where = targets.where
    shift = (targets.centre - cell_pixels(where)) / STRIDE
    offset = F.smooth_l1_loss(cell_values(maps["offset"], where), shift, reduction="none")
    vectors = cell_values(maps["points"], where).reshape(-1, 6, 2) * VECTOR_UNIT_PX
    place = vectors + cell_pixels(where)[:, None]
    known = torch.isfinite(targets.points).all(2)
    true = torch.where(known[:, :, None], targets.points, place.detach())
    error = (place - true) / targets.size[:, None, None]
    # What cannot be seen pulls less on the points, but fully on their uncertainty.
    clear = 0.25 + 0.75 * targets.measurable
    points = known_mean(point_loss(error, cell_values(maps["scale"], where)), known) * clear
    names = cell_values(maps["level"], where)
    level = F.cross_entropy(names, targets.level, reduction="none", label_smoothing=0.02)
    measurable = F.binary_cross_entropy_with_logits(
        cell_values(maps["measurable"], where)[:, 0], targets.measurable, reduction="none"
    )
    return {
        "heat": focal_loss(maps["heat"], targets.heat, targets.weight),
        "offset": (share * offset.sum(1)).sum(),
        "points": (share * points).sum(),
        "level": (share * level).sum(),
        "naming": naming_loss(names, targets),
        "measurable": (share * measurable).sum(),
    }


def naming_loss(logits: Tensor, targets: Targets) -> Tensor:
    """How unlikely a scan's own naming is among those that call all its bodies some levels off.

    Bodies are named as a chain: what is wrong is nearly always all of it, by one or two levels.
    Of K bodies each counts the root of K less, as :func:`vertenet.detection.levels.name_chain`
    has it. A naming beyond T1 or S1 is none.

    Args:
        logits: (M, 18) class evidence of the taught cells.
        targets: where they lie and what they are.

    Returns:
        The mean over the scans with bodies, a scalar.
    """
    image, count = targets.where[:, 0], int(targets.heat.shape[0])
    log_p = logits.float().log_softmax(1)
    called = targets.level[:, None] + torch.tensor(_SHIFTS, device=logits.device)
    possible = (called >= 0) & (called < logits.shape[1])
    value = log_p.gather(1, called.clamp(0, logits.shape[1] - 1)) * targets.share[:, None]
    scans = torch.zeros(count, len(_SHIFTS), device=logits.device)
    share = scans[:, 0].index_add(0, image, targets.share)
    bodies = torch.zeros(count, logits.shape[1], device=logits.device)
    bodies[image, targets.level] = 1.0
    weight = bodies.sum(1).sqrt() / share.clamp_min(1e-6)
    beyond = scans.index_add(0, image, (~possible).float()) > 0
    sums = scans.index_add(0, image, value) * weight[:, None]
    own = sums.masked_fill(beyond, -torch.inf).log_softmax(1)[:, _SHIFTS.index(0)]
    seen = share > 0
    return -(own * seen).sum() / seen.sum().clamp_min(1)


def total(losses: dict[str, Tensor]) -> Tensor:
    """The weighted sum of the terms."""
    return torch.stack([WEIGHTS[name] * value for name, value in losses.items()]).sum()


def focal_loss(logit: Tensor, heat: Tensor, weight: Tensor) -> Tensor:
    """CenterNet's penalty-reduced focal loss (Zhou et al., 2019, eq. 1), from logits."""
    log_p, log_q = F.logsigmoid(logit), F.logsigmoid(-logit)
    p = log_p.exp()
    centre = (heat > 0.999).float()
    positive = -((1 - p) ** _ALPHA) * log_p * centre
    negative = -((1 - heat) ** _BETA) * p**_ALPHA * log_q * (1 - centre)
    return (weight * (positive + negative)).sum() / centre.sum().clamp_min(1)


def point_loss(error: Tensor, log_scale: Tensor) -> Tensor:
    """Distance plus the negative log-likelihood of a Laplace distribution.

    The distance alone keeps a steady pull on every point; the likelihood teaches the
    scale, and its gradient to the points is what an uncertain point would lose.

    Args:
        error: (M, 6, 2) in body heights.
        log_scale: (M, 6) log of the Laplace scale, in body heights.

    Returns:
        (M, 6).
    """
    log_scale = log_scale.clamp(_SMALLEST_LOG_SCALE, _LARGEST_LOG_SCALE)
    distance = error.abs().sum(2)
    likelihood = distance / log_scale.exp() + 2 * log_scale
    return 4 * distance + 0.15 * likelihood


def known_mean(loss: Tensor, known: Tensor) -> Tensor:
    """(M, 6) losses to (M,): mean over the points that were annotated (M, 6)."""
    return (loss * known).sum(1) / known.sum(1).clamp_min(1)


def refiner_loss(out: dict[str, Tensor], uv: Tensor, clear: Tensor) -> Tensor:
    """Loss of the second look.

    Args:
        out: ``uv`` (N, 6, 2) and ``scale`` (N, 6) of the refiner.
        uv: (N, 6, 2) true crop coordinates; NaN for points that were not annotated.
        clear: (N,) 1 where the vertebra is measurable.
    """
    known = torch.isfinite(uv).all(2)
    true = torch.where(known[:, :, None], uv, out["uv"].detach())
    points = known_mean(point_loss((out["uv"] - true) / BODY_PX, out["scale"]), known)
    weight = 0.25 + 0.75 * clear
    return (points * weight).sum() / weight.sum().clamp_min(1)
