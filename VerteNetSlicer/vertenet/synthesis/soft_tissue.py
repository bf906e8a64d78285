"""Soft tissue and air: trunk, lungs and diaphragm, heart, aorta, bowel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Points, blob, ellipse, smooth_curve
from .pen import Pen
from .view import SpineCurve

Params = dict[str, Any]


def trunk(pen: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> Points:
    """The trunk between back and front skin; returns its outline in units."""
    levels = np.array([-4.0, -1.0, 2.0, 5.0, 8.0, 11.0, 14.0, 17.0, 20.0, 23.0])
    back = -(params["back_fat"] + rng.normal(0, 10, 10)) - np.interp(
        levels, [0, 6, 14, 18], [110, 120, 95, 150]
    )
    back_skin = curve.at(levels, back)
    front_x = params["trunk_depth"] + np.interp(levels, [-1, 2, 8, 14, 20], [-120, -20, 40, 20, 10])
    front_skin = curve.at(levels, 0.0)
    front_skin = np.stack(
        [
            np.maximum(front_skin[:, 0], back_skin[:, 0] + 120) * 0.3
            + 0.7 * curve.centre(9.0)[0]
            + front_x
            + rng.normal(0, 12, 10),
            back_skin[:, 1],
        ],
        axis=1,
    )
    down = np.array([0.0, 900.0])
    back_skin = np.concatenate([back_skin, back_skin[-1:] + down])
    front_skin = np.concatenate([front_skin, front_skin[-1:] + down])
    outline = np.concatenate([smooth_curve(back_skin, 40), smooth_curve(front_skin, 40)[::-1]])
    pen.fill(outline, params["tissue"])
    # hips and buttocks thicken towards the sacrum and beyond
    hip = curve.at(17.0, rng.uniform(0, 90), rng.uniform(60, 220))
    for reach in (330.0, 260.0, 190.0, 120.0):
        pen.fill(
            ellipse(hip, np.array([1.0, 0.0]), reach, 0.85 * reach, count=32), 0.25 * params["hips"]
        )
    return outline


def skin_folds(pen: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Long faint edges across the picture: skin folds, arms, sheets."""
    for _ in range(int(params["folds"])):
        start = curve.at(rng.uniform(-2, 19), rng.uniform(-240, -60))
        step = rng.uniform(-0.25, 0.25)
        line = smooth_curve(
            np.stack(
                [start, start + [220, 220 * step + rng.normal(0, 20)], start + [700, 700 * step]]
            ),
            20,
        )
        below = line + [0.0, rng.uniform(8, 120)]
        pen.fill(np.concatenate([line, below[::-1]]), rng.normal(0, 0.05))


