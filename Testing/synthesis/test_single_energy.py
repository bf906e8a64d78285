"""What single-energy scans show: lung over the spine, thin ribs, edges of joints."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.synthesis.display import display_list
from vertenet.synthesis.parameters import draw_parameters
from vertenet.synthesis.render import render_scan
from vertenet.synthesis.view import SpineCurve

SIZE = (352, 176)


def _deep(first: int = 0) -> dict:
    for seed in range(first, first + 100):
        params = draw_parameters(np.random.default_rng(seed), look="faint")
        if params["deep_chest"] and params["field"] == "whole" and not params["inverted"]:
            return params
    raise AssertionError("no deep chest among 100 seeds")


def test_bright_scans_never_have_a_deep_chest_and_grey_ones_in_three_of_five():
    drawn = {
        look: [
            draw_parameters(np.random.default_rng(seed), look=look)["deep_chest"]
            for seed in range(400)
        ]
        for look in ("bright", "faint")
    }
    assert not any(drawn["bright"])
    # three standard errors of a share of 0.6 in 400
    assert np.mean(drawn["faint"]) == pytest.approx(0.6, abs=3 * np.sqrt(0.24 / 400))


def test_a_deep_chest_keeps_lung_behind_the_thoracic_bodies_and_off_the_lumbar_ones():
    params = {**_deep(), "spine_x": 0.5, "rotation": 0.0, "aspect": 1.0, "mirror": False}
    params |= {"top_level": 1.0, "bottom_level": 20.0}
    scan = display_list(params, SIZE)
    curve = SpineCurve(np.asarray(scan.six))  # pixels: only its centres are used
    air = scan.sheets["middle"].draw()
    scale = scan.view.scale
    behind = 0.4 * params["lung_back"] * scale
    side = -1.0 if scan.six[8, 0, 0] < scan.six[8, 2, 0] else 1.0

    def at(level: float, shift: float) -> float:
        x, y = curve.centre(level)
        return float(air[round(float(y)), round(float(x) + shift)])

    half = 0.5 * abs(scan.six[8, 0, 0] - scan.six[8, 2, 0])
    assert at(7.0, side * (half + behind)) < -0.1 * params["air"]
    assert at(16.0, 0.0) > at(7.0, 0.0)


def test_a_scan_without_seam_or_ribs_lines_differs_from_one_with_them_in_the_chest_alone():
    params = {**_deep(), "joint_lines": 0.0}
    with_them = display_list({**params, "seam": 1.0, "rib_streaks": 4}, SIZE).sheets["sharp"].draw()
    none = {**params, "seam": 0.0, "rib_streaks": 0}
    without = display_list(none, SIZE)
    changed = np.abs(with_them - without.sheets["sharp"].draw()) > 1e-6
    last = int(without.six[12, :, 1].max())
    assert changed.any()
    assert not changed[min(last + 12, SIZE[0] - 1) :].any()


def test_joint_lines_are_drawn_where_they_are_asked_for():
    params = {**_deep(), "endplate": 0.5}
    without = display_list({**params, "joint_lines": 0.0}, SIZE).sheets["sharp"].draw()
    with_them = display_list({**params, "joint_lines": 1.0}, SIZE).sheets["sharp"].draw()
    assert (with_them - without).max() > 0.05


def test_a_scan_with_a_deep_chest_comes_again_from_its_parameters():
    params = _deep(50)
    first, second = render_scan(params, SIZE), render_scan(params, SIZE)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.points, second.points, equal_nan=True)
