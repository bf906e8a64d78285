"""Everything drawn by chance, in one flat dictionary, so that any scan can be replayed."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import single_energy
from .film import film
from .neighbours import neighbours

LOOKS = ("bright", "faint", "radiograph")
LOOK_SHARES = (0.43, 0.36, 0.21)
FIELDS = ("whole", "t4l5", "lumbar", "thoracic")

# Half the chance that a wall of L1 to L4 is calcified in the 40 % of aortas drawn with
# plaque: overall near the shares of NHANES 2013-14 (DXXAAC_H; posterior / anterior wall
# L1 0.09 / 0.05, L2 0.14 / 0.09, L3 0.20 / 0.15, L4 0.20 / 0.14), with high scores oftener.
_CALCIFIED = (0.12, 0.14, 0.18, 0.20)

Params = dict[str, Any]


def draw_parameters(rng: np.random.Generator, *, look: str | None = None) -> Params:
    """Draw all parameters of one scan.

    Args:
        rng: the source of chance; equal states give equal parameters.
        look: "bright", "faint" or "radiograph"; drawn if None.

    Returns:
        A dictionary of plain numbers, strings and lists.  Lengths are in
        units of the spine shape (about 0.365 mm), places along the spine in
        level numbers (0 is T1, 17 is S1).
    """
    chosen = look or str(rng.choice(LOOKS, p=LOOK_SHARES))
    params: Params = {"look": chosen, "seed": int(rng.integers(2**62))}
    params.update(_field(rng, chosen))
    params.update(_bones(rng, chosen))
    params.update(_soft(rng, chosen))
    params.update(_rare(rng))
    params.update(_detector(rng, chosen))
    params.update(single_energy.deep_chest(rng, params))
    params.update(single_energy.fine_lines(rng, params))
    params.update(neighbours(rng, params))
    params.update(film(rng, params))
    return params


def _chance(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _field(rng: np.random.Generator, look: str) -> Params:
    if look == "radiograph":
        field = str(rng.choice(["radiograph", "lumbar"], p=[0.75, 0.25]))
    else:
        field = str(rng.choice(FIELDS, p=[0.46, 0.30, 0.16, 0.08]))
    top, bottom = {
        "whole": (rng.uniform(-1.0, 3.6), rng.uniform(16.5, 20.0)),
        # scans often end within L5, or even above it: the lowest body is not always S1
        "t4l5": (rng.uniform(1.5, 3.6), rng.uniform(14.9, 17.7)),
        "lumbar": (rng.uniform(7.5, 11.4), rng.uniform(15.3, 20.0)),
        "thoracic": (rng.uniform(-1.0, 2.5), rng.uniform(10.5, 14.5)),
        "radiograph": (rng.uniform(8.0, 11.6), rng.uniform(18.2, 22.5)),
    }[field]
    wide = look == "radiograph"
    return {
        "field": field,
        "top_level": float(top),
        "bottom_level": float(bottom),
        "aspect": _aspect(rng, wide),
        "rotation": float(np.clip(rng.normal(0, 3.5), -9, 9)),
        "spine_x": float(
            rng.uniform(0.3, 0.6) if wide else np.clip(rng.normal(0.38, 0.09), 0.18, 0.66)
        ),
        "mirror": _chance(rng, 0.5),
        "fracture_rate": 0.15,
    }


def _aspect(rng: np.random.Generator, wide: bool) -> float:
    """Width of a pixel's scale over its height; films are often squeezed into a square."""
    if wide and _chance(rng, 0.65):
        return float(rng.uniform(1.1, 1.9) if _chance(rng, 0.85) else rng.uniform(0.5, 0.8))
    return float(np.exp(rng.normal(0, 0.10)))


def _bones(rng: np.random.Generator, look: str) -> Params:
    drawn = _drawn_bones(rng, look)
    if look != "bright" and _chance(rng, 0.45):
        # many faint scans show of a body hardly more than its endplates
        drawn["bone"] *= float(rng.uniform(0.0, 0.4))
        drawn["wall"] *= float(rng.uniform(0.0, 0.3))
        drawn["endplate"] = max(drawn["endplate"], float(rng.uniform(0.12, 0.45)))
    if look == "radiograph":
        gain = float(np.exp(rng.uniform(np.log(0.3), 0.1)))
        for name in ("bone", "endplate", "wall", "posterior", "pelvis"):
            drawn[name] *= gain
    return drawn


