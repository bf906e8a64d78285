"""Grading rules, their limits and what a reader decided."""

from __future__ import annotations

import pytest

from vertenet.anatomy import LEVELS, Level, ReaderDecision, Spine
from vertenet.errors import ConfigurationError
from vertenet.geometry import PixelScale
from vertenet.measure import RULES, default_norms, measure_vertebrae, parse_norms
from vertenet.measure.rules import grade_of_loss

PX = PixelScale()


def graded(spine, **more):
    return {m.level.value: m for m in measure_vertebrae(spine, PX, **more)}


@pytest.mark.parametrize(
    ("loss", "grade"),
    [(0.0, 0), (0.1999, 0), (0.20, 1), (0.2001, 1), (0.2499, 1), (0.25, 2), (0.2501, 2),
     (0.3999, 2), (0.40, 2), (0.4001, 3), (0.9, 3), (-0.5, 0)],
)  # fmt: skip
def test_the_plain_rule_is_defined_at_its_limits(loss, grade):
    assert grade_of_loss(loss) == grade


@pytest.mark.parametrize(("ha", "grade"), [(81, 0), (80, 1), (75, 2), (60, 2), (59.9, 3)])
def test_ratios_at_the_limit_are_not_lost_to_rounding(build, ha, grade):
    spine = Spine((build.vertebra("L1", ha=ha, hm=95, hp=100),))
    assert graded(spine, rule="plain")["L1"].genant.grade == grade


@pytest.mark.parametrize(
    ("heights", "kind", "words"),
    [
        ({"ha": 70, "hm": 90, "hp": 100}, "wedge", "anterior height 30 % below the posterior"),
        ({"ha": 100, "hm": 70, "hp": 100}, "biconcave", "middle height 30 % below the posterior"),
        ({"ha": 100, "hm": 85, "hp": 70}, "crush", "posterior height 30 % below the anterior"),
        ({"ha": 100, "hm": 95, "hp": 100}, "normal", "middle height 5 % below the posterior"),
    ],
)
def test_the_plain_rule_names_type_and_reason(build, heights, kind, words):
    genant = graded(Spine((build.vertebra("L1", **heights),)), rule="plain")["L1"].genant
    assert (genant.type, genant.reason) == (kind, words)


def test_the_plain_probability_is_one_half_at_the_limit(build):
    spine = Spine((build.vertebra("L1", ha=80, hm=95, hp=100, sigma=2.0),))
    genant = graded(spine, rule="plain")["L1"].genant
    assert genant.p_ge1 == pytest.approx(0.5)
    assert genant.p_ge2 < 0.5


@pytest.mark.parametrize("rule", RULES)
def test_a_normal_spine_has_no_fracture_by_any_rule(build, rule):
    found = graded(build.spine(), rule=rule)
    assert {m.genant.grade for level, m in found.items() if level != "L5"} == {0}
    assert {m.genant.type for m in found.values() if m.genant.grade is not None} == {"normal"}


@pytest.mark.parametrize(
    ("factors", "kind"),
    [((0.6, 0.8, 1.0), "wedge"), ((0.97, 0.6, 0.97), "biconcave"), ((0.55, 0.55, 0.55), "crush")],
)
@pytest.mark.parametrize("rule", ["default", "mccloskey-kanis"])
def test_a_clear_fracture_has_its_type(build, rule, factors, kind):
    whole = {m.level.value: m.heights for m in measure_vertebrae(build.spine(), PX)}["T11"]
    heights = (whole.Ha, whole.Hm, whole.Hp)
    names = ("ha", "hm", "hp")
    changed = {"T11": {n: f * h for n, f, h in zip(names, factors, heights, strict=True)}}
    found = graded(build.spine(changed=changed), rule=rule)
    assert found["T11"].genant.grade >= 2
    assert found["T11"].genant.type == kind
    others = [m.genant.grade for level, m in found.items() if level not in ("T11", "L5")]
    assert max(others) == 0


def test_the_default_rule_says_what_fell_short_of_what(build):
    norm = {n: 25 * default_norms().get(Level.T12, None, f"H{n}_size").mean for n in "amp"}
    changed = {"T12": {"ha": 0.6 * norm["p"], "hm": 0.8 * norm["p"], "hp": norm["p"]}}
    genant = graded(build.spine(changed=changed))["T12"].genant
    shortfall = 100 * (1 - 0.6 * norm["p"] / norm["a"])
    assert genant.reason == (
        f"anterior height 40 % below the posterior; {shortfall:.0f} % below what T11 and L1 predict"
    )
    assert genant.p_ge1 >= genant.p_ge2 > 0.5


def test_lowering_a_height_against_its_neighbours_never_lowers_the_score(build):
    scores = []
    for factor in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5):
        whole = 25 * default_norms().get(Level.L2, None, "Ha_size").mean
        spine = build.spine(changed={"L2": {"ha": factor * whole}})
        scores.append(graded(spine)["L2"].genant.p_ge1)
    assert scores == sorted(scores)
    assert scores[0] < 0.05
    assert scores[-1] > 0.95


