"""Polygons of many pictures in one pass: steps of coverage, summed along the rows.

Steps are whole numbers of 2^-20, so that sums do not depend on their order: the
scattered additions of a GPU give the same picture every time, and in any batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..canvas import Polygons, PolygonSheet, Shape

_UNIT = float(1 << 20)


def draw_sheets(sheets: Sequence[PolygonSheet], shape: Shape, device: torch.device) -> torch.Tensor:
    """Draw one sheet per picture, (B, rows, columns) float32; all equally sampled."""
    rows, columns = shape
    steps = torch.zeros(len(sheets) * rows * (columns + 2), dtype=torch.int32, device=device)
    edges = _edges([sheet.polygons() for sheet in sheets], shape, device)
    if len(edges):
        _scatter(steps, edges, shape, sheets[0].sub)
    table = steps.view(len(sheets), rows, columns + 2)[:, :, :columns]
    return torch.cumsum(table, dim=2, dtype=torch.int32).to(torch.float32).mul_(1.0 / _UNIT)


def _edges(drawn: Sequence[Polygons], shape: Shape, device: torch.device) -> torch.Tensor:
    """x0, y0, x1, y1, weight, picture of the edges that cross a picture's rows, (n, 6)."""
    count, weight = np.concatenate([p.sizes for p in drawn]), [p.weight for p in drawn]
    picture = np.repeat(np.arange(len(drawn)), [len(p.sizes) for p in drawn])
    table = np.column_stack([count, np.concatenate(weight), picture]).astype(np.float64)
    each = torch.from_numpy(table).to(device)
    start = torch.from_numpy(np.concatenate([p.corners for p in drawn])).to(device)
    count = each[:, 0].to(torch.int64)
    polygon = torch.repeat_interleave(torch.arange(len(count), device=device), count)
    following = torch.arange(1, len(start) + 1, device=device)
    last = count.cumsum(0)
    following[last - 1] = last - count
    end = start[following]
    turn = start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]
    area = torch.zeros_like(each[:, 0]).index_add_(0, polygon, turn)
    signed = (-area.sign() * each[:, 1])[polygon]
    low, high = torch.minimum(start[:, 1], end[:, 1]), torch.maximum(start[:, 1], end[:, 1])
    left = torch.minimum(start[:, 0], end[:, 0])
    needed = (high > -0.5) & (low < shape[0] - 0.5) & (left < shape[1]) & (high > low)
    whole = torch.column_stack([start, end, signed, each[:, 2][polygon]])
    return whole[needed]


def _scatter(steps: torch.Tensor, edges: torch.Tensor, shape: Shape, sub: int) -> None:
    """Add the steps of all edges to the derivative of the pictures in x."""
    rows, columns = shape
    x0, y0, x1, y1, weight, picture = edges.unbind(1)
    downwards = y1 > y0
    top, bottom = torch.where(downwards, y0, y1), torch.where(downwards, y1, y0)
    above, below = torch.where(downwards, x0, x1), torch.where(downwards, x1, x0)
    gain = torch.where(downwards, weight, -weight).mul_(_UNIT / sub).round_()
    # sub-row k lies at y = (k + 0.5) / sub - 0.5
    first = torch.ceil((top + 0.5) * sub - 0.5).clamp_(0, rows * sub).to(torch.int64)
    last = torch.ceil((bottom + 0.5) * sub - 0.5).clamp_(0, rows * sub).to(torch.int64)
    count = last - first
    slope = (below - above) / (bottom - top).clamp_(min=1e-9)
    reach = above + (0.5 / sub - 0.5 - top) * slope + 0.5
    base = picture.to(torch.int64) * rows
    edge = torch.repeat_interleave(torch.arange(len(count), device=edges.device), count)
    sub_row = torch.arange(len(edge), device=edges.device) + (first - count.cumsum(0) + count)[edge]
    x = (reach[edge] + sub_row * (slope / sub)[edge]).clamp_(0.0, float(columns))
    column, value = x.floor(), gain[edge]
    here = torch.round(value * (1.0 - (x - column)))
    place = (base[edge] + sub_row // sub) * (columns + 2) + column.to(torch.int64)
    steps.index_add_(0, place, here.to(torch.int32))
    steps.index_add_(0, place + 1, (value - here).to(torch.int32))
