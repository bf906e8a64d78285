"""Blurs and stretched fields of many pictures, each with its own size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ..canvas import Shape

Sizes = Sequence[float] | NDArray[np.float64]


def blur(images: torch.Tensor, sigma: Sizes) -> torch.Tensor:
    """Gaussian blur of (B, rows, columns) by a size, or by a pair of sizes, per picture."""
    pairs = np.asarray(sigma, np.float64)
    pairs = np.stack([pairs, pairs], 1) if pairs.ndim == 1 else pairs
    factor = np.clip(pairs.min(axis=1) // 1.4, 0, 16).astype(int)
    factor[factor == 1] = 0
    factor[pairs.max(axis=1) < 0.15] = -1
    kinds = np.unique(factor)
    if len(kinds) == 1:
        return _blur_alike(images, pairs, int(kinds[0]))
    out = torch.empty_like(images)
    for kind in kinds:
        where = np.nonzero(factor == kind)[0]
        index = torch.from_numpy(where).to(images.device)
        out[index] = _blur_alike(images[index], pairs[where], int(kind))
    return out


def _blur_alike(images: torch.Tensor, pairs: NDArray[np.float64], factor: int) -> torch.Tensor:
    """Blur on a copy that is coarser by one factor for all; 0 is none, -1 leaves them."""
    if factor < 0:
        return images
    if factor == 0:
        return gauss(images, pairs)
    rest = np.sqrt(np.maximum((pairs / factor) ** 2 - 0.17, 0.01))
    return enlarge(gauss(shrink(images, factor), rest), tuple(images.shape[1:]), factor)


def gauss(
    images: torch.Tensor,
    pairs: NDArray[np.float64],
    *,
    truncate: float = 2.6,
    mirrored: bool = False,
) -> torch.Tensor:
    """Gaussian of (row, column) sizes per picture; edges are repeated or mirrored."""
    for axis in (1, 2):
        kernel = torch.from_numpy(_kernels(pairs[:, axis - 1], truncate)).to(images.device)
        padded = _padded(images, kernel.shape[1] // 2, axis, mirrored)[None]
        weight = kernel[:, None, :, None] if axis == 1 else kernel[:, None, None, :]
        images = F.conv2d(padded, weight, groups=len(images))[0]
    return images


def _padded(images: torch.Tensor, reach: int, axis: int, mirrored: bool) -> torch.Tensor:
    if mirrored:
        last = images.shape[axis] - reach
        ends = images.narrow(axis, 0, reach), images.narrow(axis, last, reach)
        return torch.cat([ends[0].flip(axis), images, ends[1].flip(axis)], dim=axis)
    pad = (0, 0, reach, reach) if axis == 1 else (reach, reach, 0, 0)
    return F.pad(images[None], pad, mode="replicate")[0]


def _kernels(sigma: NDArray[np.float64], truncate: float) -> NDArray[np.float32]:
    """Normal weights, (B, 2 R + 1), cut off as scipy.ndimage does it."""
    radius = (truncate * sigma + 0.5).astype(int)
    place = np.arange(-radius.max(), radius.max() + 1)
    weight = np.exp(-0.5 * (place / sigma[:, None]) ** 2)
    weight[np.abs(place) > radius[:, None]] = 0.0
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)


def shrink(images: torch.Tensor, factor: int) -> torch.Tensor:
    """Means over squares; the last ones are padded with the edge's values."""
    rows, columns = images.shape[1:]
    pad = (0, -columns % factor, 0, -rows % factor)
    padded = F.pad(images[None], pad, mode="replicate") if any(pad) else images[None]
    return F.avg_pool2d(padded, factor)[0]


def enlarge(small: torch.Tensor, shape: Shape, factor: int) -> torch.Tensor:
    """Linear interpolation; pixel centres keep their place."""
    wide = F.interpolate(small[None], scale_factor=factor, mode="bilinear", align_corners=False)
    return wide[0, :, : shape[0], : shape[1]]


def stretch(fields: torch.Tensor, shape: Shape, factor: NDArray[np.float64]) -> torch.Tensor:
    """As `enlarge`, by a factor per field; (B, H, W) hold at least what each needs."""
    scale = torch.from_numpy(factor).to(fields.device)[:, None]
    for axis in (1, 2):
        place = (torch.arange(shape[axis - 1], device=fields.device) + 0.5) / scale - 0.5
        place = place.clamp_(0, fields.shape[axis] - 1)
        low = place.floor().to(torch.int64)
        part = (place - low).to(torch.float32)
        size = list(fields.shape)
        size[axis] = shape[axis - 1]
        low = (low[:, :, None] if axis == 1 else low[:, None, :]).expand(size)
        part = part[:, :, None] if axis == 1 else part[:, None, :]
        high = (low + 1).clamp_(max=fields.shape[axis] - 1)
        fields = torch.lerp(fields.gather(axis, low), fields.gather(axis, high), part)
    return fields
