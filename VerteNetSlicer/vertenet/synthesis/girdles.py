"""The bones at both ends: scapula, arm and sternum; sacrum, ilia and femora."""

from __future__ import annotations

from typing import Any

import numpy as np

from .canvas import blob, ellipse, smooth_curve
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]
_S1 = 17


def shoulder(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Scapula, humerus or raised arm, clavicle and sternum."""
    gain = params["shoulder"]
    if gain > 0.0:
        _arm(sharp, soft, curve, gain, rng)
    if params["sternum"] > 0.0:
        top = curve.at(0.5, rng.uniform(150, 230), -20.0)
        run = rng.uniform(60, 200)
        knots = [
            top,
            top + [0.45 * run, 140],
            top + [0.85 * run, 270],
            top + [run, 400 + rng.uniform(-80, 80)],
        ]
        line = smooth_curve(np.array(knots), 24)
        sharp.pipe(line, rng.uniform(22, 40), 0.5 * params["sternum"])
        for place in rng.uniform(4, 20, 2):
            joint = line[int(place)]
            sharp.stroke(
                np.stack([joint - [14, 3], joint + [14, 3]]), 4.0, -0.25 * params["sternum"]
            )


def _arm(sharp: Pen, soft: Pen, curve: SpineCurve, gain: float, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 3))):
        joint = curve.at(rng.uniform(-1, 1.2), rng.uniform(20, 150))
        angle = np.deg2rad(rng.choice([rng.uniform(-75, 10), rng.uniform(20, 60)]))
        ahead = np.array([np.cos(angle), np.sin(angle)])
        line = smooth_curve(
            np.stack([joint, joint + 220 * ahead + rng.normal(0, 12, 2), joint + 480 * ahead]), 16
        )
        sharp.pipe(line, rng.uniform(42, 62), 0.6 * gain)
        soft.stroke(line, rng.uniform(130, 220), 0.35 * gain)
        sharp.bone(ellipse(joint, ahead, 52, 44), 0.55 * gain, shell=0.35)
    if rng.random() < 0.6:
        mass = curve.at(rng.uniform(-2.0, 1.5), rng.uniform(-60, 160))
        soft.fill(blob(rng, mass, rng.uniform(90, 200), rough=0.3), rng.uniform(0.15, 0.7) * gain)
    level = rng.uniform(0.0, 3.0)
    corner = curve.at(level, rng.uniform(-90, 40))
    turn = np.deg2rad(rng.uniform(50, 115))
    along = np.array([np.cos(turn), np.sin(turn)])
    blade = np.stack(
        [
            corner - 130 * along + [rng.uniform(40, 120), 0],
            corner - 100 * along - [70, 0],
            corner + 60 * along - [40, 0],
            corner + rng.uniform(100, 190) * along,
            corner + [40, -20],
        ]
    )
    plate = smooth_curve(np.concatenate([blade, blade[:1]]), 28)
    sharp.bone(plate, 0.28 * gain, shell=0.45, share=0.9)
    spine = smooth_curve(np.stack([blade[0], corner + rng.normal(0, 20, 2), blade[3]]), 12)
    sharp.stroke(spine, rng.uniform(8, 18), 0.3 * gain)


def pelvis(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Sacrum below S1, iliac crests over L5, femoral heads."""
    gain = params["pelvis"]
    if gain <= 0.0:
        return
    _sacrum(sharp, soft, curve, gain * params["sacrum"], params, rng)
    for side in (-1.0, 1.0):
        crest = curve.at(
            _S1, params["crest_forward"] + side * params["crest_split"], params["crest_down"] - 40
        )
        wide, high = params["crest_width"], params["crest_height"]
        angle = np.linspace(0, np.pi, 20)
        wing = crest + np.stack([-np.cos(angle) * wide, -np.sin(angle) * high], axis=1)
        wing += np.array([0.0, high]) + side * np.array([0.4, 0.25]) * params["crest_split"]
        low = crest + np.array([rng.uniform(-30, 60), rng.uniform(320, 700)])
        shape = np.concatenate(
            [wing, (low + [0.8 * wide, 0])[None], (low - [0.8 * wide, 30])[None], wing[:1]]
        )
        soft.fill(smooth_curve(shape, 60), rng.uniform(0.08, 0.50) * gain)
        sharp.stroke(wing, rng.uniform(4, 11), 0.32 * gain)
        for _ in range(3):
            start = wing[int(rng.integers(4, 16))]
            inner = smooth_curve(
                np.stack(
                    [start, start + rng.normal([0, 60], 30), start + rng.normal([0, 160], 50)]
                ),
                10,
            )
            sharp.stroke(inner, rng.uniform(3, 9), 0.22 * gain)
    for _ in range(2 if params["femur"] > 0 else 0):
        head = curve.at(_S1, rng.uniform(20, 130), rng.uniform(230, 330))
        sharp.bone(
            ellipse(head, np.array([1.0, 0.0]), 66, 64, count=28),
            0.35 * gain,
            shell=0.3,
            share=0.93,
        )
        soft.stroke(np.stack([head, head + [rng.uniform(-40, 60) * 3, 780]]), 95, 0.4 * gain)


def _sacrum(
    sharp: Pen, soft: Pen, curve: SpineCurve, gain: float, params: Params, rng: np.random.Generator
) -> None:
    top = curve.centre(float(_S1))
    depth = float(curve.depth(_S1))
    front = curve.front(float(_S1))
    below = np.array([-front[1], front[0]])
    bend = np.deg2rad(rng.uniform(4, 14))
    place, line = top.copy(), []
    for _ in range(6):
        line.append(place.copy())
        place = place + 46 * below
        below = np.array(
            [
                below[0] * np.cos(bend) - below[1] * np.sin(bend),
                below[0] * np.sin(bend) + below[1] * np.cos(bend),
            ]
        )
    curve_line = smooth_curve(np.array(line), 20)
    width = np.linspace(0.95, 0.25, 20) * depth
    width[-4:] *= (0.85, 0.6, 0.35, 0.1)
    soft.stroke(curve_line[3:], width[3:], 0.55 * gain)
    sharp.stroke(curve_line[3:], width[3:], 0.12 * gain)
    outward = np.linspace(0.5, 0.14, 20)[:, None] * depth
    step = np.gradient(curve_line, axis=0)
    normal = np.stack([step[:, 1], -step[:, 0]], axis=1) / np.linalg.norm(
        step, axis=1, keepdims=True
    )
    sharp.stroke(curve_line[3:] + (outward * normal)[3:], 4.0, 0.35 * gain)
    sharp.stroke(curve_line[3:] - (outward * normal)[3:], 4.0, 0.25 * gain)
    for k in (8, 12, 15):
        sharp.stroke(
            np.stack(
                [curve_line[k] - (outward * normal)[k], curve_line[k] + (outward * normal)[k]]
            ),
            4.0,
            0.25 * gain,
        )
    back = curve_line - 1.5 * outward * normal
    soft.stroke(back, 0.7 * width, 0.35 * gain)
    wing = top + front * rng.uniform(-30, 10) + below * rng.uniform(30, 70)
    soft.fill(blob(rng, wing, rng.uniform(60, 120), rough=0.15), rng.uniform(0.1, 0.5) * gain)
