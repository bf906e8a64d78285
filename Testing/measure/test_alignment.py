"""Angles, discs and slips with known answers."""

from __future__ import annotations

import math

import pytest

from vertenet.anatomy import LEVELS, Landmark, Level, PointName, ReaderDecision, Side, Spine
from vertenet.geometry import PixelScale
from vertenet.measure import measure_alignment
from vertenet.measure.alignment import meyerding

PX = PixelScale()


def turned(build, degrees, *, levels=LEVELS, sigma=None):
    """Rectangles 40 by 25; level i is turned by ``degrees[i]``, front down where positive."""
    bodies = []
    for i, level in enumerate(levels):
        angle = math.radians(degrees.get(str(level), 0.0))
        body = build.vertebra(level, y=50 + 35 * i, ha=25, hm=25, hp=25, depth=40, sigma=sigma)
        cx, cy = body.centre

        def turn(x, y, a=angle, cx=cx, cy=cy):
            dx, dy = x - cx, y - cy
            return cx + dx * math.cos(a) - dy * math.sin(a), cy + dx * math.sin(a) + dy * math.cos(
                a
            )

        bodies.append(next(iter(build.moved(Spine((body,)), turn))))
    return Spine(tuple(bodies))


def test_kyphosis_is_positive_where_the_chest_bends_forwards(build):
    found = measure_alignment(turned(build, {"T4": 25.0, "T12": -15.0}), PX)
    assert found.kyphosis_t4_t12.value == pytest.approx(40.0)
    assert found.lordosis_l1_l5.value == pytest.approx(0.0)


def test_lordosis_is_positive_where_the_loin_bends_backwards(build):
    found = measure_alignment(turned(build, {"L1": -10.0, "L5": 25.0}), PX)
    assert found.lordosis_l1_l5.value == pytest.approx(35.0)


def test_angles_are_the_same_in_a_mirror(build):
    spine = turned(build, {"T4": 25.0, "T12": -15.0, "L1": -10.0, "L5": 25.0})
    mirrored = build.moved(spine, lambda x, y: (500 - x, y), Side.LEFT)
    a, b = measure_alignment(spine, PX), measure_alignment(mirrored, PX)
    assert a.kyphosis_t4_t12.value == pytest.approx(b.kyphosis_t4_t12.value)
    assert a.lordosis_l1_l5.value == pytest.approx(b.lordosis_l1_l5.value)
    for x, y in zip(a.discs, b.discs, strict=True):
        assert (x.angle_deg, x.slip) == pytest.approx((y.angle_deg, y.slip))


def test_an_interval_follows_from_the_points_uncertainty(build):
    found = measure_alignment(turned(build, {}, sigma=0.5), PX).lordosis_l1_l5
    sd = math.degrees(math.sqrt(2) * 0.5 / 40)
    assert found.interval == pytest.approx((-1.96 * sd * math.sqrt(2), 1.96 * sd * math.sqrt(2)),
                                           rel=1e-3)  # fmt: skip


@pytest.mark.parametrize(
    ("gone", "name"), [("T4", "kyphosis"), ("T12", "kyphosis"), ("L5", "lordosis")]
)
def test_a_missing_level_withholds_the_angle_with_the_reason(build, gone, name):
    spine = turned(build, {})
    found = measure_alignment(Spine(tuple(v for v in spine if v.level.value != gone)), PX)
    angle = found.kyphosis_t4_t12 if name == "kyphosis" else found.lordosis_l1_l5
    assert (angle.value, angle.reason) == (None, f"{gone} is missing.")
    assert any(gone in text for text in found.withheld)


def test_l1_s1_is_withheld_because_s1_is_not_measured(build):
    found = measure_alignment(turned(build, {}), PX).lordosis_l1_s1
    assert (found.value, found.reason) == (None, "S1 is not among the points.")


def test_recumbent_values_are_not_standing_ones(build):
    assert "lying down" in measure_alignment(turned(build, {}), PX).note


def test_discs_have_heights_index_and_angle(build):
    spine = turned(build, {}, levels=[Level.L2, Level.L3])
    disc = measure_alignment(spine, PixelScale(0.5, 0.5, True)).discs[0]
    assert (disc.anterior, disc.middle, disc.posterior, disc.unit) == (5.0, 5.0, 5.0, "mm")
    assert disc.height_index == pytest.approx(10 / 40)
    assert disc.angle_deg == pytest.approx(0.0)
    assert (disc.slip, disc.meyerding) == (0.0, 0)


