"""What an image and its mirror say together."""

import numpy as np
import pytest

from vertenet.detection.mirror import agree, back
from vertenet.network.coding import Candidates

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])


def proposals(*places, score=0.8, level=0.0):
    points = np.stack([BODY + place for place in places]) if places else np.empty((0, 6, 2))
    count = len(places)
    return Candidates(
        points,
        np.ones((count, 6)),
        np.full(count, score),
        np.full((count, 18), level),
        np.ones(count),
    )


def test_back_undoes_a_mirror_and_leaves_posterior_posterior():
    image = np.zeros((4, 10))
    image[0, 2] = 1.0
    column = int(np.argmax(image[:, ::-1][0]))
    found = proposals((column, 0))
    assert back(found, 10).points[0, :, 0].mean() == pytest.approx(2.0)
    np.testing.assert_array_equal(back(back(found, 10), 10).points, found.points)


def test_what_both_see_is_averaged():
    both = agree(proposals((50, 50), score=0.6, level=2.0), proposals((54, 50), level=4.0))
    assert len(both) == 1
    np.testing.assert_allclose(both.points[0], BODY + (52, 50))
    assert both.score[0] == pytest.approx(0.7)
    assert both.level_logits[0, 0] == pytest.approx(3.0)


@pytest.mark.parametrize(("away", "count"), [(14.9, 1), (15.0, 1), (15.1, 2)])
def test_two_proposals_are_one_up_to_half_a_height_apart(away, count):
    assert len(agree(proposals((50, 50)), proposals((50, 50 + away)))) == count


def test_what_one_sees_alone_keeps_three_quarters_of_its_score():
    alone = agree(proposals((50, 50)), proposals())
    assert alone.score[0] == pytest.approx(0.6)
    assert len(agree(proposals(), proposals((50, 50)))) == 1


def test_nothing_and_nothing_is_nothing():
    assert len(agree(proposals(), proposals())) == 0


def test_each_proposal_has_at_most_one_partner():
    both = agree(proposals((50, 50), (50, 60)), proposals((50, 54)))
    assert len(both) == 2
    assert sorted(np.round(both.score, 3)) == [0.6, 0.8]
