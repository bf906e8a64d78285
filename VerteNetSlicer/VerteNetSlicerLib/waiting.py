"""Long work beside the window: in a thread, while the host goes on drawing; no qt."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from vertenet.errors import VerteNetError

Result = TypeVar("Result")

_TICK_S = 0.04


class StoppedError(VerteNetError):
    """The reader stopped what was going on; nothing was changed."""


class Waiting:
    """Runs one piece of work at a time in a thread and waits for it, ticking.

    Work must touch neither the scene nor qt.  What is stopped goes on unseen until it
    ends by itself; its result is dropped.
    """

    def __init__(self, on_tick: Callable[[float], None]) -> None:
        """``on_tick`` gets the seconds so far and lets the host draw and take clicks."""
        self._on_tick = on_tick
        self._stopped = False

    def stop(self) -> None:
        """Give up waiting."""
        self._stopped = True

    def __call__(self, work: Callable[[], Result]) -> Result:
        """The result of the work, or the error it ended with.

        Raises:
            StoppedError: if :meth:`stop` was called meanwhile.
        """
        self._stopped = False
        outcome: list[Result] = []
        failure: list[BaseException] = []
        thread = threading.Thread(
            target=_without_collector(work, outcome, failure), name="VerteNet", daemon=True
        )
        start = time.monotonic()
        thread.start()
        while True:
            # Python's lock is free while this thread waits: without that Slicer's window
            # would keep it, and the work would stand still.
            thread.join(_TICK_S)
            self._on_tick(time.monotonic() - start)
            if not thread.is_alive():
                break
            if self._stopped:
                raise StoppedError("Stopped; nothing was changed.")
        if failure:
            raise failure[0]
        return outcome[0]


def _without_collector(
    work: Callable[[], Result], outcome: list[Result], failure: list[BaseException]
) -> Callable[[], None]:
    """The work as a thread runs it.

    Python's garbage collector stands still meanwhile: in this thread it might delete
    objects of VTK and qt that only the window's thread may delete.
    """
    collecting = gc.isenabled()
    gc.disable()

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # raised again where it is waited for
            failure.append(error)
        finally:
            if collecting:
                gc.enable()

    return run
