"""Every limit below, at and above: of the rules that grade, and of what is implausible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vertenet.anatomy import Landmark, Level, PointName, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.measure import check_quality, default_norms, measure_vertebrae
from vertenet.measure.genant import SEVERE, default_model, grades_of

PX = PixelScale()
FIRST, SECOND = 3.0, 4.0


def grade(spine, level, rule="default"):
    found = {m.level: m for m in measure_vertebrae(spine, PX, rule=rule)}
    return found[Level(level)].genant


def limits_of(measure, level="L1"):
    """The norm's value less so many SD, as a share of a normal posterior height."""
    norm = default_norms().get(Level(level), None, measure)
    return lambda sd: norm.mean - sd * norm.sd


def normal_posterior(level="L1"):
    return 25 * default_norms().get(Level(level), None, "Hp_size").mean


SD = pytest.mark.parametrize(
    ("sd", "expected"),
    [(2.99, 0), (3.0 + 1e-9, 1), (3.01, 1), (3.99, 1), (4.0 + 1e-9, 2), (4.01, 2)],
)


@SD
@pytest.mark.parametrize(
    ("height", "ratios"), [("ha", ("Ha_Hp", "Ha_pred")), ("hm", ("Hm_Hp", "Hm_pred"))]
)
def test_mccloskey_needs_both_criteria_at_its_limit(build, sd, expected, height, ratios):
    share = min(limits_of(name)(sd) for name in ratios)
    spine = build.spine(changed={"L1": {height: normal_posterior() * share}})
    assert grade(spine, "L1", "mccloskey-kanis").grade == expected


def test_one_criterion_of_mccloskey_alone_is_no_fracture(build):
    share = max(limits_of(name)(3.01) for name in ("Ha_Hp", "Ha_pred"))
    spine = build.spine(changed={"L1": {"ha": normal_posterior() * share}})
    assert grade(spine, "L1", "mccloskey-kanis").grade == 0


@SD
def test_a_crush_by_mccloskey_has_its_limits(build, sd, expected):
    whole = normal_posterior()
    changed = {"ha": whole * limits_of("Ha_pred")(sd), "hp": whole * limits_of("Hp_pred")(sd)}
    changed["hm"] = (changed["ha"] + changed["hp"]) / 2
    found = grade(build.spine(changed={"L1": changed}), "L1", "mccloskey-kanis")
    assert found.grade == expected
    assert found.type == ("crush" if expected else "normal")


@SD
def test_a_biconcave_body_by_eastell_has_its_limits(build, sd, expected):
    spine = build.spine(changed={"L1": {"hm": normal_posterior() * limits_of("Hm_Hp")(sd)}})
    assert grade(spine, "L1", "eastell-melton").grade == expected


@SD
def test_a_crush_by_eastell_has_its_limits(build, sd, expected):
    near = {"Hp_above": normal_posterior("T12"), "Hp_below": normal_posterior("L2")}
    low = min(limits_of(name)(sd) * near[name] for name in near)
    share = low / normal_posterior()
    whole = {n: 25 * default_norms().get(Level.L1, None, f"H{n}_size").mean for n in "am"}
    changed = {"ha": share * whole["a"], "hm": share * whole["m"], "hp": low}
    assert grade(build.spine(changed={"L1": changed}), "L1", "eastell-melton").grade == expected


@pytest.mark.parametrize(("off", "expected"), [(-1e-6, 0), (0.0, 1), (1e-6, 1)])
def test_the_default_rules_first_cut_off(off, expected):
    first, second = default_model().cuts
    one, two = np.array([first + off]), np.array([second - 1.0])
    assert grades_of(one, two, np.array([0.6]), (first, second))[0] == expected


@pytest.mark.parametrize(("off", "expected"), [(-1e-6, 1), (0.0, 2), (1e-6, 2)])
def test_the_default_rules_second_cut_off(off, expected):
    first, second = default_model().cuts
    one, two = np.array([first + 1.0]), np.array([second + off])
    assert grades_of(one, two, np.array([0.0]), (first, second))[0] == expected


def test_the_default_rules_cut_offs_are_a_probability_of_15_per_cent():
    assert [1 / (1 + math.exp(-c)) for c in default_model().cuts] == pytest.approx(
        [0.15] * 2, abs=1e-5
    )


@pytest.mark.parametrize(("loss", "least"), [(0.249, 0), (0.25 + 1e-9, 2), (0.251, 2)])
@pytest.mark.parametrize("level", ["T5", "T8", "T11", "L3"])
def test_a_body_crushed_evenly_by_a_quarter_is_grade_2(build, loss, least, level):
    normal = {n: 25 * default_norms().get(Level(level), None, f"H{n}_size").mean for n in "amp"}
    changed = {f"h{n}": (1 - loss) * value for n, value in normal.items()}
    found = grade(build.spine(changed={level: changed}), level)
    assert found.grade >= least if least else found.grade <= 1
    assert (found.p_ge2 >= 0.15) is bool(least)


@pytest.mark.parametrize(("loss", "expected"), [(0.399, 2), (0.40, 2), (0.401, 3), (0.6, 3)])
def test_beyond_40_per_cent_a_deformity_is_severe(build, loss, expected):
    normal = {n: 25 * default_norms().get(Level.T11, None, f"H{n}_size").mean for n in "amp"}
    changed = {f"h{n}": (1 - loss) * value for n, value in normal.items()}
    assert grade(build.spine(changed={"T11": changed}), "T11").grade == expected


