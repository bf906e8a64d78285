"""Points go back through the very transform that resized the image."""

import numpy as np
import pytest
import torch

from vertenet.detection.prepare import Resize, fit, published_grey, to_tensor


def test_back_is_the_inverse_of_forward():
    resize = Resize(512, 256, 1799, 603)
    points = np.random.default_rng(0).uniform(-5, 1800, (50, 2))
    np.testing.assert_allclose(resize.back(resize.forward(points)), points, atol=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(1800, 600), (700, 300), (333, 777)])
def test_a_bright_spot_is_found_where_the_points_say(rows, columns):
    y, x = np.mgrid[:rows, :columns]
    spot = np.array([0.37 * columns, 0.61 * rows])
    width = 0.03 * min(rows, columns)
    image = np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * width**2))
    resize = fit(rows, columns)
    small = resize.apply(torch.from_numpy(image[None, None]).float())[0, 0].double().numpy()
    sy, sx = np.mgrid[: small.shape[0], : small.shape[1]]
    found = np.array([(small * sx).sum(), (small * sy).sum()]) / small.sum()
    np.testing.assert_allclose(found, resize.forward(spot), atol=0.1)


def test_sides_are_multiples_of_32_and_the_area_is_that_of_the_training():
    resize = fit(1800, 600)
    assert resize.rows % 32 == resize.columns % 32 == 0
    assert resize.rows * resize.columns == pytest.approx(512 * 256, rel=0.15)


def test_pixels_that_are_twice_as_high_as_wide_become_square():
    resize = fit(400, 600, pixel_ratio=2.0)
    assert resize.rows / resize.columns == pytest.approx(800 / 600, rel=0.1)


def test_zoom_magnifies_both_sides():
    near, far = fit(1000, 500, zoom=2.0), fit(1000, 500)
    assert near.rows / far.rows == pytest.approx(2.0, rel=0.07)


def test_a_constant_image_becomes_zero_and_not_nan():
    assert torch.equal(to_tensor(np.full((5, 4), 7.0, np.float32)), torch.zeros(1, 1, 5, 4))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 255, 1.0),
        (20, 200, 200 / 255),
        (0, 256, 256 / 4096),
        (0, 4096, 1.0),
        (0, 4097, 1.0),
        (-1, 100, 1.0),
    ],
)
def test_the_published_network_sees_its_own_fixed_range(low, high, expected):
    pixels = np.array([[low, high]], np.float32)
    assert float(published_grey(pixels).max()) == pytest.approx(expected)
