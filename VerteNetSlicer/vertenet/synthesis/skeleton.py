"""The bones next to the bodies: posterior elements and ribs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import single_energy
from .canvas import blob, ellipse, smooth_curve
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]


def posterior_elements(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Pedicles, facets, laminae, spinous and transverse processes."""
    gain = params["posterior"]
    column = np.linspace(-0.6, 17.2, 72)
    depth, thoracic = curve.depth(column), np.clip((11.5 - column) / 3.0, 0.0, 1.0)
    wave = 1.0 + 0.22 * np.cos(2.0 * np.pi * column + 0.6) + rng.normal(0, 0.06, 72)
    back = -(6.0 + params["canal"] * 0.26 * depth)
    for part, share in _stretches(column, params):
        way, spread = column[part], depth[part]
        soft.stroke(
            curve.at(way, (back - 0.10 * depth)[part]),
            (wave * 0.36 * depth)[part],
            share * 0.5 * gain,
        )
        soft.stroke(
            curve.at(way, (back - 0.30 * depth)[part]),
            0.75 * spread,
            share * 0.10 * gain * (0.4 + params["rib_loop_gain"]),
        )
    # rib heads and transverse processes lie over the back third of the thoracic bodies
    over = params["costal"] * thoracic
    keep = over > 0.0
    soft.stroke(
        curve.at(column, 0.02 * depth)[keep],
        (wave * 0.50 * depth)[keep],
        0.25 * gain * params["costal"],
    )
    for level in _shown(params):
        _arch(sharp, soft, curve, level, params, rng)
        _tangle(sharp, curve, level, params, rng)


def _stretches(
    column: NDArray[np.float64], params: Params
) -> list[tuple[NDArray[np.bool_], float]]:
    """The column in one piece, or its thoracic part fainter where lung lies over it."""
    if not params["deep_chest"]:
        return [(np.ones(len(column), bool), 1.0)]
    return [(column <= 11.0, params["chest_posterior"]), (column >= 10.6, 1.0)]


def _shown(params: Params) -> range:
    """Level numbers that can reach into the picture."""
    first = max(int(params["top_level"]) - 2, 0)
    return range(first, min(int(params["bottom_level"]) + 3, 18))


