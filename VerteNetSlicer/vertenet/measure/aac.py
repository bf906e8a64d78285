"""Guides, thirds and wall regions for scoring abdominal aortic calcification (AAC).

Source: guides, thirds and the 150 px reach as published with VerteNet (arXiv
2502.02097); segments reach from disc to disc as Kauppila 1997 (Atherosclerosis
132:245) divides the aorta.  Offsets run along the tilted lines, not along x.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..anatomy import Level, PointName, Spine, Vertebra
from ..errors import ConfigurationError
from ..geometry import Array, PixelScale, clip_polygon
from .aac_crop import NEEDED_DEPTHS, CropStatus, SegmentFrame, check_crop

if TYPE_CHECKING:
    from ..images import DxaImage

Point = tuple[float, float]
Polygon = tuple[Point, ...]

GUIDE_LEVELS = tuple(
    (Level(a), Level(b))
    for a, b in (("T12", "L1"), ("L1", "L2"), ("L2", "L3"), ("L3", "L4"), ("L4", "L5"))
)
_NAMES = tuple(f"{upper}/{lower}" for upper, lower in GUIDE_LEVELS)
_SEGMENT_LEVELS = tuple(lower for _, lower in GUIDE_LEVELS[:-1])
_TINY = 1e-9  # pixels; below it a line has no direction
_FURTHEST_PX = 1e7  # no image is that large; beyond it products overflow
REACH_PX = 150.0
"""How far every line reaches beyond its anterior end, pixels (VerteNet, as published)."""


@dataclass(frozen=True)
class Corridor:
    """Where the aorta is looked for, in vertebral depths in front of the vertebrae.

    The projected aorta begins 0 to 5 mm in front of the vertebral edge (CT: mean gaps
    1 to 2.5 mm) and its front wall lies 15 to 23 mm, 0.45 to 0.7 depths, in front;
    0.9 depths, the smallest published VerteNet factor, leaves room for a wide or
    tortuous aorta.  The limit between the walls is the middle of that aorta.

    Source: aorta-disc gaps from 557 CT scans (Surg Radiol Anat 2021); aortic
    diameters 14 to 20 mm; VerteNet's factors 0.9 to 1.2 (arXiv 2502.02097).

    Attributes:
        start: posterior edge of the posterior wall's region.
        middle: limit between the posterior and the anterior wall's region.
        end: anterior edge of the anterior wall's region.
    """

    start: float = 0.0
    middle: float = 0.35
    end: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.middle < self.end < math.inf:
            raise ConfigurationError(
                "Expected corridor limits 0 <= start < middle < end in vertebral depths, got "
                f"({self.start}, {self.middle}, {self.end}). Correct the limits."
            )


DEFAULT_CORRIDOR = Corridor()


@dataclass(frozen=True)
class Guide:
    """One line of the AAC frame, pixels.

    Attributes:
        name: ``"T12/L1"`` for a guide, ``"L1 1/3"`` or ``"L1 2/3"`` for a third.
        posterior: posterior end ``(x, y)``.
        anterior: anterior end, on the front of the spine.
        end: the far end, ``REACH_PX`` beyond the anterior end along the line.
    """

    name: str
    posterior: Point
    anterior: Point
    end: Point


@dataclass(frozen=True)
class AacSegment:
    """The aorta in front of one lumbar vertebra, from disc to disc.

    Attributes:
        level: L1 to L4.
        anterior: closed polygon of the anterior wall's region (first point repeated),
            clipped to the image; empty where withheld or outside.
        posterior: the same for the posterior wall.
        reason: why the segment is withheld, or None.
    """

    level: Level
    anterior: Polygon = ()
    posterior: Polygon = ()
    reason: str | None = None


@dataclass(frozen=True)
class AacGeometry:
    """The whole AAC frame of an image, pixels.

    Attributes:
        guides: those of the five that could be drawn, from the head.
        thirds: two between consecutive guides.
        segments: always L1 to L4; withheld ones carry a reason.
        crop: is the aorta's corridor inside the image?
        withheld: sentences for guides that are missing.
        depth_px: mean vertebral depth W in pixel columns, or None without guides.
    """

    guides: tuple[Guide, ...]
    thirds: tuple[Guide, ...]
    segments: tuple[AacSegment, ...]
    crop: CropStatus
    withheld: tuple[str, ...] = ()
    depth_px: float | None = None


def aac_geometry(
    spine: Spine,
    image: DxaImage | None,
    width: int | None,
    height: int | None,
    *,
    scale: PixelScale | None = None,
    corridor: Corridor = DEFAULT_CORRIDOR,
    reach_px: float = REACH_PX,
    needed_depths: float = NEEDED_DEPTHS,
    doubtful: Mapping[Level, str] | None = None,
) -> AacGeometry:
    """Draw the AAC frame of a spine and check that the aorta's corridor is in the image.

    Args:
        spine: the vertebrae; T12 to L5 matter.
        image: for the check against masks, or None: then crop is never ``ok``.
        width: columns of the image, or None where not known: nothing is clipped then.
        height: rows of the image, or None.
        scale: size of a pixel; the image's own where not given, square otherwise.
        corridor: limits of the wall regions in vertebral depths.
        reach_px: how far lines reach beyond their anterior end, pixels.
        needed_depths: room in front of the spine for crop status ``ok``.
        doubtful: vertebrae whose points cannot be right, with the reason
            (:attr:`.quality.Quality.misplaced`): their segments are never ``ok``.
    """
    scale = scale or (image.scale if image is not None else PixelScale())
    lines, withheld = _guide_lines(spine)
    guides = tuple(_guide(name, line, reach_px) for name, line in lines.items() if name in _NAMES)
    thirds = tuple(_guide(n, line, reach_px) for n, line in lines.items() if n not in _NAMES)
    depth = _mean_depth(lines, scale)
    frames: list[SegmentFrame] = []
    segments: list[AacSegment] = []
    for above, (level, below) in zip(
        _NAMES, zip(_SEGMENT_LEVELS, _NAMES[1:], strict=False), strict=False
    ):
        frame, reason = _segment_frame(level, above, below, lines, depth, scale)
        if frame is None:
            segments.append(AacSegment(level, reason=reason))
            continue
        frames.append(frame)
        segments.append(_segment(frame, corridor, width, height))
    missing = {s.level: s.reason for s in segments if s.reason is not None}
    crop = check_crop(
        frames, missing, image, width, height, needed=needed_depths, doubtful=doubtful
    )
    return AacGeometry(guides, thirds, tuple(segments), crop, withheld, depth)


def _ends(above: Vertebra, below: Vertebra) -> Array | None:
    """``(2, 2)`` posterior and anterior end of the guide between two vertebrae."""
    a, b = above.points, below.points
    pairs = ((PointName.PI, PointName.PS), (PointName.AI, PointName.AS))
    ends = np.array([[a[i].x / 2 + b[j].x / 2, a[i].y / 2 + b[j].y / 2] for i, j in pairs])
    usable = math.dist(ends[0], ends[1]) > _TINY and np.abs(ends).max() < _FURTHEST_PX
    return ends if usable else None


def _guide_lines(spine: Spine) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Lines by name from the head, thirds included, and why guides are missing."""
    lines: dict[str, Array] = {}
    withheld: list[str] = []
    previous: Array | None = None
    for upper, lower in GUIDE_LEVELS:
        name = f"{upper}/{lower}"
        above, below = spine.get(upper), spine.get(lower)
        ends = None
        if above is None or below is None:
            lacking = " and ".join(lv.value for lv in (upper, lower) if spine.get(lv) is None)
            withheld.append(f"Guide {name} is withheld: {lacking} is missing.")
        else:
            ends = _ends(above, below)
            if ends is None:
                withheld.append(f"Guide {name} is withheld: its two ends coincide or lie far off.")
        if ends is not None:
            if previous is not None:
                lines[f"{upper} 1/3"] = previous + (ends - previous) / 3
                lines[f"{upper} 2/3"] = previous + (ends - previous) * 2 / 3
            lines[name] = ends
        previous = ends
    return lines, tuple(withheld)


