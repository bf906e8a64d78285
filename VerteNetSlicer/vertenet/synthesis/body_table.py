"""The bodies of a scan as arrays, one row each: what a batch draws them from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bodies import COUNT, DOUBLED, BodyStyle, half_height, side_graphs
from .canvas import Points, Shape
from .view import View

_MARGIN = 6
STYLES = 18
"""Numbers of a style, in the order of `_numbers`."""


class BodyTable(NamedTuple):
    """Bodies that reach into the picture, N rows each.

    Attributes:
        window: (N, 4) top, left, height and width of the part to draw in, pixels.
        frame: (N, 6) from pixels to the body's own axes: u, v of pixel (0, 0), what a
            column adds to them, what a row adds.
        graph: (N, 8) where the tables of the four sides begin, one over their steps.
        tables: (N, 4, COUNT, 2) place of a side across its direction, cosine of its slope.
        style: (N, STYLES).
    """

    window: NDArray[np.int64]
    frame: NDArray[np.float64]
    graph: NDArray[np.float64]
    tables: NDArray[np.float32]
    style: NDArray[np.float64]


def tabulate(bodies: Sequence[tuple[Points, BodyStyle]], view: View) -> BodyTable:
    """Outlines in units with their styles, seen in a view."""
    placed = [(o, style, _window(view.pixels(o), view.shape)) for o, style in bodies]
    shown = [(o, style, window) for o, style, window in placed if min(window[2:]) > 0]
    graphs = side_graphs([outline for outline, _, _ in shown])
    inverse = np.linalg.inv(view.matrix)
    frame = []
    for graph in graphs:
        axes = np.array([graph.ahead, [-graph.ahead[1], graph.ahead[0]]])
        turn = axes @ inverse
        frame.append([*(-turn @ view.offset - axes @ graph.centre), *turn.T.ravel()])
    return BodyTable(
        np.array([window for _, _, window in shown], np.int64).reshape(-1, 4),
        np.array(frame).reshape(-1, 6),
        np.array([np.concatenate([g.first, 1.0 / g.step]) for g in graphs]).reshape(-1, 8),
        np.array([np.stack([g.table, g.cosine], -1) for g in graphs], np.float32).reshape(
            -1, 4, COUNT, 2
        ),
        np.array([_numbers(style, o, view.scale) for o, style, _ in shown]).reshape(-1, STYLES),
    )


def _numbers(style: BodyStyle, outline: Points, scale: float) -> list[float]:
    """A style without its cases: what is off is zero."""
    twice = style.tilt > DOUBLED or style.twist > DOUBLED
    return [
        scale,
        style.plateau,
        *style.ends,
        *style.walls,
        *style.uneven,
        style.thickness,
        style.tilt if twice else 0.0,
        style.twist if twice else 0.0,
        max(style.hollow, 0.0),
        style.inset,
        *style.taper,
        style.rounding if style.rounding >= 0.5 else 0.0,
        0.35 * half_height(outline),
    ]


def _window(pixel: Points, shape: Shape) -> tuple[int, int, int, int]:
    """Top, left, height and width of the picture's part around a body."""
    low = np.floor(pixel.min(axis=0) - _MARGIN).astype(int)
    high = np.ceil(pixel.max(axis=0) + _MARGIN + 1).astype(int)
    left, right = max(low[0], 0), min(high[0], shape[1])
    top, bottom = max(low[1], 0), min(high[1], shape[0])
    return top, left, bottom - top, right - left
