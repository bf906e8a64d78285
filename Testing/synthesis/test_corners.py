"""Rims of endplates lowered and rounded: picture and points together."""

import numpy as np
import pytest

from vertenet.synthesis.contour import SIX_INDEX
from vertenet.synthesis.corners import _RAISED, _lower, as_seen, lip, rounding

PARAMS = {"flat": [1.0, 1.0], "cut": 0.05, "rounding": 4.0}


def box():
    """A body 40 wide and 30 tall, 16 samples a side, as contours are laid out."""
    t = (np.arange(16) / 16)[:, None]
    corners = np.array([[0, 0], [40, 0], [40, 30], [0, 30], [0, 0]], float)
    return np.concatenate([a + t * (b - a) for a, b in zip(corners[:-1], corners[1:])])


def test_the_corners_fall_by_the_share_asked_for_and_the_mid_points_stay():
    outline = box()
    _lower(outline, {**PARAMS, "cut": 0.0}, np.zeros(3))
    ps, ms, as_, ai, mi, pi = outline[list(SIX_INDEX)]
    assert as_ == pytest.approx([40, 30 * _RAISED[0]])
    assert ps == pytest.approx([0, 30 * _RAISED[0]])
    assert ai == pytest.approx([40, 30 - 30 * _RAISED[1]])
    assert pi == pytest.approx([0, 30 - 30 * _RAISED[1]])
    assert ms == pytest.approx([20, 0]) and mi == pytest.approx([20, 30])


def test_the_upper_posterior_corner_moves_forward_by_the_cut():
    outline = box()
    _lower(outline, {**PARAMS, "flat": [0.0, 0.0]}, np.zeros(3))
    assert outline[0] == pytest.approx([0.05 * 30, 0.0])
    assert outline[16] == pytest.approx([40.0, 0.0])


def test_a_rounded_corner_is_seen_further_in_by_equal_parts():
    six = box()[None, list(SIX_INDEX)]
    seen = as_seen(six, np.array([4.0]))[0]
    assert seen[0] == pytest.approx([0.6, 0.6])
    assert seen[3] == pytest.approx([39.4, 29.4])
    assert np.array_equal(seen[[1, 4]], six[0, [1, 4]])


def test_the_same_chance_gives_the_same_rounding():
    first, second = (rounding(PARAMS, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert ((first >= 2.4) & (first <= 5.6)).all()


def test_a_body_that_is_not_there_stays_away():
    from vertenet.synthesis.corners import with_corners
    from vertenet.synthesis.shapes import SpineShape

    outline = np.full((18, 64, 2), np.nan)
    outline[5] = box()
    six = outline[:, list(SIX_INDEX)]
    fields = {"six": six, "outline": outline, "grade": np.zeros(18, int), "extra": None}
    names = SpineShape.__dataclass_fields__
    spine = SpineShape(**{n: fields.get(n) for n in names})
    out = with_corners(spine, PARAMS, np.random.default_rng(1))
    assert np.isnan(np.delete(np.asarray(out.six), 5, axis=0)).all()
    assert np.isfinite(np.asarray(out.six)[5]).all()


LIPS = {"lips": [1.0, 0.14, 0.06, 0.10]}


def test_a_lip_stands_on_the_endplate_and_is_as_high_as_was_drawn():
    outline = box()
    slab = lip(outline, LIPS, np.array([0.5, 0.5, 0.5, 0.0]), (100.0, 100.0))
    assert slab[0] == pytest.approx([0.0, -0.14 * 30])
    assert slab[8] == pytest.approx([20.0, -0.06 * 30])
    assert slab[16] == pytest.approx([40.0, -0.10 * 30])
    assert slab[32] == pytest.approx(outline[16])
    assert slab[48] == pytest.approx(outline[0])


def test_a_lip_leaves_a_third_of_the_disc_open():
    slab = lip(box(), LIPS, np.array([1.0, 0.0, 1.0, 0.0]), (2.0, 3.0))
    assert slab[0, 1] == pytest.approx(-0.7 * 2.0)
    assert slab[16, 1] == pytest.approx(-0.7 * 3.0)


@pytest.mark.parametrize(("chance", "drawn"), [(0.49, True), (0.5, False), (0.51, False)])
def test_only_the_share_asked_for_has_a_lip(chance, drawn):
    params = {"lips": [0.5, 0.1, 0.1, 0.1]}
    found = lip(box(), params, np.array([0.5, 0.5, 0.5, chance]), (9.0, 9.0))
    assert (found is not None) is drawn
