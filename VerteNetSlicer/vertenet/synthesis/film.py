"""Plain films as they come: the trunk narrow in the picture, pelvis and hips below, little noise.

Seen on ten lateral lumbar radiographs beside ours: air outside the trunk is grey, bone hardly
brighter than what lies before it, endplates are broad soft bands, and discs thin dark lenses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Params = dict[str, Any]
SHARE = 0.6


def film(rng: np.random.Generator, params: Params) -> Params:
    """What such a film has other than the radiographs drawn so far; nothing for other looks."""
    if params["look"] != "radiograph" or rng.random() >= SHARE:
        return {}
    bone = float(rng.uniform(0.06, 0.24))
    return {**_bones(rng, bone), **_field(rng), **_tissues(rng), **_detector(rng)}


def _bones(rng: np.random.Generator, bone: float) -> Params:
    line = bone * float(rng.uniform(0.6, 1.8))
    return {
        "bone": bone,
        "endplate": line,
        "wall": line * float(rng.uniform(0.1, 0.9)),
        "back_wall": float(rng.uniform(0.2, 1.0)),
        "thickness": float(rng.uniform(2.8, 6.5)),
        "posterior": bone * float(rng.uniform(1.0, 3.5)),
        "back_pad": float(rng.uniform(0.0, 0.28)),
        "hollow": float(rng.uniform(0.0, 0.3)),
        "level_spread": float(rng.uniform(0.02, 0.1)),
        "upper_fade": float(rng.uniform(-0.1, 0.2)),
        "lost_ends": float(rng.uniform(0.0, 0.08)),
        "taper": [float(v) for v in rng.uniform(0.2, 1.1, 2)],
        "uneven": float(rng.uniform(0.0, 0.5)),
        "tangle": int(rng.integers(0, 3)),
        "pelvis": float(rng.uniform(0.2, 0.8)),
        "femur": 1.0,
        "lips": [float(rng.uniform(0.5, 1.0)), *(rng.uniform(0.0, 1.0, 3) * (0.16, 0.09, 0.12))],
        "lip_gain": [float(v) for v in rng.uniform((0.2, 0.3), (1.0, 1.3))],
        "disc_scale": float(rng.uniform(0.5, 1.8)),
        "disc_dark": float(rng.uniform(0.0, 1.0)),
        "disc_ends": [float(v) for v in rng.uniform(0.2, 1.0, 2)],
        "foramen_dark": float(rng.uniform(0.2, 1.4)),
    }


def _field(rng: np.random.Generator) -> Params:
    if rng.random() < 0.5:
        return {}
    return {
        "top_level": float(rng.uniform(6.5, 11.6)),
        "bottom_level": float(rng.uniform(21.0, 27.0)),
        "aspect": float(rng.uniform(1.0, 1.8)),
        "spine_x": float(rng.uniform(0.4, 0.62)),
        "back_fat": float(rng.uniform(-10, 80)),
        "trunk_depth": float(rng.uniform(200, 340)),
    }


def _tissues(rng: np.random.Generator) -> Params:
    return {
        "tissue": float(rng.uniform(0.4, 1.0)),
        "tissue_noise": float(rng.uniform(0.004, 0.025)),
        "hips": float(rng.uniform(0.2, 1.1)),
        "threads": int(rng.integers(0, 4)),
        "folds": int(rng.integers(0, 2)),
        "gas_gain": float(rng.uniform(0.03, 0.2)),
        "gradient_x": float(rng.normal(0, 0.08)),
        "gradient_y": float(rng.normal(0, 0.10)),
    }


def _detector(rng: np.random.Generator) -> Params:
    return {
        "noise": float(rng.uniform(0.01, 0.08) ** 2),
        "grain": float(rng.uniform(0.05, 0.35) ** 2),
        "grain_size": float(rng.uniform(2.0, 7.0)),
        "lines": 0.0,
        "highpass": float(rng.uniform(0.2, 0.7) if rng.random() < 0.3 else 0.0),
        "sharpen": float(rng.uniform(0.2, 1.2) if rng.random() < 0.5 else 0.0),
        "shadow": float(rng.uniform(0.0, 0.55)),
        "ceiling": float(rng.uniform(0.8, 1.0)),
        "low": float(rng.uniform(0.0, 1.5)),
        "high": float(rng.uniform(0.0, 0.8)),
    }
