"""What lies against the bodies: closed ends of the discs, foramina, coarse trabeculae.

Seen on crops of real scans at the size of the second look, beside ours: a disc is a dark
lens that seldom reaches the corners, dark foramina follow behind it, and the bodies'
inside is blotched, not grainy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Points, ellipse
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]
_SUPERIOR, _INFERIOR = 0, 32
"""Where the endplates of an outline begin; each has 16 steps, back to front and the other way."""


def neighbours(rng: np.random.Generator, params: Params) -> Params:
    """Draw how discs end, how dark they and foramina are, and coarse texture and noise."""
    bright = params["look"] == "bright"
    closed = rng.random() < (0.35 if params["look"] == "faint" else 0.7)
    drawn: Params = {
        "disc_ends": [float(v) for v in rng.uniform(0.0, 1.0, 2)] if closed else [0.0, 0.0],
        "disc_ends_reach": [float(v) for v in rng.uniform(0.0, 5.5, 2)],
        "disc_dark": float(rng.uniform(0.0, 0.8) if rng.random() < 0.6 else 0.0),
        "foramen_dark": float(rng.uniform(0.0, 1.0) if rng.random() < 0.6 else 0.0),
        "foramen_size": float(rng.uniform(0.7, 1.4)),
    }
    if rng.random() < (0.6 if bright else 0.35):
        drawn["grain"] = float(rng.uniform(0.1, 0.4) ** 2)
        drawn["grain_size"] = float(rng.uniform(2.5, 9.0))
    if rng.random() < 0.4:
        drawn["noise_grain"] = float(rng.uniform(0.6, 2.2))
    if bright and rng.random() < 0.5:
        drawn["low"] = float(rng.uniform(0.2, 3.0))
    if bright and rng.random() < 0.5:
        drawn["posterior"] = params["posterior"] * float(rng.uniform(0.35, 1.0))
    return drawn


def disc_ends(
    sharp: Pen, soft: Pen, outlines: Sequence[Points], params: Params, rng: np.random.Generator
) -> None:
    """Bone of rims and of the ring over both ends of every disc.

    Args:
        sharp: pen of fine bone.
        soft: pen of blurred bone.
        outlines: (64, 2) of each level from above, NaN where there is no body.
        params: ``disc_ends``, the share of a body's density behind and in front,
            ``disc_ends_reach``, how far they reach in, in sixteenths of the endplate, and
            ``disc_dark``, the share that the rest of the disc is darker.
        rng: source of chance.
    """
    shares, reach = params["disc_ends"], params["disc_ends_reach"]
    for above, below in zip(outlines[:-1], outlines[1:], strict=True):
        spread = np.exp(rng.normal(0.0, 0.4, 4))
        if not (np.isfinite(above).all() and np.isfinite(below).all()):
            continue
        steps = [min(max(round(reach[end] * spread[2 + end]), 1), 7) for end in (0, 1)]
        for end in (0, 1):
            weight = min(shares[end] * spread[end], 1.1) * params["bone"]
            sharp.fill(_end(above, below, steps[end], end), 0.5 * weight)
            soft.fill(_end(above, below, min(2 * steps[end], 8), end), 0.5 * weight)
        back, front = steps
        roof, floor = above[_INFERIOR + front : 49 - back], below[back : 17 - front]
        dark = params["disc_dark"] * params["bone"] * spread.mean()
        sharp.fill(np.concatenate([roof, floor]), -0.6 * dark)


def _end(above: Points, below: Points, steps: int, front: int) -> Points:
    """The part of a disc between ``steps`` of both endplates from the back or the front."""
    roof = above[_INFERIOR : _INFERIOR + steps + 1] if front else above[48 - steps : 49][::-1]
    floor = below[16 - steps : 17][::-1] if front else below[_SUPERIOR : steps + 1]
    return np.concatenate([roof, floor[::-1]])


def foramina(sharp: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Dark holes behind the lower half of each body and its disc."""
    dark = params["foramen_dark"] * (0.3 * params["posterior"] + 0.6 * params["bone"])
    if dark <= 0.0:
        return
    for level in range(1, 17):
        chance: NDArray[np.float64] = rng.uniform(0.0, 1.0, 6)
        height, depth = float(curve.height(level)), float(curve.depth(level))
        front = curve.front(level)
        below = np.array([-front[1], front[0]])
        wide = (0.10 + 0.08 * chance[0]) * depth * params["foramen_size"]
        hole = curve.at(level + 0.34 + 0.16 * chance[1], -(0.6 + 0.6 * chance[2]) * wide)
        tilt = below + front * (0.5 * chance[3] - 0.1)
        tilt = tilt / np.linalg.norm(tilt)
        high = (0.20 + 0.16 * chance[4]) * height * params["foramen_size"]
        weight = -0.5 * dark * (0.6 + 0.8 * chance[5])
        for share in (1.0, 0.75):
            sharp.fill(ellipse(hole, tilt, share * high, share * wide), weight)
