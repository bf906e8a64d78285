"""Encoding and decoding are each other's inverse."""

import numpy as np
import pytest
import torch

from vertenet.network.coding import cell_pixels, decode, encode
from vertenet.network.compact import VECTOR_UNIT_PX


def box(cx: float, cy: float, width: float = 40.0, height: float = 30.0) -> np.ndarray:
    """PS, MS, AS, AI, MI, PI of an upright body facing right."""
    x, y = width / 2, height / 2
    return np.array([[-x, -y], [0, -y], [x, -y], [x, y], [0, y], [-x, y]]) + [cx, cy]


def perfect_maps(points: np.ndarray, visible: np.ndarray, rows: int, columns: int) -> dict:
    """What a network without any error would answer."""
    targets = encode(torch.tensor(points[None]).float(), torch.tensor(visible[None]), rows, columns)
    h, w = rows // 4, columns // 4
    maps = {
        name: torch.zeros(1, c, h, w)
        for name, c in (
            ("heat", 1),
            ("offset", 2),
            ("points", 12),
            ("scale", 6),
            ("level", 18),
            ("measurable", 1),
        )
    }
    maps["heat"] = torch.logit(targets.heat.clamp(1e-4, 1 - 1e-4))
    i, r, q = targets.where.T
    vectors = (targets.points - cell_pixels(targets.where)[:, None]) / VECTOR_UNIT_PX
    maps["points"][i, :, r, q] = vectors.reshape(-1, 12)
    maps["level"][i, targets.level, r, q] = 9.0
    maps["measurable"][i, 0, r, q] = targets.measurable * 12 - 6
    maps["scale"][:] = np.log(0.02)
    return maps


def a_spine() -> tuple[np.ndarray, np.ndarray]:
    points = np.full((18, 6, 2), np.nan)
    visible = np.zeros(18, dtype=np.int64)
    for body, cy in ((10, 40.3), (11, 83.8), (12, 127.1)):
        points[body] = box(70.6, cy)
        visible[body] = 1
    return points, visible


def test_points_survive_encoding_and_decoding():
    points, visible = a_spine()
    found = decode(perfect_maps(points, visible, 192, 128), threshold=0.3)
    order = np.argsort(found.points[:, 0, 1])
    assert len(found) == 3
    np.testing.assert_allclose(found.points[order], points[10:13], atol=1e-4)
    assert list(found.level_logits[order].argmax(1)) == [10, 11, 12]


def test_sigma_is_the_laplace_scale_times_root_two_times_the_body_height():
    points, visible = a_spine()
    found = decode(perfect_maps(points, visible, 192, 128), threshold=0.3)
    np.testing.assert_allclose(found.sigma, 0.02 * np.sqrt(2) * 30.0, rtol=1e-4)


def test_the_threshold_has_an_effect():
    points, visible = a_spine()
    maps = perfect_maps(points, visible, 192, 128)
    middle = maps["heat"][0, 0, 15:27]  # the rows of cells around the second body's centre
    middle.clamp_(max=float(torch.logit(torch.tensor(0.4))))
    assert len(decode(maps, threshold=0.41)) == 2
    assert len(decode(maps, threshold=0.39)) == 3


def test_one_vertebra_found_twice_is_kept_once():
    points, visible = a_spine()
    maps = perfect_maps(points, visible, 192, 128)
    row, column = 10, 17
    maps["heat"][0, 0, row, column - 3 : column + 4] = torch.tensor([2.0, 0, 1, 9.0, 1, 0, 2.0])
    maps["points"][0, :, row, :] = maps["points"][0, :, row, column][:, None]
    assert len(decode(maps, threshold=0.3)) == 3


@pytest.mark.parametrize("visible", [1, 2])
def test_a_body_not_to_be_measured_is_taught_with_less_weight_on_its_heat(visible):
    points, seen = a_spine()
    seen[10] = visible
    targets = encode(torch.tensor(points[None]).float(), torch.tensor(seen[None]), 192, 128)
    row, column = round((40.3 - 1.5) / 4), round((70.6 - 1.5) / 4)
    assert targets.weight[0, 0, row, column] == pytest.approx(1.0 if visible == 1 else 0.3)


def test_a_body_outside_the_image_is_not_taught():
    points, visible = a_spine()
    points[10] += [300, 0]
    targets = encode(torch.tensor(points[None]).float(), torch.tensor(visible[None]), 192, 128)
    assert set(targets.level.tolist()) == {11, 12}


def test_an_empty_image_gives_no_candidate():
    maps = perfect_maps(np.full((18, 6, 2), np.nan), np.zeros(18, dtype=np.int64), 64, 64)
    assert len(decode(maps, threshold=0.3)) == 0
