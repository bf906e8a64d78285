"""Random lateral spines, T1 to S1, with the statistics of measured people.

T4 to L4 come from one joint Gaussian of posture, sizes and contour modes over
NHANES 2013-14 (see ``data/spine_shapes.npz`` and :mod:`fit_shapes`); T1 to T3
continue the trend upward, L5 and S1 follow published norms (:mod:`ends`).
:func:`draw_parameters` draws, :func:`build_shape` applies: a spine can be
replayed from its ``params``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertenet.errors import ModelError
from vertenet.synthesis import ends, fractures
from vertenet.synthesis.chain import assemble, discs_of, open_discs
from vertenet.synthesis.contour import local_frame, place, rotate, six_points

Array = NDArray[np.float64]

BODY_LEVELS: tuple[str, ...] = (
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
    "S1",
)
_T4, _T12, _L4, _L5, _S1 = 3, 11, 15, 16, 17
_MEASURED = 13
LEAST_DISC = 0.035
"""Smallest clear height of a disc, as a share of the depth of the body above."""
MM_PER_UNIT = 0.365
"""Millimetres in one NHANES pixel: not in the codebook, judged from normal L2 heights."""


@dataclass(frozen=True)
class ShapeModel:
    """Statistics of ``spine_shapes.npz``.

    Attributes:
        local_mean: mean contour of each measured level, (13, 64, 2), in depths and heights.
        modes: contour modes shared by the levels, (K, 128).
        feature_mean: posture (63) and mode scores (13 K) of the mean person.
        feature_factor: Cholesky factor of their covariance.
        fracture_levels: share of fractures at each measured level, (13,).
        fracture_kinds: share of wedge, biconcave, crush.
        source: where the statistics come from.
    """

    local_mean: Array
    modes: Array
    feature_mean: Array
    feature_factor: Array
    fracture_levels: Array
    fracture_kinds: Array
    source: str


@dataclass(frozen=True)
class SpineShape:
    """One spine; unit NHANES pixel (isotropic), x right, y down, posterior left, T12 at (0, 0).

    Attributes:
        six: PS, MS, AS, AI, MI, PI of T1 to S1, (18, 6, 2); NaN for L5 in variant "L4".
        outline: outer cortex (18, 64, 2), see :mod:`contour`; the six points lie on it.
        grade: Genant grade that is true by construction, (18,).
        kind: "normal", "wedge", "biconcave" or "crush" of each body.
        mm_per_unit: millimetres in one unit.
        variant: "normal", "L6" or "L4" (count of lumbar bodies).
        extra: contour (64, 2) of the sixth lumbar body, or None.
        params: what :func:`build_shape` needs to make it again.
    """

    six: Array
    outline: Array
    grade: NDArray[np.int64]
    kind: tuple[str, ...]
    mm_per_unit: float
    variant: str
    extra: Array | None
    params: dict[str, Any]


@lru_cache(maxsize=1)
def load_shape_model() -> ShapeModel:
    """Read the bundled statistics.

    Raises:
        ModelError: if the file is not there.
    """
    path = Path(__file__).parent / "data" / "spine_shapes.npz"
    if not path.is_file():
        raise ModelError(
            f"Expected the shape statistics at {path}, got no file. Install VerteNet again."
        )
    with np.load(path) as data:
        names = [n for n in ShapeModel.__dataclass_fields__ if n != "source"]
        arrays = {n: data[n].astype(float) for n in names}
        return ShapeModel(**arrays, source=str(data["source"]))


def sample_shape(
    model: ShapeModel,
    rng: np.random.Generator,
    *,
    fracture_rate: float = 0.15,
    mild_rate: float = 0.15,
    severe_rate: float = 0.12,
    variant_rate: float = 0.05,
    inflation: float = 1.1,
) -> SpineShape:
    """Draw one spine.

    Args:
        model: statistics.
        rng: source of chance; the same state gives the same spine.
        fracture_rate: share of spines with at least one fracture of grade 1 to 3.
        mild_rate: share of spines with deformities of 8 to 20 %, grade 0.
        severe_rate: chance of each rare finding (kyphosis, narrow discs, listhesis, short bodies).
        variant_rate: share of spines with four or six lumbar bodies.
        inflation: factor on every standard deviation, for diversity.
    """
    params = draw_parameters(
        model,
        rng,
        fracture_rate=fracture_rate,
        mild_rate=mild_rate,
        severe_rate=severe_rate,
        variant_rate=variant_rate,
    )
    params["inflation"] = inflation
    return build_shape(model, params)


def draw_parameters(
    model: ShapeModel,
    rng: np.random.Generator,
    *,
    fracture_rate: float,
    mild_rate: float,
    severe_rate: float,
    variant_rate: float,
) -> dict[str, Any]:
    """Draw what describes one spine, in plain numbers and lists."""
    u = rng.random(8)
    variant = "normal" if u[0] >= variant_rate else ("L6" if u[0] < variant_rate / 2 else "L4")
    severe = rng.random(4) < severe_rate
    return {
        "z": np.clip(rng.standard_normal(len(model.feature_mean)), -3, 3).tolist(),
        "ends": np.clip(rng.standard_normal(40), -2.5, 2.5).tolist(),
        "variant": variant,
        "mm_per_unit": MM_PER_UNIT * float(1 + 0.06 * (u[1] - 0.5)),
        "deformities": _draw_deformities(model, rng, fracture_rate, mild_rate),
        # Extra wedge of every body from T5 to T10; 8 % of the height is about 3 degrees.
        "kyphosis": float(0.07 * u[2] + 0.02) if severe[0] else 0.0,
        "narrow_discs": _draw_narrow_discs(rng, many=bool(severe[1]), single_rate=severe_rate / 3),
        "slips": _draw_slips(rng) if severe[2] else {},
        "stature": float(0.82 + 0.12 * u[3]) if severe[3] else 1.0,
        "compensation": float(0.6 * u[4]),
    }


def _draw_deformities(
    model: ShapeModel, rng: np.random.Generator, fracture_rate: float, mild_rate: float
) -> dict[str, dict[str, Any]]:
    """Deformities by body index (as text): fractures first, mild ones on other bodies."""
    levels = np.zeros(18)
    levels[_T4 : _L4 + 1] = model.fracture_levels + 0.01
    levels[_L5] = 0.02
    levels /= levels.sum()
    # Biconcave and crush are rare in NHANES; they are drawn more often to be learnt.
    kinds = 0.6 * model.fracture_kinds + 0.4 / 3
    # One fracture in most, several in the osteoporotic.
    broken = min(int(rng.geometric(0.55)), 6) if rng.random() < fracture_rate else 0
    mild = min(int(rng.geometric(0.4)), 6) if rng.random() < mild_rate else 0
    where = rng.choice(18, size=broken + mild, replace=False, p=levels)
    return {
        str(int(index)): fractures.draw_deformity(rng, kinds=kinds, mild=i >= broken)
        for i, index in enumerate(where)
    }


def _draw_narrow_discs(rng: np.random.Generator, *, many: bool, single_rate: float) -> list[float]:
    factor = np.ones(17)
    if many:
        factor *= rng.uniform(0.4, 0.9)
    single = rng.random(17) < single_rate
    factor[single] *= rng.uniform(0.15, 0.7, size=int(single.sum()))
    return [float(f) for f in factor]


def _draw_slips(rng: np.random.Generator) -> dict[str, float]:
    """Forward slip of the body above a disc (index as text), in depths of the body."""
    index = int(rng.choice([13, 14, 15, 16], p=[0.1, 0.2, 0.4, 0.3]))
    return {str(index): float(rng.uniform(-0.10, 0.30))}


def build_shape(model: ShapeModel, params: dict[str, Any]) -> SpineShape:
    """Make the spine that ``params`` describe."""
    bodies, discs, tilt = _measured_part(model, params)
    # About half of the added bend of T5 to T10 will tilt T4 forward.
    top = float(tilt[0]) + 2.5 * params["kyphosis"]
    bodies, discs = ends.extend(
        bodies,
        discs,
        top=top,
        tilt=float(tilt[-1]),
        draws=params["ends"],
        variant=params["variant"],
    )
    bodies = _deform_bodies(bodies, params)
    discs = _change_discs(bodies, discs, params)
    placed = _settle(assemble(bodies, discs), tilt)
    return _as_shape(placed, params)


def _measured_part(model: ShapeModel, params: dict[str, Any]) -> tuple[Array, Array, Array]:
    """T4 to L4 in their own frames, their discs, and the angles of their axes."""
    noise = model.feature_factor @ np.array(params["z"])
    f = model.feature_mean + params["inflation"] * noise
    angle, slope, step = f[:13], f[13:25], np.exp(f[25:37])
    depth, height = np.exp(f[37:50]), np.exp(f[50:63]) * params["stature"]
    local = model.local_mean + (f[63:].reshape(_MEASURED, -1) @ model.modes).reshape(-1, 64, 2)
    mean = (angle[1:] + angle[:-1]) / 2
    # Short bodies keep their discs: the step loses what both neighbours lost.
    lost = (height[1:] + height[:-1]) / 2 * (1 / params["stature"] - 1)
    steps = rotate(np.stack([slope * step, step - lost], -1)[:, None], mean)[:, 0]
    centre = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    placed = place(local, centre, angle, depth, height)
    own = place(local, np.zeros((_MEASURED, 2)), np.zeros(_MEASURED), depth, height)
    return own, discs_of(placed), angle


def _deform_bodies(bodies: Array, params: dict[str, Any]) -> Array:
    bodies = bodies.copy()
    if params["kyphosis"]:
        wedge = params["kyphosis"] * np.linspace(0, 1, 17)
        for i in range(4, 10):
            bodies[i] = fractures.compress(bodies[i], wedge)
    for index, deformity in params["deformities"].items():
        if not (params["variant"] == "L4" and int(index) == _L5):
            bodies[int(index)] = fractures.deform(bodies[int(index)], deformity)
    return bodies


def _change_discs(bodies: Array, discs: Array, params: dict[str, Any]) -> Array:
    """Narrow, slip and bend the discs, then open those that would overlap."""
    discs = discs.copy()
    depth = np.linalg.norm(bodies[:-1, 32] - bodies[:-1, 48], axis=1)
    number = min(len(discs), 17)
    discs[:number, 1] *= params["narrow_discs"][:number]
    for index, slip in params["slips"].items():
        if int(index) >= len(discs):
            continue
        discs[int(index), 0] += slip * depth[int(index)]
    for index, d in params["deformities"].items():
        # Discs beside a wedge take back part of the bend.
        if d["kind"] == "wedge" and 0 < int(index) < 17:
            discs[int(index) - 1 : int(index) + 1, 2] += 0.2 * params["compensation"] * d["loss"]
    return open_discs(bodies, discs, LEAST_DISC * depth)


def _settle(placed: Array, angle: Array) -> Array:
    """Turn so that the axes of T4 to L4 are level on average as drawn; T12 to the origin."""
    _, now, *_ = local_frame(placed[_T4 : _L4 + 1])
    turned = rotate(placed, np.full(len(placed), float((angle - now).mean())))
    centre = turned[_T12, (0, 16, 32, 48)].mean(0)
    return turned - centre


def _as_shape(placed: Array, params: dict[str, Any]) -> SpineShape:
    variant, extra = params["variant"], None
    if variant == "L6":
        extra = placed[_L5 + 1]
        placed = np.delete(placed, _L5 + 1, axis=0)
    elif variant == "L4":
        placed = np.insert(placed, _L5, np.nan, axis=0)
    grade = np.zeros(18, dtype=np.int64)
    kind = ["normal"] * 18
    for index, d in params["deformities"].items():
        if np.isfinite(placed[int(index)]).all():
            grade[int(index)] = fractures.true_grade(d)
            kind[int(index)] = d["kind"] if grade[int(index)] else "normal"
    return SpineShape(
        six=six_points(placed),
        outline=placed,
        grade=grade,
        kind=tuple(kind),
        mm_per_unit=params["mm_per_unit"],
        variant=variant,
        extra=extra,
        params=params,
    )
