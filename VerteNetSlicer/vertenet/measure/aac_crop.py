"""Is the aorta's corridor inside the image, and not under a mask?

The check fails safe: only a corridor that was looked at, all four segments of it, on
the image's own pixels, and found free ends as ``ok``.  Missing vertebrae, missing
pixels and crossing lines end as ``unknown``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..anatomy import LEVELS, Level
from ..geometry import Array
from .aac_mask import masked_pixels

if TYPE_CHECKING:
    from ..images import DxaImage

NEEDED_DEPTHS = 0.8
"""Room in front of the spine for status ``ok``, vertebral depths: between the front wall
of most aortas (0.45 to 0.7) and the smallest factor of VerteNet's crop flag (0.9, arXiv
2502.02097), chosen on synthetic scans (docs/measures.md)."""

_ALONG = 13  # lines across a segment: its four lines and three more between each two
_STEP = 0.02  # vertebral depths between samples of a line: about 2 px
_SPECKLE = 2  # blocked samples in a row that end the free way; one alone is a speck
_ACROSS = 76  # samples of a line: 1.5 depths, so that room beyond the needed is told
_ACROSS_STEPS = np.arange(_ACROSS) * _STEP
_FAR = 0.9  # depths within which lines must not meet
# weights that put three lines between each two of a segment's four
_BETWEEN = np.maximum(0.0, 1 - np.abs(np.linspace(0, 3, _ALONG)[:, None] - np.arange(4)))


@dataclass(frozen=True)
class SegmentFrame:
    """Four lines of a segment from head to foot: origins on the front of the spine.

    Attributes:
        level: L1 to L4.
        origins: ``(4, 2)`` anterior ends, pixels.
        steps: ``(4, 2)`` one vertebral depth along each line, pixels.
    """

    level: Level
    origins: Array
    steps: Array

    def at(self, depths: float) -> Array:
        """``(4, 2)`` points that many vertebral depths in front of the spine."""
        return self.origins + depths * self.steps


@dataclass(frozen=True)
class SegmentCrop:
    """What of one segment's corridor can be seen.

    Attributes:
        level: L1 to L4.
        status: ``ok``, ``cropped`` or ``unknown``.
        visible: share of the corridor inside the image and outside masks, or None.
        room: free way in front of the spine at the narrowest line, vertebral depths,
            at most 1.5; or None.
        reason: one sentence.
    """

    level: Level
    status: str
    visible: float | None
    room: float | None
    reason: str


@dataclass(frozen=True)
class CropStatus:
    """Whether the aorta may be cut off.

    Attributes:
        status: ``ok``, ``cropped`` or ``unknown``.
        reason: one sentence.
        per_segment: L1 to L4.
    """

    status: str
    reason: str
    per_segment: tuple[SegmentCrop, ...] = ()


def check_crop(
    frames: Sequence[SegmentFrame],
    missing: Mapping[Level, str],
    image: DxaImage | None,
    width: int | None,
    height: int | None,
    *,
    needed: float = NEEDED_DEPTHS,
    doubtful: Mapping[Level, str] | None = None,
) -> CropStatus:
    """Check each segment's corridor against the image's border and its masks.

    Args:
        frames: segments that could be drawn.
        missing: why the others could not.
        image: pixels, or None for the border alone.
        width: columns, or None where not known.
        height: rows, or None where not known.
        needed: room in front of the spine for ``ok``, vertebral depths.
        doubtful: vertebrae whose points cannot be right, with the reason; what rests on
            their guides is never ``ok``.
    """
    mask = None
    if image is not None and image.pixels.shape == (height, width):
        mask = masked_pixels(image.pixels)
    segments = [SegmentCrop(lv, "unknown", None, None, why) for lv, why in missing.items()]
    if frames and width is not None and height is not None:
        segments += _segments(frames, mask, (height, width), needed)
    else:
        why = "the size of the image is not known."
        segments += [
            SegmentCrop(f.level, "unknown", None, None, f"{f.level}: {why}") for f in frames
        ]
    if doubtful:
        segments = [_doubted(s, doubtful) for s in segments]
    segments.sort(key=lambda s: s.level.order)
    return _overall(tuple(segments), needed)


def _segments(
    frames: Sequence[SegmentFrame],
    mask: NDArray[np.bool_] | None,
    shape: tuple[int, int],
    needed: float,
) -> list[SegmentCrop]:
    """All segments at once: samples of shape (segments, lines, along the line)."""
    origins = _between([f.origins for f in frames])
    steps = _between([f.steps for f in frames])
    free = _visible(origins + 0.5, steps, mask, shape)
    room = _free_way(free)
    within = int((needed + 1e-9) / _STEP) + 1
    share = free[:, :, :within].mean(axis=(1, 2)).tolist()
    crossing = _crossing(origins, steps)
    return [
        _segment(frame.level, s, r, c, mask is not None, needed)
        for frame, s, r, c in zip(frames, share, room, crossing, strict=True)
    ]


def _visible(
    origins: Array, steps: Array, mask: NDArray[np.bool_] | None, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which samples lie in the image and outside masks; (0, 0) is the image's corner."""
    rows, columns = shape
    column = origins[..., :1] + _ACROSS_STEPS * steps[..., :1]
    row = origins[..., 1:] + _ACROSS_STEPS * steps[..., 1:]
    free = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    if mask is not None:
        # what lies outside is not free whatever it is looked up as
        place = np.where(free, np.floor(row) * columns + np.floor(column), 0.0)
        free &= ~mask.ravel().take(place.astype(np.intp))
    return np.asarray(free)


