"""Vertebral bodies: trabecular inside, cortical shell, doubled contours.

The outline of a body is the outer edge of its cortex: drawn coverage is one
half exactly there, so the point convention (`docs/synthesis.md`) holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import Image, Points
from .view import View

#: Entries of the table of a side.
COUNT = 48
#: Half the distance, units, from which on the contours of a body are drawn twice.
DOUBLED = 0.05


@dataclass(frozen=True)
class BodyStyle:
    """How one body is drawn; lengths in units, weights in attenuation.

    ``ends`` are the top and bottom endplate, ``walls`` the front and back wall;
    ``uneven`` is strength, frequency and phase of their change along the rim.
    ``tilt`` and ``twist`` are half the distance of the doubled endplates and
    of the doubled walls; the outline stays the mid-line of both.
    """

    plateau: float
    ends: tuple[float, float]
    walls: tuple[float, float]
    uneven: tuple[float, float, float]
    thickness: float
    tilt: float
    twist: float
    hollow: float
    inset: float
    taper: tuple[float, float] = (1.0, 1.0)
    rounding: float = 0.0


def draw_body(image: Image, plateau: Image, view: View, outline: Points, style: BodyStyle) -> None:
    """Add one body to ``image`` and its inside to ``plateau``, both in place."""
    draw_bodies(image, plateau, view, ((outline, style),))


def draw_bodies(
    image: Image, plateau: Image, view: View, bodies: Sequence[tuple[Points, BodyStyle]]
) -> None:
    """Add bodies to ``image`` and their insides to ``plateau``, both in place."""
    outlines = [outline for outline, _ in bodies]
    for (outline, style), graph in zip(bodies, side_graphs(outlines), strict=True):
        _draw(image, plateau, view, outline, style, graph)


def _draw(
    image: Image, plateau: Image, view: View, outline: Points, style: BodyStyle, graph: SideGraphs
) -> None:
    window = _window(view, outline)
    if window is None:
        return
    rows, columns, x, y = window
    sides = _side_distances(graph, x, y)
    s = 1.0 / view_step(view)
    total = np.zeros(x.shape, np.float32)
    inside = np.zeros(x.shape, np.float32)
    doubled = style.tilt > DOUBLED or style.twist > DOUBLED
    for sign in (1.0, -1.0) if doubled else (0.0,):
        copy = _copy(sides, sign * style.tilt, sign * style.twist)
        body, rim = _coverages(copy, s, style)
        if style.uneven[0] > 0.0:
            rim *= _wave(copy, style.uneven)
        share = 0.5 if doubled else 1.0
        total += share * (rim + style.plateau * body)
        inside += share * body
    if style.hollow > 0.0:
        middle = np.clip(np.minimum.reduce(sides) / (0.35 * half_height(outline)), 0.0, 1.0)
        total -= style.hollow * style.plateau * middle * inside
    image[rows, columns] += total
    plateau[rows, columns] += style.plateau * inside


def view_step(view: View) -> float:
    """Width of a drawn edge in units: one pixel."""
    return 1.0 / view.scale


def half_height(outline: Points) -> float:
    """Half the height of a body at its middle, units."""
    return 0.5 * float(np.linalg.norm(outline[8] - outline[40]))


def _window(
    view: View, outline: Points
) -> tuple[slice, slice, NDArray[np.float32], NDArray[np.float32]] | None:
    """The picture's part around a body and its unit coordinates."""
    pixel = view.pixels(outline)
    low = np.floor(pixel.min(axis=0) - 6).astype(int)
    high = np.ceil(pixel.max(axis=0) + 7).astype(int)
    height, width = view.shape
    left, right = max(low[0], 0), min(high[0], width)
    top, bottom = max(low[1], 0), min(high[1], height)
    if left >= right or top >= bottom:
        return None
    inverse = np.linalg.inv(view.matrix)
    column = np.arange(left, right) - view.offset[0]
    row = np.arange(top, bottom) - view.offset[1]
    x = inverse[0, 0] * column[None, :] + inverse[0, 1] * row[:, None]
    y = inverse[1, 0] * column[None, :] + inverse[1, 1] * row[:, None]
    return slice(top, bottom), slice(left, right), x.astype(np.float32), y.astype(np.float32)