def _drawn_bones(rng: np.random.Generator, look: str) -> Params:
    bright, faint = look == "bright", look == "faint"
    low, high = {"bright": (0.5, 1.5), "faint": (0.5, 1.7)}.get(look, (0.8, 2.2))
    return {
        "bone": float(
            rng.uniform(0.45, 0.70)
            if bright
            else rng.choice([rng.uniform(0.0, 0.08), rng.uniform(0.05, 0.35)])
            if faint
            else rng.uniform(0.08, 0.35)
        ),
        "endplate": float(
            rng.uniform(0.25, 0.75)
            if bright
            else rng.uniform(0.08, 0.70)
            if faint
            else rng.uniform(0.10, 0.55)
        ),
        "wall": float(max(rng.uniform(-0.08, 0.22), 0.0) if bright else rng.uniform(0.05, 0.50)),
        "thickness": float(rng.uniform(2.4, 5.5)),
        "back_wall": float(rng.uniform(0.0, 0.9)),
        "uneven": float(rng.uniform(0.0, 0.7 if bright else 1.0)),
        "tilt": float(abs(rng.normal(0, 1.6))),
        "twist": float(abs(rng.normal(0, 1.4))),
        "scoliosis": float(abs(rng.normal(0, 4.0)) if _chance(rng, 0.3) else 0.0),
        "hollow": float(max(rng.normal(0.15, 0.2), 0.0)),
        "grain": float(rng.uniform(0.05, 0.45) ** 2),
        "grain_size": float(rng.uniform(1.0, 4.0)),
        "level_spread": float(rng.uniform(0.02, 0.15)),
        "upper_fade": float(rng.uniform(-0.1, 0.45)),
        "posterior": float(rng.uniform(0.8, 2.2) if bright else rng.uniform(0.12, 0.6)),
        "back_pad": float(rng.uniform(0.0, 0.28)),
        "disc_scale": float(rng.uniform(low, high)),
        "disc_bend": float(rng.uniform(0.0, 4.0)),
        "taper": [float(v) for v in rng.uniform(0.0 if not bright else 0.3, 1.2, 2)],
        "lost_ends": float(rng.uniform(0.0, 0.10 if bright else 0.25)),
        "rounding": float(rng.uniform(0.0, 7.0)),
        "flat": [float(v) for v in rng.uniform(-0.3, 1.3, 2)],
        "cut": float(rng.uniform(-0.01, 0.06)),
        "lips": [
            float(
                rng.uniform(0.3, 1.0) if _chance(rng, 0.8 if look == "radiograph" else 0.35) else 0
            ),
            *(float(v) for v in rng.uniform(0.0, 1.0, 3) * (0.14, 0.06, 0.10)),
        ],
        "lip_gain": [float(v) for v in rng.uniform((0.3, 0.0), (1.0, 1.0))],
        "shell": float(rng.uniform(0.6, 1.3) if bright else rng.uniform(0.8, 2.0)),
        "tangle": int(rng.integers(0, 4) if bright else rng.integers(0, 9)),
        "costal": float(rng.uniform(0.0, 1.3)),
        "canal": float(rng.uniform(0.35, 1.2)),
        "foramen": float(max(rng.uniform(-0.5, 1.0), 0.0)),
        "skew": float(abs(rng.normal(0, 3.0))),
        "ribs": float(rng.uniform(0.25, 0.9) if bright else rng.uniform(0.0, 0.6)),
        "rib_angle": float(rng.normal(30, 6)),
        "rib_bend": float(rng.uniform(-0.25, 0.25)),
        "rib_length": float(rng.uniform(320, 560)),
        "rib_width": float(rng.uniform(16, 34)),
        "rib_loop": float(rng.uniform(0.9, 1.7)),
        "rib_loop_gain": float(rng.uniform(0.3, 1.1)),
        "rib_split": float(rng.uniform(-24, 24)),
        "rib_rim": float(rng.uniform(0, 0.25) if _chance(rng, 0.6) else 0.0),
        "shoulder": float(rng.uniform(0.3, 1.6) if _chance(rng, 0.85) else 0.0),
        "sternum": float(rng.uniform(0.2, 0.9) if _chance(rng, 0.6) else 0.0),
        "pelvis": float(
            (rng.uniform(0.5, 2.2) if bright or look == "radiograph" else rng.uniform(0.3, 1.0))
            if _chance(rng, 0.95)
            else 0.0
        ),
        "sacrum": float(rng.uniform(0.6, 1.8) if bright else rng.uniform(0.1, 1.2)),
        "crest_forward": float(rng.uniform(10, 90)),
        "crest_down": _crest(rng),
        "crest_split": float(rng.uniform(4, 30)),
        "crest_width": float(rng.uniform(110, 190)),
        "crest_height": float(rng.uniform(60, 120)),
        "femur": float(_chance(rng, 0.5)),
        "osteophytes": float(rng.uniform(0, 0.45) if _chance(rng, 0.45) else 0.02),
        "bridges": float(rng.uniform(0, 0.35) if _chance(rng, 0.25) else 0.0),
        "spur_gain": float(rng.uniform(0.5, 2.0)),
        "schmorl": float(rng.uniform(0.02, 0.2) if _chance(rng, 0.2) else 0.0),
    }


