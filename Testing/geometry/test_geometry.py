"""Lines, angles, areas and the size of a pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vertenet.errors import ConfigurationError
from vertenet.geometry import (
    PixelScale,
    clip_polygon,
    distance,
    line_angle_deg,
    line_intersection,
    polygon_area,
    wrap_angle_deg,
)

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_pixel_size_that_is_not_positive_is_refused(value):
    with pytest.raises(ConfigurationError, match="above 0"):
        PixelScale(value, 1.0)


def test_anisotropic_pixels_scale_each_axis_by_its_own_size():
    scale = PixelScale(row=0.5, column=0.25, in_mm=True)
    assert scale.to_units([8.0, 8.0]).tolist() == [2.0, 4.0]
    assert scale.to_pixels(scale.to_units([3.0, 7.0])).tolist() == [3.0, 7.0]
    assert scale.unit == "mm"
    assert scale.spacing_mm == (0.5, 0.25)
    assert PixelScale().spacing_mm is None


def test_a_distance_is_euclidean():
    assert distance((0, 0), (3, 4)) == 5.0


def test_angles_run_from_x_towards_y():
    assert line_angle_deg((0, 0), (1, 0)) == 0.0
    assert line_angle_deg((0, 0), (0, 1)) == 90.0
    assert line_angle_deg((1, 1), (0, 1)) == 180.0


@pytest.mark.parametrize(
    ("angle", "wrapped"), [(0, 0), (180, 180), (-180, 180), (181, -179), (-181, 179), (730, 10)]
)
def test_angles_are_wrapped_into_half_a_turn_each_way(angle, wrapped):
    assert wrap_angle_deg(angle) == pytest.approx(wrapped)


def test_two_lines_meet_in_their_common_point():
    assert line_intersection((0, 0), (2, 2), (0, 2), (2, 0)).tolist() == [1.0, 1.0]


def test_parallel_lines_do_not_meet():
    assert line_intersection((0, 0), (1, 0), (0, 1), (5, 1)) is None


def test_the_area_of_a_polygon_has_the_sign_of_its_turn():
    assert polygon_area(SQUARE) == 16.0
    assert polygon_area(SQUARE[::-1]) == -16.0
    assert polygon_area(SQUARE[:2]) == 0.0


def test_a_polygon_inside_the_rectangle_stays_as_it_is():
    assert clip_polygon(SQUARE, low=(-1, -1), high=(9, 9)).tolist() == [list(p) for p in SQUARE]


def test_a_polygon_outside_the_rectangle_leaves_nothing():
    assert clip_polygon(SQUARE, low=(5, 5), high=(9, 9)).shape == (0, 2)


def test_a_polygon_across_the_border_keeps_the_part_inside():
    part = clip_polygon(SQUARE, low=(2, 1), high=(9, 9))
    assert abs(polygon_area(part)) == pytest.approx(2 * 3)
    assert part.min(axis=0).tolist() == [2.0, 1.0]


def test_clipping_a_slanted_polygon_keeps_its_slant():
    triangle = [(0, 0), (10, 0), (0, 10)]
    part = clip_polygon(triangle, low=(0, 0), high=(5, 10))
    assert abs(polygon_area(part)) == pytest.approx(50 - 12.5)
    assert np.isclose(part.sum(axis=1), 10).sum() == 2
