"""When an image is looked at again at another size or width, and when that look is believed."""

import numpy as np
import pytest

from vertenet.detection.magnify import better_zoom, confirms, stretch_of
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
    assert (better_zoom(bodies(height)) is not None) is again


def test_nothing_found_is_not_looked_at_again():
    assert better_zoom(bodies(10).take([])) is None


def test_a_second_look_that_sees_the_same_bodies_larger_is_believed():
    assert confirms(bodies(27.0), bodies(13.5), 2.0)


@pytest.mark.parametrize(("score", "believed"), [(0.679, False), (0.681, True)])
def test_a_less_sure_second_look_is_not_believed(score, believed):
    assert confirms(bodies(27.0, score=score), bodies(13.5), 2.0) is believed


def test_a_second_look_at_bodies_of_another_size_is_not_believed():
    assert not confirms(bodies(54.0), bodies(13.5), 2.0)
    assert not confirms(bodies(27.0).take([]), bodies(13.5), 2.0)


def wide(depth, count=5):
    found = bodies(30.0, count)
    found.points[..., 0] = 100 + (found.points[..., 0] - 100) * depth * 30 / 40
    return found


@pytest.mark.parametrize("depth", [0.801, 1.25, 1.549])
def test_bodies_of_a_usual_shape_are_taken_as_they_are(depth):
    assert stretch_of(wide(depth), 1.0) is None


@pytest.mark.parametrize("depth", [0.799, 1.551, 2.0])
def test_bodies_of_an_unusual_shape_tell_how_far_the_picture_is_stretched(depth):
    assert stretch_of(wide(depth), 0.5) == pytest.approx(depth / 1.25)


@pytest.mark.parametrize(
    ("shape", "again"),
    [(0.749, None), (0.75, 1.6), (1.0, 1.6), (1.35, 1.6), (1.351, None)],
)
def test_a_square_picture_with_hardly_a_body_is_tried_as_a_squeezed_one(shape, again):
    assert stretch_of(wide(1.25, 2), shape) == again
    assert stretch_of(wide(1.25, 3), shape) is None