def threads(pen: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Thin long lines that belong to no vertebra: edges of organs, vessels, ribs, cloth."""
    for _ in range(int(params["threads"])):
        start = curve.at(rng.uniform(2.0, 19.0), rng.uniform(-160.0, 260.0))
        turn = rng.uniform(0, 2 * np.pi)
        points = [start]
        for _ in range(int(rng.integers(2, 5))):
            turn += rng.normal(0, 0.6)
            points.append(points[-1] + rng.uniform(20, 70) * np.array([np.cos(turn), np.sin(turn)]))
        line = smooth_curve(np.array(points), 14)
        pen.stroke(line, rng.uniform(1.5, 4.5), rng.uniform(0.02, 0.3) * params["endplate"])


def lungs(pen: Pen, rim: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Air above one or two diaphragm domes, with a thin bright line on each dome."""
    for side in (0, 1):
        outline, dome = _lung(curve, params, side, rng)
        pen.fill(outline, -0.5 * params["air"])
        rim.stroke(dome, params["dome_line_width"], params["dome_line"])
        rim.stroke(
            dome - [0.0, params["dome_line_width"]], params["dome_line_width"], -params["dome_dark"]
        )
        if params["sulcus_dark"] > 0.0:
            # the lung's lowest edge has nothing before or behind it
            edge = dome[: rng.integers(len(dome) // 2, len(dome))]
            for high in (70.0, 40.0, 18.0):
                roof = edge - np.linspace(1.0, 0.2, len(edge))[:, None] * [0.0, high]
                pen.fill(np.concatenate([edge, roof[::-1]]), -params["sulcus_dark"] / 3.0)


def _lung(
    curve: SpineCurve, params: Params, side: int, rng: np.random.Generator
) -> tuple[Points, Points]:
    level = params["sulcus_level"] + side * params["dome_split"]
    sulcus = curve.at(level, -params["lung_back"])
    front_x = curve.centre(8.0)[0] + params["chest_depth"]
    apex = np.array([curve.at(0.0, 60.0)[0] + 40.0, curve.centre(-0.4)[1]])
    rise = params["dome_rise"] + 14.0 * side
    peak = np.array([sulcus[0] + 0.55 * (front_x - sulcus[0]), sulcus[1] - rise])
    before = np.array([sulcus[0] + 0.22 * (front_x - sulcus[0]), sulcus[1] - 0.66 * rise])
    end = np.array([front_x, sulcus[1] - rise * params["dome_front"]])
    dome = smooth_curve(np.stack([sulcus, before, peak, end]), 30)
    dome += rng.normal(0, 1.2, dome.shape)
    wall = smooth_curve(
        np.stack(
            [end, [front_x - 10, 0.5 * (end[1] + apex[1])], [apex[0] + 110, apex[1] + 60], apex]
        ),
        20,
    )
    levels = np.linspace(-0.2, max(level - 0.5, 4.0), 16)
    back = curve.at(levels, -params["lung_back"] * np.interp(levels, [-1, 3], [0.3, 1.0]))
    return np.concatenate([dome, wall, back]), dome


def heart_and_vessels(
    pen: Pen, fine: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Heart shadow, hilar streaks, trachea."""
    front_x = curve.centre(8.0)[0] + params["chest_depth"]
    place = np.array([front_x - 0.42 * params["chest_depth"], curve.centre(7.3)[1]])
    turn = np.deg2rad(rng.uniform(20, 60))
    pen.fill(ellipse(place, np.array([np.cos(turn), np.sin(turn)]), 130, 95), params["heart"])
    hilum = curve.at(5.0, rng.uniform(90, 150))
    for _ in range(int(params["streaks"])):
        angle = rng.uniform(0, 2 * np.pi)
        reach = rng.uniform(40, 230)
        root = hilum + rng.normal(0.0, 1.0, 2) * params["hilum"]
        end = hilum + reach * np.array([np.cos(angle), np.sin(angle)])
        middle = 0.5 * (root + end) + rng.normal(0, 14, 2)
        line = smooth_curve(np.stack([root, middle, end]), 10)
        fine.stroke(line, np.linspace(9, 2, 10), params["streak_gain"] * rng.uniform(0.3, 1.0))
    for _ in range(int(params["mottle"])):
        spot = curve.at(rng.uniform(1.0, 11.0), rng.uniform(-params["lung_back"], 260.0))
        shape = blob(rng, spot, rng.uniform(5, 26), rough=0.6, count=9)
        fine.fill(shape, rng.normal(0.0, 0.5) * params["streak_gain"])
    start = curve.at(-0.5, rng.uniform(30, 70))
    trachea = smooth_curve(np.stack([start, curve.at(2.0, 60.0), curve.at(4.2, 75.0)]), 10)
    pen.stroke(trachea, rng.uniform(30, 42), -params["trachea"])


def aorta(
    pen: Pen, fine: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """The aorta before the spine and its calcified walls; returns the walls in units."""
    levels = np.linspace(4.0, 16.0, 60)
    wave = params["tortuosity"] * np.sin(levels * params["aorta_wave"] + params["aorta_phase"])
    gap = np.interp(
        levels,
        [4, 8, 12, 16],
        [
            params["aorta_gap"] * 1.6,
            params["aorta_gap"],
            params["aorta_gap"] * 0.5,
            params["aorta_gap"] * 0.6,
        ],
    )
    half = np.interp(levels, [4, 12, 16], [38, 30, 24]) * params["aorta_size"]
    bulge = params["aneurysm"] * np.exp(-0.5 * ((levels - 14.2) / 0.9) ** 2)
    posterior = curve.at(levels, curve.depth(levels) + gap + wave)
    anterior = curve.at(levels, curve.depth(levels) + gap + wave + 2 * half + bulge)
    pen.fill(np.concatenate([posterior, anterior[::-1]]), params["aorta"])
    if params["fat_plane"] > 0.0:
        low = levels[levels > 11.0]
        plane = curve.at(low, curve.depth(low) + params["fat_gap"] + rng.normal(0, 2, len(low)))
        fine.stroke(plane, params["fat_width"], -params["fat_plane"])
    for wall, line in enumerate((anterior, posterior)):
        fine.stroke(line, 3.0, params["aorta_wall"])
        for segment in range(4):
            _calcify(
                fine,
                levels,
                line,
                12 + segment,
                int(params["calcification"][segment][wall]),
                params,
                rng,
            )
    return {"levels": levels, "anterior": anterior, "posterior": posterior}


def _calcify(
    fine: Pen,
    levels: NDArray[np.float64],
    line: Points,
    level: int,
    score: int,
    params: Params,
    rng: np.random.Generator,
) -> None:
    """Plaque on one wall of one segment; the score is the share of its length in thirds."""
    if score == 0:
        return
    share = rng.uniform((score - 1) / 3 + 0.08, score / 3 - 0.02)
    pieces = int(rng.integers(1, 2 + score))
    part = share / pieces
    free = rng.dirichlet(np.ones(pieces + 1)) * (1.0 - share)
    place = level - 0.5
    for piece in range(pieces):
        place += free[piece]
        here = np.linspace(place, place + part, 8)
        plaque = np.stack([np.interp(here, levels, line[:, k]) for k in (0, 1)], axis=1)
        plaque += rng.normal(0, 1.2, plaque.shape)
        fine.stroke(plaque, rng.uniform(3, 9, 8), params["plaque"] * rng.uniform(0.5, 1.2))
        place += part


def bowel(pen: Pen, fine: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Gas and stool before the lumbar spine, sometimes over it."""
    for _ in range(int(params["gas"])):
        centre = curve.at(rng.uniform(11.5, 18), rng.uniform(60, params["chest_depth"] + 60))
        shape = blob(rng, centre, rng.uniform(12, 58), rough=0.5)
        pen.fill(shape, -params["gas_gain"] * rng.uniform(0.3, 1.0))
        fine.stroke(
            np.concatenate([shape, shape[:1]]), 3.5, 0.25 * params["gas_gain"] * rng.uniform(0, 1)
        )
    for _ in range(int(params["stool"])):
        centre = curve.at(rng.uniform(13, 18), rng.uniform(90, params["chest_depth"] + 40))
        for _ in range(10):
            spot = centre + rng.normal(0, 26, 2)
            fine.fill(
                blob(rng, spot, rng.uniform(4, 14), rough=0.4, count=10),
                rng.normal(0, 0.3) * params["gas_gain"],
            )
