"""The bones round the bodies: posterior elements, ribs, shoulder, pelvis, implants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import Image, Points, PolygonSheet, blob, ellipse, smooth_curve, tube
from .view import SpineCurve, View

Params = dict[str, Any]
_S1 = 17


class Pen:
    """Adds shapes given in units to a sheet of pixels."""

    def __init__(self, view: View, *, sub: int = 2, hollow: float = 1.0) -> None:
        self.hollow = hollow
        self.sheet = PolygonSheet(view.shape, sub=sub, matrix=view.matrix, offset=view.offset)

    def draw(self) -> Image:
        """The sum of all that was added, (rows, columns)."""
        return self.sheet.draw()

    def fill(self, polygon: Points, weight: float) -> None:
        """One filled polygon."""
        self.sheet.add(polygon, weight)

    def bone(self, polygon: Points, weight: float, *, shell: float = 0.5, share: float = 0.75) -> None:
        """A filled polygon with a denser rim."""
        self.fill(polygon, weight)
        centre = polygon.mean(axis=0)
        self.fill(centre + (polygon - centre) * share, -min(shell * self.hollow, 0.95) * weight)

    def stroke(self, line: Points, width: float | NDArray[np.float64], weight: float) -> None:
        """A stroke along a polyline."""
        self.fill(tube(line, width), weight)

    def pipe(self, line: Points, width: float, weight: float, *, shell: float = 0.5) -> None:
        """A hollow tube, as long bones project."""
        self.stroke(line, width, weight)
        self.stroke(line, 0.62 * width, -min(shell * self.hollow, 0.95) * weight)


def posterior_elements(
    sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Pedicles, facets, laminae, spinous and transverse processes."""
    gain = params["posterior"]
    column = np.linspace(-0.6, 17.2, 72)
    depth, thoracic = curve.depth(column), np.clip((11.5 - column) / 3.0, 0.0, 1.0)
    wave = 1.0 + 0.22 * np.cos(2.0 * np.pi * column + 0.6) + rng.normal(0, 0.06, 72)
    back = -(6.0 + params["canal"] * 0.26 * depth)
    soft.stroke(curve.at(column, back - 0.10 * depth), wave * 0.36 * depth, 0.50 * gain)
    soft.stroke(curve.at(column, back - 0.30 * depth), 0.75 * depth, 0.10 * gain * (0.4 + params["rib_loop_gain"]))
    # rib heads and transverse processes lie over the back third of the thoracic bodies
    over = params["costal"] * thoracic
    keep = over > 0.0
    soft.stroke(curve.at(column, 0.02 * depth)[keep], (wave * 0.50 * depth)[keep], 0.25 * gain * params["costal"])
    for level in _shown(params):
        _arch(sharp, soft, curve, level, params, rng)
        _tangle(sharp, curve, level, params, rng)


def _shown(params: Params) -> range:
    """Level numbers that can reach into the picture."""
    first = max(int(params["top_level"]) - 2, 0)
    return range(first, min(int(params["bottom_level"]) + 3, 18))


