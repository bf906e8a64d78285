"""Vertebral bodies: trabecular inside, cortical shell, doubled contours.

The outline of a body is the outer edge of its cortex: drawn coverage is one
half exactly there, so the point convention (`docs/synthesis.md`) holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import Image, Points
from .view import View


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
    window = _window(view, outline)
    if window is None:
        return
    rows, columns, x, y = window
    sides = _side_distances(outline, x, y)
    s = 1.0 / view_step(view)
    total = np.zeros(x.shape, np.float32)
    inside = np.zeros(x.shape, np.float32)
    doubled = style.tilt > 0.05 or style.twist > 0.05
    for sign in (1.0, -1.0) if doubled else (0.0,):
        copy = _copy(sides, sign * style.tilt, sign * style.twist)
        body, rim = _coverages(copy, s, style)
        if style.uneven[0] > 0.0:
            rim *= _wave(copy, style.uneven)
        share = 0.5 if doubled else 1.0
        total += share * (rim + style.plateau * body)
        inside += share * body
    if style.hollow > 0.0:
        middle = np.clip(np.minimum.reduce(sides) / (0.35 * _half_height(outline)), 0.0, 1.0)
        total -= style.hollow * style.plateau * middle * inside
    image[rows, columns] += total
    plateau[rows, columns] += style.plateau * inside


def view_step(view: View) -> float:
    """Width of a drawn edge in units: one pixel."""
    return 1.0 / view.scale


def _half_height(outline: Points) -> float:
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


def _side_distances(outline: Points, x: NDArray[np.float32], y: NDArray[np.float32]) -> Sides:
    """Distances inwards from the top, bottom, front and back side, in units."""
    top, front = outline[0:17], _flush(outline[16:33])
    bottom, back = outline[32:49][::-1], np.concatenate([outline[48:], outline[:1]])[::-1]
    centre = outline.mean(axis=0)
    ahead = front.mean(axis=0) - back.mean(axis=0)
    ahead /= np.linalg.norm(ahead)
    below = np.array([-ahead[1], ahead[0]])
    u = (x - np.float32(centre[0])) * np.float32(ahead[0]) + (
        y - np.float32(centre[1])
    ) * np.float32(ahead[1])
    v = (x - np.float32(centre[0])) * np.float32(below[0]) + (
        y - np.float32(centre[1])
    ) * np.float32(below[1])

    def local(side: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (side - centre) @ ahead, (side - centre) @ below

    tu, tv = local(top)
    bu, bv = local(bottom)
    fu, fv = local(front)
    pu, pv = local(back)
    return (
        _graph_distance(u, v, tu, tv, 1.0),
        _graph_distance(u, v, bu, bv, -1.0),
        _graph_distance(v, u, fv, fu, -1.0),
        _graph_distance(v, u, pv, pu, 1.0),
    )


def _flush(wall: Points) -> Points:
    """Keep a wall from bulging out beyond the chord of its corners.

    NHANES places the anterior corners up to 8 % of the height behind the rim
    of thoracic bodies, readers of real scans on the rim itself (measured on
    intensity profiles, `docs/synthesis.md`).
    """
    chord = (wall[-1] - wall[0]) / max(float(np.linalg.norm(wall[-1] - wall[0])), 1e-6)
    outward = np.array([chord[1], -chord[0]])
    beyond = np.maximum((wall - wall[0]) @ outward, 0.0)
    return wall - 0.85 * beyond[:, None] * outward


def _graph_distance(
    along: NDArray[np.float32],
    across: NDArray[np.float32],
    knot: NDArray[np.float64],
    value: NDArray[np.float64],
    sign: float,
) -> NDArray[np.float32]:
    """Distance to a side that is a graph over its own direction."""
    order = np.argsort(knot)
    knot, value = knot[order], value[order]
    count = 48
    slope_left = np.clip((value[3] - value[0]) / max(knot[3] - knot[0], 1e-6), -1.0, 1.0)
    slope_right = np.clip((value[-1] - value[-4]) / max(knot[-1] - knot[-4], 1e-6), -1.0, 1.0)
    reach = 0.3 * (knot[-1] - knot[0])
    knot = np.concatenate([[knot[0] - reach], knot, [knot[-1] + reach]])
    value = np.concatenate(
        [[value[0] - slope_left * reach], value, [value[-1] + slope_right * reach]]
    )
    grid = np.linspace(knot[0], knot[-1], count)
    table = np.interp(grid, knot, value)
    step = grid[1] - grid[0]
    cosine = 1.0 / np.sqrt(1.0 + np.gradient(table, step) ** 2)
    place = np.clip((along - np.float32(grid[0])) * np.float32(1.0 / step), 0.0, count - 1.001)
    index = place.astype(np.int32)
    part = place - index
    low = table.astype(np.float32)
    height = low[index] + (low[index + 1] - low[index]) * part
    return np.float32(sign) * (across - height) * cosine.astype(np.float32)[index]


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
