"""Deformities take exactly the heights they say."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.synthesis.contour import six_points
from vertenet.synthesis.fractures import (
    KINDS,
    bulge,
    compress,
    deform,
    draw_deformity,
    genant_grade,
    loss_profile,
    true_grade,
)


def a_box(depth: float = 90.0, height: float = 70.0) -> np.ndarray:
    t = (np.arange(16) / 16)[:, None]
    corners = np.array([[0, 0], [depth, 0], [depth, height], [0, height]], dtype=float)
    return np.concatenate(
        [a + t * (b - a) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
    )


def heights(outline: np.ndarray) -> tuple[float, float, float]:
    six = six_points(outline)
    ha, hm, hp = np.linalg.norm(six[[2, 1, 0]] - six[[3, 4, 5]], axis=1)
    return float(ha), float(hm), float(hp)


def test_a_wedge_of_30_percent_leaves_seven_tenths_of_the_anterior_height() -> None:
    profile = loss_profile("wedge", 0.30, pattern=0.4, rest=0.5)
    ha, _, hp = heights(compress(a_box(), profile, superior_share=0.8))
    assert hp == pytest.approx(70.0)
    assert ha / hp == pytest.approx(0.7)


def test_a_biconcave_loss_of_30_percent_is_lost_in_the_middle() -> None:
    profile = loss_profile("biconcave", 0.30, pattern=0.4, rest=0.0)
    ha, hm, hp = heights(compress(a_box(), profile))
    assert (ha, hm, hp) == pytest.approx((70.0, 49.0, 70.0))


def test_a_crush_lowers_every_height() -> None:
    profile = loss_profile("crush", 0.40, pattern=0.4, rest=0.0)
    ha, hm, hp = heights(compress(a_box(), profile))
    assert ha == pytest.approx(42.0)
    assert hp == pytest.approx(56.0)
    assert ha <= hm <= hp


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_the_largest_loss_of_the_three_heights_is_the_loss_drawn(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    deformity = {**draw_deformity(rng, kinds=np.ones(3) / 3), "kind": kind}
    before, after = heights(a_box()), heights(deform(a_box(), deformity))
    losses = [1 - b / a for a, b in zip(before, after, strict=True)]
    assert max(losses) == pytest.approx(deformity["loss"], abs=1e-9)
    assert min(losses) >= -1e-9
    assert true_grade(deformity) == genant_grade(max(losses)) >= 1


@pytest.mark.parametrize(
    ("loss", "grade"),
    [(0.199, 0), (0.20, 1), (0.249, 1), (0.25, 2), (0.399, 2), (0.40, 3), (0.6, 3)],
)
def test_grades_begin_at_20_25_and_40_percent(loss: float, grade: int) -> None:
    assert genant_grade(loss) == grade


def test_mild_deformities_stay_below_the_first_grade() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_deformity(rng, kinds=np.ones(3) / 3, mild=True) for _ in range(200)]
    assert {true_grade(d) for d in drawn} == {0}
    assert min(d["loss"] for d in drawn) >= 0.08


def test_the_share_of_the_superior_endplate_says_which_one_moves() -> None:
    profile = loss_profile("wedge", 0.30, pattern=0.0, rest=0.0)
    lowered = compress(a_box(), profile, superior_share=1.0)
    np.testing.assert_allclose(lowered[32:49], a_box()[32:49])
    assert lowered[16, 1] == pytest.approx(21.0)


def test_bulging_walls_leave_the_six_points_in_place() -> None:
    swollen = bulge(a_box(), anterior=0.1, posterior=0.05)
    np.testing.assert_allclose(six_points(swollen), six_points(a_box()))
    assert swollen[24, 0] == pytest.approx(99.0)
    assert swollen[56, 0] == pytest.approx(-4.5)


def test_a_loss_of_nothing_changes_nothing() -> None:
    np.testing.assert_array_equal(compress(a_box(), np.zeros(17)), a_box())
