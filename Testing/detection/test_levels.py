"""Levels are decided on the chain as a whole."""

import itertools

import numpy as np
import pytest

from vertenet.detection import levels
from vertenet.detection.levels import NONE


def evidence(classes, strength=6.0, count=18):
    logits = np.zeros((len(classes), count))
    logits[np.arange(len(classes)), classes] = strength
    return logits


def name_chain(logits, step, score=None, **how):
    """Of bodies that follow each other by these steps; sure to be bodies unless told."""
    at = np.concatenate([[0.0], np.cumsum(step)])
    score = np.ones(len(logits)) if score is None else np.asarray(score)
    return levels.name_chain(logits, at[None] - at[:, None], score, **how)


def all_namings(logits, step, score, evidence, price):
    """Every naming of a chain and its probability, one by one."""
    count = logits.shape[1]
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    log_p *= evidence / np.sqrt(len(logits))
    at, out = np.concatenate([[0.0], np.cumsum(step)]), {}
    for naming in itertools.product(range(-1, count), repeat=len(logits)):
        named = [k for k, c in enumerate(naming) if c != NONE]
        pairs = list(itertools.pairwise(named))
        if not named or any(naming[a] >= naming[b] or b - a > 3 for a, b in pairs):
            continue
        value = sum(log_p[k, naming[k]] for k in named)
        value -= sum(price[0] + price[1] * score[k] for k in range(len(logits)) if k not in named)
        for a, b in pairs:
            size = np.arange(1, count)
            cost = -0.5 * (np.log((at[b] - at[a]) / size) / 0.16) ** 2
            gap = naming[b] - naming[a]
            value += max(cost[gap - 1] - np.log(np.exp(cost).sum()), -30.0)
        out[naming] = value
    most = max(out.values())
    weight = {naming: np.exp(value - most) for naming, value in out.items()}
    total = sum(weight.values())
    return {naming: w / total for naming, w in weight.items()}


@pytest.mark.parametrize("seed", range(8))
def test_the_best_naming_and_how_sure_it_is_are_those_of_all_namings_tried_one_by_one(seed):
    rng = np.random.default_rng(seed)
    logits, score = rng.normal(0, 2, (4, 5)), rng.uniform(0.2, 0.9, 4)
    step = rng.uniform(0.4, 1.6, 3)
    # three steps would be measured by their median
    middle = float(np.clip(np.median(step), 0.8, 1.5))
    naming = name_chain(logits, step, score, evidence=1.3, price=(0.3, 2.0))
    shares = all_namings(logits, step / middle, score, 1.3, (0.3, 2.0))
    assert tuple(naming.classes) == max(shares, key=shares.__getitem__)
    for k, own in enumerate(naming.classes):
        none = sum(p for one, p in shares.items() if one[k] == NONE)
        here = sum(p for one, p in shares.items() if one[k] == own)
        wanted = none if own == NONE else here / (1 - none)
        assert naming.confidence[k] == pytest.approx(wanted, abs=1e-9)


def test_a_line_through_a_body_is_none_and_renames_no_other():
    logits = evidence([9, 10, 10, 11, 12])
    naming = name_chain(logits, [1.0, 0.5, 0.5, 1.0], [0.8, 0.8, 0.3, 0.8, 0.8])
    assert list(naming.classes) == [9, 10, NONE, 11, 12]


def test_a_second_sacral_segment_does_not_push_all_names_up():
    logits = evidence([13, 14, 15, 16, 17, 17])
    naming = name_chain(logits, np.ones(5), [0.8, 0.8, 0.8, 0.8, 0.7, 0.4])
    assert list(naming.classes) == [13, 14, 15, 16, 17, NONE]
    assert naming.confidence[:5].min() > 0.9


def test_the_last_neck_vertebra_does_not_push_all_names_down():
    naming = name_chain(evidence([0, 0, 1, 2, 3]), np.ones(4), [0.4, 0.7, 0.8, 0.8, 0.8])
    assert list(naming.classes) == [NONE, 0, 1, 2, 3]


@pytest.mark.parametrize(("score", "named"), [(0.19, False), (0.21, True)])
def test_a_body_is_none_where_its_score_costs_less_than_what_it_would_be_called(score, named):
    # both can only be the last class: one of them must be none, and the first has a score of 0.2
    logits = np.array([[0.0, 500.0], [0.0, 500.0]])
    naming = name_chain(logits, [1.0], [0.2, score], evidence=1.0, price=(0.5, 2.0))
    assert list(naming.classes) == ([NONE, 1] if named else [1, NONE])


def test_no_more_than_two_in_a_row_between_named_bodies_are_none():
    logits = evidence([5, 5, 5, 5, 6], strength=9.0)
    kept = name_chain(logits, np.full(4, 0.25), [0.9, 0.1, 0.1, 0.1, 0.9], price=(0.0, 0.5))
    assert (kept.classes != NONE).sum() >= 2
    named = np.flatnonzero(kept.classes != NONE)
    assert np.diff(named).max() <= 3


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
    assert naming.rival is not None
    assert naming.rival_share == pytest.approx(0.5, abs=0.01)


def test_confidence_is_the_exact_posterior_for_one_body():
    logits = np.log(np.array([[0.7, 0.2, 0.1]]))
    naming = name_chain(logits, np.empty(0), evidence=1.0)
    assert naming.confidence[0] == pytest.approx(0.7)
    assert naming.rival == 1
    assert naming.rival_share == pytest.approx(0.2 / 0.9)


def test_a_chain_of_all_classes_has_hardly_more_than_one_naming():
    naming = name_chain(np.zeros((18, 18)), np.ones(17))
    assert list(naming.classes) == list(range(18))
    assert naming.rival_share < 0.05


def test_one_body_of_one_class_has_no_other_name():
    naming = name_chain(np.zeros((1, 1)), np.empty(0))
    assert (list(naming.classes), naming.rival) == ([0], None)


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
