"""EfficientNetV2-S as feature extractor, in the layout of its TensorFlow weights.

Written from the published description; parameter names are those of the checkpoints
that it must read (``conv_stem``, ``blocks.STAGE.BLOCK.conv_pw`` ...).

Source: Tan and Le, EfficientNetV2: Smaller Models and Faster Training, 2021, table 4,
arXiv 2104.00298.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

# TensorFlow's batch normalisation adds 1e-3, PyTorch's default is 1e-5.
BATCH_NORM_EPS = 1e-3
# Squeeze-and-excitation narrows to a quarter of the block's input channels.
SQUEEZE_RATIO = 4


@dataclass(frozen=True)
class Stage:
    """A run of equal blocks; the first one carries the stride and the channel change.

    Attributes:
        kind: plain convolution, fused or separable inverted bottleneck.
        blocks: how many.
        channels: output channels.
        stride: of the first block.
        expansion: widening inside a bottleneck.
        tapped: whether the stage's output is one of the returned features.
    """

    kind: Literal["plain", "fused", "separable"]
    blocks: int
    channels: int
    stride: int
    expansion: int = 1
    tapped: bool = True


EFFICIENTNET_V2_S: tuple[Stage, ...] = (
    Stage("plain", 2, 24, 1),
    Stage("fused", 4, 48, 2, 4),
    Stage("fused", 4, 64, 2, 4),
    Stage("separable", 6, 128, 2, 4, tapped=False),
    Stage("separable", 9, 160, 1, 6),
    Stage("separable", 15, 256, 2, 6),
)
STEM_CHANNELS = 24


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis so that the output has ``ceil(size / stride)`` cells.

    TensorFlow's SAME rule: where the sum is odd, the extra zero comes after.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """Convolution without bias, padded by TensorFlow's SAME rule from its input's size."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C', ceil(H / stride), ceil(W / stride))``."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(x.shape[-2], kernel, stride)
        left, right = same_padding(x.shape[-1], kernel, stride)
        if top == bottom and left == right:  # saves a copy of the map
            return F.conv2d(x, self.weight, None, stride, (top, left), 1, self.groups)
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, self.weight, None, stride, 0, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPS)


class PlainBlock(nn.Module):
    """Convolution, normalisation, SiLU; the input is added where the shape allows."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.adds = stride == 1 and channels_in == channels_out
        self.conv = SameConv2d(channels_in, channels_out, 3, stride)
        self.bn1 = _norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C', H / stride, W / stride)``."""
        y = F.silu(self.bn1(self.conv(x)))
        return y + x if self.adds else y


class FusedBlock(nn.Module):
    """Inverted bottleneck whose widening is a full 3x3 convolution."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.adds = stride == 1 and channels_in == channels_out
        self.conv_exp = SameConv2d(channels_in, wide, 3, stride)
        self.bn1 = _norm(wide)
        self.conv_pwl = SameConv2d(wide, channels_out, 1)
        self.bn2 = _norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C', H / stride, W / stride)``."""
        y = F.silu(self.bn1(self.conv_exp(x)))
        y = self.bn2(self.conv_pwl(y))
        return y + x if self.adds else y


class SqueezeExcite(nn.Module):
    """Weighs channels by what the whole map holds."""

    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, narrow, 1)
        self.conv_expand = nn.Conv2d(narrow, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to the same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * self.conv_expand(F.silu(self.conv_reduce(mean))).sigmoid()


class SeparableBlock(nn.Module):
    """Inverted bottleneck with depthwise convolution and squeeze-and-excitation."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.adds = stride == 1 and channels_in == channels_out
        self.conv_pw = SameConv2d(channels_in, wide, 1)
        self.bn1 = _norm(wide)
        self.conv_dw = SameConv2d(wide, wide, 3, stride, groups=wide)
        self.bn2 = _norm(wide)
        self.se = SqueezeExcite(wide, channels_in // SQUEEZE_RATIO)
        self.conv_pwl = SameConv2d(wide, channels_out, 1)
        self.bn3 = _norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C', H / stride, W / stride)``."""
        y = F.silu(self.bn1(self.conv_pw(x)))
        y = self.se(F.silu(self.bn2(self.conv_dw(y))))
        y = self.bn3(self.conv_pwl(y))
        return y + x if self.adds else y


_BLOCKS: dict[str, type[nn.Module]] = {
    "plain": PlainBlock,
    "fused": FusedBlock,
    "separable": SeparableBlock,
}


def _stage(stage: Stage, channels_in: int) -> nn.Sequential:
    block = _BLOCKS[stage.kind]
    first = block(channels_in, stage.channels, stage.stride, stage.expansion)
    more = (
        block(stage.channels, stage.channels, 1, stage.expansion) for _ in range(stage.blocks - 1)
    )
    return nn.Sequential(first, *more)


class EfficientNetFeatures(nn.Module):
    """The convolutional trunk; gives the outputs of its tapped stages.

    With the default stages these have strides 2, 4, 8, 16, 32 and 24, 48, 64, 160, 256
    channels.
    """

    def __init__(
        self,
        stages: Sequence[Stage] = EFFICIENTNET_V2_S,
        *,
        stem_channels: int = STEM_CHANNELS,
        channels_in: int = 3,
    ) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(channels_in, stem_channels, 3, 2)
        self.bn1 = _norm(stem_channels)
        inputs = (stem_channels, *(stage.channels for stage in stages[:-1]))
        self.blocks = nn.ModuleList(_stage(s, c) for s, c in zip(stages, inputs))
        self.tapped = tuple(stage.tapped for stage in stages)
        self.channels = tuple(stage.channels for stage in stages if stage.tapped)

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(N, 3, H, W)`` to the tapped maps, finest first."""
        x = F.silu(self.bn1(self.conv_stem(x)))
        features = []
        for block, tapped in zip(self.blocks, self.tapped):
            x = block(x)
            if tapped:
                features.append(x)
        return features
