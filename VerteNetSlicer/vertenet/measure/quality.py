"""Is what was found believable, and is the image fit to be read?

Levels whose geometry cannot be right are named with a reason; their numbers are
withheld (:func:`.morphometry.measure_vertebrae`, :func:`.alignment.measure_alignment`
take them as ``implausible``) until a reader has decided on the vertebra.  The limits
are wide on purpose: a severe fracture must pass.  They are ours, chosen so that of the
NHANES 2013-14 vertebrae, fractured ones included, fewer than one in a thousand is
called implausible (Testing/measure/test_quality.py, docs/measures.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..anatomy import LEVELS, Level, Side, Spine, Vertebra, spine_arrays
from ..geometry import Array, PixelScale
from .quality_image import ImageQuality, image_quality

if TYPE_CHECKING:
    from ..images import DxaImage

BODY_FLATTEST = 0.15
"""Least mean height over depth; a body crushed to a quarter still has about 0.2."""
BODY_TALLEST = 1.6
"""Largest mean height over depth."""
DEPTH_RANGE = (0.60, 1.65)
"""Depth over the median depth of the others nearby."""
HEIGHT_LARGEST = 1.6
"""Tallest height over the median tallest height of the others nearby."""
OVERLAP = 0.25
"""Share of a height by which neighbours may run into each other (osteophytes, noise)."""
STEP_RANGE = (0.45, 1.75)
"""Distance of neighbouring centres over what the steps nearby predict."""
UNSURE_LEVEL = 0.5
"""Confidence of a level below which it is called uncertain."""
DOUBLE_CONTOUR = 0.10
"""Points' sigma over height from which a tilted or rotated body is suspected."""
TOO_UNCERTAIN = 0.12
"""Points' sigma over the body's size from which nothing is measured: a height is then
unsure by more than 0.12 sqrt(2) = 17 %, most of the way to a grade 1."""
AT_BORDER = 0.05
"""Distance of a corner to the image's border, in body heights, below which the body may be
cut: about 1 mm, less than the bright line of an endplate needs to be told from the border."""
DEPTH_MM = (18.0, 55.0)
"""Median depth of the bodies outside which the pixel spacing is doubted.  L5's upper endplate
is 35.7 +- 3.5 mm long (CT, Cook and Baker 2021, IJSS 15:1072); a small woman's T4 about
two thirds of it, a large man's magnified on a radiograph half as much again."""
LEAST_UPRIGHT = 0.5
"""Share of the bodies' axis that must run down the image: 60 degrees of tilt."""
_NEAR = 3  # levels


@dataclass(frozen=True)
class Finding:
    """One remark on quality.

    Attributes:
        code: a fixed word: ``outside``, ``cut``, ``uncertain``, ``shape``, ``size``, ``order``,
            ``overlap``, ``gap``, ``turned``, ``spacing``, ``side``, ``label``, ``tilt``,
            ``field``, ``coverage``, ``image``.
        text: a sentence for the reader.
        levels: the levels concerned.
    """

    code: str
    text: str
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True)
class Quality:
    """How far the result can be trusted.

    Attributes:
        covered: levels that are there.
        missing: levels of T4 to L4 that are not.
        findings: remarks, worst kinds first.
        implausible: levels whose numbers are to be withheld, with the reason.
        image: noise and sharpness, or None without pixels.
    """

    covered: tuple[Level, ...]
    missing: tuple[Level, ...]
    findings: tuple[Finding, ...] = ()
    implausible: Mapping[Level, str] = field(default_factory=dict)
    image: ImageQuality | None = None

    @property
    def misplaced(self) -> Mapping[Level, str]:
        """The implausible levels whose fault is more than that the image cuts them."""
        return {
            level: finding.text
            for finding in reversed(self.findings)
            if finding.code in _WITHHOLDING and finding.code not in ("outside", "cut")
            for level in finding.levels
        }