def _between(lines: Sequence[Array]) -> Array:
    """Four points each, ``(4, 2)``, to ``(s, 13, 2)`` with points between them."""
    return np.asarray(_BETWEEN @ np.array(lines))


def _free_way(free: NDArray[np.bool_]) -> list[float]:
    """Depths to the first run of blocked samples, of each segment's narrowest line."""
    blocked = ~free
    run = (blocked[..., 1:] & blocked[..., :-1]).any(axis=1)
    first = np.where(run.any(axis=-1), run.argmax(axis=-1), _ACROSS).tolist()
    return [_STEP * (n - 1) if n > 0 else 0.0 for n in first]


def _crossing(origins: Array, steps: Array) -> list[bool]:
    """True where a segment's lines meet within the corridor, so that it folds over."""
    first = origins[:, 1:] - origins[:, :-1]
    last = first + _FAR * (steps[:, 1:] - steps[:, :-1])
    met: list[bool] = ((first * last).sum(axis=-1) <= 0).any(axis=-1).tolist()
    return met


def _segment(
    level: Level, share: float, room: float, crossing: bool, looked: bool, needed: float
) -> SegmentCrop:
    if crossing:
        why = f"{level}: the guides cross in front of the spine; check the points."
        return SegmentCrop(level, "unknown", share, room, why)
    if room < needed - _STEP / 2:
        why = (
            f"{level}: {room:.2f} vertebral depths of room in front of the spine, "
            f"{needed:.2f} needed; {100 * share:.0f} % of the corridor is shown, "
            "the rest is outside the image, masked or saturated."
        )
        return SegmentCrop(level, "cropped", share, room, why)
    if not looked:
        why = f"{level}: inside the image; masks were not checked without its pixels."
        return SegmentCrop(level, "unknown", share, room, why)
    # no line is followed further, so the last sample says only how much there is at least
    least = "at least " if room > _ACROSS_STEPS[-1] - _STEP / 2 else ""
    why = f"{level}: {least}{room:.2f} vertebral depths of room in front of the spine."
    return SegmentCrop(level, "ok", share, room, why)


def _doubted(segment: SegmentCrop, doubtful: Mapping[Level, str]) -> SegmentCrop:
    """Not ok where the vertebra, or one whose corners make its guides, is doubtful."""
    place = segment.level.order
    near = [lv for lv in LEVELS[place - 1 : place + 2] if lv in doubtful]
    if segment.status != "ok" or not near:
        return segment
    why = f"{segment.level}: its guides rest on points that cannot be right. {doubtful[near[0]]}"
    return replace(segment, status="unknown", reason=why)


def _overall(segments: tuple[SegmentCrop, ...], needed: float) -> CropStatus:
    for status in ("cropped", "unknown"):
        found = [s for s in segments if s.status == status]
        if found:
            return CropStatus(status, " ".join(s.reason for s in found), segments)
    room = min(s.room for s in segments if s.room is not None)
    why = f"L1 to L4 have {room:.2f} vertebral depths of room or more, {needed:.2f} needed."
    return CropStatus("ok", why, segments)
