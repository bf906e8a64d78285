"""A reader's actions on the points, without a scene."""

from __future__ import annotations

import pytest

from vertenet.anatomy import Level, PointName, PointStatus, ReaderDecision, Side
from vertenet.errors import LandmarkError


@pytest.fixture
def review(host):
    from VerteNetSlicerLib.review import Review
    from VerteNetSlicerLib.selftest import made_spine

    return Review.of(made_spine())


def test_a_moved_point_is_edited_and_no_other(review):
    moved = review.moved(Level.L3, PointName.AS, 10.0, 20.0)
    point = moved.spine.get(Level.L3).points[PointName.AS]
    assert (point.x, point.y, point.status, point.sigma_px) == (10, 20, PointStatus.EDITED, None)
    assert moved.edited_points(Level.L3) == (PointName.AS,)
    assert moved.edited and not review.edited


def test_restoring_one_vertebra_leaves_the_others_edits(review):
    moved = review.moved(Level.L3, PointName.AS, 1, 2).moved(Level.L2, PointName.PI, 3, 4)
    back = moved.restored(Level.L3)
    assert back.edited_points(Level.L3) == ()
    assert back.edited_points(Level.L2) == (PointName.PI,)


def test_restoring_all_is_the_detection(review):
    changed = review.shifted(-1).without(Level.L1).decided(Level.L2, ReaderDecision(3))
    assert changed.restored() == review


def test_shifting_back_is_the_same_but_for_the_networks_confidence(review):
    there = review.shifted(-2)
    assert next(iter(there.spine)).level is Level.T8
    back = there.shifted(2)
    assert [v.level for v in back.spine] == [v.level for v in review.spine]
    assert [v.points for v in back.spine] == [v.points for v in review.spine]
    assert all(v.level_confidence is None for v in back.spine)


def test_a_shift_beyond_L5_is_refused(review):
    with pytest.raises(LandmarkError, match="L5 has no level 1 below"):
        review.shifted(1)


def test_a_shifted_vertebra_still_knows_its_automatic_points(review):
    moved = review.shifted(-1).moved(Level.L3, PointName.MS, 0, 0)
    restored = moved.restored(Level.L3)
    assert restored.spine.get(Level.L3).points == review.spine.get(Level.L4).points


def test_a_taken_name_is_refused(review):
    with pytest.raises(LandmarkError, match="once"):
        review.relabelled(Level.L3, Level.L2)


def test_an_added_vertebra_has_no_automatic_points(review):
    six = {name: (float(i), float(i * i)) for i, name in enumerate(PointName)}
    added = review.added(Level.T9, six)
    assert added.edited_points(Level.T9) == tuple(PointName)
    with pytest.raises(LandmarkError, match="a reader placed this vertebra"):
        added.restored(Level.T9)


def test_a_missing_level_is_named_with_those_there_are(review):
    with pytest.raises(LandmarkError, match=r"T4.*T10, T11, T12"):
        review.moved(Level.T4, PointName.AS, 0, 0)


def test_facing_the_other_way_swaps_front_and_back_and_back_again(review):
    turned = review.facing(Side.LEFT)
    spine = turned.spine
    assert (
        spine.get(Level.L1).points[PointName.AS] == review.spine.get(Level.L1).points[PointName.PS]
    )
    assert turned.facing(Side.RIGHT) == review


def test_a_review_is_written_and_read_to_the_last_bit(review):
    from VerteNetSlicerLib.record import review_from_text, review_to_text

    third = review.moved(Level.L3, PointName.AS, 1 / 3, 2e-17).decided(
        Level.L2, ReaderDecision(2, 'old "deformity"; ü', True)
    )
    assert review_from_text(review_to_text(third)) == third


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"schema":"vertenet-review/9"}', "null", '["\\ud800"]']
)
def test_what_is_no_review_is_refused(host, text):
    from VerteNetSlicerLib.record import review_from_text

    with pytest.raises(LandmarkError, match="Detect the landmarks again"):
        review_from_text(text)
