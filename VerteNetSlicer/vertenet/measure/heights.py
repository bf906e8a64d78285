"""Heights, depth, area and ratios of vertebral bodies from their six points.

A height is the distance of a pair of facing points (AS-AI, MS-MI, PS-PI).

Intervals: each point's ``sigma_px`` is an independent standard deviation along
each axis; it is carried to a height by the closed-form first-order propagation
``var(H) = sum over both points of (u_x * s_x)**2 + (u_y * s_y)**2``, with ``u`` the
unit vector of the height and ``s`` the sigma in the height's unit, and to a ratio
by adding relative variances (two heights share no point).  Given are 95 %
intervals, value +- 1.96 standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..anatomy import Spine, spine_arrays
from ..geometry import Array, PixelScale

HEIGHT_NAMES = ("Ha", "Hm", "Hp")
RATIO_NAMES = ("Ha_Hp", "Hm_Hp", "Hm_Ha")
Z_95 = 1.959963984540054
"""Half width of a 95 % interval of the normal distribution, in standard deviations."""

Intervals = Mapping[str, tuple[float, float]]
_UPPER = [2, 1, 0]  # AS, MS, PS in POINT_NAMES
_LOWER = [3, 4, 5]  # AI, MI, PI


@dataclass(frozen=True)
class Heights:
    """Anterior, middle and posterior height of one vertebral body.

    Attributes:
        Ha: distance of AS and AI, or None with the reason among the withheld.
        Hm: distance of MS and MI, or None where there are no mid points.
        Hp: distance of PS and PI.
        unit: ``"mm"`` or ``"px"`` of all lengths here.
        depth: mean length of the upper and the lower endplate (corner to corner).
        area: area of the polygon of the points, unit squared.
        intervals: 95 % interval by name (``Ha``, ``Hm``, ``Hp``); absent where a
            point has no sigma.
    """

    Ha: float | None
    Hm: float | None
    Hp: float | None
    unit: str
    depth: float | None = None
    area: float | None = None
    intervals: Intervals = field(default_factory=dict)


@dataclass(frozen=True)
class Ratios:
    """Ratios of the heights, without unit; None where a height is missing.

    Attributes:
        Ha_Hp: anterior over posterior height.
        Hm_Hp: middle over posterior height.
        Hm_Ha: middle over anterior height.
        intervals: 95 % interval by name; absent where a point has no sigma.
    """

    Ha_Hp: float | None
    Hm_Hp: float | None
    Hm_Ha: float | None
    intervals: Intervals = field(default_factory=dict)


@dataclass(frozen=True)
class HeightTable:
    """All vertebrae of a spine as arrays; NaN inside this room means missing.

    Attributes:
        values: ``(n, 3)`` Ha, Hm, Hp in ``unit``.
        sds: ``(n, 3)`` standard deviations in ``unit``; NaN where a sigma is missing.
        depth: ``(n,)``.
        area: ``(n,)``.
        unit: ``"mm"`` or ``"px"``.
    """

    values: Array
    sds: Array
    depth: Array
    area: Array
    unit: str


def height_table(spine: Spine, scale: PixelScale) -> HeightTable:
    """Measure heights, depth and area of every vertebra at once."""
    pixels, sigma = spine_arrays(spine)
    with np.errstate(all="ignore"):
        points = scale.to_units(pixels)
        vectors = points[:, _LOWER] - points[:, _UPPER]
        values = np.hypot(vectors[..., 0], vectors[..., 1])
        values[~((values > 0) & np.isfinite(values))] = np.nan
        step = np.array([scale.column, scale.row])
        direction = (vectors / values[..., None] * step) ** 2
        variance = sigma[:, _LOWER] ** 2 + sigma[:, _UPPER] ** 2
        sds = np.sqrt(direction.sum(axis=-1) * variance)
        upper = points[:, 2] - points[:, 0]
        lower = points[:, 3] - points[:, 5]
        depth = (np.hypot(*upper.T) + np.hypot(*lower.T)) / 2
        area = _polygon_areas(points)
    for array in (sds, depth, area):
        array[~np.isfinite(array)] = np.nan
    return HeightTable(values, sds, depth, area, scale.unit)


def _polygon_areas(points: Array) -> Array:
    """Area of each outline PS MS AS AI MI PI, of the corners where a mid point lacks."""
    whole = np.isfinite(points).all(axis=(1, 2))
    outline = points.copy()
    outline[~whole, 1] = outline[~whole, 0]
    outline[~whole, 4] = outline[~whole, 3]
    outline = outline - outline[:, :1]
    following = np.roll(outline, -1, axis=1)
    cross = outline[..., 0] * following[..., 1] - outline[..., 1] * following[..., 0]
    return np.asarray(np.abs(cross.sum(axis=1)) / 2)


def heights_of(table: HeightTable, row: int) -> Heights:
    """One vertebra's heights, with None for what is missing."""
    values = [optional(v) for v in table.values[row].tolist()]
    anterior, middle, posterior = values
    intervals = _intervals(HEIGHT_NAMES, values, table.sds[row].tolist())
    depth, area = optional(float(table.depth[row])), optional(float(table.area[row]))
    return Heights(anterior, middle, posterior, table.unit, depth, area, intervals)


def ratio_table(table: HeightTable) -> tuple[Array, Array]:
    """Ratios ``(n, 3)`` Ha/Hp, Hm/Hp, Hm/Ha and their standard deviations ``(n, 3)``."""
    over, under = [0, 1, 1], [2, 2, 0]
    with np.errstate(all="ignore"):
        ratios = table.values[:, over] / table.values[:, under]
        relative = table.sds / table.values
        sds = ratios * np.hypot(relative[:, over], relative[:, under])
    ratios[~np.isfinite(ratios)] = np.nan
    return ratios, sds


def ratios_of(ratios: Array, sds: Array, row: int) -> Ratios:
    """One vertebra's ratios, with None for what is missing."""
    values = [optional(v) for v in ratios[row].tolist()]
    a_p, m_p, m_a = values
    return Ratios(a_p, m_p, m_a, _intervals(RATIO_NAMES, values, sds[row].tolist()))


def optional(value: float) -> float | None:
    """None for what is not finite."""
    return value if -np.inf < value < np.inf else None


def _intervals(names: tuple[str, ...], values: list[float | None], sds: list[float]) -> Intervals:
    return {
        name: (max(value - Z_95 * sd, 0.0), value + Z_95 * sd)
        for name, value, sd in zip(names, values, sds, strict=False)
        if value is not None and -np.inf < sd < np.inf
    }
