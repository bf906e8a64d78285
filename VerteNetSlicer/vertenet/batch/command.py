"""The options of ``vertenet batch`` as a run, and its progress as lines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..anatomy import Side
from .cohort import Means, read_cohort
from .landmarks import check_spacing
from .merge import Counts
from .progress import Meter
from .reading import Reading


def read_with(
    inputs: Sequence[str],
    output: Path,
    options: Mapping[str, Any],
    *,
    tell: Callable[[str], None],
    usable: Callable[[Path | None], Mapping[str, str]],
    progress: Callable[[Meter], None] | None = None,
) -> Counts:
    """Read a cohort as the command line says.

    Args:
        inputs: of the cohort.
        output: folder of the results.
        options: of the command, by name.
        tell: takes a line of progress; an empty one at the end.
        usable: gives a model's identity, or raises where it is none.
        progress: called after each file, by a host that shows more than a line.

    Raises:
        VerteNetError: as :func:`.cohort.read_cohort` does.
    """
    spacing = check_spacing(options["spacing"])
    model, side = options["model"], options["anterior"]
    settings = {
        "version": __version__,
        "model": dict(usable(model)),
        "spacing_mm": spacing,
        "anterior": side,
        "overlays": options["overlays"],
    }
    work = Reading(
        output=os.path.abspath(output),
        model=None if model is None else os.path.abspath(model),
        spacing_mm=spacing,
        anterior=None if side == "auto" else Side(side),
        overlays=options["overlays"],
    )
    means = Means(
        workers=options["workers"] or usable_cores(),
        scheduler=options["scheduler"],
        timeout=options["timeout"],
        retry_failed=options["retry_failed"],
    )
    report = _Reporter(tell, every=0.5 if sys.stderr.isatty() else 10.0)

    def told(meter: Meter) -> None:
        report(meter)
        if progress is not None:
            progress(meter)

    try:
        return read_cohort(inputs, output, work, settings=settings, means=means, progress=told)
    finally:
        report.end()


def usable_cores() -> int:
    """Cores that this process may use."""
    mine = getattr(os, "sched_getaffinity", None)  # Linux only
    return (os.cpu_count() or 1) if mine is None else len(mine(0))


class _Reporter:
    """Tells how far it is, not more often than anybody reads."""

    def __init__(self, tell: Callable[[str], None], *, every: float) -> None:
        self._tell, self._every, self._next, self._last = tell, every, 0.0, ""

    def __call__(self, meter: Meter) -> None:
        now = time.monotonic()
        if now >= self._next or meter.done == meter.total:
            self._next, self._last = now + self._every, meter.line()
            self._tell(self._last)

    def end(self) -> None:
        if self._last:
            self._tell("")
