"""Multi-context feature fusion: a coarse map meets the finer one it is laid on.

Source: VerteNet, arXiv 2502.02097, section on the multi-context feature fusion block.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import (
    CHANNEL_HEADS,
    GRID,
    ChannelNorm,
    ChannelTransformer,
    DualResolutionBlock,
    NormFactory,
)


def _convolution(channels_in: int, channels_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class FusionBlock(nn.Module):
    """MCFB: raises a map to the resolution and channels of its skip connection.

    Args:
        channels_low: channels of the coarse map.
        channels_skip: channels of the fine map and of the result.
        norm: normalisation of the attention blocks; the default works at any size.
        grid: cells along each side of the map.
        heads: of the channel transformer; must divide ``channels_skip``.
    """

    def __init__(
        self,
        channels_low: int,
        channels_skip: int,
        *,
        norm: NormFactory = ChannelNorm,
        grid: int = GRID,
        heads: int = CHANNEL_HEADS,
    ) -> None:
        super().__init__()
        self.t_drsa_decoder_block_ = DualResolutionBlock(channels_skip, norm, grid=grid)
        self.t_drsa_skip_block_ = DualResolutionBlock(channels_skip, norm, grid=grid)
        self.t_drca_decoder_block_ = DualResolutionBlock(channels_skip, norm, grid=grid)
        self.t_drca_skip_block_ = DualResolutionBlock(channels_skip, norm, grid=grid)
        self.channel_transformer = ChannelTransformer(channels_skip, heads=heads)
        self.up = _convolution(channels_low, channels_skip, 3)
        self.cat_conv = _convolution(2 * channels_skip, channels_skip, 1)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        """``(N, C_low, h, w)`` and ``(N, C, H, W)`` to ``(N, C, H, W)``."""
        size = (skip.shape[-2], skip.shape[-1])
        low = self.up(F.interpolate(low, size=size, mode="bilinear", align_corners=False))
        low = self.t_drsa_decoder_block_(low)
        skip = self.t_drsa_skip_block_(skip)
        crossed_low = self.t_drca_decoder_block_(low, skip)
        crossed_skip = self.t_drca_skip_block_(skip, low)
        fused = self.cat_conv(torch.cat((crossed_skip, crossed_low), dim=1))
        result: Tensor = self.channel_transformer(fused)
        return result