def _arch(
    sharp: Pen, soft: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    gain = params["posterior"] * rng.uniform(0.75, 1.25)
    if level < 11:
        gain *= params["chest_posterior"]
    height, depth = float(curve.height(level)), float(curve.depth(level))
    front = curve.front(level)
    below = np.array([-front[1], front[0]])
    canal = (6.0 + params["canal"] * 0.26 * depth) + 0.12 * depth
    _roots(sharp, curve, level, params, rng)
    for side in (-1.0, 1.0):
        skew = side * params["skew"] * rng.uniform(0.5, 1.5)
        ahead = (0.08 * depth, -0.5 * canal, -canal, -canal, -0.5 * canal, 0.08 * depth)
        down = [f * height + skew for f in (-0.34, -0.28, -0.44, 0.30, 0.14, 0.20)]
        shape = curve.around(level, ahead + ahead[:1], down + down[:1])
        outline = smooth_curve(shape, 22)
        sharp.fill(outline, 0.30 * gain)
        soft.fill(outline, 0.15 * gain)
        facet = curve.at(level + 0.5, -canal - 0.02 * depth, skew)
        tilt = front * rng.uniform(0.1, 0.5) + below
        tilt /= math.hypot(*tilt)
        soft.fill(ellipse(facet, tilt, 0.42 * height, 0.15 * depth), 0.34 * gain)
        sharp.bone(ellipse(facet + side * 3.0, tilt, 0.46 * height, 0.12 * depth), 0.26 * gain)
        hole = curve.at(level + 0.36, -rng.uniform(0.04, 0.2) * depth, skew)
        sharp.fill(
            ellipse(hole, tilt, rng.uniform(0.2, 0.4) * height, rng.uniform(0.08, 0.14) * depth),
            -0.25 * params["foramen"] * gain,
        )
        lamina = curve.at(level + 0.15, -canal - 0.22 * depth, skew)
        sharp.bone(blob(rng, lamina, 0.26 * height, rough=0.3, count=14), 0.22 * gain)
        if level < 12:
            head = curve.at(level - 0.42, rng.uniform(-6, 12), skew)
            sharp.fill(
                ellipse(head, front, 0.22 * depth + 4, 0.26 * height),
                0.22 * gain * params["costal"],
            )
            process = curve.at(level + 0.1, -canal - 0.30 * depth, skew)
            sharp.bone(blob(rng, process, 0.34 * height, rough=0.25, count=14), 0.30 * gain)
    _spinous(soft, curve, level, gain, rng)


def _roots(
    sharp: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    """Bone just behind the posterior wall, as dense as the body: it hides the wall.

    On real bright scans grey falls 9 % of the height behind the posterior
    corners of T6 to T10, not on them.
    """
    height = float(curve.height(level))
    pad = params["back_pad"] * height * (1.0 if level < 12 else 0.35) * rng.uniform(0.7, 1.3)
    if pad < 0.5:
        return
    across = np.array([0.4, -pad, -pad * rng.uniform(0.6, 1.1), 0.4])
    down = np.array([-0.46, -0.44, 0.46, 0.47]) * height
    quad = curve.at(np.full(4, float(level)), across, down)
    sharp.fill(quad, params["bone"] * rng.uniform(0.5, 1.1))


def _tangle(
    sharp: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    """Short bright lines where the edges of joints and processes cross."""
    depth = float(curve.depth(level))
    for _ in range(int(rng.integers(0, params["tangle"] + 1))):
        start = curve.at(level + rng.uniform(-0.5, 0.5), rng.uniform(-0.9, 0.1) * depth)
        step = rng.normal(0, params["tangle_size"], (2, 2))
        line = smooth_curve(np.stack([start, start + step[0], start + step[0] + step[1]]), 7)
        sharp.stroke(line, rng.uniform(2, 5), rng.uniform(0.05, 0.35) * params["posterior"])
    if params["joint_lines"] > 0.0 and level >= 10:
        single_energy.joint(sharp, curve, level, params, rng)


def _spinous(
    soft: Pen, curve: SpineCurve, level: int, gain: float, rng: np.random.Generator
) -> None:
    height, depth = float(curve.height(level)), float(curve.depth(level))
    thoracic = level < 11
    start, stop = -0.50 * depth - 10.0, -(1.35 if thoracic else 1.25) * depth - rng.uniform(0, 16)
    fall = (0.85 if thoracic else 0.45) * height + rng.uniform(-4, 8)
    thick = (0.36 if thoracic else 0.62) * height
    shape = curve.around(
        level,
        (start, stop * 0.8, stop, stop - 3, stop * 0.85, start, start),
        (
            0.10 * height,
            fall - 0.45 * thick,
            fall - 0.25 * thick,
            fall + 0.35 * thick,
            fall + 0.62 * thick,
            0.10 * height + 0.8 * thick,
            0.10 * height,
        ),
    )
    shape = smooth_curve(shape, 24)
    soft.bone(shape, (0.34 if thoracic else 0.22) * gain, shell=0.35)


def ribs(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Two ribs at each thoracic level, each a loop behind and a stripe in front."""
    for level in range(12):
        if level > params["bottom_level"] + 2.0 or level < params["top_level"] - 9.0:
            continue
        for side in (0, 1):
            _rib(sharp, soft, curve, level, side, params, rng)


def _rib(
    sharp: Pen,
    soft: Pen,
    curve: SpineCurve,
    level: int,
    side: int,
    params: Params,
    rng: np.random.Generator,
) -> None:
    height, depth = float(curve.height(level)), float(curve.depth(level))
    shift = side * params["rib_split"] + rng.normal(0, 3)
    reach = params["rib_loop"] * depth * (1.0 - 0.35 * (level in (0, 11)))
    start = curve.at(level - 0.45, 0.1 * depth, shift)
    loop = [
        start,
        curve.at(level - 0.35, -0.6 * reach, shift + 0.05 * height),
        curve.at(level, -reach, shift + 0.10 * height),
        curve.at(level + 0.45, -0.85 * reach, shift + 0.15 * height),
        curve.at(level + 0.8, -0.2 * depth, shift + 0.1 * height),
    ]
    slope = np.deg2rad(params["rib_angle"] + rng.normal(0, 2.5))
    ahead = np.array([np.cos(slope), np.sin(slope)])
    bend = np.array([-ahead[1], ahead[0]])
    length = params["rib_length"] * np.interp(level, [0, 3, 7, 9, 11], [0.45, 0.9, 1.1, 0.75, 0.35])
    base = loop[-1]
    front = [
        base + ahead * length * t + bend * params["rib_bend"] * (t - t * t) * length
        for t in (0.3, 0.65, 1.0)
    ]
    width = params["rib_width"] * rng.uniform(0.85, 1.15)
    line = smooth_curve(np.array(loop), 22)
    weight = params["ribs"]
    sharp.pipe(line, 0.72 * width, 0.55 * weight * params["rib_loop_gain"])
    forward = smooth_curve(np.array([loop[-2], loop[-1], *front]), 22)
    soft.stroke(forward, width * np.linspace(0.85, 1.25, 22), 0.24 * weight)
    rim = params["rib_rim"] * weight
    if rim > 0.0:
        for edge in (-0.5, 0.5):
            offset = bend * edge * width
            sharp.stroke(forward + offset, 3.0, rim * rng.uniform(0.3, 1.0))
