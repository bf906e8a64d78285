"""Files through processes on this machine, a thread watching each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import NamedTuple

from .child import Child, Reply, Work


class Task(NamedTuple):
    """A file that is to be read: its place in the cohort, and where it is."""

    name: bytes
    path: str


Result = tuple[Task, Reply]
_AHEAD = 2  # tasks in hand for each worker, so that none waits


def read_in_pool(
    work: Work, tasks: Iterator[Task], *, workers: int, timeout: float | None
) -> Iterator[Result]:
    """Read files in processes; results as they come, tasks taken only as fast.

    Args:
        work: reads one file.
        tasks: taken in the caller's thread.
        workers: number of processes.
        timeout: seconds for a file, or None.

    Raises:
        VerteNetError: if no file can be read at all.
    """
    waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
    children = [Child(work) for _ in range(workers)]
    threads = [
        threading.Thread(target=_watch, args=(child, waiting, done, timeout), daemon=True)
        for child in children
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _flow(tasks, waiting, done, _AHEAD * workers)
    finally:
        for _ in threads:
            waiting.put(None)
        for child in children:
            child.close()
        for thread in threads:
            thread.join()


def _flow(
    tasks: Iterator[Task],
    waiting: queue.SimpleQueue[Task | None],
    done: queue.SimpleQueue[Result | BaseException],
    ahead: int,
) -> Iterator[Result]:
    open_ = 0
    while True:
        while open_ < ahead:
            task = next(tasks, None)
            if task is None:
                break
            waiting.put(task)
            open_ += 1
        if not open_:
            return
        result = done.get()
        if isinstance(result, BaseException):
            raise result
        open_ -= 1
        yield result


def _watch(
    child: Child,
    waiting: queue.SimpleQueue[Task | None],
    done: queue.SimpleQueue[Result | BaseException],
    timeout: float | None,
) -> None:
    for task in iter(waiting.get, None):
        try:
            done.put((task, child.read(task.path, timeout)))
        except BaseException as error:  # handed to the one who waits
            done.put(error)
            return