def _arch(
    sharp: Pen, soft: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    gain = params["posterior"] * rng.uniform(0.75, 1.25)
    height, depth = float(curve.height(level)), float(curve.depth(level))
    front = curve.front(level)
    below = np.array([-front[1], front[0]])
    canal = (6.0 + params["canal"] * 0.26 * depth) + 0.12 * depth
    for side in (-1.0, 1.0):
        skew = side * params["skew"] * rng.uniform(0.5, 1.5)
        shape = np.stack([
            curve.at(level, 0.08 * depth, -0.34 * height + skew), curve.at(level, -0.5 * canal, -0.28 * height + skew),
            curve.at(level, -canal, -0.44 * height + skew), curve.at(level, -canal, 0.30 * height + skew),
            curve.at(level, -0.5 * canal, 0.14 * height + skew), curve.at(level, 0.08 * depth, 0.20 * height + skew),
        ])
        outline = smooth_curve(np.concatenate([shape, shape[:1]]), 22)
        sharp.fill(outline, 0.30 * gain)
        pad = params["back_pad"] * height * (1.0 if level < 12 else 0.4)
        if pad > 0.5:
            behind = np.array([[2.0, -0.4], [-pad, -0.4], [-pad * rng.uniform(0.5, 1.2), 0.45], [2.0, 0.48]])
            soft.fill(curve.at(np.full(4, float(level)), behind[:, 0], behind[:, 1] * height + skew), 0.3 * gain)
        soft.fill(outline, 0.15 * gain)
        facet = curve.at(level + 0.5, -canal - 0.02 * depth, skew)
        tilt = front * rng.uniform(0.1, 0.5) + below
        tilt /= np.linalg.norm(tilt)
        soft.fill(ellipse(facet, tilt, 0.42 * height, 0.15 * depth), 0.34 * gain)
        sharp.bone(ellipse(facet + side * 3.0, tilt, 0.46 * height, 0.12 * depth), 0.26 * gain)
        lamina = curve.at(level + 0.15, -canal - 0.22 * depth, skew)
        sharp.bone(blob(rng, lamina, 0.26 * height, rough=0.3, count=14), 0.22 * gain)
        if level < 12:
            head = curve.at(level - 0.42, rng.uniform(-6, 12), skew)
            sharp.fill(ellipse(head, front, 0.22 * depth + 4, 0.26 * height), 0.22 * gain * params["costal"])
            process = curve.at(level + 0.1, -canal - 0.30 * depth, skew)
            sharp.bone(blob(rng, process, 0.34 * height, rough=0.25, count=14), 0.30 * gain)
    _spinous(soft, curve, level, gain, rng)


def _tangle(
    sharp: Pen, curve: SpineCurve, level: int, params: Params, rng: np.random.Generator
) -> None:
    """Short bright lines where the edges of joints and processes cross."""
    depth = float(curve.depth(level))
    for _ in range(int(rng.integers(0, params["tangle"] + 1))):
        start = curve.at(level + rng.uniform(-0.5, 0.5), rng.uniform(-0.9, 0.1) * depth)
        step = rng.normal(0, 12, (2, 2))
        line = smooth_curve(np.stack([start, start + step[0], start + step[0] + step[1]]), 7)
        sharp.stroke(line, rng.uniform(2, 5), rng.uniform(0.05, 0.35) * params["posterior"])


def _spinous(
    soft: Pen, curve: SpineCurve, level: int, gain: float, rng: np.random.Generator
) -> None:
    height, depth = float(curve.height(level)), float(curve.depth(level))
    thoracic = level < 11
    start, stop = -0.50 * depth - 10.0, -(1.35 if thoracic else 1.25) * depth - rng.uniform(0, 16)
    fall = (0.85 if thoracic else 0.45) * height + rng.uniform(-4, 8)
    thick = (0.36 if thoracic else 0.62) * height
    shape = np.stack([
        curve.at(level, start, 0.10 * height), curve.at(level, stop * 0.8, fall - 0.45 * thick),
        curve.at(level, stop, fall - 0.25 * thick), curve.at(level, stop - 3, fall + 0.35 * thick),
        curve.at(level, stop * 0.85, fall + 0.62 * thick), curve.at(level, start, 0.10 * height + 0.8 * thick),
    ])
    shape = smooth_curve(np.concatenate([shape, shape[:1]]), 24)
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
    sharp: Pen, soft: Pen, curve: SpineCurve, level: int, side: int, params: Params,
    rng: np.random.Generator,
) -> None:
    height, depth = float(curve.height(level)), float(curve.depth(level))
    shift = side * params["rib_split"] + rng.normal(0, 3)
    reach = params["rib_loop"] * depth * (1.0 - 0.35 * (level in (0, 11)))
    start = curve.at(level - 0.45, 0.1 * depth, shift)
    loop = [
        start, curve.at(level - 0.35, -0.6 * reach, shift + 0.05 * height),
        curve.at(level, -reach, shift + 0.10 * height),
        curve.at(level + 0.45, -0.85 * reach, shift + 0.15 * height),
        curve.at(level + 0.8, -0.2 * depth, shift + 0.1 * height),
    ]
    slope = np.deg2rad(params["rib_angle"] + rng.normal(0, 2.5))
    ahead = np.array([np.cos(slope), np.sin(slope)])
    bend = np.array([-ahead[1], ahead[0]])
    length = params["rib_length"] * np.interp(level, [0, 3, 7, 9, 11], [0.45, 0.9, 1.1, 0.75, 0.35])
    base = loop[-1]
    front = [base + ahead * length * t + bend * params["rib_bend"] * (t - t * t) * length for t in (0.3, 0.65, 1.0)]
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


