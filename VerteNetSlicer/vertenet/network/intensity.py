"""Intensities as the networks see them: scanner scaling and masks taken out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

_LOW, _HIGH = 0.01, 0.99
_SAMPLES = 4096
_WINDOWS = (15, 63)


def normalise(image: Tensor) -> Tensor:
    """Scale each image so that its 1st and 99th percentile become 0 and 1.

    Pixels that hold exactly the smallest or largest value are left out of the
    percentiles (a black or white mask, air, saturation), unless that leaves too few.

    Args:
        image: (N, 1, H, W) of any scale.

    Returns:
        (N, 1, H, W) clipped to -0.25 ... 1.25.
    """
    flat = image.flatten(1).float()
    step = max(1, flat.shape[1] // _SAMPLES)
    sample = flat[:, ::step]
    low_high = torch.stack([_limits(row) for row in sample])
    low, high = low_high[:, 0, None, None, None], low_high[:, 1, None, None, None]
    return ((image - low) / (high - low).clamp_min(1e-6)).clamp(-0.25, 1.25)


def _limits(values: Tensor) -> Tensor:
    """Robust smallest and largest value of one image's sampled pixels."""
    # NumPy selects where torch would sort, in a tenth of the time
    grey = values.detach().cpu().numpy()
    lowest, highest = grey.min(), grey.max()
    # in order, those that are left out come first and last: nothing has to be taken out
    below = int(np.count_nonzero(grey == lowest))
    inside = grey.size - below - int(np.count_nonzero(grey == highest))
    if inside < grey.size // 8 or inside < 16:
        below, inside = 0, grey.size
    ranks = [below + int(share * (inside - 1)) for share in (_LOW, _HIGH)]
    return torch.from_numpy(np.partition(grey, ranks)[ranks]).to(values.device)


def contrast_channels(image: Tensor) -> Tensor:
    """A normalised image and its local contrast, (N, 1, H, W) to (N, 2, H, W).

    The second channel divides the deviation from a local mean by the local spread:
    faint endplates on a grey scan get the size of sharp ones on a bright scan.
    """
    x = normalise(image)
    fine = x - _box(x, _WINDOWS[0])
    spread = _box(fine * fine, _WINDOWS[1]).clamp_min(0).sqrt()
    return torch.cat((2 * x - 1, (fine / (spread + 0.01)).clamp(-4, 4)), 1)


def _box(x: Tensor, size: int) -> Tensor:
    """Mean over a square window; the border counts only what lies inside.

    Coarse windows run on a reduced map: the mean barely changes and costs a sixteenth.
    """
    if size > 31:
        small = F.avg_pool2d(x, 4, ceil_mode=True, count_include_pad=False)
        small = _box(small, size // 4 | 1)
        return F.interpolate(small, size=x.shape[-2:], mode="bilinear", align_corners=False)
    total = _window_sum(_window_sum(x, size, 2), size, 3)
    rows, columns = (_window_sum(x.new_ones(n), size, 0) for n in x.shape[-2:])
    return total / rows[:, None] / columns


def _window_sum(x: Tensor, size: int, dim: int) -> Tensor:
    """Sum over an odd window along one dimension, of what lies inside.

    Sums of 1, 2, 4, ... neighbours are joined: a few additions of whole maps, where
    pooling adds every pixel of every window.
    """
    pads = [0, 0] * (x.ndim - dim)
    pads[-2:] = [size // 2] * 2
    run = F.pad(x, pads)
    length, width, start = x.shape[dim], 1, 0
    total = None
    while True:
        if size & width:
            part = run.narrow(dim, start, length)
            total = part if total is None else total + part
            start += width
        if 2 * width > size:
            return total if total is not None else run
        room = run.shape[dim] - width
        run = run.narrow(dim, 0, room) + run.narrow(dim, width, room)
        width *= 2
