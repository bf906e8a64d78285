"""The pool of rendered scans: shards appear whole, in the same form from every renderer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vertenet.training.pool import load_shards, render_shard, render_shards

SIZE = (128, 64)


def test_shards_from_a_device_are_those_rendered_one_by_one(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    for first in (10, 20):
        render_shard(alone, first, count=3, size=SIZE)
    paths = list(render_shards(together, [10, 20], count=3, size=SIZE, device="cpu"))
    assert [p.name for p in paths] == ["shard_000000010.npy", "shard_000000020.npy"]
    expected, found = load_shards(alone), load_shards(together)
    assert list(found) == list(expected)
    for name, shard in expected.items():
        # of grey levels: rounding tips single pixels by one of up to 64 steps
        difference = found[name].images.astype(int) - shard.images
        assert np.abs(difference).mean() < 0.1
        assert np.array_equal(found[name].points, shard.points, equal_nan=True)
        assert np.array_equal(found[name].visible, shard.visible)


def test_a_shard_that_exists_is_kept(tmp_path: Path) -> None:
    path = render_shard(tmp_path, 10, count=2, size=SIZE)
    before = path.stat().st_mtime_ns
    paths = list(render_shards(tmp_path, [10, 20], count=2, size=SIZE, device="cpu"))
    assert [p.name for p in paths] == ["shard_000000020.npy"]
    assert path.stat().st_mtime_ns == before
