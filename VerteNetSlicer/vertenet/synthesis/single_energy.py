"""What single-energy scans show and others hide: lung over the spine, ribs, edges of joints.

Grey scans of one energy (Hologic-like), and many radiographs, keep the lungs' darkness and
the ribs; of bodies and joints hardly more than bright edges is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .canvas import blob
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]


def deep_chest(rng: np.random.Generator, params: Params) -> Params:
    """Lungs that reach far behind the bodies, as single-energy scans show them.

    There the thoracic bodies lie in the dark, between thin ribs that run almost as
    their endplates do; the ribs' angles are a ragged bright seam behind the lung.
    """
    share = {"bright": 0.0, "faint": 0.6, "radiograph": 0.35}[params["look"]]
    deep = bool(rng.random() < share)
    drawn = {
        "deep_chest": deep,
        "chest_posterior": 1.0,
        "seam": 0.0,
        "rib_streaks": 0,
        "sulcus_dark": 0.0,
        "hilum": 0.0,
        "mottle": 0,
    }
    if not deep:
        return drawn
    back = float(rng.uniform(80, 200))
    drawn["endplate"] = params["endplate"] * float(rng.uniform(0.3, 1.0))
    if rng.random() < 0.7:
        drawn["bone"] = params["bone"] * float(rng.uniform(0.0, 0.5))
        drawn["wall"] = params["wall"] * float(rng.uniform(0.1, 0.7))
    return {
        **drawn,
        "posterior": params["posterior"] * float(rng.uniform(0.15, 1.0)),
        "pelvis": params["pelvis"] * float(rng.uniform(0.1, 1.0)),
        "shoulder": params["shoulder"] * float(rng.uniform(0.0, 1.0)),
        "hilum": float(rng.uniform(10, 60)),
        "mottle": int(rng.integers(0, 240)),
        "lung_back": back,
        "rib_loop": float(np.clip(back / 88.0 * rng.uniform(0.85, 1.25), 0.9, 2.6)),
        "rib_width": float(rng.uniform(9, 26)),
        "rib_loop_gain": float(rng.uniform(0.15, 0.9)),
        "rib_split": float(rng.uniform(-30, 30)),
        "sulcus_level": float(rng.uniform(10.4, 13.6)),
        "dome_split": float(rng.uniform(-0.7, 0.7)),
        "dome_rise": float(rng.uniform(60, 280)),
        "chest_depth": float(rng.uniform(220, 620)),
        "air": float(rng.uniform(0.25, 1.1)),
        "streaks": int(rng.integers(8, 60)),
        "streak_gain": float(rng.uniform(0.03, 0.22)),
        "chest_posterior": float(rng.uniform(0.0, 0.6)),
        "seam": float(rng.uniform(0.1, 1.2)),
        "rib_streaks": int(rng.integers(0, 5)),
        "sulcus_dark": float(rng.uniform(0.0, 0.3)),
    }


def fine_lines(rng: np.random.Generator, params: Params) -> Params:
    """Edges of joints as bright as endplates, and the dark fat before the bodies."""
    bright = params["look"] == "bright"
    joints = rng.random() < (0.15 if bright else 0.6)
    drawn = {
        "joint_lines": float(rng.uniform(0.1, 1.0) if joints else 0.0),
        "tangle_size": float(rng.uniform(8, 22) if joints else 12.0),
        "fat_plane": float(rng.uniform(0.02, 0.15) if rng.random() < 0.4 else 0.0),
        "fat_gap": float(rng.uniform(3, 22)),
        "fat_width": float(rng.uniform(6, 22)),
    }
    if not bright and rng.random() < 0.5:
        drawn["posterior"] = params["posterior"] * float(rng.uniform(0.1, 0.8))
    return drawn


def seam(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """What ribs leave where lung reaches far behind the spine.

    Their angles, seen from end to end, are a ragged seam behind the lung; between it and
    the bodies their edges are thin lines that run almost as the endplates do.
    """
    if not params["deep_chest"]:
        return
    behind = params["lung_back"]
    column = np.linspace(0.5, 11.5, 40)
    soft.stroke(
        curve.at(column, -behind * 1.06 + rng.normal(0, 4, 40)),
        rng.uniform(20, 60) * np.exp(rng.normal(0, 0.25, 40)),
        0.25 * params["seam"],
    )
    for level in np.arange(1.0, 11.5, 0.25):
        place = curve.at(level + rng.normal(0, 0.1), -behind * rng.uniform(0.92, 1.22))
        knot = blob(rng, place, rng.uniform(5, 20), rough=0.5, count=12)
        sharp.bone(knot, params["seam"] * rng.uniform(0.1, 1.0), shell=1.0, share=0.7)
    for level in range(2, 12):
        for _ in range(int(rng.integers(0, params["rib_streaks"] + 1))):
            _streak(sharp, curve, level, params, rng)


def _streak(
    sharp: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    depth, behind = float(curve.depth(level)), params["lung_back"]
    first = level + rng.uniform(-0.5, 0.5)
    fall = rng.normal(0.1, 0.25)
    way = np.linspace(0.0, 1.0, 10)
    start, stop = -behind * rng.uniform(0.4, 1.0), rng.uniform(-0.6, 1.2) * depth
    place = start + way * (stop - start)
    line = curve.at(first + fall * way + rng.normal(0, 0.1) * way * (1.0 - way), place)
    weight = params["endplate"] * rng.uniform(0.1, 0.8)
    sharp.stroke(line, rng.uniform(1.5, 5.0), weight)
    if rng.random() < 0.5:
        shift = np.array([0.0, rng.uniform(4.0, 9.0)])
        sharp.stroke(line + shift, rng.uniform(1.5, 5.0), rng.uniform(-0.8, 0.6) * weight)


def joint(
    sharp: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    """A bent bright line with a dark one beside it: the gap of a facet joint or a lamina."""
    height, depth = float(curve.height(level)), float(curve.depth(level))
    corner = curve.at(level + rng.uniform(-0.1, 0.6), -rng.uniform(0.0, 0.5) * depth)
    front = curve.front(level)
    below = np.array([-front[1], front[0]])
    up = corner - rng.uniform(0.15, 0.5) * height * below + rng.uniform(-0.1, 0.2) * depth * front
    back = corner - rng.uniform(0.1, 0.6) * depth * front + rng.normal(0, 0.15) * height * below
    line = np.stack([up, corner, back])
    weight = params["joint_lines"] * params["endplate"] * rng.uniform(0.3, 1.0)
    sharp.stroke(line, rng.uniform(2.0, 4.5), weight)
    if rng.random() < 0.6:
        shift = rng.uniform(3.0, 7.0) * (front if rng.random() < 0.5 else -front)
        sharp.stroke(line + shift, rng.uniform(2.0, 5.0), -0.7 * weight)
