"""What is kept of a chain: seen bodies, and cut ones while an endplate is seen."""

from types import SimpleNamespace

import numpy as np
import pytest

from vertenet.anatomy import Level, Side
from vertenet.detection import assemble as assembling
from vertenet.detection.assemble import facing, named
from vertenet.images import image_from_array
from vertenet.network.coding import Candidates

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])
INFO = SimpleNamespace(levels=tuple(level.value for level in Level))


def chain_of(count=4, *, first=12, measurable=None, mirror=False):
    body = BODY * [-1, 1] if mirror else BODY
    points = np.stack([body + [60, 40 + 38.4 * i] for i in range(count)])
    logits = np.full((count, 18), -8.0)
    logits[np.arange(count), first + np.arange(count)] = 8.0
    sure = np.ones(count) if measurable is None else np.array(measurable)
    return Candidates(points, np.full((count, 6), 0.5), np.full(count, 0.9), logits, sure)


def assemble(found, image, info, anterior):
    return assembling.assemble(found, named(found, info), image, anterior)


def image(rows=300, columns=120):
    return image_from_array(np.random.default_rng(0).random((rows, columns)), name="a")


def test_a_chain_is_named_and_its_points_are_kept():
    spine = assemble(chain_of(), image(), INFO, None)
    assert [v.level.value for v in spine] == ["L1", "L2", "L3", "L4"]
    np.testing.assert_allclose(spine.vertebrae[0].array(), BODY + [60, 40])
    assert spine.vertebrae[0].points["PS"].sigma_px == 0.5


def test_neighbours_beyond_the_labelled_levels_are_left_out_silently():
    spine = assemble(chain_of(6, first=12), image(), INFO, None)
    assert [v.level.value for v in spine] == ["L1", "L2", "L3", "L4", "L5"]
    assert not spine.warnings


def with_one_more(at, found):
    """The chain with something like a body half-way between two of it, or beyond its end."""
    points = np.insert(found.points, at, found.points[at - 1] + [0, 19.2], axis=0)
    logits = np.insert(found.level_logits, at, found.level_logits[at - 1], axis=0)
    score = np.insert(found.score, at, 0.35)
    ones = np.ones(len(points))
    return Candidates(points, np.full(points.shape[:2], 0.5), score, logits, ones)


def test_what_fits_no_level_between_two_vertebrae_is_left_out_with_a_word():
    spine = assemble(with_one_more(2, chain_of(5)), image(), INFO, None)
    assert [v.level.value for v in spine] == ["L1", "L2", "L3", "L4", "L5"]
    assert ["Between L2 and L3" in text for text in spine.warnings] == [True]


def test_what_fits_no_level_beyond_the_sacrum_is_left_out_silently():
    found = with_one_more(6, chain_of(6))
    found.points[6] += [0, 19.2]
    spine = assemble(found, image(400), INFO, None)
    assert [v.level.value for v in spine] == ["L1", "L2", "L3", "L4", "L5"]
    assert not spine.warnings


@pytest.mark.parametrize(("rows", "kept"), [(171, 4), (170, 4), (141, 4), (140, 3)])
def test_a_cut_body_is_kept_while_its_upper_endplate_is_seen(rows, kept):
    """The lowest body reaches from row 140.2 to 170.2."""
    assert len(assemble(chain_of(), image(rows), INFO, None)) == kept


@pytest.mark.parametrize(("measurable", "kept"), [(0.31, 4), (0.3, 4), (0.29, 3)])
def test_a_body_that_no_reader_would_measure_is_left_out_with_a_word(measurable, kept):
    spine = assemble(chain_of(measurable=[1, measurable, 1, 1]), image(), INFO, None)
    assert len(spine) == kept
    assert any("L2" in text for text in spine.warnings) is (kept == 3)


def test_the_side_is_found_by_vote_and_the_minority_follows():
    found = chain_of(5, first=11)
    found.points[2] = found.points[2][[2, 1, 0, 5, 4, 3]]
    assert facing(found) is Side.RIGHT
    spine = assemble(found, image(), INFO, None)
    assert all(v.points["AS"].x > v.points["PS"].x for v in spine)
    # real and rendered chains agree on their side nearly always: one that does not is doubtful
    assert ["1 of 5 bodies look turned" in text for text in spine.warnings] == [True]


def test_a_reader_who_knows_the_side_is_followed_without_a_word():
    spine = assemble(chain_of(), image(), INFO, Side.LEFT)
    assert spine.anterior is Side.LEFT
    assert not spine.warnings
    assert all(v.points["AS"].x < v.points["PS"].x for v in spine)


def test_a_mirrored_chain_faces_left():
    assert assemble(chain_of(mirror=True), image(), INFO, None).anterior is Side.LEFT
