"""What age and surgeons leave: osteophytes, Schmorl nodes, implants, wires of clothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import blob, ellipse, smooth_curve
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]


def degeneration(
    sharp: Pen, six: NDArray[np.float64], params: Params, rng: np.random.Generator
) -> None:
    """Osteophytes and Schmorl's nodes; the six points do not move."""
    for level in range(17):
        points = six[level]
        if not np.isfinite(points).all():
            continue
        depth = float(np.linalg.norm(points[2] - points[0]))
        front = (points[2] - points[0]) / depth
        down = (points[3] - points[2]) / max(float(np.linalg.norm(points[3] - points[2])), 1e-6)
        for corner, way in ((2, -1.0), (3, 1.0), (0, -1.0), (5, 1.0)):
            ahead = front if corner in (2, 3) else -front
            chance = params["osteophytes"] * (1.0 if corner in (2, 3) else 0.25)
            if rng.random() < chance:
                size = depth * rng.uniform(0.06, 0.24)
                point = points[corner]
                spur = np.stack(
                    [
                        point - way * down * 0.22 * depth,
                        point + ahead * 0.55 * size,
                        point + ahead * size + way * down * size * rng.uniform(0.2, 0.9),
                        point + ahead * 0.35 * size + way * down * size * 0.35,
                        point - ahead * 0.12 * depth,
                    ]
                )
                sharp.fill(
                    smooth_curve(np.concatenate([spur, spur[:1]]), 18),
                    rng.uniform(0.4, 1.0) * params["spur_gain"] * params["bone"],
                )
        _bridge(sharp, six, level, params, rng)
        if rng.random() < params["schmorl"]:
            end = points[1] if rng.random() < 0.5 else points[4]
            inward = down if end is points[1] else -down
            node = end + front * rng.normal(0, 0.15) * depth + inward * 0.05 * depth
            sharp.fill(ellipse(node, front, 0.19 * depth, 0.14 * depth), 0.35 * params["bone"])
            sharp.fill(ellipse(node, front, 0.14 * depth, 0.09 * depth), -0.75 * params["bone"])


def _bridge(
    sharp: Pen, six: NDArray[np.float64], level: int, params: Params, rng: np.random.Generator
) -> None:
    """Dense bone before a disc that joins both bodies; the corners lie under it."""
    if rng.random() >= params["bridges"] or not np.isfinite(six[level + 1]).all():
        return
    upper, lower = six[level], six[level + 1]
    depth = float(np.linalg.norm(upper[3] - upper[5]))
    front = (upper[3] - upper[5]) / depth
    middle = 0.5 * (upper[3] + lower[2]) + front * rng.uniform(-0.10, 0.14) * depth
    size = rng.uniform(0.08, 0.2) * depth
    weight = rng.uniform(0.4, 1.0) * params["spur_gain"] * params["bone"]
    sharp.fill(blob(rng, middle, size, rough=0.25, count=14), weight)


def implants(
    sharp: Pen,
    six: NDArray[np.float64],
    curve: SpineCurve,
    params: Params,
    rng: np.random.Generator,
) -> None:
    """Cement, screws with rods, leads, wires of clothing: rare and saturated."""
    present = [k for k in range(3, 17) if np.isfinite(six[k]).all()]
    if params["cement"]:
        for level in rng.choice(present, int(rng.integers(1, 4)), replace=False):
            centre = six[level].mean(axis=0)
            size = 0.30 * float(curve.depth(float(level)))
            for _ in range(3):
                sharp.fill(
                    blob(
                        rng, centre + rng.normal(0, 8, 2), size * rng.uniform(0.5, 1.0), rough=0.5
                    ),
                    1.6,
                )
    if params["screws"]:
        first = int(rng.integers(9, 15))
        levels = range(first, min(first + int(rng.integers(2, 5)), 18))
        for level in levels:
            for split in (-4.0, 5.0):
                ends = curve.at(
                    np.full(2, float(level)),
                    np.array([0.7 * curve.depth(level), -46.0]),
                    np.array([-2.0, -12.0]) + split,
                )
                sharp.stroke(ends, 9.0, 2.0)
        places = np.linspace(levels[0] - 0.2, levels[-1] + 0.2, 12)
        sharp.stroke(curve.at(places, -50.0), 10.0, 2.2)
    if params["lead"]:
        start = curve.at(rng.uniform(1, 5), rng.uniform(80, 260))
        line = smooth_curve(start + np.cumsum(rng.normal([6, 22], 26, (8, 2)), axis=0), 40)
        sharp.stroke(line, 4.0, 1.4)
    if params["wires"]:
        start = curve.at(rng.uniform(4, 9), rng.uniform(-140, 200))
        line = smooth_curve(start + np.cumsum(rng.normal([26, 4], 12, (6, 2)), axis=0), 30)
        sharp.stroke(line, rng.uniform(3, 6), 1.2)
        for place in rng.integers(0, 30, 2):
            sharp.fill(ellipse(line[place], np.array([1.0, 0.0]), 9, 6), 1.2)
    if params["zip"]:
        start = curve.at(rng.uniform(8, 13), rng.uniform(140, 320))
        for k in range(14):
            sharp.fill(
                ellipse(start + [2.0 * k, 12.0 * k], np.array([1.0, 0.0]), 5, 3, count=8), 1.3
            )
