"""A chain follows the spine and leaves out what does not fit it."""

import numpy as np

from vertenet.detection.chain import LONGEST, best_chain, centres, heights, steps

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])
PITCH = 1.28 * 30


def column(count, lean=0.0):
    return np.stack([BODY + [100 + lean * i, 50 + PITCH * i] for i in range(count)])


def test_centres_and_heights_are_those_of_a_box():
    np.testing.assert_allclose(centres(BODY[None]), [[0, 0]])
    np.testing.assert_allclose(heights(BODY[None]), [30])


def test_neighbours_at_a_typical_distance_are_one_step_apart():
    np.testing.assert_allclose(np.diagonal(steps(column(4)), 1), 1.0)


def test_a_spine_in_any_order_is_sorted_from_head_to_foot():
    order = np.array([3, 0, 4, 1, 2])
    chain = best_chain(column(5)[order], np.ones(5))
    assert [order[i] for i in chain] == [0, 1, 2, 3, 4]


def test_a_body_far_beside_the_spine_is_left_out():
    points = np.concatenate([column(5), BODY[None] + [260, 50 + 2.5 * PITCH]])
    assert best_chain(points, np.array([1, 1, 1, 1, 1, 0.6])) == [0, 1, 2, 3, 4]


def test_a_doubtful_body_of_a_third_of_the_size_is_left_out():
    points = np.concatenate([column(5), BODY[None] / 3 + [100, 50 + 2.5 * PITCH]])
    assert best_chain(points, np.array([1, 1, 1, 1, 1, 0.4])) == [0, 1, 2, 3, 4]


def test_a_missing_body_does_not_end_the_chain():
    points = np.delete(column(6), 2, axis=0)
    assert best_chain(points, np.full(5, 0.9)) == [0, 1, 2, 3, 4]


def test_no_candidate_gives_no_chain():
    assert best_chain(np.empty((0, 6, 2)), np.empty(0)) == []


def test_a_chain_has_no_more_bodies_than_there_are_names():
    sure = np.ones(21)
    sure[[0, 19, 20]] = 0.5, 0.4, 0.45
    assert best_chain(column(21), sure) == list(range(1, LONGEST + 1))
