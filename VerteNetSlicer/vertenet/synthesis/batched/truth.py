"""What can be seen of many pictures, as `vertenet.synthesis.truth` judges it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..display import DisplayList
from .filters import gauss


def visibility(
    scans: Sequence[DisplayList], image: torch.Tensor, inside: torch.Tensor
) -> torch.Tensor:
    """(B, 18): 0 outside, 1 measurable, 2 inside but cut, covered or drowned in noise."""
    six = torch.from_numpy(np.stack([s.six for s in scans])).to(image.device)
    outline = torch.from_numpy(np.stack([s.outlines for s in scans])).to(image.device)
    present = six.isfinite().all(-1).all(-1) & outline.isfinite().all(-1).all(-1)
    six, outline = six.nan_to_num(-1e6), outline.nan_to_num(-1e6)
    covered = sample(inside, outline)
    whole = (covered.amin(-1) > 0.5) & (sample(inside, six) > 0.5).all(-1)
    size = np.full((len(scans), 2), 0.7)
    measurable = whole & _seen(outline, gauss(image, size, truncate=4.0, mirrored=True), image)
    shown = present & (covered.mean(-1) >= 0.5)
    return torch.where(shown, torch.where(measurable, 1, 2), 0).to(torch.int8)


def _seen(outline: torch.Tensor, smooth: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """(B, 18): whether the endplates stand out from the noise of their surroundings."""
    centre = outline.mean(dim=2, keepdim=True)
    ends = torch.cat([outline[:, :, 2:14], outline[:, :, 34:46]], dim=2)
    inward = centre - ends
    axis = (outline[:, :, 40] - outline[:, :, 8])[:, :, None]
    axis = axis / axis.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    step = axis * torch.sign((inward * axis).sum(dim=-1, keepdim=True))
    contrast = _line_contrast(smooth, ends, step)
    # the same figure where there is no line: what noise and texture alone make of it
    alone = _median(_line_contrast(smooth, ends + 0.5 * inward, step))
    within = torch.cat([ends + f * inward for f in (0.4, 0.55, 0.7)], dim=2)
    noise = (sample(image, within) - sample(smooth, within)).std(dim=-1, correction=0)
    needed = torch.maximum(0.6 * noise, 1.2 * alone).clamp_(min=0.015)
    steady = (contrast > 0.5 * needed[..., None]).to(torch.float32).mean(dim=-1) > 0.55
    return (_median(contrast) > needed) & steady


def _line_contrast(smooth: torch.Tensor, ends: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """Brightest along a short way inwards, less the darkest outwards, at each point."""
    line = torch.stack([sample(smooth, ends + k * step) for k in (-0.5, 1.0, 2.0, 3.5)])
    outside = torch.stack([sample(smooth, ends - k * step) for k in (2.0, 3.5, 5.0)])
    return line.amax(dim=0) - outside.amin(dim=0)


def _median(values: torch.Tensor) -> torch.Tensor:
    """The mean of both middle values, as numpy has it."""
    ordered = values.sort(dim=-1).values
    count = values.shape[-1]
    return 0.5 * (ordered[..., (count - 1) // 2] + ordered[..., count // 2])


def sample(images: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Nearest pixels of (B, rows, columns) at (B, ..., 2); zero outside the pictures."""
    rows, columns = images.shape[1:]
    place = points.round().to(torch.int64)
    x, y = place[..., 0].flatten(1), place[..., 1].flatten(1)
    fits = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    index = torch.where(fits, y * columns + x, 0)
    value = images.flatten(1).gather(1, index) * fits
    return value.view(points.shape[:-1])
