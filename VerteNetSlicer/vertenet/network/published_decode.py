"""From the published network's maps to vertebrae with four corners.

The authors' decoder always returns six vertebrae; here a peak below the threshold is
none, so that an image without a spine gives nothing.

Source: VerteNet, arXiv 2502.02097, section on the decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ModelError

STRIDE = 4
MOST = 6
# The network's corners: top-left, top-right, bottom-left, bottom-right, with the
# patient facing right.
CORNER_ORDER = ("PS", "AS", "PI", "AI")
_POINTS = ("PS", "MS", "AS", "AI", "MI", "PI")
_ROWS = [_POINTS.index(name) for name in CORNER_ORDER]


@dataclass(frozen=True)
class PublishedCandidate:
    """One vertebra in pixels of the network's input, ``(x, y)``.

    Attributes:
        centre: ``(2,)``.
        points: ``(6, 2)`` PS, MS, AS, AI, MI, PI for a patient facing right; MS and MI
            are NaN, for the network knows none.
        score: height of the peak, 0 to 1.
    """

    centre: NDArray[np.float64]
    points: NDArray[np.float64]
    score: float


def decode_published(
    outputs: Mapping[str, Tensor], *, threshold: float
) -> list[PublishedCandidate]:
    """Read the maps of one image.

    Args:
        outputs: ``hm`` ``(1, 1, h, w)``, ``reg`` ``(1, 2, h, w)``, ``wh`` ``(1, 8, h, w)``.
        threshold: smallest score of a vertebra.

    Returns:
        At most six vertebrae, highest score first.

    Raises:
        ModelError: if the maps are not those of one image.
    """
    heat, offset, vectors = (outputs[name].detach().cpu() for name in ("hm", "reg", "wh"))
    if heat.shape[0] != 1:
        raise ModelError(
            f"Expected the maps of one image, got {heat.shape[0]}. Decode image by image."
        )
    peak = heat == F.max_pool2d(heat, 3, stride=1, padding=1)
    scores, index = torch.where(peak, heat, -1.0).flatten().topk(min(MOST, heat.numel()))
    rows, columns = index // heat.shape[-1], index % heat.shape[-1]
    cells = torch.stack((columns, rows), dim=1) + offset[0, :, rows, columns].T.double()
    corners = cells[:, None] - vectors[0, :, rows, columns].T.double().reshape(-1, 4, 2)
    candidates = (_candidate(c * STRIDE, p * STRIDE, s) for c, p, s in zip(cells, corners, scores))
    return [c for c in candidates if c.score >= threshold and np.isfinite(c.points[_ROWS]).all()]


def _candidate(centre: Tensor, corners: Tensor, score: Tensor) -> PublishedCandidate:
    points = np.full((len(_POINTS), 2), np.nan)
    points[_ROWS] = corners.numpy()
    return PublishedCandidate(centre.numpy(), points, float(score))
