"""A view moves image and points by the same transform."""

import numpy as np
import pytest
import torch

from vertenet.training.augment import _draw_matrix, _sample, clutter, draw_canvas, make_batch, view


def spot_image(x: float, y: float, rows: int = 200, columns: int = 120) -> np.ndarray:
    v, u = np.mgrid[:rows, :columns]
    return (255 * np.exp(-((u - x) ** 2 + (v - y) ** 2) / 18)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_a_spot_lies_where_its_point_was_moved_to(seed):
    rng = np.random.default_rng(seed)
    matrix = _draw_matrix((200, 120), (160, 96), rng)
    out = _sample(spot_image(61.0, 98.0), matrix, (160, 96))[0].double().numpy()
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    expected = (inverse @ [61.0, 98.0, 1.0])[:2]
    if not (10 < expected[0] < 86 and 10 < expected[1] < 150):
        pytest.fail("the test's spot left the view: choose other numbers")
    v, u = np.mgrid[:160, :96]
    found = np.array([(out * u).sum(), (out * v).sum()]) / out.sum()
    np.testing.assert_allclose(found, expected, atol=0.25)


def scan(cx: float) -> tuple:
    points = np.full((18, 6, 2), np.nan, np.float32)
    body = np.array([[-8, -6], [0, -6], [8, -6], [8, 6], [0, 6], [-8, 6]], np.float32)
    points[9] = body + [cx, 100]
    visible = np.zeros(18, np.int8)
    visible[9] = 1
    return spot_image(cx, 100), points, visible


def test_a_batch_is_the_same_from_the_same_seed():
    parts = [make_batch([scan(60), scan(50)], (96, 64), np.random.default_rng(5)) for _ in "ab"]
    torch.manual_seed(0)
    assert torch.equal(parts[0].points.nan_to_num(), parts[1].points.nan_to_num())


def test_a_body_that_the_view_cuts_is_not_taught_as_certain():
    seen = set()
    for seed in range(60):
        _, points, visible = view(*scan(112), (96, 64), np.random.default_rng(seed))
        corners = points[9][[0, 2, 3, 5]]
        inside = int(((corners >= 0) & (corners <= torch.tensor([63.0, 95.0]))).all(1).sum())
        seen.add((inside, int(visible[9])))
    assert {state for count, state in seen if count == 4} <= {1}
    assert {state for count, state in seen if count in (2, 3)} <= {2}
    assert {state for count, state in seen if count < 2} <= {0}


def test_every_canvas_suits_the_network():
    rng = np.random.default_rng(0)
    assert all(side % 32 == 0 for _ in range(40) for side in draw_canvas(rng))


def test_clutter_changes_a_part_of_the_image_and_stays_within_its_range():
    grey = torch.full((1, 80, 80), 0.5)
    laid = clutter(grey, 3, np.random.default_rng(2))
    changed = float(((laid - grey).abs() > 0.01).float().mean())
    assert 0.005 < changed < 0.7
    assert float(laid.min()) >= 0.0
    assert float(laid.max()) <= 1.0