@pytest.mark.parametrize(("loss", "expected"), [(0.399, 2), (0.40, 2), (0.401, 3)])
def test_a_middle_height_against_norm_and_neighbours_is_severe_beyond_40_per_cent(
    build, loss, expected
):
    middle = 25 * default_norms().get(Level.T9, None, "Hm_size").mean
    spine = build.spine(changed={"T9": {"hm": (1 - loss) * middle}})
    found = grade(spine, "T9")
    assert (found.grade, found.type) == (expected, "biconcave")


def test_the_more_a_body_is_crushed_the_likelier_is_a_fracture(build):
    normal = {n: 25 * default_norms().get(Level.T11, None, f"H{n}_size").mean for n in "amp"}
    chances = []
    for share in np.linspace(1.0, 0.5, 26):
        changed = {f"h{n}": share * value for n, value in normal.items()}
        found = grade(build.spine(changed={"T11": changed}), "T11")
        assert found.p_ge1 >= found.p_ge2
        chances.append(found.p_ge2)
    assert chances == sorted(chances)
    assert chances[0] < 0.01 and chances[-1] > 0.99


def test_severe_alone_without_a_moderate_score_is_no_grade_3():
    first, second = default_model().cuts
    below, above = np.array([first - 1]), np.array([second + 9])
    assert grades_of(below, above, np.array([2 * SEVERE]), (first, second))[0] == 0


def box(level, top, *, left=100.0, depth=100.0, tall=40.0, middle=0.5, sigma=None):
    right, low = left + depth, top + tall
    places = {
        "PS": (left, top), "MS": (left + middle * depth, top), "AS": (right, top),
        "AI": (right, low), "MI": (left + depth / 2, low), "PI": (left, low),
    }  # fmt: skip
    return Vertebra(
        Level(level), {PointName(n): Landmark(*p, sigma_px=sigma) for n, p in places.items()}
    )


def column(levels, step=60.0, **odd):
    """Boxes of one size below each other; ``odd`` changes the third of them."""
    return Spine(tuple(
        box(level, 100 + i * step, **(odd if i == 2 else {})) for i, level in enumerate(levels)
    ))  # fmt: skip


def remarks(spine, **more):
    return {f.code for f in check_quality(spine, PX, **more).findings} - {"coverage"}


@pytest.mark.parametrize(
    ("tall", "odd"),
    [(14.9, True), (15.0, False), (15.1, False), (159.9, False), (160.0, False), (160.1, True)],
)
def test_a_body_is_neither_too_flat_nor_too_tall(tall, odd):
    assert remarks(Spine((box("L1", 100.0, tall=tall),))) == ({"shape"} if odd else set())


@pytest.mark.parametrize(
    ("middle", "odd"),
    [(0.149, True), (0.15, False), (0.151, False), (0.849, False), (0.85, False), (0.851, True)],
)
def test_a_mid_point_lies_in_the_middle_of_its_endplate(middle, odd):
    # the left end at 0, lest a place of exactly 0.15 be rounded away
    body = box("L1", 100.0, left=0.0, middle=middle)
    assert remarks(Spine((body,))) == ({"shape"} if odd else set())


@pytest.mark.parametrize(
    ("depth", "odd"),
    [(59.9, True), (60.0, False), (60.1, False), (164.9, False), (165.0, False), (165.1, True)],
)
def test_a_body_is_as_deep_as_those_near_it(depth, odd):
    spine = column(("T10", "T11", "T12", "L1", "L2"), depth=depth)
    assert remarks(spine) == ({"size"} if odd else set())


@pytest.mark.parametrize(("tall", "odd"), [(63.9, False), (64.0, False), (64.1, True)])
def test_a_body_is_not_much_taller_than_those_near_it(tall, odd):
    spine = column(("T10", "T11", "T12", "L1", "L2"), step=80.0, tall=tall)
    assert remarks(spine) == ({"size"} if odd else set())


@pytest.mark.parametrize(("overlap", "odd"), [(9.9, False), (10.0, False), (10.1, True)])
def test_bodies_overlap_by_a_quarter_at_most(overlap, odd):
    spine = Spine((box("L1", 100.0), box("L2", 140.0 - overlap)))
    assert remarks(spine) == ({"overlap"} if odd else set())


@pytest.mark.parametrize(
    ("step", "odd"),
    [(26.9, True), (27.0, False), (27.1, False), (104.9, False), (105.0, False), (105.1, True)],
)
def test_a_step_fits_the_levels_names(step, odd):
    levels = ("T10", "T11", "T12", "L1", "L2", "L3")
    tops = [100 + 60 * i + (step - 60 if i > 2 else 0) for i in range(6)]
    spine = Spine(tuple(box(lv, y, tall=20.0) for lv, y in zip(levels, tops, strict=True)))
    assert remarks(spine) == ({"gap"} if odd else set())


@pytest.mark.parametrize(("sigma", "odd"), [(3.99, False), (4.0, False), (4.01, True)])
def test_points_may_be_unsettled_by_a_tenth_of_the_height(sigma, odd):
    assert remarks(Spine((box("L1", 100.0, sigma=sigma),))) == ({"tilt"} if odd else set())


@pytest.mark.parametrize(("rows", "odd"), [(192, True), (193, True), (194, False)])
def test_below_the_last_body_there_is_room_for_another(rows, odd):
    # 1.3 heights of 40 px are 52, from 140.5 down to the border at 192.5
    found = remarks(Spine((box("L4", 100.5),)), width=400, height=rows)
    assert found == ({"field"} if odd else set())