def check_quality(
    spine: Spine,
    scale: PixelScale,
    *,
    image: DxaImage | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Quality:
    """Check points and, where given, the image.

    Args:
        spine: the vertebrae.
        scale: size of a pixel.
        image: pixels for noise and sharpness.
        width: columns, taken from the image where not given.
        height: rows, taken from the image where not given.
    """
    if image is not None:
        width, height = image.width, image.height
    covered = tuple(v.level for v in spine.vertebrae)
    missing = tuple(lv for lv in LEVELS[:-1] if lv not in covered)
    points, _ = spine_arrays(spine)
    found = _outside(spine, points, width, height)
    pixels = None
    if len(spine):
        sigmas = [_mean_sigma(vertebra) for vertebra in spine.vertebrae]
        found += _uncertain(spine, points, sigmas)
        found += _geometry(spine, scale.to_units(points), scale)
        found += _labels(spine) + _tilt(spine, points, sigmas) + _field(spine, points, height)
        if image is not None:
            pixels = image_quality(image.pixels, points)
    if missing:
        names = ", ".join(lv.value for lv in missing)
        found.append(Finding("coverage", f"Not measured of T4 to L4: {names}.", missing))
    if pixels is not None and pixels.remark is not None:
        found.append(Finding("image", pixels.remark))
    implausible = {
        level: f.text for f in reversed(found) if f.code in _WITHHOLDING for level in f.levels
    }
    return Quality(covered, missing, tuple(found), implausible, pixels)


_WITHHOLDING = ("outside", "cut", "uncertain", "shape", "size", "order", "overlap")


def _outside(spine: Spine, points: Array, width: int | None, height: int | None) -> list[Finding]:
    if width is None or height is None:
        return []
    with np.errstate(invalid="ignore"):
        out = (points < -0.5) | (points > np.array([width - 0.5, height - 0.5]))
        tall = np.hypot(*(points[:, 5] - points[:, 0] + points[:, 3] - points[:, 2]).T) / 2
        margin = AT_BORDER * tall[:, None]
        low = points.min(axis=2) + 0.5
        high = (np.array([width - 0.5, height - 0.5]) - points).min(axis=2)
        near = (np.minimum(low, high) < margin).any(axis=1)
    beyond = out.any(axis=(1, 2))
    found = [
        Finding("outside", f"{lv}: a point lies outside the image.", (lv,))
        for lv in _levels(spine, beyond)
    ]
    text = "a point lies on the image's border, the body may be cut off"
    return found + [
        Finding("cut", f"{lv}: {text}.", (lv,)) for lv in _levels(spine, near & ~beyond)
    ]


def _levels(spine: Spine, chosen: object) -> list[Level]:
    return [spine.vertebrae[i].level for i in np.flatnonzero(np.asarray(chosen))]


def _geometry(spine: Spine, points: Array, scale: PixelScale) -> list[Finding]:
    """Shape of each body, size against the others, order and overlap of neighbours."""
    with np.errstate(all="ignore"):
        ps, _, as_, ai, _, pi = np.moveaxis(points, 1, 0)
        top, bottom, across = (ps + as_) / 2, (pi + ai) / 2, (as_ + ai - ps - pi) / 2
        centre, axis = (top + bottom) / 2, bottom - top
        depth, tall = np.hypot(*across.T), np.hypot(*axis.T)
        tallest = np.maximum(np.hypot(*(ai - as_).T), np.hypot(*(pi - ps).T))
        found = _shapes(spine, points, depth, tall, axis)
        found += _sizes(spine, depth, tallest)
        found += _neighbours(spine, points, centre, axis, tall)
        found += _pose(np.median(axis, axis=0), float(np.median(depth)), scale)
    facing = float(np.nansum(across[:, 0]))
    side = Side.RIGHT if facing > 0 else Side.LEFT
    if side is not spine.anterior:
        text = f"The points say the patient faces {side}, the image's label {spine.anterior}."
        found.append(Finding("side", text))
    return found


def _pose(upright: Array, depth: float, scale: PixelScale) -> list[Finding]:
    """How the whole spine lies, and whether its size can be that of a person."""
    found = []
    if not float(upright[1]) >= LEAST_UPRIGHT * math.hypot(*upright):
        text = "The spine runs across the image or upwards: x and y may be exchanged, or the image"
        found.append(Finding("turned", f"{text} turned. Check where the points lie."))
    if scale.in_mm and not DEPTH_MM[0] <= depth <= DEPTH_MM[1]:
        text = f"The vertebrae would be {depth:.3g} mm deep: check the pixel spacing before using"
        found.append(Finding("spacing", f"{text} lengths in mm."))
    return found


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _shapes(spine: Spine, points: Array, depth: Array, tall: Array, axis: Array) -> list[Finding]:
    corners = points[:, [0, 2, 3, 5]]
    edges = np.roll(corners, -1, axis=1) - corners
    turns = _cross(edges, np.roll(edges, -1, axis=1))
    folded = ~((turns > 0).all(axis=1) | (turns < 0).all(axis=1))
    # the body's corners must all run round the same way as the others' do
    turning = np.sign(turns.sum(axis=1))
    flipped = turning != np.sign(turning.sum() or turning[:1].sum())
    ratio = tall / depth
    odd = ~((ratio >= BODY_FLATTEST) & (ratio <= BODY_TALLEST))
    upright = np.median(axis, axis=0)
    inverted = (axis * upright).sum(axis=1) <= 0
    words = (
        (folded, "its corners do not form a convex body"),
        (flipped & ~folded, "anterior and posterior or upper and lower points are exchanged"),
        (inverted & ~folded & ~flipped, "its upper and lower endplates are exchanged"),
        (odd & ~folded, "its height does not fit its depth"),
        (_mid_points_astray(points), "a mid-endplate point is not between its corners"),
    )
    return [
        Finding("shape", f"{lv}: {text}.", (lv,))
        for chosen, text in words
        for lv in _levels(spine, chosen)
    ]


def _mid_points_astray(points: Array) -> Array:
    """True where MS or MI lies outside the middle 70 % of its endplate."""
    astray = np.zeros(len(points), dtype=bool)
    for start, middle, end in ((0, 1, 2), (5, 4, 3)):
        line = points[:, end] - points[:, start]
        place = ((points[:, middle] - points[:, start]) * line).sum(axis=1)
        place = place / (line**2).sum(axis=1)
        astray |= (place < 0.15) | (place > 0.85)
    return np.asarray(astray)


def _sizes(spine: Spine, depth: Array, tallest: Array) -> list[Finding]:
    order = [v.level.order for v in spine.vertebrae]
    depths, talls = depth.tolist(), tallest.tolist()
    found = []
    for i, vertebra in enumerate(spine.vertebrae):
        level = vertebra.level
        # levels rise, so that those within three levels stand within three places
        window = range(max(i - _NEAR, 0), min(i + _NEAR + 1, len(order)))
        near = [j for j in window if j != i and abs(order[j] - order[i]) <= _NEAR]
        d = _share(depths[i], [depths[j] for j in near])
        h = _share(talls[i], [talls[j] for j in near])
        if d is not None and not DEPTH_RANGE[0] <= d <= DEPTH_RANGE[1]:
            text = f"{level}: {100 * d:.0f} % of the depth of the vertebrae near it."
            found.append(Finding("size", text, (level,)))
        elif h is not None and not h <= HEIGHT_LARGEST:
            text = f"{level}: {100 * h:.0f} % of the height of the vertebrae near it."
            found.append(Finding("size", text, (level,)))
    return found


def _share(value: float, others: list[float]) -> float | None:
    """A length over the median of others; None where that is not a length."""
    middle = _median(others) if others else 0.0
    return value / middle if 0 < middle < math.inf and math.isfinite(value) else None


def _median(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _neighbours(
    spine: Spine, points: Array, centre: Array, axis: Array, tall: Array
) -> list[Finding]:
    """Order, overlap and gaps between one vertebra and the next one that is there."""
    if len(spine) < 2:
        return []
    levels = [v.level for v in spine.vertebrae]
    step = centre[1:] - centre[:-1]
    mean = (axis[1:] / tall[1:, None] + axis[:-1] / tall[:-1, None]) / 2
    down = (step * mean).sum(axis=1)
    gap = points[1:][:, [2, 0]] - points[:-1][:, [3, 5]]
    depth_of_overlap = -(gap * mean[:, None]).sum(axis=-1).min(axis=1)
    smaller = np.minimum(tall[1:], tall[:-1])
    found = []
    for i, (upper, lower) in enumerate(zip(levels, levels[1:], strict=False)):
        pair = (upper, lower)
        if not down[i] > 0:
            found.append(Finding("order", f"{lower} lies above {upper}.", pair))
        elif depth_of_overlap[i] > OVERLAP * smaller[i]:
            found.append(Finding("overlap", f"{upper} and {lower} overlap.", pair))
    return found + _gaps(levels, np.hypot(*step.T))


def _gaps(levels: list[Level], length: Array) -> list[Finding]:
    """Steps that do not fit the number of levels between: a label may be wrong."""
    between = np.array([b.order - a.order for a, b in zip(levels, levels[1:], strict=False)])
    each = length / between
    usual = float(np.median(each))
    # lumbar steps are about 1.6 times those of T4; taken linear over the 14 levels
    middle = np.array([(a.order + b.order) / 2 for a, b in zip(levels, levels[1:], strict=False)])
    growth = 1 + 0.06 * (middle - float(np.median(middle)))
    ratio = each / (usual * np.maximum(growth, 0.4))
    low, high = STEP_RANGE
    if len(levels) < 4 or not usual > 0:
        return []
    return [
        Finding("gap", f"The distance from {a} to {b} does not fit their names.", (a, b))
        for a, b, r in zip(levels, levels[1:], ratio.tolist(), strict=False)
        if not low <= r <= high
    ]


def _labels(spine: Spine) -> list[Finding]:
    unsure = tuple(
        v.level
        for v in spine.vertebrae
        if v.level_confidence is not None and v.level_confidence < UNSURE_LEVEL
    )
    if not unsure:
        return []
    names = ", ".join(lv.value for lv in unsure)
    return [Finding("label", f"The level is uncertain: {names}. Count from a known one.", unsure)]


def _mean_sigma(vertebra: Vertebra) -> float:
    """Mean sigma of the points that have one, pixels; 0 where fewer than four have."""
    sigmas = [p.sigma_px for p in vertebra.points.values() if p.sigma_px is not None]
    return sum(sigmas) / len(sigmas) if len(sigmas) >= 4 else 0.0


def _uncertain(spine: Spine, points: Array, sigmas: list[float]) -> list[Finding]:
    """Bodies whose points the network guessed rather than saw."""
    out = []
    for vertebra, six, sigma in zip(spine.vertebrae, points.tolist(), sigmas, strict=True):
        size = (math.dist(six[0], six[5]) + math.dist(six[0], six[2])) / 2
        if size > 0 and sigma > TOO_UNCERTAIN * size:
            text = (
                f"{vertebra.level}: the points are too uncertain (on average "
                f"{sigma / size:.0%} of the body's size). Correct or confirm them."
            )
            out.append(Finding("uncertain", text, (vertebra.level,)))
    return out


def _tilt(spine: Spine, points: Array, sigmas: list[float]) -> list[Finding]:
    """Endplate points that the network could not settle: often a double contour."""
    out = []
    for vertebra, six, sigma in zip(spine.vertebrae, points.tolist(), sigmas, strict=True):
        size = math.dist(six[0], six[5])
        if size > 0 and sigma > DOUBLE_CONTOUR * size:
            out.append(vertebra.level)
    if not out:
        return []
    names = ", ".join(lv.value for lv in out)
    text = f"Endplates are not sharp, the body may be tilted or rotated: {names}."
    return [Finding("tilt", text, tuple(out))]


def _field(spine: Spine, points: Array, height: int | None) -> list[Finding]:
    """The image ends before L4 or L5."""
    last = spine.vertebrae[-1]
    if height is None or last.level in (Level.L5,):
        return []
    six = points[-1]
    size = abs(float(six[5, 1] - six[0, 1]))
    room = height - 0.5 - float(np.nanmax(six[:, 1]))
    if room > 1.3 * size:
        return []
    return [Finding("field", f"The image ends below {last.level}.", (last.level,))]
