"""Heights, ratios, depth, area and their intervals."""

from __future__ import annotations

import math

import pytest

from vertenet.anatomy import Landmark, Level, PointName, ReaderDecision, Spine
from vertenet.geometry import PixelScale
from vertenet.measure import RULES, measure_vertebrae

MM = PixelScale(0.3, 0.3, True)


def one(spine, scale=MM, **more):
    return measure_vertebrae(spine, scale, **more)[0]


def test_heights_are_distances_in_millimetres(build):
    m = one(Spine((build.vertebra("L2", ha=20, hm=22, hp=24, depth=30),)))
    assert (m.heights.Ha, m.heights.Hm, m.heights.Hp) == pytest.approx((6.0, 6.6, 7.2))
    assert m.heights.unit == "mm"
    assert m.heights.depth == pytest.approx(0.3 * math.hypot(30, 2))


def test_without_spacing_heights_are_pixels(build):
    m = one(Spine((build.vertebra("L2", ha=20, hm=22, hp=24),)), PixelScale())
    assert (m.heights.Ha, m.heights.unit) == (20.0, "px")


def test_pixels_that_are_not_square_do_not_bend_heights(build):
    upright = Spine((build.vertebra("L2", ha=20, hm=20, hp=20),))
    lying = build.moved(upright, lambda x, y: (y, x))
    assert one(upright, PixelScale(0.5, 0.25, True)).heights.Ha == pytest.approx(10.0)
    assert one(lying, PixelScale(0.5, 0.25, True)).heights.Ha == pytest.approx(5.0)


def test_the_area_is_that_of_the_outline(build):
    m = one(Spine((build.vertebra("L2", ha=20, hm=20, hp=20, depth=30),)), PixelScale())
    assert m.heights.area == pytest.approx(600.0)
    corners = one(Spine((build.vertebra("L2", ha=20, hm=None, hp=20, depth=30),)), PixelScale())
    assert corners.heights.area == pytest.approx(600.0)


def test_without_mid_points_the_middle_height_is_withheld_with_its_reason(build):
    m = one(Spine((build.vertebra("L2", hm=None),)))
    assert m.heights.Hm is None
    assert (m.ratios.Hm_Hp, m.ratios.Hm_Ha) == (None, None)
    assert any("mid-endplate points are missing" in text for text in m.withheld)
    assert "middle height not known" in m.genant.reason


def test_points_on_one_another_withhold_the_height(build):
    flat = build.vertebra("L2")
    ps = flat.points[PointName.PS]
    m = one(Spine((flat.with_point(PointName.PI, Landmark(ps.x, ps.y)),)))
    assert (m.heights.Hp, m.ratios.Ha_Hp, m.genant.grade) == (None, None, None)
    assert any("PS and PI coincide" in text for text in m.withheld)


def test_an_interval_follows_from_the_points_uncertainty(build):
    m = one(Spine((build.vertebra("L2", ha=20, hm=20, hp=25, sigma=0.5),)))
    low, high = m.heights.intervals["Ha"]
    sd = 0.3 * 0.5 * math.sqrt(2)
    assert (low, high) == pytest.approx((6 - 1.96 * sd, 6 + 1.96 * sd), rel=1e-4)
    low, high = m.ratios.intervals["Ha_Hp"]
    expected = 0.8 * math.hypot(sd / 6, sd / 7.5)
    assert (high - low) / (2 * 1.96) == pytest.approx(expected, rel=1e-4)


def test_a_point_without_uncertainty_gives_no_interval(build):
    vertebra = build.vertebra("L2", sigma=0.5)
    moved = vertebra.with_point(PointName.AS, vertebra.points[PointName.AS].moved_to(135, 100))
    m = one(Spine((moved,)))
    assert "Ha" not in m.heights.intervals
    assert "Hp" in m.heights.intervals


def test_z_scores_follow_level_and_sex(build):
    spine = build.spine()
    men, women, unknown = (
        {m.level: m for m in measure_vertebrae(spine, MM, sex=sex)} for sex in ("M", "F", "?")
    )
    assert men[Level.T12].z_scores["Ha_Hp"] != women[Level.T12].z_scores["Ha_Hp"]
    assert abs(unknown[Level.T12].z_scores["Ha_Hp"]) < 0.5
    assert unknown[Level.T12].norm == "NHANES 2013-14"


@pytest.mark.parametrize("rule", RULES)
def test_l5_is_measured_but_not_graded_by_any_rule(build, rule):
    m = measure_vertebrae(build.spine(), MM, rule=rule)[-1]
    assert m.heights.Ha is not None
    assert (m.genant.grade, m.genant.type, m.genant.p_ge1, m.genant.score) == (None,) * 4
    assert m.genant.reason.startswith("not graded: no")
    read = build.vertebra("L5", ha=30, hm=28, hp=26, reader=ReaderDecision(2, "fracture"))
    spine = build.spine().replacing(read)
    assert measure_vertebrae(spine, MM, rule=rule)[-1].final_grade == 2


def test_l5_has_no_norm_and_says_so(build):
    m = measure_vertebrae(build.spine(), MM)[-1]
    assert (m.level, m.norm, dict(m.z_scores)) == (Level.L5, None, {})
    assert any("no norm for L5" in text for text in m.withheld)


@pytest.mark.parametrize("rule", RULES)
def test_l5_changes_no_other_grade(build, rule):
    changed = {"L4": {"ha": 20}}
    whole = build.spine(changed=changed)
    cut = build.spine(changed=changed | {"L5": {"ha": 8, "hm": 8, "hp": 8}})
    for spine in (cut, Spine(whole.vertebrae[:-1])):
        for a, b in zip(measure_vertebrae(whole, MM, rule=rule)[:-1],
                        measure_vertebrae(spine, MM, rule=rule), strict=False):  # fmt: skip
            assert a.genant == b.genant
