from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from vertenet.network.attention import (
    ChannelNorm,
    DualResolutionAttention,
    DualResolutionBlock,
    SpatialNorm,
    from_cells,
    to_cells,
)
from vertenet.network.efficientnet import EfficientNetFeatures, SameConv2d, same_padding
from vertenet.network.fusion import FusionBlock

# Single precision: sums of a few hundred terms of size 1.
ROUNDING = 1e-4


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "zeros"),
    [
        (8, 3, 1, (1, 1)),
        (8, 3, 2, (0, 1)),
        (7, 3, 2, (1, 1)),
        (8, 1, 2, (0, 0)),
        (9, 5, 2, (2, 2)),
        (8, 5, 2, (1, 2)),
        (1, 3, 2, (1, 1)),
    ],
)
def test_padding_follows_tensorflow(size, kernel, stride, zeros):
    assert same_padding(size, kernel, stride) == zeros


@pytest.mark.parametrize("size", [(8, 8), (7, 8), (8, 7), (7, 7)])
def test_a_strided_convolution_starts_at_the_first_pixel_of_an_even_axis(size):
    convolution = SameConv2d(1, 1, 3, 2)
    torch.nn.init.zeros_(convolution.weight)
    convolution.weight.data[0, 0, 0, 0] = 1.0
    image = torch.arange(float(size[0] * size[1])).reshape(1, 1, *size)
    out = convolution(image)
    first = [0 if side % 2 == 0 else -1 for side in size]
    assert out.shape[-2:] == tuple(-(-side // 2) for side in size)
    assert out[0, 0, 1, 1] == image[0, 0, 2 + first[0], 2 + first[1]]


def test_the_trunk_has_the_published_strides_and_channels():
    trunk = EfficientNetFeatures().eval()
    with torch.inference_mode():
        maps = trunk(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (24, 32, 48), (48, 16, 24), (64, 8, 12), (160, 4, 6), (256, 2, 3)]  # fmt: skip
    assert trunk.channels == (24, 48, 64, 160, 256)


def test_a_map_cut_into_cells_is_put_together_again():
    x = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    cells = to_cells(x)
    assert cells.shape == (2, 2 * 3, 3, 64)
    assert torch.equal(from_cells(cells, (16, 24)), x)
    # the second position of the tenth cell: grid row 1, column 1
    assert torch.equal(cells[:, 1, :, 9], x[:, :, 2, 3 + 1])


def test_the_norms_are_layer_normalisation():
    x = torch.randn(2, 5, 4, 6, generator=torch.Generator().manual_seed(0))
    spatial = F.layer_norm(x.flatten(2), (24,)).view(x.shape)
    channel = F.layer_norm(x.permute(0, 2, 3, 1), (5,)).permute(0, 3, 1, 2)
    assert torch.allclose(SpatialNorm(24)(x), spatial, atol=ROUNDING)
    assert torch.allclose(ChannelNorm(5)(x), channel, atol=ROUNDING)


def test_attention_agrees_with_its_definition_written_out():
    torch.manual_seed(0)
    c, size = 4, (16, 16)
    attention = DualResolutionAttention(c)
    x, context = torch.randn(1, c, *size), torch.randn(1, c, *size)
    with torch.inference_mode():
        got = attention(x, context)
        high = torch.zeros(1, c, *size)
        for row in range(2):
            for column in range(2):
                asked = x[0, :, row::2, column::2].reshape(c, 64).T
                given = context[0, :, row::2, column::2].reshape(c, 64).T
                q = F.normalize(attention.q_Hi.weight @ asked, dim=1)
                k = F.normalize(attention.k_Hi.weight @ given, dim=1)
                answer = (q @ k.T).softmax(1) @ (attention.v_Hi.weight @ given)
                high[0, :, row::2, column::2] = answer.T.reshape(c, 8, 8)
        asked = F.max_pool2d(x, 2).reshape(c, 64).T
        given = F.max_pool2d(context, 2).reshape(c, 64).T
        q = F.normalize(attention.q_Lo.weight @ asked, dim=1)
        k = F.normalize(attention.k_Lo.weight @ given, dim=1)
        answer = (q @ k.T).softmax(1) @ (attention.v_Lo.weight @ given)
        low = attention.convTranspose(answer.T.reshape(1, c, 8, 8))
        expected = attention.project_out(torch.cat((high, low), 1))
    assert torch.allclose(got, expected, atol=ROUNDING)


def test_self_attention_is_cross_attention_with_itself():
    torch.manual_seed(0)
    block, x = DualResolutionBlock(4, ChannelNorm), torch.randn(1, 4, 16, 16)
    with torch.inference_mode():
        assert torch.allclose(block(x), block(x, x.clone()), atol=ROUNDING)


@pytest.mark.parametrize("size", [(16, 16), (20, 13), (3, 5)])
def test_fusion_with_channel_norms_takes_any_size(size):
    block = FusionBlock(6, 4).eval()
    with torch.inference_mode():
        out = block(torch.randn(2, 6, 2, 2), torch.randn(2, 4, *size))
    assert out.shape == (2, 4, *size)
    assert out.isfinite().all()
