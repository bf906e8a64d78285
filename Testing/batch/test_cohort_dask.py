"""The same cohort on a Dask cluster: the same bytes, whatever becomes of its workers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

distributed = pytest.importorskip("distributed")

from vertenet.batch.cohort import Means, read_cohort  # noqa: E402
from vertenet.errors import ConfigurationError  # noqa: E402

HERE = Path(__file__).parent
# distributed's own sockets and loops at its end are not ours to judge
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def by_word(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(HERE))
    from cohort_work import ByWord

    return ByWord


@pytest.fixture
def cluster(by_word: Any) -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def files(folder: Path) -> None:
    folder.mkdir()
    words = {"b.png": "refuse", "d.mp3": "other", "e.png": "exit", "f.png": "once"}
    words |= {f"{i:03d}.png": "x" * (5 + i) for i in range(30)}
    for name, word in words.items():
        (folder / name).write_text(word)


def contents(folder: Path) -> dict[str, bytes]:
    tables = [*folder.glob("*.csv"), *folder.glob("*.parquet")]
    return {path.name: path.read_bytes() for path in tables}


def test_a_cluster_that_loses_a_worker_gives_the_bytes_of_this_machine(
    tmp_path: Path, by_word: Any, cluster: Any
) -> None:
    files(tmp_path / "in")
    inputs = [str(tmp_path / "in")]
    here = read_cohort(inputs, tmp_path / "here", by_word(), settings={})
    (tmp_path / "f.png.mark").unlink()
    workers = [worker.process.pid for worker in cluster.workers.values()]
    trace = tmp_path / "trace"

    def lose_one() -> None:
        while not trace.exists():
            time.sleep(0.02)
        os.kill(workers[0], 9)

    killer = threading.Thread(target=lose_one, daemon=True)
    killer.start()
    means = Means(scheduler=cluster.scheduler_address)
    work = by_word(pause=0.02, trace=str(trace))
    there = read_cohort(inputs, tmp_path / "there", work, settings={}, means=means)
    killer.join()
    assert here == there == (31, 62, 1, 2)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_scheduler_that_does_not_answer_is_an_error(
    tmp_path: Path, by_word: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertenet.batch.dask_run._CONNECT_SECONDS", 0.5)
    files(tmp_path / "in")
    means = Means(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="none answers"):
        read_cohort([str(tmp_path / "in")], tmp_path / "out", by_word(), settings={}, means=means)