def _crest(rng: np.random.Generator) -> float:
    """Height of the iliac crests' tops: from the disc L4/L5 (-110) to S1, mostly upper L5.

    The line between both crests crosses L4 or the disc L4/L5 in most people, but what stands
    out on a lateral scan is lower; readers number by it.
    """
    if _chance(rng, 0.75):
        return float(np.clip(rng.normal(-80, 50), -190, 60))
    return float(rng.uniform(-140, 60))


def _soft(rng: np.random.Generator, look: str) -> Params:
    bright = look == "bright"
    aortic = _chance(rng, 0.4)
    scores = [
        [int(rng.integers(1, 4)) if aortic and _chance(rng, 2 * share) else 0 for _ in (0, 1)]
        for share in _CALCIFIED
    ]
    return {
        "tissue": float(rng.uniform(0.05, 0.50) if bright else rng.uniform(0.3, 0.9)),
        "tissue_noise": float(rng.uniform(0.01, 0.08)),
        "fade": float(rng.uniform(0.3, 1.0) if bright and _chance(rng, 0.7) else 0.0),
        "gradient_x": float(rng.normal(0, 0.04 if bright else 0.15)),
        "gradient_y": float(rng.normal(0, 0.04 if bright else 0.20)),
        "back_fat": float(rng.uniform(-10, 120)),
        "trunk_depth": float(rng.uniform(230, 480)),
        "tissue_blur": float(rng.uniform(1.5, 8.0)),
        "folds": int(rng.integers(0, 4)),
        "threads": int(0 if bright else rng.integers(0, 14)),
        "hips": float(rng.uniform(0.0, 1.1) if look == "radiograph" else rng.uniform(0.0, 0.25)),
        "air": float(rng.uniform(0.05, 0.35) if bright else rng.uniform(0.05, 0.65)),
        "sulcus_level": float(rng.uniform(9.8, 12.4)),
        "dome_split": float(rng.uniform(-0.9, 0.9)),
        "dome_rise": float(rng.uniform(40, 190)),
        "dome_front": float(rng.uniform(0.2, 1.0)),
        "dome_line": float(rng.uniform(0.0, 0.12)),
        "dome_dark": float(rng.uniform(0.0, 0.12)),
        "dome_line_width": float(rng.uniform(3, 8)),
        "lung_back": float(rng.uniform(10, 90)),
        "chest_depth": float(rng.uniform(220, 420)),
        "heart": float(rng.uniform(0.0, 0.12) if bright else rng.uniform(0.0, 0.2)),
        "streaks": int(rng.integers(0, 26)),
        "streak_gain": float(rng.uniform(0.0, 0.14)),
        "trachea": float(rng.uniform(-0.05, 0.12)),
        "aorta": float(rng.uniform(0.0, 0.10)),
        "aorta_wall": float(rng.uniform(0.0, 0.04)),
        "aorta_gap": float(rng.uniform(4, 34)),
        "aorta_size": float(rng.uniform(0.75, 1.35)),
        "aneurysm": float(rng.uniform(30, 110) if _chance(rng, 0.04) else 0.0),
        "tortuosity": float(abs(rng.normal(0, 8))),
        "aorta_wave": float(rng.uniform(0.4, 1.4)),
        "aorta_phase": float(rng.uniform(0, 6.28)),
        "calcification": scores,
        "plaque": float(rng.uniform(0.08, 0.5)),
        "gas": int(rng.integers(0, 18) if look == "radiograph" else rng.integers(0, 9)),
        "stool": int(rng.integers(0, 3)),
        "gas_gain": float(rng.uniform(0.03, 0.12) if bright else rng.uniform(0.05, 0.35)),
    }