Sides = tuple[NDArray[np.float32], ...]


class SideGraphs(NamedTuple):
    """The four sides of a body as graphs, each over its own direction.

    Attributes:
        centre: (2,) origin of the body's frame, units.
        ahead: (2,) its first axis, towards the front; the second points down.
        first: (4,) where the tables of the top, bottom, front and back begin.
        step: (4,) distance of their entries.
        table: (4, COUNT) place of the side across its direction.
        cosine: (4, COUNT) of its slope.
    """

    centre: Points
    ahead: Points
    first: NDArray[np.float64]
    step: NDArray[np.float64]
    table: NDArray[np.float32]
    cosine: NDArray[np.float32]


def side_graphs(outlines: Sequence[Points]) -> list[SideGraphs]:
    """The sides of several bodies."""
    if not len(outlines):
        return []
    outline = np.asarray(outlines)
    front = _flush(outline[:, 16:33])
    back = np.concatenate([outline[:, 48:], outline[:, :1]], axis=1)
    centre = outline.mean(axis=1)
    ahead = front.mean(axis=1) - back.mean(axis=1)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    below = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    side = np.stack([outline[:, :17], outline[:, 32:49], front, back], axis=1)
    side = side - centre[:, None, None]
    u, v = np.einsum("nskx,nx->nsk", side, ahead), np.einsum("nskx,nx->nsk", side, below)
    # endplates are graphs over the way ahead, walls over the way down
    knot = np.concatenate([u[:, :2], v[:, 2:]], axis=1)
    value = np.concatenate([v[:, :2], u[:, 2:]], axis=1)
    first, step, table, cosine = _tables(knot, value)
    return [SideGraphs(*row) for row in zip(centre, ahead, first, step, table, cosine)]


def _tables(
    knot: NDArray[np.float64], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """Graphs through knots (N, 4, 17), straight on beyond their ends."""
    order = np.argsort(knot, axis=-1)
    knot = np.take_along_axis(knot, order, -1)
    value = np.take_along_axis(value, order, -1)
    left, right = (
        np.clip(
            (value[..., b] - value[..., a]) / np.maximum(knot[..., b] - knot[..., a], 1e-6), -1, 1
        )
        for a, b in ((0, 3), (-4, -1))
    )
    reach = 0.3 * (knot[..., -1] - knot[..., 0])
    knot = np.concatenate(
        [(knot[..., 0] - reach)[..., None], knot, (knot[..., -1] + reach)[..., None]], axis=-1
    )
    value = np.concatenate(
        [
            (value[..., 0] - left * reach)[..., None],
            value,
            (value[..., -1] + right * reach)[..., None],
        ],
        axis=-1,
    )
    first, step = knot[..., 0], (knot[..., -1] - knot[..., 0]) / (COUNT - 1)
    grid = first[..., None] + np.arange(COUNT) * step[..., None]
    low = (grid[..., None] >= knot[..., None, 1:-1]).sum(axis=-1)
    knot_low, value_low = np.take_along_axis(knot, low, -1), np.take_along_axis(value, low, -1)
    width = np.take_along_axis(knot, low + 1, -1) - knot_low
    rise = np.take_along_axis(value, low + 1, -1) - value_low
    table = value_low + rise * (grid - knot_low) / np.maximum(width, 1e-12)
    cosine = 1.0 / np.sqrt(1.0 + (np.gradient(table, axis=-1) / step[..., None]) ** 2)
    return first, step, table.astype(np.float32), cosine.astype(np.float32)


def _side_distances(graph: SideGraphs, x: NDArray[np.float32], y: NDArray[np.float32]) -> Sides:
    """Distances inwards from the top, bottom, front and back side, in units."""
    (ahead_x, ahead_y), centre = graph.ahead.astype(np.float32), graph.centre.astype(np.float32)
    x, y = x - centre[0], y - centre[1]
    u, v = x * ahead_x + y * ahead_y, y * ahead_x - x * ahead_y
    return (
        _graph_distance(u, v, graph, 0),
        -_graph_distance(u, v, graph, 1),
        -_graph_distance(v, u, graph, 2),
        _graph_distance(v, u, graph, 3),
    )


def _graph_distance(
    along: NDArray[np.float32], across: NDArray[np.float32], graph: SideGraphs, side: int
) -> NDArray[np.float32]:
    """Distance across to a side, its slope allowed for."""
    place = (along - np.float32(graph.first[side])) * np.float32(1.0 / graph.step[side])
    place = np.clip(place, 0.0, COUNT - 1.001)
    index = place.astype(np.int32)
    low = graph.table[side]
    height = low[index] + (low[index + 1] - low[index]) * (place - index)
    return (across - height) * graph.cosine[side][index]


def _flush(wall: Points) -> Points:
    """Keep walls (N, K, 2) from bulging out beyond the chord of their corners.

    NHANES places the anterior corners up to 8 % of the height behind the rim
    of thoracic bodies, readers of real scans on the rim itself (measured on
    intensity profiles, `docs/synthesis.md`).
    """
    chord = wall[:, -1] - wall[:, 0]
    chord = chord / np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-6)
    outward = np.stack([chord[:, 1], -chord[:, 0]], axis=1)
    beyond = np.maximum(np.einsum("nkx,nx->nk", wall - wall[:, :1], outward), 0.0)
    return wall - 0.85 * beyond[..., None] * outward[:, None]


