"""Guides, thirds and wall regions of the AAC frame."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vertenet.anatomy import Level, Side, Spine
from vertenet.errors import ConfigurationError
from vertenet.geometry import PixelScale, polygon_area
from vertenet.measure import Corridor, aac_geometry

LUMBAR = ("T12", "L1", "L2", "L3", "L4", "L5")
NAMES = ["T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5"]


def straight(build, levels=LUMBAR, size=20.0, step=30.0):
    """Rectangles of 40 x 20 every 30 pixels: guides are horizontal, 5 below each body."""
    bodies = [
        build.vertebra(level, y=50 + step * i, ha=size, hm=size, hp=size, depth=40)
        for i, level in enumerate(levels)
    ]
    return Spine(tuple(bodies))


def frame(spine, **more):
    return aac_geometry(spine, None, 600, 400, **more)


def test_five_guides_lie_in_the_middle_of_the_discs(build):
    geometry = frame(straight(build))
    assert [g.name for g in geometry.guides] == NAMES
    first = geometry.guides[0]
    assert (first.posterior, first.anterior, first.end) == ((100, 75), (140, 75), (290, 75))


def test_thirds_divide_the_way_between_guides(build):
    geometry = frame(straight(build))
    assert [t.name for t in geometry.thirds[:2]] == ["L1 1/3", "L1 2/3"]
    assert len(geometry.thirds) == 8
    assert [t.anterior[1] for t in geometry.thirds[:2]] == pytest.approx([85, 95])


def test_guides_reach_150_px_along_their_tilt(build):
    tilt = math.radians(20)
    turn = lambda x, y: (  # noqa: E731
        x * math.cos(tilt) - y * math.sin(tilt), x * math.sin(tilt) + y * math.cos(tilt)
    )  # fmt: skip
    for guide in frame(build.moved(straight(build), turn)).guides:
        run = np.subtract(guide.end, guide.anterior)
        assert math.hypot(*run) == pytest.approx(150)
        assert math.degrees(math.atan2(run[1], run[0])) == pytest.approx(20)


def test_wall_regions_are_closed_and_in_front_of_the_vertebrae(build):
    geometry = frame(straight(build), corridor=Corridor(0.0, 0.5, 1.0))
    assert [s.level for s in geometry.segments] == [Level(f"L{i}") for i in (1, 2, 3, 4)]
    segment = geometry.segments[0]
    for wall, low, high in ((segment.posterior, 140, 160), (segment.anterior, 160, 180)):
        assert wall[0] == wall[-1]
        x, y = np.array(wall).T
        assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((low, high, 75, 105))
        assert abs(polygon_area(wall[:-1])) == pytest.approx(20 * 30)


def test_segments_share_their_borders(build):
    segments = frame(straight(build)).segments
    lower = {p for p in segments[0].anterior if p[1] == max(q[1] for q in segments[0].anterior)}
    upper = {p for p in segments[1].anterior if p[1] == min(q[1] for q in segments[1].anterior)}
    assert lower == upper


def test_regions_are_clipped_to_the_image(build):
    geometry = aac_geometry(straight(build), None, 161, 400, corridor=Corridor(0.0, 0.5, 1.0))
    assert max(x for x, _ in geometry.segments[0].anterior) == 160.5
    gone = aac_geometry(straight(build), None, 150, 400, corridor=Corridor(0.0, 0.5, 1.0))
    assert gone.segments[0].anterior == ()
    assert gone.segments[0].posterior != ()


def test_a_missing_vertebra_withholds_its_guides_with_the_reason(build):
    spine = straight(build)
    without = Spine(tuple(v for v in spine if v.level is not Level.T12))
    geometry = frame(without)
    assert [g.name for g in geometry.guides] == NAMES[1:]
    assert "T12 is missing" in geometry.withheld[0]
    assert geometry.segments[0].anterior == ()
    assert "T12/L1 is missing" in geometry.segments[0].reason
    assert geometry.segments[1].reason is None
    assert geometry.crop.status == "unknown"


def test_no_vertebra_gives_an_empty_frame(build):
    geometry = frame(Spine())
    assert (geometry.guides, geometry.thirds, geometry.crop.status) == ((), (), "unknown")
    assert all(s.reason for s in geometry.segments)


def test_a_mirrored_spine_gives_the_mirrored_frame(build):
    mirror = lambda x, y: (599 - x, y)  # noqa: E731
    right = frame(straight(build))
    left = frame(build.moved(straight(build), mirror, Side.LEFT))
    for a, b in zip(right.guides + right.thirds, left.guides + left.thirds, strict=True):
        assert mirror(*a.end) == pytest.approx(b.end)
    for a, b in zip(right.segments, left.segments, strict=True):
        assert {mirror(*p) for p in a.anterior} == {tuple(p) for p in b.anterior}
    assert right.crop.status == left.crop.status


def test_the_corridor_is_measured_in_millimetres_where_pixels_are_not_square(build):
    turned = build.moved(straight(build), lambda x, y: (y, x))
    scale = PixelScale(row=0.6, column=0.3, in_mm=True)
    segment = aac_geometry(turned, None, 600, 600, scale=scale).segments[0]
    # the spine lies on its side: 0.9 depths of 40 rows each are 36 rows
    y = [p[1] for p in segment.anterior]
    assert max(y) - 140 == pytest.approx(36)


@pytest.mark.parametrize("limits", [(0.5, 0.2, 0.9), (-0.1, 0.2, 0.9), (0, 0.5, math.inf)])
def test_corridor_limits_must_rise(limits):
    with pytest.raises(ConfigurationError, match="corridor limits"):
        Corridor(*limits)
