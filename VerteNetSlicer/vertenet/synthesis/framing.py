"""Masks, borders, patches and burnt-in marks: what covers the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Image, PolygonSheet, Shape, smooth_curve

Params = dict[str, Any]


def field_rows(shape: Shape, params: Params, rng: np.random.Generator) -> NDArray[np.int64]:
    """First exposed column of each row and the one after the last, (rows, 2)."""
    rows, columns = shape
    field = np.tile(np.array([0, columns]), (rows, 1))
    kind = params["mask"]
    if kind == "frame":
        top, bottom = (int(v) for v in rng.uniform(0, 0.06, 2) * rows)
        left, right = (int(v) for v in rng.uniform(0, 0.10, 2) * columns)
        field[:] = left, columns - right
        field[:top], field[rows - bottom :] = 0, 0
    elif kind == "letterbox":
        left, right = (int(v) for v in rng.uniform(0.06, 0.2, 2) * columns)
        field[:] = left, columns - right
    elif kind == "side":
        knots = np.arange(0, rows + 60, rng.integers(24, 120))
        edge = np.interp(np.arange(rows), knots, rng.normal(0.06, 0.03, len(knots)) * columns)
        if rng.random() < 0.5:
            edge = np.full(rows, rng.uniform(0.03, 0.18) * columns)
        covered = np.clip(np.ceil(edge), 0, columns).astype(np.int64)
        if rng.random() < 0.5:
            field[:, 1] = columns - covered
        else:
            field[:, 0] = covered
    elif kind == "round":
        reach = rng.uniform(0.52, 0.62)
        across = ((np.arange(columns) / columns - 0.5) / reach) ** 4
        down = ((np.arange(rows) / rows - 0.5) / reach) ** 4
        exposed = across[None, :] + down[:, None] <= 1.0
        field[:, 0], field[:, 1] = exposed.argmax(1), columns - exposed[:, ::-1].argmax(1)
        field[~exposed.any(axis=1)] = 0
    return field


def field_mask(field: NDArray[np.int64], columns: int) -> Image:
    """1 inside the exposed field, 0 where the scanner masks it."""
    column = np.arange(columns)
    inside = (column >= field[:, :1]) & (column < field[:, 1:])
    return inside.astype(np.float32)


def patches(shape: Shape, params: Params, rng: np.random.Generator) -> PolygonSheet:
    """White or black places at the edge: air, arms, markers."""
    sheet = PolygonSheet(shape, sub=1)
    rows, columns = shape
    for _ in range(int(params["patches"])):
        right = rng.random() < 0.6
        start, length = rng.uniform(-0.1, 0.8) * rows, rng.uniform(0.05, 0.6) * rows
        knots = int(rng.integers(3, 12))
        depth = np.abs(rng.normal(0.08, 0.05, knots)) * columns
        y = np.linspace(start, start + length, knots)
        x = columns - depth if right else depth
        if rng.random() < 0.7:
            y, x = (
                np.linspace(start, start + length, 60),
                smooth_curve(np.stack([x, y], 1), 60)[:, 0],
            )
        wall = columns + 2.0 if right else -2.0
        sheet.add(np.concatenate([np.stack([x, y], 1), [[wall, y[-1]], [wall, y[0]]]]), 1.0)
    return sheet


def marks(shape: Shape, params: Params, rng: np.random.Generator) -> PolygonSheet:
    """Burnt-in letters and lines near the border."""
    sheet = PolygonSheet(shape, sub=2)
    rows, columns = shape
    for _ in range(int(params["marks"])):
        size = rng.uniform(0.012, 0.04) * rows
        x = rng.choice([rng.uniform(0.02, 0.14), rng.uniform(0.8, 0.92)]) * columns
        y = rng.uniform(0.02, 0.95) * rows
        for letter in range(int(rng.integers(1, 6))):
            origin = np.array([x + letter * 0.8 * size, y])
            points = origin + rng.uniform(0, 1, (int(rng.integers(3, 5)), 2)) * size * [0.6, 1.0]
            points = smooth_curve(points, 8)
            step = np.gradient(points, axis=0)
            normal = np.stack([-step[:, 1], step[:, 0]], 1)
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
            width = max(0.07 * size, 0.6)
            sheet.add(
                np.concatenate([points + normal * width, (points - normal * width)[::-1]]), 1.0
            )
    return sheet
