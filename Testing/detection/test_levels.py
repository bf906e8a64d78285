"""Levels are decided on the chain as a whole."""

import numpy as np
import pytest

from vertenet.detection.levels import name_chain


def evidence(classes, strength=6.0, count=18):
    logits = np.zeros((len(classes), count))
    logits[np.arange(len(classes)), classes] = strength
    return logits


def test_clear_evidence_is_followed():
    naming = name_chain(evidence([10, 11, 12, 13], strength=10.0), np.ones(3))
    assert list(naming.classes) == [10, 11, 12, 13]
    assert naming.confidence.min() > 0.9


def test_one_vertebra_with_wrong_evidence_is_outvoted_by_its_neighbours():
    naming = name_chain(evidence([10, 11, 15, 13, 14]), np.ones(4))
    assert list(naming.classes) == [10, 11, 12, 13, 14]


def test_one_missed_vertebra_renames_no_other():
    logits = evidence([8, 9, 10, 12, 13])
    naming = name_chain(logits, np.array([1.0, 1.0, 2.0, 1.0]))
    assert list(naming.classes) == [8, 9, 10, 12, 13]


def test_a_gap_of_two_levels_moves_names_even_without_evidence_below_it():
    logits = evidence([8, 9, 10, 12])
    logits[3] = 0.0
    assert list(name_chain(logits, np.array([1.0, 1.0, 2.0])).classes) == [8, 9, 10, 12]
    assert list(name_chain(logits, np.array([1.0, 1.0, 1.0])).classes) == [8, 9, 10, 11]


def test_without_evidence_the_names_are_uncertain_and_there_is_a_runner_up():
    naming = name_chain(np.zeros((5, 18)), np.ones(4))
    assert naming.confidence.max() < 0.2
    assert naming.runner_up is not None
    assert naming.runner_up_share == pytest.approx(0.5, abs=1e-6)


def test_confidence_is_the_exact_posterior_for_one_body():
    logits = np.log(np.array([[0.7, 0.2, 0.1]]))
    naming = name_chain(logits, np.empty(0), evidence=1.0)
    assert naming.confidence[0] == pytest.approx(0.7)
    assert naming.runner_up == 1
    assert naming.runner_up_share == pytest.approx(0.2 / 0.9)


def test_a_chain_of_all_classes_has_only_one_naming():
    naming = name_chain(np.zeros((18, 18)), np.ones(17))
    assert list(naming.classes) == list(range(18))
    assert naming.runner_up is None


def test_a_chain_longer_than_the_classes_can_name_raises_nothing():
    naming = name_chain(np.zeros((18, 18)), np.full(17, 2.0))
    assert list(naming.classes) == list(range(18))


@pytest.mark.parametrize(("step", "skips"), [(1.45, False), (2.0, False), (2.3, True)])
def test_even_steps_skip_no_level_up_to_twice_the_usual_width(step, skips):
    naming = name_chain(np.zeros((5, 18)), np.full(4, step))
    assert (list(np.diff(naming.classes)) != [1] * 4) is skips


def test_two_steps_are_too_few_to_tell_wide_discs_from_a_missed_vertebra():
    naming = name_chain(np.zeros((3, 18)), np.full(2, 2.0))
    assert list(np.diff(naming.classes)) == [2, 2]


def test_one_step_wider_than_the_others_is_a_missed_vertebra_on_wide_discs_too():
    naming = name_chain(np.zeros((5, 18)), np.array([1.4, 1.4, 2.8, 1.4]))
    assert list(np.diff(naming.classes)) == [1, 1, 2, 1]


def test_more_bodies_weigh_by_the_root_of_their_number():
    one = name_chain(evidence([10], strength=2.0), np.empty(0), evidence=1.0)
    four = name_chain(evidence([9, 10, 11, 12], strength=2.0), np.ones(3), evidence=1.0)
    assert four.confidence[1] > one.confidence[0]
    alone = name_chain(evidence([10], strength=4.0), np.empty(0), evidence=1.0)
    assert four.confidence[1] == pytest.approx(alone.confidence[0], abs=0.1)
