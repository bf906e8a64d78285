"""The crop's frame: turned to the vertebra, mirrored for left-facing spines, invertible."""

import math

import numpy as np
import pytest
import torch

from vertenet.network.refiner import (
    BODY_PX,
    CROP_PX,
    body_size,
    crop_frames,
    cut_crops,
    scaled,
    to_crop,
    to_image,
)

BODY = torch.tensor([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])


def turned(degrees: float, mirror: bool = False) -> torch.Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    body = BODY * torch.tensor([-1.0, 1.0]) if mirror else BODY
    return body @ turn.T + torch.tensor([80.0, 120.0])


@pytest.mark.parametrize("degrees", [0, 25, -60])
@pytest.mark.parametrize("mirror", [False, True])
def test_every_vertebra_stands_upright_and_faces_right_in_its_crop(degrees, mirror):
    points = turned(degrees, mirror)[None]
    upright = to_crop(crop_frames(points), points)[0]
    np.testing.assert_allclose(upright, BODY * BODY_PX / 35.0, atol=1e-4)


def test_to_image_is_the_inverse_of_to_crop():
    points = turned(33)[None]
    frames = crop_frames(points)
    np.testing.assert_allclose(to_image(frames, to_crop(frames, points)), points, atol=1e-4)


def test_a_bright_pixel_appears_in_the_crop_where_the_frame_says():
    image = torch.zeros(1, 1, 200, 160)
    image[0, 0, 105, 60] = 1.0
    frames = crop_frames(turned(0)[None])
    crop = cut_crops(image, frames)[0, 0]
    y, x = np.unravel_index(int(crop.argmax()), crop.shape)
    expected = to_crop(frames, torch.tensor([[[60.0, 105.0]]]))[0, 0] + (CROP_PX - 1) / 2
    assert abs(x - expected[0]) <= 1.0
    assert abs(y - expected[1]) <= 1.0


def test_crops_of_a_batch_come_from_their_own_image():
    images = torch.stack([torch.zeros(1, 200, 160), torch.ones(1, 200, 160)])
    frames = crop_frames(torch.stack([turned(0), turned(10), turned(20)]))
    crops = cut_crops(images, frames, torch.tensor([1, 0, 1]))
    np.testing.assert_allclose(crops.mean((1, 2, 3)), [1.0, 0.0, 1.0], atol=1e-6)


def test_scaled_frames_magnify_about_the_same_centre():
    frames = crop_frames(torch.tensor([[[0.0, 0], [20, 0], [40, 0], [40, 30], [20, 30], [0, 30]]]))
    smaller = scaled(frames, 0.8)
    corner = torch.tensor([[[10.0, 5.0]]])
    origin = torch.zeros(1, 1, 2)
    assert torch.allclose(to_image(smaller, origin), to_image(frames, origin))
    assert torch.allclose(to_image(smaller, corner), to_image(frames, 0.8 * corner))
    assert float(body_size(smaller)) == pytest.approx(0.8 * float(body_size(frames)))


@pytest.mark.parametrize("count", [1, 2, 3, 14])
def test_crops_are_the_same_to_the_bit_on_one_thread_and_on_two(count):
    before = torch.get_num_threads()
    generator = torch.Generator().manual_seed(count)
    image = torch.rand(1, 1, 706, 322, generator=generator)
    points = torch.stack([turned(7.3 * k) * (1 + 0.01 * k) + 11.7 * k for k in range(count)])
    frames = crop_frames(points)
    try:
        torch.set_num_threads(1)
        one = cut_crops(image, frames)
        torch.set_num_threads(2)
        two = cut_crops(image, frames)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one, two)
