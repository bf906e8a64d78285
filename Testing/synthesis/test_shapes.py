"""Sampled spines are anatomy, and repeat from their seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vertenet.synthesis import shapes as shapes_module
from vertenet.synthesis.chain import assemble, discs_of, open_discs
from vertenet.synthesis.contour import SIX_INDEX, local_frame, place
from vertenet.synthesis.fit_shapes import gaussian_with_gaps
from vertenet.synthesis.shapes import (
    BODY_LEVELS,
    SpineShape,
    build_shape,
    load_shape_model,
    sample_shape,
)

STATISTICS = Path(shapes_module.__file__).parent / "data" / "spine_shapes.npz"
PEOPLE = 2223
NORMAL = {"fracture_rate": 0.0, "mild_rate": 0.0, "severe_rate": 0.0, "variant_rate": 0.0}


def spines(number: int, **rates: float) -> list[SpineShape]:
    rng = np.random.default_rng(11)
    return [sample_shape(load_shape_model(), rng, **rates) for _ in range(number)]


@pytest.fixture(scope="module")
def normals() -> np.ndarray:
    return np.stack([s.outline for s in spines(500, **NORMAL)])


@pytest.fixture(scope="module")
def varied() -> list[SpineShape]:
    return spines(300, fracture_rate=0.6, mild_rate=0.5, severe_rate=0.3, variant_rate=0.3)


def heights(outline: np.ndarray) -> np.ndarray:
    six = outline[..., SIX_INDEX, :]
    return np.linalg.norm(six[..., (2, 1, 0), :] - six[..., (3, 4, 5), :], axis=-1)


def bodies_of(shape: SpineShape) -> np.ndarray:
    """All bodies there are, head to foot, the extra one in its place."""
    bodies = shape.outline
    if shape.extra is not None:
        bodies = np.insert(bodies, 17, shape.extra, axis=0)
    return bodies[np.isfinite(bodies).all((1, 2))]


def test_the_same_seed_gives_the_same_spine() -> None:
    one, two = (sample_shape(load_shape_model(), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.outline, two.outline)
    assert one.params == two.params


def test_a_spine_is_built_again_from_its_parameters(varied: list[SpineShape]) -> None:
    for shape in varied[:20]:
        again = build_shape(load_shape_model(), shape.params)
        np.testing.assert_array_equal(again.outline, shape.outline)
        np.testing.assert_array_equal(again.grade, shape.grade)


def test_the_six_points_lie_on_the_outline(varied: list[SpineShape]) -> None:
    for shape in varied:
        np.testing.assert_array_equal(shape.six, shape.outline[:, SIX_INDEX])


def test_every_body_is_there_but_l5_of_four_lumbar_bodies(varied: list[SpineShape]) -> None:
    assert {s.variant for s in varied} == {"normal", "L4", "L6"}
    for shape in varied:
        there = np.isfinite(shape.outline).all((1, 2))
        expected = [level != "L5" or shape.variant != "L4" for level in BODY_LEVELS]
        assert there.tolist() == expected
        assert (shape.extra is not None) == (shape.variant == "L6")


def test_levels_are_ordered_from_head_to_foot(varied: list[SpineShape]) -> None:
    for shape in varied:
        centre = bodies_of(shape).mean(1)
        assert (np.diff(centre[:, 1]) > 0).all()


def test_posterior_is_left_and_superior_is_up(normals: np.ndarray) -> None:
    x, y = normals[..., 0], normals[..., 1]
    assert (x[..., 16] > x[..., 0]).all()
    assert (x[..., 32] > x[..., 48]).all()
    assert (y[..., 48] > y[..., 0]).all()
    assert (y[..., 32] > y[..., 16]).all()


def test_discs_are_open_everywhere(varied: list[SpineShape]) -> None:
    for shape in varied:
        bodies = bodies_of(shape)
        discs = discs_of(bodies)
        # 0.8 is 1 % of a depth: asking for it changes nothing, there is more room already.
        np.testing.assert_allclose(open_discs(bodies, discs, 0.8), discs)


def test_grades_agree_with_the_heights_before_and_after(varied: list[SpineShape]) -> None:
    seen: set[int] = set()
    for shape in varied:
        before = build_shape(load_shape_model(), {**shape.params, "deformities": {}})
        loss = 1 - heights(shape.outline) / heights(before.outline)
        loss = np.nan_to_num(loss.max(1)) + 1e-9
        # Extra wedging of a kyphosis is in both, and counts as the body's own shape.
        expected = np.searchsorted([0.20, 0.25, 0.40], loss, side="right")
        np.testing.assert_array_equal(shape.grade, expected)
        assert [k != "normal" for k in shape.kind] == (shape.grade > 0).tolist()
        seen |= set(shape.grade.tolist())
    assert seen == {0, 1, 2, 3}


def test_fractures_come_as_often_as_asked() -> None:
    share = np.mean([s.grade.any() for s in spines(600, fracture_rate=0.3)])
    assert share == pytest.approx(0.3, abs=0.06)  # three standard errors
    assert not any(s.grade.any() for s in spines(50, fracture_rate=0.0))


def test_ratios_of_normal_bodies_lie_in_the_bands_of_nhanes(normals: np.ndarray) -> None:
    ha, hm, hp = np.moveaxis(heights(normals), -1, 0)
    _, _, depth, height, _ = local_frame(normals)
    measured = slice(3, 16)
    # Extremes of the level means, T4 to L4, of normal bodies in NHANES 2013-14.
    wedge, middle = (ha / hp)[:, measured].mean(0), (hm / hp)[:, measured].mean(0)
    assert (wedge > 0.88).all()
    assert (wedge < 1.04).all()
    assert (middle > 0.86).all()
    assert (middle < 0.97).all()
    form = (depth / height)[:, measured].mean(0)
    assert (form > 1.14).all()
    assert (form < 1.38).all()
    assert (ha / hp)[:, 16].mean() == pytest.approx(1.19, abs=0.04)


def test_bodies_grow_from_t1_to_l3_and_the_sacrum_is_steep(normals: np.ndarray) -> None:
    _, _, depth, height, _ = local_frame(normals)
    assert (np.diff(depth.mean(0)[:15]) > 0).all()
    assert (np.diff(height.mean(0)[:15]) > 0).all()
    line = normals[:, 17, 16] - normals[:, 17, 0]
    slope = np.degrees(np.arctan2(line[:, 1], line[:, 0]))
    assert 30 < np.median(slope) < 45


def test_the_local_frame_and_its_inverse_are_a_pair(normals: np.ndarray) -> None:
    centre, angle, depth, height, local = local_frame(normals[:5])
    np.testing.assert_allclose(place(local, centre, angle, depth, height), normals[:5], atol=1e-9)


def test_a_chain_taken_apart_goes_together_again(normals: np.ndarray) -> None:
    np.testing.assert_allclose(assemble(normals[0], discs_of(normals[0])), normals[0], atol=1e-8)


def test_the_statistics_are_small_and_hold_no_row_of_a_person() -> None:
    assert STATISTICS.stat().st_size < 500_000
    with np.load(STATISTICS) as data:
        # Anything as long as a crowd would be rows of people.
        assert all(max(data[name].shape, default=0) < PEOPLE / 4 for name in data.files)
        assert "NHANES 2013-14" in str(data["source"])


def test_gaps_do_not_bias_the_fitted_gaussian() -> None:
    rng = np.random.default_rng(0)
    cov = np.array([[1.0, 0.8], [0.8, 1.0]])
    rows = rng.multivariate_normal([1.0, 2.0], cov, size=4000)
    rows[rows[:, 0] > 1.5, 1] = np.nan  # missing where the other one is large
    mean, found = gaussian_with_gaps(rows, rounds=30)
    np.testing.assert_allclose(mean, [1.0, 2.0], atol=0.06)
    np.testing.assert_allclose(found, cov, atol=0.08)
