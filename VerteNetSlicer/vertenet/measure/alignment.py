"""Angles between endplates, disc heights and slips.

Angles are those between endplate lines (corner to corner) in the plane of the image,
in units of length, so that pixels that are not square do not bend them.  Kyphosis is
positive in :attr:`Alignment.kyphosis_t4_t12`, lordosis in the lumbar angles and in the
discs'.  Anterior is where the AS and AI points lie, not where the image's label says; and
an image that was turned or mirrored has the same angles.

Source: kyphosis, upper endplate of T4 to lower endplate of T12, and lordosis, upper
endplate of L1 to lower endplate of L5, after Cobb; recumbent lordosis is smaller than
standing (36.8 against 49.8 degrees T12-S1 in 627 healthy people, PMC6680033).

Intervals: first-order propagation of the points' sigma, 95 %, as in :mod:`.heights`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..anatomy import Level, Spine, spine_arrays
from ..geometry import Array, PixelScale, wrap_angle_deg

RECUMBENT_NOTE = "DXA is taken lying down: angles and discs are not those of a standing radiograph."
MEYERDING_FROM = 0.08
"""Share of the endplate from which a slip is called one.  5 to 8 % are usual; the
larger is taken because 1 mm of a point is 3 % of an endplate."""
_PS, _MS, _AS, _AI, _MI, _PI = range(6)
_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Measurement:
    """One number with its unit, its interval, or the reason why there is none.

    Attributes:
        value: the number, or None.
        unit: ``deg``, ``mm``, ``px``, ``%`` or empty.
        definition: what was measured, a few words.
        interval: 95 %, or None where a point has no sigma.
        reason: why there is no value, or None.
    """

    value: float | None
    unit: str
    definition: str
    interval: tuple[float, float] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Disc:
    """The disc between two vertebrae that lie next to each other, and their slip.

    Attributes:
        upper: level above.
        lower: level below.
        anterior: distance AI above to AS below, in ``unit``.
        middle: distance MI to MS, or None without mid points.
        posterior: distance PI to PS.
        unit: ``mm`` or ``px``.
        height_index: mean of the disc's known heights over the mean length of the two
            endplates that face it, or None.
        angle_deg: between these endplates, positive where open to the front.
        slip: step of the posterior corners along the lower vertebra's upper endplate,
            over that endplate's length; positive forwards.
        meyerding: 0 for no slip, 1 to 5 for I to V, of a slip in either direction.
        intervals: 95 % by attribute name.
    """

    upper: Level
    lower: Level
    anterior: float | None
    middle: float | None
    posterior: float | None
    unit: str
    height_index: float | None
    angle_deg: float | None
    slip: float | None
    meyerding: int | None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Alignment:
    """Angles and discs of a spine.

    Attributes:
        kyphosis_t4_t12: upper endplate of T4 to lower endplate of T12.
        lordosis_l1_l5: upper endplate of L1 to lower endplate of L5.
        lordosis_l1_s1: withheld: S1 is not among the points.
        body_angles_deg: upper against lower endplate of one vertebra by level,
            positive where the front is lower.
        discs: from the head; only between neighbours that are both there.
        note: what to bear in mind.
        withheld: sentences.
    """

    kyphosis_t4_t12: Measurement
    lordosis_l1_l5: Measurement
    lordosis_l1_s1: Measurement
    body_angles_deg: Mapping[Level, float]
    discs: tuple[Disc, ...]
    note: str = RECUMBENT_NOTE
    withheld: tuple[str, ...] = ()


def measure_alignment(
    spine: Spine, scale: PixelScale, *, implausible: Mapping[Level, str] | None = None
) -> Alignment:
    """Measure angles, discs and slips.

    Args:
        spine: the vertebrae.
        scale: size of a pixel.
        implausible: levels to leave out, with the reason (from :mod:`.quality`), unless
            a reader has decided on them.
    """
    doubt = implausible or {}
    kept = [v for v in spine.vertebrae if v.level not in doubt or v.reader is not None]
    levels = [v.level for v in kept]
    plates = _Plates.of(spine if len(kept) == len(spine) else Spine(tuple(kept)), scale)
    there = {v.level for v in spine.vertebrae}
    kyphosis = _angle("T4", "T12", levels, plates, -1.0, "T4 upper to T12 lower endplate", there)
    lordosis = _angle("L1", "L5", levels, plates, 1.0, "L1 upper to L5 lower endplate", there)
    sacral = Measurement(
        None, "deg", "L1 upper endplate to S1", None, "S1 is not among the points."
    )
    bodies = {
        level: -wrap_angle_deg(float(below - above))
        for level, (above, below) in zip(levels, plates.angle.tolist(), strict=True)
        if math.isfinite(above) and math.isfinite(below)
    }
    named = (("Kyphosis T4-T12", kyphosis), ("Lordosis L1-L5", lordosis))
    withheld = tuple(f"{name} is withheld: {m.reason}" for name, m in named if m.reason)
    return Alignment(kyphosis, lordosis, sacral, bodies, _discs(levels, plates, scale.unit),
                     withheld=withheld)  # fmt: skip


@dataclass(frozen=True)
class _Plates:
    """Points in units, anterior to the right; endplate angles, lengths and their SDs."""

    points: Array
    sigma: Array
    angle: Array
    angle_sd: Array
    length: Array

    @classmethod
    def of(cls, spine: Spine, scale: PixelScale) -> _Plates:
        pixels, spread = spine_arrays(spine)
        with np.errstate(all="ignore"):
            points = scale.to_units(pixels)
            sigma = spread[..., None] * np.array([scale.column, scale.row])
            line = points[:, [_AS, _AI]] - points[:, [_PS, _PI]]
            # which way round the corners run: of a spine upside down, x alone says the reverse
            across, down = line.sum(axis=1), (points[:, [_AI, _PI]] - points[:, [_AS, _PS]]).sum(1)
            if np.nansum(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]) < 0:
                points[..., 0] *= -1
                line[..., 0] *= -1
            length = np.hypot(line[..., 0], line[..., 1])
            length[~((length > 0) & np.isfinite(length))] = np.nan
            unit = line / length[..., None]
            normal = np.stack([-unit[..., 1], unit[..., 0]], axis=-1)
            across = sigma[:, [_AS, _AI]] ** 2 + sigma[:, [_PS, _PI]] ** 2
            sd = np.degrees(np.sqrt((normal**2 * across).sum(axis=-1)) / length)
            angle = np.degrees(np.arctan2(unit[..., 1], unit[..., 0]))
        return cls(points, sigma, angle, sd, length)


def _angle(
    top: str, bottom: str, levels: list[Level], plates: _Plates, sign: float, definition: str,
    there: Collection[Level],
) -> Measurement:  # fmt: skip
    """Angle from the upper endplate of one level to the lower endplate of another."""
    lacking = [name for name in (top, bottom) if Level(name) not in levels]
    if lacking:
        missing = [name for name in lacking if Level(name) not in there]
        doubtful = [name for name in lacking if name not in missing]
        reasons = [
            f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} {word}"
            for names, word in ((missing, "missing"), (doubtful, "implausible"))
            if names
        ]
        return Measurement(None, "deg", definition, None, f"{', '.join(reasons)}.")
    first, last = levels.index(Level(top)), levels.index(Level(bottom))
    value = float(plates.angle[last, 1] - plates.angle[first, 0])
    if not math.isfinite(value):
        return Measurement(None, "deg", definition, None, "an endplate has no length.")
    value = sign * wrap_angle_deg(value)
    sd = math.hypot(float(plates.angle_sd[first, 0]), float(plates.angle_sd[last, 1]))
    return Measurement(value, "deg", definition, _interval(value, sd))


def _interval(value: float, sd: float) -> tuple[float, float] | None:
    return (value - _Z_95 * sd, value + _Z_95 * sd) if math.isfinite(sd) else None


def _discs(levels: list[Level], plates: _Plates, unit: str) -> tuple[Disc, ...]:
    pairs = [
        (i, i + 1) for i in range(len(levels) - 1) if levels[i + 1].order == levels[i].order + 1
    ]
    if not pairs:
        return ()
    up, low = (list(column) for column in zip(*pairs, strict=True))
    values, sds = _disc_values(plates, up, low)
    names = ("anterior", "middle", "posterior", "height_index", "angle_deg", "slip")
    out = []
    for row, error, (i, j) in zip(values.tolist(), sds.tolist(), pairs, strict=True):
        known = [v if math.isfinite(v) else None for v in row]
        anterior, middle, posterior, index, angle, slip = known
        intervals = {
            name: span
            for name, value, sd in zip(names, known, error, strict=True)
            if value is not None and (span := _interval(value, sd)) is not None
        }
        out.append(Disc(levels[i], levels[j], anterior, middle, posterior, unit, index, angle,
                        slip, None if slip is None else meyerding(slip), intervals))  # fmt: skip
    return tuple(out)


def _disc_values(plates: _Plates, up: list[int], low: list[int]) -> tuple[Array, Array]:
    """``(d, 6)`` values and SDs: anterior, middle, posterior, index, angle, slip."""
    above, below = [_AI, _MI, _PI], [_AS, _MS, _PS]
    p, s = plates.points, plates.sigma
    with np.errstate(all="ignore"):
        gap = p[low][:, below] - p[up][:, above]
        height = np.hypot(gap[..., 0], gap[..., 1])
        variance = s[low][:, below] ** 2 + s[up][:, above] ** 2
        along = np.where(height[..., None] > 0, (gap / height[..., None]) ** 2, 0.5)
        height_sd = np.sqrt((along * variance).sum(axis=-1))
        facing = (plates.length[up, 1] + plates.length[low, 0]) / 2
        has_middle = np.isfinite(height[:, 1])
        count = np.where(has_middle, 3, 2)
        mean = np.where(has_middle, height.sum(axis=1), height[:, 0] + height[:, 2]) / count
        squares = height_sd**2
        total = np.where(has_middle, squares.sum(axis=1), squares[:, 0] + squares[:, 2])
        angle = (plates.angle[low, 0] - plates.angle[up, 1] + 180) % 360 - 180
        angle_sd = np.hypot(plates.angle_sd[low, 0], plates.angle_sd[up, 1])
        plate = p[low][:, _AS] - p[low][:, _PS]
        length = plates.length[low, 0]
        axis = plate / length[:, None]
        slip = -(gap[:, 2] * axis).sum(axis=1) / length
        slip_sd = np.sqrt((axis**2 * variance[:, 2]).sum(axis=1)) / length
    columns = [*height.T, mean / facing, angle, slip]
    errors = [*height_sd.T, np.sqrt(total) / count / facing, angle_sd, slip_sd]
    return np.stack(columns, axis=1), np.stack(errors, axis=1)


def meyerding(slip: float) -> int:
    """Grade of a slip given as a share of the endplate: I to 25 %, II to 50 % ... V over 100 %.

    Source: Meyerding 1932, Surg Gynecol Obstet 54:371; below :data:`MEYERDING_FROM`: 0.
    """
    size = abs(slip)
    if size < MEYERDING_FROM:
        return 0
    return 1 + sum(size > limit for limit in (0.25, 0.50, 0.75, 1.00))
