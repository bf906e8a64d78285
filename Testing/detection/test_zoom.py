"""When an image is looked at again at another size, and when that look is believed."""

import numpy as np
import pytest

from vertenet.detection.detector import _better_zoom, _confirms
from vertenet.network.coding import Candidates

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]]) / 30


def bodies(height, count=5, score=0.8):
    points = np.stack([BODY * height + (100, 1.28 * height * i) for i in range(count)])
    return Candidates(
        points, np.ones((count, 6)), np.full(count, score), np.zeros((count, 18)), np.ones(count)
    )


@pytest.mark.parametrize(
    ("height", "again"), [(14.9, True), (15.0, False), (60.0, False), (60.1, True)]
)
def test_only_bodies_far_from_the_trained_size_are_looked_at_again(height, again):
    assert (_better_zoom(bodies(height)) is not None) is again


def test_nothing_found_is_not_looked_at_again():
    assert _better_zoom(bodies(10).take([])) is None


def test_a_second_look_that_sees_the_same_bodies_larger_is_believed():
    assert _confirms(bodies(27.0), bodies(13.5), 2.0)


@pytest.mark.parametrize(("score", "believed"), [(0.679, False), (0.681, True)])
def test_a_less_sure_second_look_is_not_believed(score, believed):
    assert _confirms(bodies(27.0, score=score), bodies(13.5), 2.0) is believed


def test_a_second_look_at_bodies_of_another_size_is_not_believed():
    assert not _confirms(bodies(54.0), bodies(13.5), 2.0)
    assert not _confirms(bodies(27.0).take([]), bodies(13.5), 2.0)