def _copy(sides: Sides, tilt: float, twist: float) -> Sides:
    top, bottom, front, back = sides
    if tilt == 0.0 and twist == 0.0:
        return sides
    t, w = np.float32(tilt), np.float32(twist)
    return top + t, bottom - t, front - w, back + w


def _cover(distance: NDArray[np.float32], s: float) -> NDArray[np.float32]:
    return np.clip(distance * np.float32(s) + np.float32(0.5), 0.0, 1.0)


def _wave(sides: Sides, uneven: tuple[float, float, float]) -> NDArray[np.float32]:
    """Brightness of the rim along it: endplates and walls are never even."""
    strength, frequency, phase = (np.float32(v) for v in uneven)
    place = (sides[3] - sides[2] + np.float32(0.7) * (sides[0] - sides[1])) * frequency + phase
    return np.float32(1.0) + strength * np.sin(place + np.sin(place * np.float32(0.61)))


def _coverages(
    sides: Sides, s: float, style: BodyStyle
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coverage of the body, and the weighted coverage of its shell."""
    top, bottom, front, back = sides
    ends = np.minimum(top, bottom)
    walls = np.minimum(front, back)
    edge = _rounded(ends, walls, style.rounding)
    body = _cover(edge, s)
    inset, t = np.float32(style.inset), np.float32(style.thickness)
    outer = _cover(edge - inset, s)
    rim = np.zeros(outer.shape, np.float32)
    taper = _taper(front, back, style.taper)
    for weight, distance, depth, along in (
        (style.ends[0], top, t, taper),
        (style.ends[1], bottom, t, taper),
        (style.walls[0], front, np.float32(0.7) * t, None),
        (style.walls[1], back, np.float32(0.7) * t, None),
    ):
        if weight > 0.0:
            rest = _cover(distance - inset - depth, s)
            line = np.float32(weight) * np.maximum(outer - rest, 0.0)
            rim += line if along is None else line * along
    return body, rim


def _rounded(
    ends: NDArray[np.float32], walls: NDArray[np.float32], size: float
) -> NDArray[np.float32]:
    """The smaller of two distances, corners rounded off over ``size`` units."""
    least = np.minimum(ends, walls)
    if size < 0.5:
        return least
    near = np.maximum(np.float32(size) - np.abs(ends - walls), 0.0)
    return least - near * near * np.float32(0.25 / size)


def _taper(
    front: NDArray[np.float32], back: NDArray[np.float32], left: tuple[float, float]
) -> NDArray[np.float32] | None:
    """How bright the endplates are along their way from the back to the front."""
    if left == (1.0, 1.0):
        return None
    place = np.clip(back / np.maximum(front + back, 1.0), 0.0, 1.0)
    rise = np.clip(place / np.float32(0.35), 0.0, 1.0)
    fall = np.clip((1.0 - place) / np.float32(0.35), 0.0, 1.0)
    behind, ahead = np.float32(left[0]), np.float32(left[1])
    return (behind + (1.0 - behind) * rise) * (ahead + (1.0 - ahead) * fall)
