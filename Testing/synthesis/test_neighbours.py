"""What lies against the bodies: ends of discs, their darkness, foramina; plain films."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.synthesis.display import display_list
from vertenet.synthesis.neighbours import disc_ends
from vertenet.synthesis.parameters import draw_parameters
from vertenet.synthesis.pen import Pen
from vertenet.synthesis.view import SpineCurve, View

SIZE = (352, 176)
NONE = {"disc_ends": [0.0, 0.0], "disc_dark": 0.0, "foramen_dark": 0.0}


class _Still(np.random.Generator):
    """Chance that always draws the mean."""

    def normal(self, loc=0.0, scale=1.0, size=None):
        return np.full(size, loc)


def _chance() -> _Still:
    return _Still(np.random.PCG64(0))


def _pen() -> Pen:
    """A pen whose units are its pixels."""
    return Pen(View((64, 64), np.eye(2), np.zeros(2)))


def _shapes(pen: Pen) -> list[tuple[np.ndarray, float]]:
    """What was filled with it."""
    corners, sizes, weights = pen.sheet.polygons()
    parts = np.split(corners, np.cumsum(sizes)[:-1]) if len(sizes) else []
    return list(zip(parts, weights.tolist(), strict=True))


def _square(top: float) -> np.ndarray:
    """An outline (64, 2) of 16 x 16, its superior endplate at y = top, its back at x = 0."""
    side = np.arange(16.0)
    return np.concatenate(
        [
            np.stack([side, np.full(16, top)], 1),
            np.stack([np.full(16, 16.0), top + side], 1),
            np.stack([16 - side, np.full(16, top + 16)], 1),
            np.stack([np.zeros(16), top + 16 - side], 1),
        ]
    )


def _box(polygon: np.ndarray) -> list[float]:
    x, y = polygon.T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return [x.min(), y.min(), x.max(), y.max(), area]


def _sharp(**asked: object) -> list[tuple[np.ndarray, float]]:
    params = {"bone": 0.5, "disc_ends_reach": [3.0, 2.0], **NONE, **asked}
    pen = _pen()
    disc_ends(pen, _pen(), [_square(0.0), _square(20.0)], params, _chance())
    return _shapes(pen)


def test_the_ends_of_a_disc_are_covered_as_far_as_asked_from_endplate_to_endplate():
    (behind, weight), (ahead, _) = _sharp(disc_ends=[0.4, 0.8])
    assert _box(behind) == [0.0, 16.0, 3.0, 20.0, 12.0]
    assert _box(ahead) == [14.0, 16.0, 16.0, 20.0, 8.0]
    assert weight == pytest.approx(0.5 * 0.4 * 0.5)


def test_the_rest_of_a_disc_is_darkened_between_its_ends_alone():
    ((middle, weight),) = _sharp(disc_dark=1.0)
    assert _box(middle) == [3.0, 16.0, 14.0, 20.0, 44.0]
    assert weight == pytest.approx(-0.6 * 0.5)


def test_a_body_that_a_spine_lacks_has_no_disc():
    pen = _pen()
    params = {"bone": 1.0, "disc_ends_reach": [3.0, 2.0], **NONE, "disc_ends": [1.0, 1.0]}
    outlines = [_square(0.0), np.full((64, 2), np.nan), _square(20.0)]
    disc_ends(pen, pen, outlines, params, _chance())
    assert not _shapes(pen)


def _whole() -> dict:
    for seed in range(100):
        params = draw_parameters(np.random.default_rng(seed), look="bright")
        if params["field"] == "whole":
            return params | {"spine_x": 0.5, "rotation": 0.0, "aspect": 1.0, "mirror": False}
    raise AssertionError("no whole spine among 100 seeds")


def test_dark_foramina_lie_behind_the_bodies_and_nowhere_else():
    params = {**_whole(), **NONE, "foramen_size": 1.0}
    without = display_list(params, SIZE)
    with_them = display_list({**params, "foramen_dark": 1.0}, SIZE).sheets["sharp"].draw()
    change = with_them - without.sheets["sharp"].draw()
    assert change.min() < 0.0 and change.max() < 1e-5
    y, x = np.nonzero(change < -1e-5)
    curve = SpineCurve(np.asarray(without.six))
    front = np.array([curve.front(12.0)[0], 0.0])
    centre = np.interp(y, curve.centre(np.arange(18.0))[:, 1], curve.centre(np.arange(18.0))[:, 0])
    assert np.mean((x - centre) * np.sign(front[0]) < 0) == 1.0


def test_only_radiographs_become_films_and_three_of_five_of_them():
    drawn = {
        look: [draw_parameters(np.random.default_rng(s), look=look)["femur"] for s in range(400)]
        for look in ("bright", "radiograph")
    }
    # a film always has femora, any other scan in one of two
    share = 0.6 + 0.4 * 0.5
    error = 3 * np.sqrt(share * (1 - share) / 400)
    assert np.mean(drawn["radiograph"]) == pytest.approx(share, abs=error)
    assert np.mean(drawn["bright"]) == pytest.approx(0.5, abs=3 * np.sqrt(0.25 / 400))
