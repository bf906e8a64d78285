"""The compact network takes any size and any intensity scale."""

import pytest
import torch

from vertenet.network.compact import CompactConfig, CompactVerteNet, build
from vertenet.network.intensity import normalise

SMALL = {
    "widths": [8, 8, 16, 16, 16],
    "depths": [1, 1, 1, 1],
    "decoder": [16, 16, 8],
    "head": 16,
    "refiner": [8, 8, 8],
}


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (224, 64)])
def test_any_size_that_is_a_multiple_of_32_gives_maps_of_stride_4(size):
    maps = build(SMALL).eval()(torch.rand(1, 1, *size))
    assert {tuple(m.shape[-2:]) for m in maps.values()} == {(size[0] // 4, size[1] // 4)}


def test_a_configuration_survives_a_model_file():
    config = CompactConfig.from_dict(SMALL)
    assert CompactConfig.from_dict(config.to_dict()) == config


def test_without_attention_no_attention_weight_is_left():
    plain = CompactVerteNet(CompactConfig.from_dict({**SMALL, "attention": False}))
    assert not [name for name, _ in plain.named_parameters() if "query" in name]


@pytest.mark.parametrize(("gain", "shift"), [(1.0, 0.0), (4095.0, 0.0), (10.0, -1000.0)])
def test_scanner_scaling_does_not_matter(gain, shift):
    image = torch.rand(1, 1, 96, 64, dtype=torch.float64) ** 2
    torch.testing.assert_close(normalise(image * gain + shift), normalise(image), atol=1e-3, rtol=0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_does_not_change_the_contrast_of_what_it_leaves(value):
    generator = torch.Generator().manual_seed(3)
    image = 0.2 + 0.6 * torch.rand(1, 1, 128, 128, generator=generator)
    masked = image.clone()
    masked[..., :, 96:] = value
    inside = (slice(None), slice(None), slice(None), slice(0, 96))
    torch.testing.assert_close(
        normalise(masked)[inside], normalise(image)[inside], atol=0.02, rtol=0
    )
