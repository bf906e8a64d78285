"""Is the aorta's corridor inside the image, and not under a mask?

The check fails safe: only a corridor that was looked at, all four segments of it, on
the image's own pixels, and found free ends as ``ok``.  Missing vertebrae, missing
pixels and crossing lines end as ``unknown``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..anatomy import Level
from ..geometry import Array

if TYPE_CHECKING:
    from ..images import DxaImage

_ALONG, _ACROSS = 13, 46
"""Samples of a segment along the spine and away from it (0.02 depths at the default)."""


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
        room: free way in front of the spine, vertebral depths, at the narrowest line.
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
    width: int,
    height: int,
    *,
    needed: float,
) -> CropStatus:
    """Check each segment's corridor against the image's border and its masks.

    Args:
        frames: segments that could be drawn.
        missing: why the others could not.
        image: pixels, or None for the border alone.
        width: columns.
        height: rows.
        needed: room in front of the spine that an aorta needs, vertebral depths.
    """
    mask = None
    segments = [_check_segment(frame, mask, width, height, needed, image) for frame in frames]
    segments += [SegmentCrop(lv, "unknown", None, None, why) for lv, why in missing.items()]
    segments.sort(key=lambda s: s.level.order)
    return _overall(tuple(segments))


def _check_segment(
    frame: SegmentFrame,
    mask: NDArray[np.bool_] | None,
    width: int,
    height: int,
    needed: float,
    image: DxaImage | None,
) -> SegmentCrop:
    along = np.linspace(0, 3, _ALONG)
    index = np.minimum(along.astype(int), 2)
    t = (along - index)[:, None]
    origins = frame.origins[index] * (1 - t) + frame.origins[index + 1] * t
    steps = frame.steps[index] * (1 - t) + frame.steps[index + 1] * t
    across = np.linspace(0, needed, _ACROSS)
    points = origins[:, None] + across[None, :, None] * steps[:, None]
    with np.errstate(invalid="ignore"):
        free = (
            (points[..., 0] >= -0.5)
            & (points[..., 0] <= width - 0.5)
            & (points[..., 1] >= -0.5)
            & (points[..., 1] <= height - 0.5)
        )
    visible = float(free.mean())
    first = np.where(free.all(axis=1), _ACROSS, np.argmin(free, axis=1))
    room = float(across[first.min() - 1]) if first.min() > 0 else 0.0
    if visible < 1:
        why = f"{frame.level}: only {100 * visible:.0f} % of the corridor lies in the image."
        return SegmentCrop(frame.level, "cropped", visible, room, why)
    if image is None:
        why = f"{frame.level}: inside the image's border; masks not checked without pixels."
        return SegmentCrop(frame.level, "unknown", visible, room, why)
    why = f"{frame.level}: the corridor lies inside the image."
    return SegmentCrop(frame.level, "ok", visible, room, why)


def _overall(segments: tuple[SegmentCrop, ...]) -> CropStatus:
    for status in ("cropped", "unknown"):
        found = [s for s in segments if s.status == status]
        if found:
            return CropStatus(status, " ".join(s.reason for s in found), segments)
    return CropStatus("ok", "The corridor of L1 to L4 lies inside the image.", segments)