def _rare(rng: np.random.Generator) -> Params:
    return {
        "cement": _chance(rng, 0.02),
        "screws": _chance(rng, 0.015),
        "lead": _chance(rng, 0.02),
        "wires": _chance(rng, 0.04),
        "zip": _chance(rng, 0.02),
    }


def _detector(rng: np.random.Generator, look: str) -> Params:
    bright, faint = look == "bright", look == "faint"
    poor = _chance(rng, 0.2)
    return {
        "blur": float(
            min(abs(rng.normal(0.3, 0.45)), 2.0) + (rng.uniform(0, 0.8) if poor else 0.0)
        ),
        "blur_ratio": float(np.exp(rng.normal(0, 0.2))),
        "noise": float(
            rng.uniform(0.04, 0.23 if look != "radiograph" else 0.15) ** 2 * (2.2 if poor else 1.0)
        ),
        "noise_grain": float(rng.uniform(0.0, 1.3)),
        "dose_noise": float(rng.uniform(0.0, 2.0)),
        "lines": float(rng.uniform(0.004, 0.03) if _chance(rng, 0.6 if faint else 0.15) else 0.0),
        "highpass": float(rng.uniform(0.35, 1.0) if _chance(rng, 0.75 if faint else 0.30) else 0.0),
        "highpass_size": float(rng.uniform(14, 70)),
        "sharpen": float(rng.uniform(0.3, 2.0) if _chance(rng, 0.6) else 0.0),
        "sharpen_size": float(rng.uniform(2, 7)),
        "local": float(rng.uniform(0.2, 0.8) if _chance(rng, 0.2) else 0.0),
        "low": float(rng.uniform(0.5, 16.0) if bright else rng.uniform(0.0, 1.5)),
        "high": float(rng.uniform(0.8, 8.0) if bright else rng.uniform(0.0, 0.8)),
        "gamma": float(np.exp(rng.normal(0.0, 0.25))),
        "shadow": float(
            max(rng.uniform(-0.15, 0.12), 0.0)
            if bright
            else rng.uniform(0.0, 0.45 if faint else 0.6)
        ),
        "ceiling": float(
            min(rng.uniform(0.88, 1.08), 1.0)
            if bright
            else rng.uniform(0.6 if faint else 0.75, 1.0)
        ),
        "inverted": _chance(rng, 0.10),
        "mask": str(
            rng.choice(
                ["none", "frame", "side", "round", "letterbox"], p=[0.62, 0.14, 0.14, 0.05, 0.05]
            )
        ),
        "mask_grey": float(rng.choice([0.0, 1.0, 0.5], p=[0.65, 0.2, 0.15])),
        "patches": int(rng.choice([0, 1, 2], p=[0.7, 0.22, 0.08])),
        "marks": int(rng.choice([0, 1, 3], p=[0.7, 0.2, 0.1])),
        "levels": int(rng.choice([0, 64, 256], p=[0.6, 0.1, 0.3])),
    }