def test_one_vertebra_alone_is_still_graded(build):
    found = graded(Spine((build.vertebra("L1", ha=55, hm=80, hp=100),)))["L1"].genant
    assert found.grade >= 2
    assert found.reason == "anterior height 45 % below the posterior"
    normal = graded(Spine((build.vertebra("L1", ha=93, hm=90, hp=100),)))["L1"].genant
    assert normal.grade == 0


def test_uncertain_points_move_the_probability_towards_one_half(build):
    sure, unsure = (graded(build.spine(sigma=s))["T9"].genant for s in (0.01, 3.0))
    assert sure.p_ge1 < unsure.p_ge1 < 0.5
    assert sure.grade == unsure.grade == 0


def test_a_rule_that_does_not_exist_is_refused(build):
    with pytest.raises(ConfigurationError, match="default, plain"):
        graded(build.spine(), rule="best")


@pytest.mark.parametrize(("sd", "grade"), [(2.99, 0), (3.01, 1), (3.99, 1), (4.01, 2)])
def test_eastell_melton_counts_standard_deviations(build, sd, grade):
    norm = default_norms().get(Level.L1, None, "Ha_Hp")
    hp = 25 * default_norms().get(Level.L1, None, "Hp_size").mean
    spine = build.spine(changed={"L1": {"ha": hp * (norm.mean - sd * norm.sd)}})
    found = graded(spine, rule="eastell-melton")["L1"].genant
    assert found.grade == grade
    assert f"Ha/Hp {sd:.1f} SD below" in found.reason


def test_rules_in_sd_withhold_l5(build):
    found = graded(build.spine(), rule="mccloskey-kanis")["L5"].genant
    assert (found.grade, found.p_ge1) == (None, None)
    assert "no norm" in found.reason


def test_a_readers_grade_overrides_and_is_kept_apart(build):
    whole = build.spine()
    body = build.vertebra("L1", ha=20, hm=20, hp=28, reader=ReaderDecision(0, "Scheuermann"))
    m = graded(whole.replacing(body))["L1"]
    assert m.final_grade == 0
    assert (
        m.genant.grade
        == graded(whole.replacing(build.vertebra("L1", ha=20, hm=20, hp=28)))["L1"].genant.grade
    )
    assert m.reader == ReaderDecision(0, "Scheuermann")


def test_not_evaluable_withholds_the_final_grade_only(build):
    body = build.vertebra("L1", reader=ReaderDecision(evaluable=False))
    m = graded(build.spine().replacing(body))["L1"]
    assert (m.final_grade, m.evaluable) == (None, False)
    assert m.heights.Ha is not None


def test_implausible_numbers_are_withheld_until_a_reader_decides(build):
    spine, doubt = build.spine(), {Level.T8: "its corners do not form a convex body."}
    m = graded(spine, implausible=doubt)["T8"]
    assert (m.heights.Ha, m.ratios.Ha_Hp, m.genant.grade, m.genant.p_ge1) == (None,) * 4
    assert "until a reader confirms" in m.genant.reason
    confirmed = build.vertebra("T8", reader=ReaderDecision(0))
    assert graded(spine.replacing(confirmed), implausible=doubt)["T8"].heights.Ha == 25.0


def test_a_norm_table_of_the_user_replaces_ours(build):
    head = "level,sex,measure,mean,sd,n,source\n"
    rows = "".join(f"{lv},U,Ha_Hp,0.9,0.1,50,Mine\n" for lv in LEVELS)
    table = parse_norms("# remark\n" + head + rows)
    spine = Spine((build.vertebra("L5", ha=70, hp=100),))
    m = graded(spine, norms=table, rule="plain")["L5"]
    assert (m.norm, m.z_scores["Ha_Hp"]) == ("Mine", pytest.approx(-2.0))


@pytest.mark.parametrize(
    "text",
    ["level,sex\nL1,M\n", "level,sex,measure,mean,sd,n,source\nL1,M,Ha_Hp,x,0.1,5,me\n",
     "level,sex,measure,mean,sd,n,source\nS1,M,Ha_Hp,1,0.1,5,me\n",
     "level,sex,measure,mean,sd,n,source\nL1,M,Ha_Hp,1,0,5,me\n",
     "level,sex,measure,mean,sd,n,source\nL1,M,Ha_Hp\n",
     "level,sex,measure,mean,sd,n,source\nL1,M,Ha_Hp,1,0.1,5," + "x" * 200_000 + "\n",
     "x" * 200_000 + "\nL1\n"],
)  # fmt: skip
def test_a_norm_table_that_cannot_be_used_is_refused(text):
    with pytest.raises(ConfigurationError, match="norm table"):
        parse_norms(text)


def test_the_shipped_norms_cover_t4_to_l4_for_both_sexes():
    table = default_norms()
    for level in LEVELS[:-1]:
        for sex in ("M", "F", "U"):
            norm = table.get(level, sex, "Ha_Hp")
            assert 0.8 < norm.mean < 1.1
            assert 0.02 < norm.sd < 0.08
    assert table.get(Level.L5, "F", "Ha_Hp") is None
