from __future__ import annotations

import numpy as np
import pytest
import torch

from vertenet.anatomy import CORNERS, POINT_NAMES
from vertenet.errors import ModelError
from vertenet.network.published_decode import CORNER_ORDER, decode_published


def maps(peaks, rows=32, columns=16):
    """Outputs with one body at each (row, column, score): 5 cells wide, 3 tall."""
    hm = torch.zeros(1, 1, rows, columns)
    reg = torch.zeros(1, 2, rows, columns)
    wh = torch.zeros(1, 8, rows, columns)
    for row, column, score in peaks:
        hm[0, 0, row, column] = score
        reg[0, :, row, column] = torch.tensor([0.25, 0.5])
        wh[0, :, row, column] = torch.tensor([2.5, 1.5, -2.5, 1.5, 2.5, -1.5, -2.5, -1.5])
    return {"hm": hm, "reg": reg, "wh": wh}


def test_the_network_knows_the_corners_of_the_core():
    assert sorted(CORNER_ORDER) == sorted(name.value for name in CORNERS)


def test_a_peak_gives_its_centre_and_corners_in_input_pixels():
    (found,) = decode_published(maps([(10, 6, 0.9)]), threshold=0.3)
    assert found.score == pytest.approx(0.9)
    np.testing.assert_allclose(found.centre, [4 * 6.25, 4 * 10.5])
    points = dict(zip((n.value for n in POINT_NAMES), found.points))
    np.testing.assert_allclose(points["PS"], [4 * 3.75, 4 * 9.0])
    np.testing.assert_allclose(points["AS"], [4 * 8.75, 4 * 9.0])
    np.testing.assert_allclose(points["PI"], [4 * 3.75, 4 * 12.0])
    np.testing.assert_allclose(points["AI"], [4 * 8.75, 4 * 12.0])
    assert np.isnan(points["MS"]).all()
    assert np.isnan(points["MI"]).all()


@pytest.mark.parametrize(("threshold", "count"), [(0.49, 2), (0.5, 2), (0.51, 1), (0.95, 0)])
def test_the_threshold_has_an_effect(threshold, count):
    outputs = maps([(5, 6, 0.5), (15, 6, 0.9)])
    assert len(decode_published(outputs, threshold=threshold)) == count


def test_the_best_six_come_first():
    outputs = maps([(3 * i + 1, 6, 0.4 + 0.05 * i) for i in range(8)])
    scores = [c.score for c in decode_published(outputs, threshold=0.1)]
    assert scores == pytest.approx([0.75, 0.7, 0.65, 0.6, 0.55, 0.5])


def test_a_neighbour_of_a_peak_is_no_second_vertebra():
    outputs = maps([(10, 6, 0.9), (11, 6, 0.8), (12, 6, 0.7)])
    assert [c.score for c in decode_published(outputs, threshold=0.1)] == pytest.approx([0.9])


def test_an_empty_map_gives_no_vertebra():
    assert decode_published(maps([]), threshold=0.1) == []


def test_a_body_whose_corners_are_not_finite_is_left_out():
    outputs = maps([(10, 6, 0.9)])
    outputs["wh"][0, 3, 10, 6] = float("nan")
    assert decode_published(outputs, threshold=0.1) == []


def test_the_maps_of_two_images_are_refused():
    outputs = {name: value.repeat(2, 1, 1, 1) for name, value in maps([]).items()}
    with pytest.raises(ModelError, match="one image, got 2"):
        decode_published(outputs, threshold=0.1)
