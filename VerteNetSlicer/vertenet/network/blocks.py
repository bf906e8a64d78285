"""Building blocks of the compact network: any input size, made for a plain CPU.

They follow the published design (dual-resolution self- and cross-attention,
multi-context feature fusion; Maqsood et al., arXiv 2502.02097, 2025) with two
changes: attention runs over all positions of a coarse map instead of a fixed
8 x 8 grid, and norms act per channel, so that no weight depends on the image size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    """Convolution without bias, batch norm and, where asked, SiLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if act:
        layers.append(nn.SiLU(inplace=True))
    return nn.Sequential(*layers)


class FusedMBConv(nn.Module):
    """3x3 expansion and 1x1 projection, with a residual where shapes allow.

    The block of EfficientNetV2's early stages (Tan and Le, ICML 2021): faster on a
    CPU than depthwise convolutions.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int = 2, stride: int = 1) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.body = nn.Sequential(
            conv_bn(inputs, hidden, 3, stride), conv_bn(hidden, outputs, 1, act=False)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = self.body(x)
        if not self.residual:
            return y
        # where nothing is learnt, in the memory that the sum's part already has
        return y.add_(x) if torch.is_inference_mode_enabled() else x + y


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel; (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise every pixel's feature vector."""
        y: Tensor = self.norm(x.permute(0, 2, 3, 1))
        return y.permute(0, 3, 1, 2)


def _attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Scaled dot-product attention over all positions of (N, C, H, W) maps."""
    n, c, h, w = query.shape

    def tokens(x: Tensor) -> Tensor:  # as channels-last maps lie: nothing is copied
        return x.permute(0, 2, 3, 1).reshape(n, -1, heads, c // heads).transpose(1, 2)

    out = F.scaled_dot_product_attention(tokens(query), tokens(key), tokens(value))
    return out.transpose(1, 2).reshape(n, h, w, c).permute(0, 3, 1, 2)


class DualResolutionAttention(nn.Module):
    """Attention of one map to another (or itself) at full and at half resolution.

    The half-resolution branch sees 2x2 maxima; both branches are concatenated and
    projected.  With two different maps this is the cross-attention (DRCA), with one
    the self-attention (DRSA) of the published design.
    """

    def __init__(self, channels: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.norm_query = ChannelNorm(channels)
        self.norm_source = ChannelNorm(channels)
        self.query = nn.Conv2d(channels, channels, 1, bias=False)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.low_query = nn.Conv2d(channels, channels, 1, bias=False)
        self.low_key_value = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.project = nn.Conv2d(2 * channels, channels, 1, bias=False)
        self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm_ffn = ChannelNorm(channels)
        self.ffn = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1), nn.GELU(), nn.Conv2d(2 * channels, channels, 1)
        )

    def forward(self, x: Tensor, source: Tensor | None = None) -> Tensor:
        """(N, C, H, W) attends to source (N, C, H, W), or to itself."""
        x = x + self.position(x)
        query = self.norm_query(x)
        other = query if source is None else self.norm_source(source)
        key, value = self.key_value(other).chunk(2, 1)
        high = _attend(self.query(query), key, value, self.heads)
        low_in = F.max_pool2d(query, 2, ceil_mode=True)
        low_other = low_in if source is None else F.max_pool2d(other, 2, ceil_mode=True)
        key, value = self.low_key_value(low_other).chunk(2, 1)
        low = _attend(self.low_query(low_in), key, value, self.heads)
        low = F.interpolate(low, size=x.shape[-2:], mode="bilinear", align_corners=False)
        x = x + self.project(torch.cat((high, low), 1))
        y: Tensor = x + self.ffn(self.norm_ffn(x))
        return y


class FusionBlock(nn.Module):
    """Multi-context feature fusion: a coarse map meets the finer skip map.

    With ``attention`` the coarse map attends to itself and both maps to each other
    before they are joined; without it (fine maps, where attention costs most and gives
    least) they are only joined.
    """

    def __init__(self, low: int, skip: int, outputs: int, attention: bool) -> None:
        super().__init__()
        self.lateral_low = conv_bn(low, outputs, 1)
        self.lateral_skip = conv_bn(skip, outputs, 1)
        self.self_low = DualResolutionAttention(outputs) if attention else None
        self.cross_low = DualResolutionAttention(outputs) if attention else None
        self.cross_skip = DualResolutionAttention(outputs) if attention else None
        self.join = nn.Sequential(conv_bn(2 * outputs, outputs, 1), conv_bn(outputs, outputs, 3))

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        """(N, low, h, w) and (N, skip, H, W) to (N, outputs, H, W)."""
        skip = self.lateral_skip(skip)
        low = self.lateral_low(low)
        if self.self_low is not None:
            low = self.self_low(low)
        low = F.interpolate(low, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        if self.cross_low is not None and self.cross_skip is not None:
            low, skip = self.cross_low(low, skip), self.cross_skip(skip, low)
        y: Tensor = self.join(torch.cat((skip, low), 1))
        return y


class PlainJoin(nn.Module):
    """What a fusion block is compared with: a feature pyramid's sum of both maps."""

    def __init__(self, low: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.lateral_low = conv_bn(low, outputs, 1)
        self.lateral_skip = conv_bn(skip, outputs, 1)
        self.smooth = conv_bn(outputs, outputs, 3)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        """(N, low, h, w) and (N, skip, H, W) to (N, outputs, H, W)."""
        skip = self.lateral_skip(skip)
        size = skip.shape[-2:]
        low = F.interpolate(self.lateral_low(low), size=size, mode="bilinear", align_corners=False)
        y: Tensor = self.smooth(skip + low)
        return y
