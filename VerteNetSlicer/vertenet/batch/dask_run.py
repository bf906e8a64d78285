"""The same files through an existing Dask cluster.

Each thread of a Dask worker keeps a process of its own that reads (:class:`.child.Child`),
so that a crash or a file that takes too long costs that process and never the worker.
"""

from __future__ import annotations

import itertools
import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..errors import ConfigurationError, MissingDependencyError, VerteNetError
from .child import Child, Reply, Work
from .pool import Result, Task

CHUNK = 4
"""Files for each Dask task: few enough to lose, many enough for the scheduler to keep up."""
_AHEAD = 3  # tasks in hand for each thread of the cluster
_CONNECT_SECONDS = 30
_LOOK_SECONDS = 10.0  # between looks at how large the cluster is
_here = threading.local()
_children: list[Child] = []


def read_on_cluster(
    work: Work, tasks: Iterator[Task], *, scheduler: str, timeout: float | None
) -> Iterator[Result]:
    """Read files on a cluster whose workers see the same paths.

    Args:
        work: reads one file.
        tasks: taken only as fast as the cluster reads.
        scheduler: address, for example ``tcp://host:8786``.
        timeout: seconds for a file, or None.

    Raises:
        MissingDependencyError: if distributed is not installed.
        ConfigurationError: if the scheduler does not answer or has no workers.
        VerteNetError: if no file can be read at all, or the scheduler is lost.
    """
    client = _connect(scheduler)
    try:
        yield from _flow(client, pickle.dumps(work), tasks, timeout)
    finally:
        with suppress(Exception):  # the cluster may be what went wrong
            client.run(close_children)
        client.close(timeout=5)


def read_chunk(work: bytes, paths: list[str], timeout: float | None) -> list[Reply]:
    """On a worker: read files in this thread's process."""
    if getattr(_here, "work", None) != work or _here.child.closed:
        if getattr(_here, "child", None) is not None:
            _here.child.close()
        _here.work, _here.child = work, Child(work)
        _children.append(_here.child)
    child: Child = _here.child
    return [child.read(path, timeout) for path in paths]


def close_children() -> None:
    """On a worker: end the processes that its threads keep."""
    while _children:
        _children.pop().close()


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'distributed' for a Dask cluster, but it is not installed. "
            "Install it with: pip install 'vertenet[cohort]'"
        ) from None
    try:
        client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"Expected a Dask scheduler at '{scheduler}', but none answers "
            f"({type(error).__name__}). Start one with 'dask scheduler' or correct the address."
        ) from None
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError:
        client.close(timeout=5)
        raise ConfigurationError(
            f"Expected workers at the scheduler '{scheduler}', but it has none. "
            f"Start some with 'dask worker {scheduler} --nthreads 1'."
        ) from None
    return client


def _flow(
    client: Any, work: bytes, tasks: Iterator[Task], timeout: float | None
) -> Iterator[Result]:
    """Keep a window of tasks on the cluster; nothing else is held."""
    from distributed import as_completed

    window = _Window(client)
    running: dict[Any, tuple[list[Task], int]] = {}
    ready = as_completed(loop=client.loop)

    def submit(chunk: list[Task], tries: int) -> None:
        future = client.submit(read_chunk, work, [t.path for t in chunk], timeout, pure=False)
        running[future] = (chunk, tries)
        ready.add(future)

    while True:
        while len(running) < window.size():
            chunk = list(itertools.islice(tasks, CHUNK))
            if not chunk:
                break
            submit(chunk, 1)
        if not running:
            return
        future = next(ready)
        chunk, tries = running.pop(future)
        replies = _replies(future, chunk, tries)
        if replies is None:
            # one by one, so that a lost worker costs only the file that loses it
            for task in chunk:
                submit([task], tries + 1)
            continue
        yield from zip(chunk, replies, strict=True)


def _replies(future: Any, chunk: list[Task], tries: int) -> list[Reply] | None:
    """What a task gave; None where it should be tried once more."""
    from distributed import CancelledError, KilledWorker

    try:
        replies: list[Reply] = future.result()
        return replies
    except VerteNetError:
        raise
    except CancelledError:
        raise VerteNetError(
            "Expected the Dask scheduler to stay, but the connection was lost. "
            "Run the same command again to go on."
        ) from None
    except KilledWorker:
        if tries == 1:
            return None
        return [{"status": "failed", "reason": "The Dask workers that read it were lost."}]
    except Exception as error:
        raise VerteNetError(
            f"The Dask workers cannot read files ({type(error).__name__}: {error}). "
            "Check that vertenet of the same version is installed on them."
        ) from None


class _Window:
    """How many tasks may be on the cluster; workers come and go."""

    def __init__(self, client: Any) -> None:
        self._client, self._next, self._size = client, 0.0, 1

    def size(self) -> int:
        now = time.monotonic()
        if now >= self._next:
            threads = sum(self._client.nthreads().values())
            self._size, self._next = max(1, _AHEAD * threads), now + _LOOK_SECONDS
        return self._size
