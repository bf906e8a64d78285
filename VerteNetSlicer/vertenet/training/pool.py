"""A pool of rendered scans on disk, filled beforehand or while a training runs.

One shard is a folder-free ``.npz``-like pair: ``shard_<seed>.npy`` (N, rows, columns)
uint8 and ``shard_<seed>.points.npz``.  Shards appear whole (written aside, renamed),
so that a training may read while others render.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .writing import write_whole

SIZE = (704, 352)
SHARD = 64


@dataclass(frozen=True)
class Shard:
    """Scans of one shard: images stay on disk until they are read."""

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    visible: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.visible)


def render_shard(
    directory: Path, first_seed: int, count: int = SHARD, size: tuple[int, int] = SIZE
) -> Path:
    """Render scans of consecutive seeds into one shard; an existing one is kept.

    Raises:
        OutputError: if it cannot be written.
    """
    from ..synthesis import synthesise

    path = _path(directory, first_seed)
    if path.exists():
        return path
    scans = [synthesise(seed, size=size) for seed in range(first_seed, first_seed + count)]
    images = np.stack([np.round(np.clip(s.image, 0, 1) * 255).astype(np.uint8) for s in scans])
    _write(
        path,
        images,
        points=np.stack([s.points for s in scans]).astype(np.float32),
        visible=np.stack([s.visible for s in scans]).astype(np.int8),
        grade=np.stack([s.grade for s in scans]).astype(np.int8),
        look=np.array([s.look for s in scans]),
    )
    return path


def render_shards(
    directory: Path,
    first_seeds: Sequence[int],
    count: int = SHARD,
    size: tuple[int, int] = SIZE,
    *,
    device: str,
    workers: int = 0,
) -> Iterator[Path]:
    """Render shards on a torch device, each as soon as it is full; existing ones are kept.

    Args:
        directory: of the shards.
        first_seeds: one per shard.
        count: scans per shard.
        size: rows and columns.
        device: as torch names it; on a GPU noise differs from `render_shard`'s.
        workers: processes that lay the scans out.
    """
    from ..synthesis.batched import rendered

    missing = [first for first in first_seeds if not _path(directory, first).exists()]
    seeds = [seed for first in missing for seed in range(first, first + count)]
    waiting: list[dict[str, NDArray[Any]]] = []
    for lists, batch in rendered(seeds, size, device, workers=workers):
        images, visible = batch.bytes().cpu().numpy(), batch.visible.cpu().numpy()
        for scan, image, seen in zip(lists, images, visible, strict=True):
            truth = {"points": scan.six.astype(np.float32), "visible": seen, "grade": scan.grade}
            waiting.append({"images": image, "look": np.array(scan.params["look"]), **truth})
        while len(waiting) >= count:
            full, waiting = waiting[:count], waiting[count:]
            path = _path(directory, missing.pop(0))
            _write(path, **{name: np.stack([row[name] for row in full]) for name in full[0]})
            yield path


def _path(directory: Path, first_seed: int) -> Path:
    return directory / f"shard_{first_seed:09d}.npy"


def _write(path: Path, images: NDArray[np.uint8], **truth: NDArray[Any]) -> None:
    write_whole(path.with_suffix(".points.npz"), lambda file: np.savez(file, **truth))  # type: ignore[arg-type]
    buffer = io.BytesIO()  # numpy names no reason where a file of the system's is full
    np.save(buffer, images)
    write_whole(path, lambda file: file.write(buffer.getbuffer()))


def load_shards(directory: Path, known: Sequence[str] = ()) -> dict[str, Shard]:
    """Shards of a folder that are not known yet, by file name; images memory-mapped."""
    found = {}
    for path in sorted(directory.glob("shard_*.npy")):
        if path.name in known:
            continue
        with np.load(path.with_suffix(".points.npz")) as truth:
            found[path.name] = Shard(
                np.load(path, mmap_mode="r"), truth["points"], truth["visible"]
            )
    return found