def test_a_disc_open_to_the_front_has_a_positive_angle(build):
    spine = turned(build, {"L3": 8.0}, levels=[Level.L2, Level.L3])
    assert measure_alignment(spine, PX).discs[0].angle_deg == pytest.approx(8.0)


def test_levels_that_are_no_neighbours_have_no_disc(build):
    assert measure_alignment(turned(build, {}, levels=[Level.L1, Level.L3]), PX).discs == ()


@pytest.mark.parametrize("shift", [-8.0, 0.0, 12.0])
def test_a_slip_is_measured_along_the_lower_endplate(build, shift):
    upper = build.vertebra("L4", x=100 + shift, ha=25, hm=25, hp=25, depth=40)
    lower = build.vertebra("L5", y=135, ha=25, hm=25, hp=25, depth=40)
    disc = measure_alignment(Spine((upper, lower)), PX).discs[0]
    assert disc.slip == pytest.approx(shift / 40)


@pytest.mark.parametrize(
    ("slip", "grade"),
    [(0, 0), (0.079, 0), (0.08, 1), (0.25, 1), (0.251, 2), (0.5, 2), (0.501, 3), (0.75, 3),
     (0.751, 4), (1.0, 4), (1.01, 5), (-0.3, 2)],
)  # fmt: skip
def test_meyerdings_grades_have_their_limits(slip, grade):
    assert meyerding(slip) == grade


def test_without_mid_points_a_disc_has_two_heights(build):
    bodies = [build.vertebra(lv, y=y, ha=25, hm=None, hp=25) for lv, y in (("L1", 50), ("L2", 85))]
    disc = measure_alignment(Spine(tuple(bodies)), PX).discs[0]
    assert disc.middle is None
    assert disc.height_index == pytest.approx(10 / 35)


def test_an_endplate_without_length_withholds_its_angle(build):
    spine = turned(build, {})
    top = spine.get(Level.T4)
    ps = top.points[PointName.PS]
    flat = spine.replacing(top.with_point(PointName.AS, Landmark(ps.x, ps.y)))
    found = measure_alignment(flat, PX)
    assert found.kyphosis_t4_t12.value is None
    assert "no length" in found.kyphosis_t4_t12.reason
    assert Level.T4 not in found.body_angles_deg


def test_an_implausible_level_is_left_out_until_a_reader_decides(build):
    spine, doubt = turned(build, {}), {Level.T4: "folded"}
    assert measure_alignment(spine, PX, implausible=doubt).kyphosis_t4_t12.value is None
    body = build.vertebra("T4", ha=25, hm=25, hp=25, depth=40, reader=ReaderDecision(0))
    confirmed = spine.replacing(body)
    assert measure_alignment(confirmed, PX, implausible=doubt).kyphosis_t4_t12.value is not None


@pytest.mark.parametrize(
    "where",
    [
        lambda x, y: (500 - x, 900 - y),
        lambda x, y: (y, 500 - x),
        lambda x, y: (y, x),
        lambda x, y: (x, 900 - y),
    ],
    ids=["half a turn", "a quarter turn", "x and y exchanged", "upside down in a mirror"],
)
def test_angles_are_the_same_however_the_image_lies(build, where):
    spine = turned(build, {"T4": 25.0, "T12": -15.0, "L1": -10.0, "L5": 25.0})
    a, b = measure_alignment(spine, PX), measure_alignment(build.moved(spine, where), PX)
    assert b.kyphosis_t4_t12.value == pytest.approx(40.0)
    assert b.lordosis_l1_l5.value == pytest.approx(35.0)
    for x, y in zip(a.discs, b.discs, strict=True):
        assert (x.angle_deg, x.slip) == pytest.approx((y.angle_deg, y.slip))


def test_a_level_that_is_there_but_implausible_is_not_called_missing(build):
    spine = Spine(tuple(v for v in turned(build, {}) if v.level is not Level.T4))
    found = measure_alignment(spine, PX, implausible={Level.T12: "cut", Level.L5: "cut"})
    assert found.kyphosis_t4_t12.reason == "T4 is missing, T12 is implausible."
    assert found.lordosis_l1_l5.reason == "L5 is implausible."
