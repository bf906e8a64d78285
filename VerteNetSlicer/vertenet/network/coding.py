"""What the dense heads are taught (encoding), beside how they are read (decoding).

Cells have stride 4: the centre of cell i lies at pixel 4 i + 1.5 of the network's
input.  Points are (x, y) in input pixels, pixel centres at whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .compact import STRIDE, VECTOR_UNIT_PX

CELL_ORIGIN_PX = (STRIDE - 1) / 2
_WINDOW = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
_PEAK_OVERLAP = 0.5
UNKNOWN = 3
"""Visible: nobody said whether this body is there."""

_END_OF_KNOWN, _REACH = 0.6, 0.75
"""From a centre, in body heights: where the unknown begins, and how far it reaches."""

_LAPLACE_SD = math.sqrt(2.0)


@dataclass(frozen=True)
class Candidates:
    """Vertebrae as the network proposes them, best first, before any of them is named.

    Attributes:
        points: (K, 6, 2) PS, MS, AS, AI, MI, PI, input pixels; NaN where a model has none.
        sigma: (K, 6) standard deviation along each axis, input pixels; NaN if unknown.
        score: (K,) 0 to 1.
        level_logits: (K, 18) T1 ... L5, S1, or None for models that do not name levels.
        measurable: (K,) 0 to 1.
    """

    points: NDArray[np.float64]
    sigma: NDArray[np.float64]
    score: NDArray[np.float64]
    level_logits: NDArray[np.float64] | None
    measurable: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.score)

    def take(self, index: NDArray[np.int_] | list[int]) -> Candidates:
        """The candidates of these rows, in this order."""
        logits = None if self.level_logits is None else self.level_logits[index]
        return Candidates(
            self.points[index], self.sigma[index], self.score[index], logits, self.measurable[index]
        )

    def put(self, index: NDArray[np.int_], seen: Candidates) -> Candidates:
        """The same with points and sigma of these rows as another look saw them."""
        points, sigma = self.points.copy(), self.sigma.copy()
        points[index], sigma[index] = seen.points, seen.sigma
        return replace(self, points=points, sigma=sigma)


@dataclass(frozen=True)
class Targets:
    """What one batch is taught.

    ``heat`` (B, 1, h, w) with 1 at each centre's cell; ``weight`` the same size, 0 where
    nothing is to be learnt; per taught cell m of M: ``where`` (M, 3) image, row, column;
    ``points`` (M, 6, 2) pixels; ``size`` (M,) body height in pixels; ``centre`` (M, 2);
    ``level`` (M,) class; ``measurable`` (M,) 1 or 0; ``share`` (M,) weight of the cell.
    """

    heat: Tensor
    weight: Tensor
    where: Tensor
    points: Tensor
    size: Tensor
    centre: Tensor
    level: Tensor
    measurable: Tensor
    share: Tensor


def body_height(points: Tensor) -> Tensor:
    """(..., 6, 2) to (...): mean of anterior and posterior height, pixels."""
    anterior = (points[..., 2, :] - points[..., 3, :]).norm(dim=-1)
    posterior = (points[..., 0, :] - points[..., 5, :]).norm(dim=-1)
    return (anterior + posterior) / 2


def encode(points: Tensor, visible: Tensor, height: int, width: int) -> Targets:
    """Targets of a batch.

    Args:
        points: (B, 18, 6, 2) input pixels, NaN for absent bodies; the mid points of a body
            that is there may be NaN too (four-corner annotations).
        visible: (B, 18) 0 absent, 1 measurable, 2 there but not to be measured, 3 not known
            (no annotation): nothing is taught where such a body would be.
        height: input rows.
        width: input columns.
    """
    rows, columns = height // STRIDE, width // STRIDE
    batch = points.shape[0]
    centre = points[:, :, [0, 2, 3, 5]].mean(2)
    cell = (centre - CELL_ORIGIN_PX) / STRIDE
    inside = (cell[..., 0] > -0.5) & (cell[..., 0] < columns - 0.5)
    inside &= (cell[..., 1] > -0.5) & (cell[..., 1] < rows - 0.5)
    taught = ((visible == 1) | (visible == 2)) & inside
    size = body_height(points)
    heat = torch.zeros(batch, rows, columns)
    image, body = torch.nonzero(taught, as_tuple=True)
    c, s = cell[image, body], size[image, body] / STRIDE
    y = torch.arange(rows)[None, :, None] - c[:, 1].round()[:, None, None]
    x = torch.arange(columns)[None, None, :] - c[:, 0].round()[:, None, None]
    spread = (0.14 * s).clamp_min(0.6)[:, None, None]
    blobs = torch.exp(-(x * x + y * y) / (2 * spread**2))
    weight = torch.ones(batch, rows, columns)
    for i in range(batch):
        mine = image == i
        if mine.any():
            heat[i] = blobs[mine].amax(0)
            unsure = mine & (visible[image, body] == 2)
            if unsure.any():
                weight[i] = 1 - 0.7 * (blobs[unsure].amax(0) > 0.1).float()
        if bool((visible[i] == UNKNOWN).any()):
            weight[i] *= 1 - unknown_area(points[i], visible[i], rows, columns)
    near = c.round().long()
    where, owner, share = [], [], []
    for dy, dx in _WINDOW:
        r, q = near[:, 1] + dy, near[:, 0] + dx
        ok = (r >= 0) & (r < rows) & (q >= 0) & (q < columns)
        where.append(torch.stack((image, r, q), 1)[ok])
        owner.append(torch.nonzero(ok)[:, 0])
        share.append(torch.full((int(ok.sum()),), 1.0 if dx == dy == 0 else 0.5))
    own = torch.cat(owner)
    return Targets(
        heat[:, None],
        weight[:, None],
        torch.cat(where),
        points[image, body][own],
        size[image, body][own],
        centre[image, body][own],
        body[own],
        (visible[image, body] == 1).float()[own],
        torch.cat(share),
    )


def unknown_area(points: Tensor, visible: Tensor, rows: int, columns: int) -> Tensor:
    """(rows, columns) 1 where bodies that nobody annotated may lie.

    That is beyond the first and the last annotated body, square to their axes, and around
    the place of a body that was left out between two.

    Args:
        points: (18, 6, 2) of one image, input pixels.
        visible: (18,) of :func:`encode`.
        rows: of the map.
        columns: of the map.
    """
    corners = (points[:, [0, 2, 3, 5]] - CELL_ORIGIN_PX) / STRIDE
    centre, size = corners.mean(1), body_height(points) / STRIDE
    whole = torch.isfinite(centre).all(1) & (visible != UNKNOWN)
    known = torch.nonzero(whole)[:, 0].tolist()
    if not known:
        return torch.ones(rows, columns)
    y, x = torch.meshgrid(torch.arange(rows).float(), torch.arange(columns).float(), indexing="ij")
    grid = torch.stack((x, y), -1)
    area = torch.zeros(rows, columns, dtype=torch.bool)
    down = F.normalize(corners[:, 2:].mean(1) - corners[:, :2].mean(1), dim=1)
    for end, away, beyond in (
        (known[0], -down, visible[: known[0]]),
        (known[-1], down, visible[known[-1] + 1 :]),
    ):
        if bool((beyond == UNKNOWN).any()):
            area |= (grid - centre[end]) @ away[end] > _END_OF_KNOWN * size[end]
    for above, below in zip(known, known[1:]):
        for body in range(above + 1, below):
            if int(visible[body]) == UNKNOWN:
                middle = torch.lerp(centre[above], centre[below], (body - above) / (below - above))
                area |= (grid - middle).norm(dim=-1) < _REACH * (size[above] + size[below]) / 2
    return area.float()


def cell_values(maps: Tensor, where: Tensor) -> Tensor:
    """Values (M, C) of maps (B, C, h, w) at cells (M, 3) image, row, column."""
    return maps[where[:, 0], :, where[:, 1], where[:, 2]]


def cell_pixels(where: Tensor) -> Tensor:
    """Input pixel (M, 2) x, y of the centre of cells (M, 3) image, row, column."""
    return where[:, [2, 1]].float() * STRIDE + CELL_ORIGIN_PX


def decode(maps: dict[str, Tensor], *, threshold: float, most: int = 40) -> Candidates:
    """Read the maps of ONE image.

    Each peak's values are averaged over its 3 x 3 cells, weighted by the heat: points
    are steadier that way than read from one cell.

    Args:
        maps: the network's output for a batch of one.
        threshold: smallest heat (0 to 1) of a vertebra.
        most: how many peaks are looked at.
    """
    heat = maps["heat"][0, 0].sigmoid()
    top = F.max_pool2d(heat[None, None], 3, 1, 1)[0, 0]
    score, index = ((heat == top) * heat).flatten().topk(min(most, heat.numel()))
    index = index[score >= threshold]
    found = _read_peaks(maps, heat, index // heat.shape[1], index % heat.shape[1])
    return found.take(_without_doubles(found))


def _read_peaks(maps: dict[str, Tensor], heat: Tensor, row: Tensor, column: Tensor) -> Candidates:
    """Points, sigma, score, level logits and measurability of the peaks (K,)."""
    window = torch.tensor(_WINDOW)
    r, q = row[:, None] + window[:, 0], column[:, None] + window[:, 1]
    inside = (r >= 0) & (r < heat.shape[0]) & (q >= 0) & (q < heat.shape[1])
    r, q = r.clamp(0, heat.shape[0] - 1), q.clamp(0, heat.shape[1] - 1)
    weight = heat[r, q] * inside
    weight = weight / weight.sum(1, keepdim=True)

    def mean(values: Tensor) -> Tensor:  # (K, 9, ...) to (K, ...)
        return (weight.reshape(*weight.shape, *[1] * (values.ndim - 2)) * values).sum(1)

    def cells(name: str) -> Tensor:  # (K, 9, channels)
        return maps[name][0][:, r, q].permute(1, 2, 0)

    here = torch.stack((q, r), -1).float() * STRIDE + CELL_ORIGIN_PX
    vectors = cells("points").unflatten(2, (6, 2)) * VECTOR_UNIT_PX
    points = mean(vectors + here[:, :, None])
    sigma = mean(cells("scale")).exp() * _LAPLACE_SD * body_height(points)[:, None]
    measurable = mean(cells("measurable"))[:, 0].sigmoid()
    parts = (points, sigma, heat[row, column], mean(cells("level")), measurable)
    return Candidates(*(part.double().numpy() for part in parts))


def _without_doubles(found: Candidates) -> list[int]:
    """Indices of candidates whose centre lies in no better candidate's body."""
    centres = found.points[:, [0, 2, 3, 5]].mean(1)
    height = np.linalg.norm(found.points[:, [0, 2]] - found.points[:, [5, 3]], axis=2).mean(1)
    apart = np.linalg.norm(centres[:, None] - centres, axis=2)
    free = apart > _PEAK_OVERLAP * (height[:, None] + height) / 2
    kept: list[int] = []
    for i in np.argsort(-found.score):
        if free[i, kept].all():
            kept.append(int(i))
    return kept
