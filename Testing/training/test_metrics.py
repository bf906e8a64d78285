"""Figures of made-up predictions have closed forms."""

import numpy as np
import pytest

from vertenet.training.metrics import compare, summary

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])


def spine(**shift):
    return {
        name: BODY + [100, 40 + 40 * i] + np.array(shift.get(name, (0, 0)))
        for i, name in enumerate(("L1", "L2", "L3"))
    }


def test_equal_points_have_no_error():
    figures = summary([compare("a", spine(), spine(), (200, 300))])
    assert figures["found"] == 1.0
    assert figures["median_share"] == 0.0
    assert figures["images_levels_right"] == 1.0


def test_a_shift_by_three_pixels_is_a_tenth_of_a_height_of_thirty():
    moved = spine(L1=(3, 0), L2=(3, 0), L3=(3, 0))
    figures = summary([compare("a", moved, spine(), (200, 300))])
    assert figures["mean_share"] == pytest.approx(0.1)
    assert figures["bias_along"] == pytest.approx(0.1)
    assert figures["bias_down"] == pytest.approx(0.0, abs=1e-12)
    assert figures["mean_paper_px"] == pytest.approx(3 * 512 / 200)


def test_bias_is_along_the_vertebra_whichever_way_it_faces():
    mirror = np.array([-1.0, 1.0])
    truth = {k: v * mirror for k, v in spine().items()}
    moved = {k: v * mirror for k, v in spine(L1=(3, 0), L2=(3, 0), L3=(3, 0)).items()}
    assert summary([compare("a", moved, truth, (200, 300))])["bias_along"] == pytest.approx(0.1)


def test_a_wrong_name_is_found_but_not_right():
    renamed = {"L2": spine()["L1"], "L3": spine()["L2"]}
    result = compare("a", renamed, spine(), (200, 300))
    figures = summary([result])
    assert figures["found"] == pytest.approx(2 / 3)
    assert figures["level_right"] == 0.0
    assert not result.levels_right


@pytest.mark.parametrize(("away", "matched"), [(14.9, True), (15.0, True), (15.1, False)])
def test_a_body_belongs_to_the_truth_up_to_half_a_height_away(away, matched):
    result = compare("a", {"L1": BODY + [away, 0]}, {"L1": BODY}, (200, 300))
    assert (result.matches[0].predicted is not None) is matched
    assert result.false == (0 if matched else 1)


def test_a_body_that_may_be_there_is_not_false():
    predicted = {**spine(), "L4": BODY + [100, 160]}
    assert compare("a", predicted, spine(), (200, 300)).false == 1
    allowed = {"S1": BODY + [100, 161]}
    assert compare("a", predicted, spine(), (200, 300), ignore=allowed).false == 0
