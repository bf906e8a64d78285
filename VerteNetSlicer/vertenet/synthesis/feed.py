"""Display lists of many seeds, laid out by several processes."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np

from .canvas import Shape
from .display import DisplayList, display_list
from .parameters import draw_parameters

_CHUNK = 8


def display_lists(
    seeds: Sequence[int], size: Shape, *, look: str | None = None, workers: int = 0
) -> Iterator[DisplayList]:
    """The display lists of seeds, in order.

    Args:
        seeds: one per scan.
        size: rows and columns.
        look: restricts the scanner look; None draws one.
        workers: processes that lay them out; 0 does it here.
    """
    if workers < 1:
        for seed in seeds:
            yield _lay_out(int(seed), size, look)
        return
    chunks = [seeds[k : k + _CHUNK] for k in range(0, len(seeds), _CHUNK)]
    # a GPU's context must not be forked; the children load no torch
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawned) as pool:
        waiting: deque[Future[list[DisplayList]]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_lay_out_all, [int(s) for s in chunk], size, look))
            # a few chunks ahead, not all: lists are half a megabyte each
            if len(waiting) > 3 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _lay_out(seed: int, size: Shape, look: str | None) -> DisplayList:
    return display_list(draw_parameters(np.random.default_rng(seed), look=look), size)


def _lay_out_all(seeds: Sequence[int], size: Shape, look: str | None) -> list[DisplayList]:
    lists = [_lay_out(seed, size, look) for seed in seeds]
    for scan in lists:
        _ = scan.table  # worked out here, it travels along
    return lists
