"""The ends of the spine that NHANES did not measure: T1 to T3 above, L5 and S1 below.

Sources: anterior height L5 / L4 and disc gaps from 1,755 lumbar radiographs
(medians in the data note), reduced by 0.77, the ratio of the L3/4 gap in NHANES
to theirs; posterior height of L5, Cook & Baker, Int J Spine Surg 2021;15:1072,
Table 6; T1 to T3 against T4, Panjabi et al., Spine 1991;16:888; sacral slope
lying 20 to 55 degrees.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vertenet.synthesis.contour import INFERIOR, SUPERIOR
from vertenet.synthesis.fractures import compress

Array = NDArray[np.float64]

_UP = (
    # depth, height against T4; turn of the axis to the next body below, degrees
    (0.96, 0.975, -4.0),
    (0.91, 0.95, -3.0),
    (0.86, 0.90, -2.0),
)
SACRAL_SLOPE_DEG = (20.0, 55.0)


def direction(points: Array) -> float:
    """Angle of the line from the first to the last of (K, 2) points, radians."""
    line = points[-1] - points[0]
    return float(np.arctan2(line[1], line[0]))


def extend(
    bodies: Array, discs: Array, *, top: float, tilt: float, draws: list[float], variant: str
) -> tuple[Array, Array]:
    """T1 to S1 from T4 to L4.

    Args:
        bodies: (13, 64, 2) in their own frames (centre at the origin, axis level).
        discs: (12, 3), see :mod:`chain`.
        top: angle of the axis of T4, radians.
        tilt: angle of the axis of L4, radians.
        draws: 40 standard normal numbers.
        variant: "normal" (18 bodies), "L6" (19, the extra one after L5) or "L4" (17).
    """
    upper, upper_discs = _upper(bodies[0], discs[0], top, draws[:20])
    lower, lower_discs = _lower(bodies[-1], discs[-1], tilt, draws[20:], variant)
    return (
        np.concatenate([upper, bodies[:-1], lower]),
        np.concatenate([upper_discs, discs, lower_discs]),
    )


def _upper(t4: Array, disc: Array, top: float, draws: list[float]) -> tuple[Array, Array]:
    """T1 to T3 and the discs below them, from T4 and its lower disc."""
    bodies, discs, below = [], [], t4
    for i, (depth, height, turn_deg) in enumerate(_UP):
        e = draws[5 * i : 5 * i + 5]
        body = t4 * np.array([depth * (1 + 0.02 * e[0]), height * (1 + 0.025 * e[1])])
        body = compress(body, 0.025 * e[2] * np.linspace(-1, 1, 17))
        # The more T4 leans forward, the sooner the neck straightens up.
        turn = np.radians(turn_deg + 2.0 * e[3]) + 0.14 * (top - np.radians(16.0))
        # The disc bends by what the endplates leave of the turn of the axes.
        bend = turn - direction(body[INFERIOR]) + direction(below[SUPERIOR])
        bend = float(np.clip(bend, -0.07, 0.16))
        discs.append([disc[0] * 0.5, disc[1] * (1 - 0.03 * i) * (1 + 0.12 * e[4]), bend])
        bodies.append(body)
        below = body
    return np.array(bodies[::-1]), np.array(discs[::-1])


def _lumbar(above: Array, e: list[float]) -> Array:
    """A last lumbar body from the one above it: as high in front, lower behind."""
    front, back = 1.01 + 0.05 * e[0], 0.865 + 0.045 * e[1]
    factor = back + (front - back) * np.linspace(0, 1, 17)
    return compress(above, 1 - factor) * np.array([0.99 + 0.025 * e[2], 1.0])


def _half(above: Array, e: list[float]) -> Array:
    """A body half way to the last lumbar one."""
    return compress(above, 0.06 * np.linspace(1, -0.1, 17)) * np.array([1 + 0.02 * e[0], 1.0])


def _lower(
    l4: Array, disc: Array, tilt: float, draws: list[float], variant: str
) -> tuple[Array, Array]:
    """The last lumbar bodies (L4 first), S1, and the discs between them."""
    if variant == "L4":
        lumbar = [_lumbar(l4, draws[:3])]
    elif variant == "L6":
        fifth = _half(l4, draws[:3])
        lumbar = [l4, fifth, _lumbar(fifth, draws[3:6])]
    else:
        lumbar = [l4, _lumbar(l4, draws[:3])]
    unit = float(np.linalg.norm(l4[16] - l4[32]))
    angle, discs = tilt, []
    for i, (above, below) in enumerate(pairwise(lumbar)):
        bend = np.radians(9.0 / (len(lumbar) - 1) + 3.5 * draws[6 + i])
        # Half as high a disc as above is kept: degeneration clusters.
        along = 0.5 * disc[1] - 0.5 * unit * (0.34 + 0.06 * draws[8 + i])
        discs.append([-2.0 + 2.5 * draws[10 + i], along, bend])
        angle += direction(above[INFERIOR]) + bend - direction(below[SUPERIOR])
    sacrum = _sacrum(lumbar[-1], unit, draws[12:17])
    slope = angle + direction(lumbar[-1][INFERIOR]) + np.radians(12.0 + 4.5 * draws[17])
    low, high = np.radians(SACRAL_SLOPE_DEG)
    bend = np.clip(slope, low, high) - angle - direction(lumbar[-1][INFERIOR])
    bend = float(np.clip(bend, np.radians(1.0), np.radians(26.0)))
    along = -unit * (0.31 + 0.06 * draws[18])
    discs.append([-2.0 + 3.0 * draws[19], along, bend])
    return np.array([*lumbar, sacrum]), np.array(discs)


def _sacrum(last: Array, unit: float, e: list[float]) -> Array:
    """S1 with a level superior endplate; tapers to 0.63 of its depth below."""
    width = float(np.linalg.norm(last[32] - last[48])) * (0.98 + 0.03 * e[0])
    height = unit * (1.08 + 0.08 * e[1])
    ps, a_s = np.array([-0.5, 0.0]) * width, np.array([0.5, 0.0]) * width
    pi = ps + height * 0.88 * np.array([-0.03 + 0.06 * e[2], 1.0])
    depth, sink = width * (0.63 + 0.05 * e[3]), np.radians(6 + 5 * e[4])
    ai = pi + depth * np.array([np.cos(sink), np.sin(sink)])
    t = (np.arange(16) / 16)[:, None]
    arch = 4 * t * (1 - t)
    down, out = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    sides = [
        ps + t * (a_s - ps) + 0.035 * arch * height * down,
        a_s + t * (ai - a_s) - 0.05 * arch * width * out,
        ai + t * (pi - ai) - 0.02 * arch * height * down,
        pi + t * (ps - pi) + 0.03 * arch * width * out,
    ]
    return np.concatenate(sides)
