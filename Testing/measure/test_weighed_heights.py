"""How a height and its error are weighed against what is expected."""

import numpy as np
import pytest

from vertenet.measure.genant import weighed


@pytest.mark.parametrize("error", [0.02, 0.05, 0.08])
def test_a_small_deviation_measured_badly_is_drawn_to_the_expected_height(error):
    drawn, left = weighed(np.array([0.01]), np.array([error]))
    assert abs(drawn[0]) < 0.01
    assert left[0] < error


@pytest.mark.parametrize("error", [0.0, 0.02, 0.05, 0.08])
def test_a_height_halved_stays_halved_whatever_the_error(error):
    drawn, _ = weighed(np.array([-0.7]), np.array([error]))
    assert drawn[0] == pytest.approx(-0.7, abs=0.08)


def test_without_error_a_height_stays_as_it_was_measured():
    deviation = np.linspace(-0.6, 0.2, 9)
    drawn, left = weighed(deviation, np.zeros(9))
    np.testing.assert_allclose(drawn, deviation)
    np.testing.assert_allclose(left, 0.0)
