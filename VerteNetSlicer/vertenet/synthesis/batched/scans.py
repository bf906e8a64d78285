"""From seeds to batches, and from batches to scans with their truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from ..canvas import Shape
from ..display import DisplayList
from ..feed import display_lists
from ..render import SyntheticScan, finished
from .render import NoiseKind, ScanBatch, render_batch

#: Scans drawn together; each of some 20 tensors alive is 127 MB at 704 x 352.
BATCH = 128


def rendered(
    seeds: Sequence[int],
    size: Shape,
    device: torch.device | str,
    *,
    batch: int = BATCH,
    workers: int = 0,
    noise: NoiseKind | None = None,
) -> Iterator[tuple[list[DisplayList], ScanBatch]]:
    """Batches of the scans that belong to seeds, in order.

    Args:
        seeds: one per scan.
        size: rows and columns.
        device: where to draw.
        batch: how many are drawn together.
        workers: processes that lay scans out ahead; 0 does it in between.
        noise: see `render_batch`.
    """
    lists = []
    for scan in display_lists(seeds, size, workers=workers):
        lists.append(scan)
        if len(lists) == batch:
            yield lists, render_batch(lists, device, noise=noise)
            lists = []
    if lists:
        yield lists, render_batch(lists, device, noise=noise)


def scans_of(lists: Sequence[DisplayList], batch: ScanBatch) -> list[SyntheticScan]:
    """Scans as `render_scan` gives them."""
    images, inside = batch.image.cpu().numpy(), batch.inside.cpu().numpy()
    visible = batch.visible.cpu().numpy()
    return [finished(scan, *row) for scan, *row in zip(lists, images, visible, inside, strict=True)]
