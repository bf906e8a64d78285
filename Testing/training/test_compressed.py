"""What JPEG leaves of a picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vertenet.training.augment import compressed


def _picture(rows: int = 48, columns: int = 64) -> torch.Tensor:
    y, x = np.mgrid[:rows, :columns]
    noise = np.random.default_rng(0).normal(0, 8, x.shape)
    grey = 128 + 60 * np.sin(x / 5.0) * np.cos(y / 7.0) + noise
    return torch.from_numpy(np.clip(grey, 0, 255).round().astype(np.float32) / 255)[None]


@pytest.mark.parametrize("quality", [15, 40, 60, 90])
def test_it_is_what_pillow_reads_back_but_for_rounding(quality: int):
    picture = _picture()
    file = io.BytesIO()
    grey = (picture[0].numpy() * 255).round().astype(np.uint8)
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    read = np.array(Image.open(file)).astype(np.float32)
    ours = compressed(picture, quality)[0].numpy() * 255
    change = np.abs(read - grey).mean()
    assert np.abs(ours - read).mean() < 0.2 * change


def test_an_even_grey_stays_as_it_is():
    even = torch.full((1, 20, 30), 128 / 255)
    assert torch.allclose(compressed(even, 10.0, (3, 5)), even, atol=1e-6)


def test_any_size_and_shift_gives_a_picture_of_the_same_size_and_nearly_the_same_greys():
    picture = _picture(37, 53)
    for shift in ((0, 0), (7, 1), (3, 4)):
        out = compressed(picture, 95.0, shift)
        assert out.shape == picture.shape
        assert float((out - picture).abs().mean()) < 2 / 255
