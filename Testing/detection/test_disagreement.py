"""Two looks that disagree make a point less certain."""

import numpy as np
import pytest

from vertenet.detection.disagreement import widened

POINTS = np.zeros((1, 6, 2))


def first_look_off_by(distance):
    return POINTS + np.array([distance, 0.0])


@pytest.mark.parametrize(
    ("off", "expected"),
    [(0.0, 0.5), (np.sqrt(2.0), 0.5), (2.0, np.sqrt(0.25 + 1.0)), (4.0, np.sqrt(0.25 + 7.0))],
)
def test_only_what_the_first_looks_sigma_cannot_explain_is_added(off, expected):
    """With a first sigma of 1 px along each axis, sqrt(2) px apart is explained."""
    wide = widened(np.full((1, 6), 0.5), POINTS, first_look_off_by(off), np.ones((1, 6)))
    np.testing.assert_allclose(wide, expected)


def test_sigma_never_shrinks():
    rng = np.random.default_rng(0)
    sigma, first = rng.random((4, 6)), rng.random((4, 6))
    points, others = rng.normal(size=(2, 4, 6, 2))
    assert (widened(sigma, points, others, first) >= sigma).all()
