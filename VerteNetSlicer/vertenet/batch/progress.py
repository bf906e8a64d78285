"""How far a long run is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW_SECONDS = 60.0


class Meter:
    """Counts files and tells the rate of the last minute and the time that is left."""

    def __init__(
        self, total: int, done: int = 0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.done, self.failed, self.passed_over = total, done, 0, 0
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), done)])

    def add(self, status: str) -> None:
        """One file more; ``status`` is that of its record."""
        self.done += 1
        self.failed += status == "failed"
        self.passed_over += status == "passed over"
        now = self._clock()
        if now - self._marks[-1][0] >= 1.0:
            self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW_SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """Files a second, or None before anything was measured."""
        since, done = self._marks[0]
        seconds = self._clock() - since
        return (self.done - done) / seconds if seconds > 0 and self.done > done else None

    def line(self) -> str:
        """One line for a person."""
        share = 100 * self.done // max(1, self.total)
        parts = [f"{self.done} of {self.total} files ({share} %)"]
        rate = self.rate
        if rate is not None:
            parts.append(f"{rate:.3g}/s")
            parts.append(f"{_duration((self.total - self.done) / rate)} left")
        if self.passed_over:
            parts.append(f"{self.passed_over} passed over")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