def shoulder(sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Scapula, humerus or raised arm, clavicle and sternum."""
    gain = params["shoulder"]
    if gain > 0.0:
        _arm(sharp, soft, curve, gain, rng)
    if params["sternum"] > 0.0:
        top = curve.at(0.5, rng.uniform(150, 230), -20.0)
        run = rng.uniform(60, 200)
        knots = [top, top + [0.45 * run, 140], top + [0.85 * run, 270], top + [run, 400 + rng.uniform(-80, 80)]]
        line = smooth_curve(np.array(knots), 24)
        sharp.pipe(line, rng.uniform(22, 40), 0.5 * params["sternum"])
        for place in rng.uniform(4, 20, 2):
            joint = line[int(place)]
            sharp.stroke(np.stack([joint - [14, 3], joint + [14, 3]]), 4.0, -0.25 * params["sternum"])


def _arm(sharp: Pen, soft: Pen, curve: SpineCurve, gain: float, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 3))):
        joint = curve.at(rng.uniform(-1, 1.2), rng.uniform(20, 150))
        angle = np.deg2rad(rng.choice([rng.uniform(-75, 10), rng.uniform(20, 60)]))
        ahead = np.array([np.cos(angle), np.sin(angle)])
        line = smooth_curve(np.stack([joint, joint + 220 * ahead + rng.normal(0, 12, 2), joint + 480 * ahead]), 16)
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
    blade = np.stack([
        corner - 130 * along + [rng.uniform(40, 120), 0], corner - 100 * along - [70, 0],
        corner + 60 * along - [40, 0], corner + rng.uniform(100, 190) * along, corner + [40, -20],
    ])
    plate = smooth_curve(np.concatenate([blade, blade[:1]]), 28)
    sharp.bone(plate, 0.28 * gain, shell=0.45, share=0.9)
    spine = smooth_curve(np.stack([blade[0], corner + rng.normal(0, 20, 2), blade[3]]), 12)
    sharp.stroke(spine, rng.uniform(8, 18), 0.3 * gain)


def pelvis(sharp: Pen, soft: Pen, curve: SpineCurve, params: Params, rng: np.random.Generator) -> None:
    """Sacrum below S1, iliac crests over L5, femoral heads."""
    gain = params["pelvis"]
    if gain <= 0.0:
        return
    _sacrum(sharp, soft, curve, gain * params["sacrum"], params, rng)
    for side in (-1.0, 1.0):
        crest = curve.at(_S1, params["crest_forward"] + side * params["crest_split"], params["crest_down"] - 40)
        wide, high = params["crest_width"], params["crest_height"]
        angle = np.linspace(0, np.pi, 20)
        wing = crest + np.stack([-np.cos(angle) * wide, -np.sin(angle) * high], axis=1)
        wing += np.array([0.0, high]) + side * np.array([0.4, 0.25]) * params["crest_split"]
        low = crest + np.array([rng.uniform(-30, 60), rng.uniform(200, 420)])
        shape = np.concatenate([wing, (low + [0.45 * wide, 0])[None], (low - [0.5 * wide, 30])[None], wing[:1]])
        soft.fill(smooth_curve(shape, 60), rng.uniform(0.08, 0.30) * gain)
        sharp.stroke(wing, rng.uniform(4, 11), 0.32 * gain)
        for _ in range(3):
            start = wing[int(rng.integers(4, 16))]
            inner = smooth_curve(np.stack([start, start + rng.normal([0, 60], 30), start + rng.normal([0, 160], 50)]), 10)
            sharp.stroke(inner, rng.uniform(3, 9), 0.22 * gain)
    for _ in range(2 if params["femur"] > 0 else 0):
        head = curve.at(_S1, rng.uniform(20, 130), rng.uniform(230, 330))
        sharp.bone(ellipse(head, np.array([1.0, 0.0]), 66, 64, count=28), 0.35 * gain, shell=0.3, share=0.93)
        soft.stroke(np.stack([head, head + [rng.uniform(-40, 60), 260]]), 95, 0.4 * gain)


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
        below = np.array([below[0] * np.cos(bend) - below[1] * np.sin(bend), below[0] * np.sin(bend) + below[1] * np.cos(bend)])
    curve_line = smooth_curve(np.array(line), 20)
    width = np.linspace(0.95, 0.25, 20) * depth
    width[-4:] *= (0.85, 0.6, 0.35, 0.1)
    soft.stroke(curve_line[3:], width[3:], 0.55 * gain)
    sharp.stroke(curve_line[3:], width[3:], 0.12 * gain)
    outward = np.linspace(0.5, 0.14, 20)[:, None] * depth
    step = np.gradient(curve_line, axis=0)
    normal = np.stack([step[:, 1], -step[:, 0]], axis=1) / np.linalg.norm(step, axis=1, keepdims=True)
    sharp.stroke(curve_line[3:] + (outward * normal)[3:], 4.0, 0.35 * gain)
    sharp.stroke(curve_line[3:] - (outward * normal)[3:], 4.0, 0.25 * gain)
    for k in (8, 12, 15):
        sharp.stroke(np.stack([curve_line[k] - (outward * normal)[k], curve_line[k] + (outward * normal)[k]]), 4.0, 0.25 * gain)
    back = curve_line - 1.5 * outward * normal
    soft.stroke(back, 0.7 * width, 0.35 * gain)
    wing = top + front * rng.uniform(-30, 10) + below * rng.uniform(30, 70)
    soft.fill(blob(rng, wing, rng.uniform(60, 120), rough=0.15), rng.uniform(0.1, 0.5) * gain)


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
                spur = np.stack([
                    point - way * down * 0.22 * depth, point + ahead * 0.55 * size,
                    point + ahead * size + way * down * size * rng.uniform(0.2, 0.9),
                    point + ahead * 0.35 * size + way * down * size * 0.35, point - ahead * 0.12 * depth,
                ])
                sharp.fill(smooth_curve(np.concatenate([spur, spur[:1]]), 18), rng.uniform(0.4, 1.0) * params["bone"])
        if rng.random() < params["schmorl"]:
            end = points[1] if rng.random() < 0.5 else points[4]
            inward = down if end is points[1] else -down
            node = end + front * rng.normal(0, 0.15) * depth + inward * 0.05 * depth
            sharp.fill(ellipse(node, front, 0.19 * depth, 0.14 * depth), 0.35 * params["bone"])
            sharp.fill(ellipse(node, front, 0.14 * depth, 0.09 * depth), -0.75 * params["bone"])


def implants(
    sharp: Pen, six: NDArray[np.float64], curve: SpineCurve, params: Params, rng: np.random.Generator
) -> None:
    """Cement, screws with rods, leads, wires of clothing: rare and saturated."""
    present = [k for k in range(3, 17) if np.isfinite(six[k]).all()]
    if params["cement"]:
        for level in rng.choice(present, int(rng.integers(1, 4)), replace=False):
            centre = six[level].mean(axis=0)
            size = 0.30 * float(curve.depth(float(level)))
            for _ in range(3):
                sharp.fill(blob(rng, centre + rng.normal(0, 8, 2), size * rng.uniform(0.5, 1.0), rough=0.5), 1.6)
    if params["screws"]:
        first = int(rng.integers(9, 15))
        levels = range(first, min(first + int(rng.integers(2, 5)), 18))
        for level in levels:
            for split in (-4.0, 5.0):
                ends = curve.at(np.full(2, float(level)), np.array([0.7 * curve.depth(level), -46.0]), np.array([-2.0, -12.0]) + split)
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
            sharp.fill(ellipse(start + [2.0 * k, 12.0 * k], np.array([1.0, 0.0]), 5, 3, count=8), 1.3)
