"""A whole cohort: found, read by many processes, written as it goes, and gone on with.

``OUTPUT/shards`` holds what was read so far; ``OUTPUT/cohort.json`` how; the tables are
made of the shards at the end.  Whatever ends a run, the same command goes on with it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, OutputError
from ..report.atomic import output_errors, write_text
from .child import Work
from .inputs import COHORT, find_inputs
from .inventory import Inventory
from .merge import TABLES, Counts, write_tables
from .pool import Task, read_in_pool
from .progress import Meter
from .shards import FOLDER, ShardWriter, places

SCHEMA = "vertenet-cohort/1"
_WORK = ".work"


@dataclass(frozen=True)
class Means:
    """How a cohort is read; never what is found.

    Attributes:
        workers: processes on this machine.
        scheduler: address of a Dask scheduler to use instead, or None.
        timeout: seconds for a file, or None for as long as it takes.
        retry_failed: read again what failed in an earlier run.
    """

    workers: int = 1
    scheduler: str | None = None
    timeout: float | None = 120.0
    retry_failed: bool = False


def read_cohort(
    inputs: Iterable[str],
    output: Path,
    work: Work,
    *,
    settings: Mapping[str, Any],
    means: Means | None = None,
    progress: Callable[[Meter], None] | None = None,
) -> Counts:
    """Read a cohort, or go on with one, and write its tables.

    Args:
        inputs: files, folders, DICOMDIRs, ``@list`` files and patterns.
        output: folder of the results.
        work: reads one file; see :class:`.reading.Reading`.
        settings: what the results depend on; a folder never mixes two of them.
        means: how it is read.
        progress: called after each file.

    Raises:
        ConfigurationError: if an input does not exist, or the folder holds results of
            other settings.
        OutputError: if the folder cannot be written or another run writes to it.
    """
    means = means or Means()
    with output_errors(output):
        (output / _WORK).mkdir(parents=True, exist_ok=True)
        (output / FOLDER).mkdir(exist_ok=True)
    with _alone(output / _WORK):
        _check_settings(output / COHORT, settings)
        with _errors(output), closing(Inventory(output / _WORK / "files.sqlite")) as files:
            files.fill(find_inputs(inputs), skip=output)
            for place in places(output / FOLDER):
                if not (means.retry_failed and place.status == "failed"):
                    files.place(place.key, place.shard, place.start)
            _read(files, output, work, means, progress)
            return write_tables(files, output / FOLDER, output, output / _WORK)


def _read(
    files: Inventory,
    output: Path,
    work: Work,
    means: Means,
    progress: Callable[[Meter], None] | None,
) -> None:
    total, left = files.counts()
    meter = Meter(total, total - left)
    shards = ShardWriter(output / FOLDER)
    keys: dict[bytes, str] = {}

    def tasks() -> Iterator[Task]:
        for name, real, key in files.unread():
            keys[name] = key
            yield Task(name, os.fsdecode(real))

    results = _results(work, tasks(), means)
    try:
        for task, reply in results:
            for place in shards.add(keys.pop(task.name), reply):
                files.place(place.key, place.shard, place.start)
            meter.add(reply["status"])
            if progress is not None:
                progress(meter)
    finally:
        try:
            results.close()
        finally:
            for place in shards.flush():
                files.place(place.key, place.shard, place.start)


def _results(work: Work, tasks: Iterator[Task], means: Means) -> Any:
    if means.scheduler is None:
        return read_in_pool(work, tasks, workers=means.workers, timeout=means.timeout)
    from .dask_run import read_on_cluster

    return read_on_cluster(work, tasks, scheduler=means.scheduler, timeout=means.timeout)


def _check_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings down, or see that they are those of the earlier run."""
    columns = {table: list(TABLES[table]) for table in ("images", "vertebrae")}
    wanted = json.loads(json.dumps({"schema": SCHEMA, "columns": columns, **settings}))
    if not path.exists():
        write_text(path, json.dumps(wanted, indent=1, sort_keys=True) + "\n")
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        differing = sorted(k for k in {*there, *wanted} if there.get(k) != wanted.get(k))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise OutputError(
            f"Expected the settings of an earlier run in '{path}', but it cannot be read "
            f"({type(error).__name__}). Choose another output folder."
        ) from None
    if {"schema", "version", "columns"} & {*differing}:
        raise ConfigurationError(_of_another_version(path.parent, there, wanted))
    if differing:
        was = "; ".join(f"{k} {there.get(k)!r}, now {wanted.get(k)!r}" for k in differing)
        raise ConfigurationError(
            f"Expected the settings with which '{path.parent}' was begun, got others ({was}). "
            "Choose another output folder, or the same settings to go on."
        )


def _of_another_version(folder: Path, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Why a cohort cannot be gone on with: its rows would not be those of this version."""
    was, now = there.get("version"), wanted.get("version")
    begun = f"vertenet {was}" if was is not None else "another version of vertenet"
    if was == now:
        begun = "a build of it whose tables have other columns"
    return (
        f"Expected a cohort that this version (vertenet {now}) began, but '{folder}' was begun by "
        f"{begun}. Choose another output folder, or finish this one with the version that began it."
    )


@contextmanager
def _errors(output: Path) -> Iterator[None]:
    """What the system or the inventory's database refuses, as an :class:`OutputError`."""
    try:
        with output_errors(output):
            yield
    except sqlite3.Error as error:
        raise OutputError(
            f"Expected to write '{output}', but it was refused ({error}). "
            "Make room or choose another output folder, then run the same command again."
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which a killed process gives back by itself.

    Raises:
        OutputError: if another run holds it.
    """
    path = folder / "lock"
    with output_errors(path):
        stream = path.open("ab")
    with stream:
        if not _lock(stream.fileno()):
            raise OutputError(
                f"Expected to be alone with '{folder.parent}', but another run writes to it. "
                "Wait for it or choose another output folder."
            )
        yield


def _lock(descriptor: int) -> bool:
    try:
        try:
            import fcntl
        except ImportError:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