def _guide(name: str, line: Array, reach_px: float) -> Guide:
    (px, py), (ax, ay) = line.tolist()
    factor = reach_px / max(math.hypot(ax - px, ay - py), _TINY)
    end = (ax + factor * (ax - px), ay + factor * (ay - py))
    return Guide(name, (px, py), (ax, ay), end)


def _mean_depth(lines: dict[str, Array], scale: PixelScale) -> float | None:
    """Mean length of the lines in pixel columns; L4/L5 counts only where it is alone.

    Source: VerteNet's W, the mean over T12/L1 to the last third above L4/L5.
    """
    chosen = [line for name, line in lines.items() if name != _NAMES[-1]] or list(lines.values())
    if not chosen:
        return None
    ends = scale.to_units(np.array(chosen))
    difference = ends[:, 1] - ends[:, 0]
    depth = float(np.mean(np.hypot(difference[:, 0], difference[:, 1]))) / scale.column
    return depth if _TINY < depth < math.inf else None


def _segment_frame(
    level: Level,
    above: str,
    below: str,
    lines: dict[str, Array],
    depth: float | None,
    scale: PixelScale,
) -> tuple[SegmentFrame | None, str | None]:
    """The four lines of a segment as origins and steps of one vertebral depth."""
    missing = [name for name in (above, below) if name not in lines]
    if missing or depth is None:
        guides = " and ".join(missing) or above
        return None, f"{level} is withheld: guide {guides} is missing."
    names = (above, f"{level} 1/3", f"{level} 2/3", below)
    ends = np.array([lines[name] for name in names])
    direction = scale.to_units(ends[:, 1] - ends[:, 0])
    length = np.hypot(direction[:, 0], direction[:, 1])
    if not (length > _TINY).all():
        return None, f"{level} is withheld: its guides cross inside the spine."
    steps = scale.to_pixels(direction / length[:, None] * depth * scale.column)
    return SegmentFrame(level, ends[:, 1], steps), None


def _segment(
    frame: SegmentFrame, corridor: Corridor, width: int | None, height: int | None
) -> AacSegment:
    edges = [frame.at(f) for f in (corridor.start, corridor.middle, corridor.end)]
    # pixels are squares around their centres: the image ends half a pixel further out
    far = (math.inf if width is None else width - 0.5, math.inf if height is None else height - 0.5)
    near = (-0.5 if width is not None else -math.inf, -0.5 if height is not None else -math.inf)
    walls: list[Polygon] = []
    for inner, outer in itertools.pairwise(edges):
        inside = clip_polygon(np.concatenate([inner, outer[::-1]]), low=near, high=far)
        points = [(x, y) for x, y in inside.tolist()]
        walls.append((*points, points[0]) if len(points) >= 3 else ())
    return AacSegment(frame.level, anterior=walls[1], posterior=walls[0])
