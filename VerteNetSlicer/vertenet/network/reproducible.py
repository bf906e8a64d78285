"""Answers that do not depend on how many cores a computer has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on this thread alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def pin_rounding(network: nn.Module) -> None:
    """Let the network round the same way with one core as with many.

    PyTorch's 1x1 convolutions on the CPU split their sums by the number of threads; no
    other layer here does.  They are run on one thread, the rest on all.  With random
    weights the published network turns that rounding into as much as 1.4e-3 standard
    deviations of an output.

    Args:
        network: its 1x1 convolutions get a hook before and after.
    """
    threads: list[int] = []

    def before(*_: Any) -> None:
        threads.append(torch.get_num_threads())
        torch.set_num_threads(1)

    def after(*_: Any) -> None:
        torch.set_num_threads(threads.pop())

    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            module.register_forward_pre_hook(before)
            # also after a failure, so that a caller's thread count is always given back
            module.register_forward_hook(after, always_call=True)
