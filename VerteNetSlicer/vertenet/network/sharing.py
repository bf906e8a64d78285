"""How a network shares a computer's cores with other work, and with itself.

None of it changes an answer: what :func:`vertenet.network.folding.folded` gives rounds the
same way on any number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..beside import occupied

FEWEST_HALVED = 10
"""Crops from which on each half is a thread's own: fewer are not worth another thread."""

_kept = threading.local()


def watch(network: nn.Module) -> None:
    """Let a network take up the cores that :func:`leaving_a_core` left, once they are free.

    Args:
        network: is asked to look before each of its sequences.
    """
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            module.register_forward_pre_hook(_take_up)


def _take_up(*_: Any) -> None:
    threads = getattr(_kept, "threads", 0)
    if threads and not occupied():
        _kept.threads = 0
        torch.set_num_threads(threads)


@contextmanager
def leaving_a_core() -> Iterator[None]:
    """Compute on one thread fewer for as long as there is other work beside.

    One thread more than cores costs the network more than is won: its threads wait for
    each other many times.
    """
    threads = torch.get_num_threads()
    if threads == 1 or not occupied():
        yield
        return
    _kept.threads = threads
    torch.set_num_threads(threads - 1)
    try:
        yield
    finally:
        _kept.threads = 0
        torch.set_num_threads(threads)


def in_halves(look: Callable[[Tensor], dict[str, Tensor]], batch: Tensor) -> dict[str, Tensor]:
    """A network's answer to a batch, whose halves are seen at the same time.

    Two threads that seldom wait for each other are done sooner than one layer after the
    other on both.

    Args:
        look: what answers; to each row on its own.
        batch: (N, ...), seen whole where N is small or no core is free.
    """
    threads = torch.get_num_threads()
    if len(batch) < FEWEST_HALVED or threads == 1 or occupied():
        return look(batch)
    learning = not torch.is_inference_mode_enabled()

    def part(rows: Tensor, cores: int) -> dict[str, Tensor]:
        torch.set_num_threads(cores)
        with torch.inference_mode(not learning):  # each thread has its own mode
            return look(rows)

    half = (len(batch) + 1) // 2
    try:
        with ThreadPoolExecutor(1) as other:
            second = other.submit(part, batch[half:], threads // 2)
            first = part(batch[:half], threads - threads // 2)
            both = first, second.result()
    finally:
        torch.set_num_threads(threads)
    return {name: torch.cat([answer[name] for answer in both]) for name in first}
