"""A trained network made quicker: batch norms folded into their convolutions."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(network: nn.Module) -> nn.Module:
    """A copy of a network in eval mode that computes the same with fewer steps.

    Every batch norm that follows a convolution in a sequence becomes part of it; the
    weights are laid out channels-last, which a CPU's convolutions prefer.
    """
    copy = deepcopy(network).eval()
    for module in copy.modules():
        if isinstance(module, nn.Sequential):
            _fold(module)
    return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _fold(sequence: nn.Sequential) -> None:
    for i in range(len(sequence) - 1):
        first, second = sequence[i], sequence[i + 1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            sequence[i] = fuse_conv_bn_eval(first, second)
            sequence[i + 1] = nn.Identity()
