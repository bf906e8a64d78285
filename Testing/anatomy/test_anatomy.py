"""Levels, points, vertebrae and spines are valid once they are made."""

from __future__ import annotations

import math

import pytest

from vertenet.anatomy import (
    LEVELS,
    Landmark,
    Level,
    PointName,
    PointStatus,
    ReaderDecision,
    Spine,
    Vertebra,
    parse_label,
    point_label,
)
from vertenet.errors import LandmarkError

CORNERS = {
    PointName.PS: Landmark(0, 0),
    PointName.AS: Landmark(4, 0),
    PointName.AI: Landmark(4, 2),
    PointName.PI: Landmark(0, 2),
}


def test_levels_run_from_t4_to_l5():
    assert [level.order for level in LEVELS] == list(range(14))
    assert (LEVELS[0], LEVELS[-1]) == (Level.T4, Level.L5)


def test_a_level_is_read_in_any_case():
    assert Level.parse(" l1 ") is Level.L1


def test_an_unknown_level_is_refused_with_the_way_out():
    with pytest.raises(LandmarkError, match="from T4 to L5, got 'C7'"):
        Level.parse("C7")


def test_labels_are_read_as_they_are_written():
    for level in LEVELS:
        for name in PointName:
            assert parse_label(point_label(level, name)) == (level, name)


@pytest.mark.parametrize("text", ["", "L1", "L1_XX", "S1_PS", "_PS"])
def test_a_label_that_names_no_point_is_refused(text):
    with pytest.raises(LandmarkError, match="Expected a label"):
        parse_label(text)


@pytest.mark.parametrize("x", [math.nan, math.inf])
def test_a_point_must_be_finite(x):
    with pytest.raises(LandmarkError, match="finite"):
        Landmark(x, 0.0)


@pytest.mark.parametrize("sigma", [-0.1, math.nan])
def test_an_uncertainty_below_zero_is_refused(sigma):
    with pytest.raises(LandmarkError, match="uncertainty"):
        Landmark(0.0, 0.0, sigma)


def test_a_point_moved_by_hand_is_edited_and_has_no_uncertainty():
    moved = Landmark(1.0, 2.0, 0.5).moved_to(3, 4)
    assert moved == Landmark(3.0, 4.0, None, PointStatus.EDITED)


def test_a_reader_gives_grades_from_0_to_3():
    assert ReaderDecision(3).grade == 3
    with pytest.raises(LandmarkError, match="0, 1, 2 or 3"):
        ReaderDecision(4)


def test_a_vertebra_needs_its_four_corners():
    with pytest.raises(LandmarkError, match="AI is missing"):
        Vertebra(Level.L1, {n: p for n, p in CORNERS.items() if n is not PointName.AI})


def test_a_vertebra_without_mid_points_says_so():
    vertebra = Vertebra(Level.L1, CORNERS)
    assert not vertebra.has_mid_points
    assert math.isnan(vertebra.array()[1, 0])
    assert vertebra.centre.tolist() == [2.0, 1.0]


def test_a_spine_is_ordered_from_head_to_foot():
    spine = Spine((Vertebra(Level.L2, CORNERS), Vertebra(Level.T9, CORNERS)))
    assert [v.level for v in spine] == [Level.T9, Level.L2]
    assert spine.get(Level.L1) is None


def test_a_level_may_occur_only_once():
    with pytest.raises(LandmarkError, match="L2 twice"):
        Spine((Vertebra(Level.L2, CORNERS), Vertebra(Level.L2, CORNERS)))


def test_replacing_a_vertebra_leaves_the_others():
    spine = Spine((Vertebra(Level.L1, CORNERS), Vertebra(Level.L2, CORNERS)))
    changed = spine.replacing(Vertebra(Level.L2, CORNERS, score=0.5))
    assert len(changed) == 2
    assert changed.get(Level.L2).score == 0.5
    assert changed.get(Level.L1) is spine.get(Level.L1)
