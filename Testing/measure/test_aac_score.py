"""AAC-24, Schousboe's AAC-8, categories and percentiles."""

from __future__ import annotations

import pytest

from vertenet.anatomy import Level, Spine
from vertenet.errors import LandmarkError
from vertenet.measure import Plaque, aac_geometry, aac_percentile, score_aac, walls_from_plaques
from vertenet.measure.aac_score import LEVELS, WALLS, schousboe_score, wall_score


def walls(*scores):
    keys = [(level, wall) for level in LEVELS for wall in WALLS]
    return dict(zip(keys, scores, strict=False))


@pytest.mark.parametrize(
    ("share", "score"),
    [(0, 0), (0.01, 1), (0.33, 1), (1 / 3, 2), (0.34, 2), (0.66, 2), (2 / 3, 3), (1, 3)],
)
def test_a_walls_score_follows_its_thirds(share, score):
    assert wall_score(share) == score


@pytest.mark.parametrize(
    ("heights", "score"),
    [(0, 0), (0.1, 1), (1, 1), (1.01, 2), (2, 2), (2.5, 3), (3, 3), (3.01, 4), (4, 4)],
)
def test_schousboes_score_counts_vertebral_heights(heights, score):
    assert schousboe_score(heights) == score


@pytest.mark.parametrize(
    ("total", "category"),
    [(0, "low"), (1, "low"), (2, "moderate"), (5, "moderate"), (6, "high"), (24, "high")],
)
def test_categories_have_their_limits(total, category):
    scores = [min(3, max(0, total - 3 * i)) for i in range(8)]
    found = score_aac(walls(*scores), crop_status="ok")
    assert (found.total24, found.lower_bound) == (total, False)
    assert found.category.startswith(category)


def test_what_is_not_scored_is_not_zero():
    found = score_aac(walls(3, 1), crop_status="ok")
    assert (found.total24, found.at_least, found.category) == (None, 4, None)
    assert found.lower_bound and found.percentile is None
    assert "L2 anterior" in found.reasons[0]
    nothing = score_aac({}, crop_status="ok")
    assert (nothing.total24, nothing.category, nothing.percentile) == (None, None, None)


def test_a_cropped_aorta_makes_the_total_a_lower_bound():
    found = score_aac(walls(0, 0, 0, 1, 1, 0, 0, 0), crop_status="cropped", age_years=70)
    assert (found.total24, found.lower_bound, found.category) == (2, True, None)
    assert len(found.reasons) == 1
    assert found.percentile is None


def test_where_a_cut_aorta_cannot_be_excluded_the_total_is_withheld():
    found = score_aac(walls(0, 0, 0, 1, 1, 0, 0, 0), crop_status="unknown", age_years=70)
    assert (found.total24, found.at_least, found.lower_bound) == (None, 2, True)
    assert (found.category, found.percentile, len(found.reasons)) == (None, None, 1)


def test_a_whole_reading_has_a_percentile_where_the_age_is_known():
    known = score_aac(walls(*[0] * 8), crop_status="ok", sex="F", age_years=70)
    assert known.percentile == aac_percentile(0, sex="F", age_years=70)
    assert known.reasons == ()
    without = score_aac(walls(*[0] * 8), crop_status="ok")
    assert (without.total24, without.percentile, without.lower_bound) == (0, None, False)
    assert "No percentile" in without.reasons[0]


def test_a_lower_bound_of_six_is_high_all_the_same():
    assert score_aac(walls(3, 3), crop_status="cropped").category.startswith("high")


def test_schousboes_walls_add_up():
    found = score_aac(walls(*[0] * 8), lengths8=(3, 4))
    assert (found.anterior8, found.posterior8, found.total8) == (3, 4, 7)


@pytest.mark.parametrize("bad", [{(Level.L5, "anterior"): 1}, {(Level.L1, "anterior"): 4},
                                 {(Level.L1, "left"): 1}])  # fmt: skip
def test_a_score_out_of_range_is_refused(bad):
    with pytest.raises(LandmarkError, match="0, 1, 2 or 3"):
        score_aac(bad)


def test_schousboes_score_out_of_range_is_refused():
    with pytest.raises(LandmarkError, match="AAC-8"):
        score_aac({}, lengths8=(5, 0))


@pytest.fixture
def geometry(build):
    """Segments of 30 px from y = 75: L1 75 to 105, L2 to 135, L3 to 165, L4 to 195."""
    bodies = [
        build.vertebra(lv, y=50 + 30 * i, ha=20, hm=20, hp=20, depth=40)
        for i, lv in enumerate(("T12", *LEVELS, "L5"))
    ]
    return aac_geometry(Spine(tuple(bodies)), None, 600, 400)


def test_marked_plaques_become_scores(geometry):
    marks = [Plaque("anterior", (160, 75), (162, 85)), Plaque("posterior", (150, 100), (150, 140))]
    found, eight = walls_from_plaques(geometry, marks)
    assert found[Level.L1, "anterior"] == 2  # a third
    assert found[Level.L1, "posterior"] == 1  # 5 of 30
    assert found[Level.L2, "posterior"] == 3  # all
    assert found[Level.L3, "posterior"] == 1
    assert found[Level.L4, "posterior"] == 0
    assert eight == (1, 2)  # 0.33 and 1.33 heights


def test_a_wall_that_was_not_looked_at_is_not_zero(geometry):
    marks = [Plaque("anterior", (160, 75), (162, 85))]
    found, eight = walls_from_plaques(geometry, marks, read=[(Level.L2, "posterior")])
    assert found[Level.L1, "anterior"] == 2
    assert found[Level.L2, "posterior"] == 0
    assert found[Level.L4, "posterior"] is None
    assert eight is None


def test_plaques_that_overlap_count_once(geometry):
    marks = [Plaque("anterior", (160, 76), (160, 84)), Plaque("anterior", (165, 78), (165, 80))]
    assert walls_from_plaques(geometry, marks)[0][Level.L1, "anterior"] == 1


def test_plaques_without_a_guide_leave_the_wall_unscored(build):
    bodies = [build.vertebra(lv, y=50 + 30 * i, ha=20, hm=20, hp=20) for i, lv in enumerate(LEVELS)]
    found, eight = walls_from_plaques(aac_geometry(Spine(tuple(bodies)), None, 600, 400), [])
    assert found[Level.L1, "anterior"] is None
    assert found[Level.L2, "anterior"] == 0
    assert eight is None


def test_percentiles_rise_with_the_total_and_fall_with_age():
    assert aac_percentile(5, sex="F", age_years=50) > aac_percentile(5, sex="F", age_years=85)
    values = [aac_percentile(k, sex="M", age_years=70) for k in range(25)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] <= 100


@pytest.mark.parametrize("age", [None, 39.9, 110.1, float("nan")])
def test_without_a_fitting_age_there_is_no_percentile(age):
    assert aac_percentile(3, sex="F", age_years=age) is None


def test_percentiles_without_sex_take_both():
    low, both, high = sorted(aac_percentile(2, sex=s, age_years=75) for s in ("M", "F", None))
    assert low <= both <= high
    assert aac_percentile(2, sex="U", age_years=40) is not None
