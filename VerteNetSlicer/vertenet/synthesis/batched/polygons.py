"""Polygons of many pictures in one pass: steps of coverage, summed along the rows.

Steps are whole numbers of 2^-20, so that sums do not depend on their order: the
scattered additions of a GPU give the same picture every time, and in any batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..canvas import Edges, PolygonSheet, Shape

_UNIT = float(1 << 20)


def draw_sheets(sheets: Sequence[PolygonSheet], shape: Shape, device: torch.device) -> torch.Tensor:
    """Draw one sheet per picture, (B, rows, columns) float32; all equally sampled."""
    rows, columns = shape
    edges = [sheet.edges() for sheet in sheets]
    steps = torch.zeros(len(sheets) * rows * (columns + 2), dtype=torch.int32, device=device)
    if sum(len(e.weight) for e in edges):
        _scatter(steps, edges, shape, sheets[0].sub, device)
    table = steps.view(len(sheets), rows, columns + 2)[:, :, :columns]
    return torch.cumsum(table, dim=2, dtype=torch.int32).to(torch.float32).mul_(1.0 / _UNIT)


def _scatter(
    steps: torch.Tensor, edges: Sequence[Edges], shape: Shape, sub: int, device: torch.device
) -> None:
    """Add the steps of all edges to the derivative of the pictures in x."""
    rows, columns = shape
    packed = _pack(edges)
    # rows that an edge does not cross need not travel to the device
    low, high = packed[:, [1, 3]].min(axis=1), packed[:, [1, 3]].max(axis=1)
    left = packed[:, [0, 2]].min(axis=1)
    packed = packed[(high > -0.5) & (low < rows - 0.5) & (left < columns) & (high > low)]
    data = torch.from_numpy(packed).to(device)
    x0, y0, x1, y1, weight, picture = data.unbind(1)
    downwards = y1 > y0
    top, bottom = torch.where(downwards, y0, y1), torch.where(downwards, y1, y0)
    above, below = torch.where(downwards, x0, x1), torch.where(downwards, x1, x0)
    signed = torch.where(downwards, weight, -weight)
    # sub-row k lies at y = (k + 0.5) / sub - 0.5
    first = torch.ceil((top + 0.5) * sub - 0.5).clamp_(0, rows * sub).to(torch.int64)
    last = torch.ceil((bottom + 0.5) * sub - 0.5).clamp_(0, rows * sub).to(torch.int64)
    count = last - first
    edge = torch.repeat_interleave(torch.arange(len(count), device=device), count)
    sub_row = first[edge] + torch.arange(len(edge), device=device) - (count.cumsum(0) - count)[edge]
    slope = (below - above) / (bottom - top).clamp_(min=1e-9)
    reach = above + (0.5 / sub - 0.5 - top) * slope + 0.5
    x = (reach[edge] + sub_row * (slope / sub)[edge]).clamp_(0.0, float(columns))
    column = x.floor()
    value = torch.round(signed * _UNIT)[edge]
    here = torch.round(value * (1.0 - (x - column)))
    place = (picture[edge].to(torch.int64) * rows + sub_row // sub) * (columns + 2)
    place += column.to(torch.int64)
    steps.index_add_(0, place, here.to(torch.int32))
    steps.index_add_(0, place + 1, (value - here).to(torch.int32))


def _pack(edges: Sequence[Edges]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """x0, y0, x1, y1, weight, picture of every edge, (n, 6)."""
    picture = np.repeat(np.arange(len(edges)), [len(e.weight) for e in edges])
    return np.column_stack(
        [
            np.concatenate([e.start for e in edges]),
            np.concatenate([e.end for e in edges]),
            np.concatenate([e.weight for e in edges]),
            picture,
        ]
    )
