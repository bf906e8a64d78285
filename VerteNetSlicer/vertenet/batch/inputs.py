"""What a cohort consists of: folders, DICOMDIRs, lists and globs, one file at a time.

Nothing is gathered in memory: a walk over a million files yields them one by one.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError
from ..report.folder import FILE_NAMES, LANDMARKS, REPORT
from .dicomdir import is_dicomdir, referenced_files

COHORT = "cohort.json"
_PASSED = "passed over"
_SYSTEM = ("__MACOSX", "$RECYCLE.BIN", "System Volume Information")
"""Folders that systems hide though their names begin with no dot."""


@dataclass(frozen=True)
class Found:
    """A file of the cohort.

    Attributes:
        path: as given, or below the folder as given.
        status: empty for a file that is to be read, else ``passed over`` or ``failed``.
        reason: why it is not to be read.
    """

    path: str
    status: str = ""
    reason: str = ""


def find_inputs(inputs: Iterable[str]) -> Iterator[Found]:
    """All files that the inputs name, in no particular order, a file perhaps twice.

    Args:
        inputs: files, folders, DICOMDIRs, ``@list`` files with one path a line, patterns
            with ``*``, ``?``, ``[]`` and ``**``.

    Raises:
        ConfigurationError: if an input does not exist or a pattern fits nothing.
    """
    for given in inputs:
        if os.path.lexists(given):
            yield from _named(given)
        elif given.startswith("@"):
            yield from _listed(given[1:])
        elif glob.has_magic(given):
            yield from _matched(given)
        else:
            raise ConfigurationError(
                f"Expected a file, a folder, @LIST or a pattern, but '{given}' does not exist. "
                "Check the path."
            )


def _named(path: str) -> Iterator[Found]:
    path = os.path.normpath(path)
    if os.path.isdir(path):
        yield from _walk(path)
    elif is_dicomdir(path):
        yield from (Found(*file) for file in referenced_files(path))
    else:
        yield _judge(path)


def _walk(top: str) -> Iterator[Found]:
    """Files below a folder; what is a result of ours, hidden or a link is passed over."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            names = os.listdir(folder)
        except OSError as error:
            yield Found(folder, "failed", f"The folder cannot be read ({error.strerror}).")
            continue
        if COHORT in names and "shards" in names:
            yield Found(folder, _PASSED, "the results of a cohort, not scans")
            continue
        ours = frozenset(FILE_NAMES) if {REPORT, LANDMARKS} <= set(names) else frozenset()
        for name in names:
            path = os.path.join(folder, name)
            if name in ours:
                yield Found(path, _PASSED, "a result of VerteNet, not a scan")
            elif os.path.isdir(path) and not os.path.islink(path):
                if name.startswith(".") or name in _SYSTEM:
                    yield Found(path, _PASSED, "a hidden folder; name it as an input to include it")
                else:
                    waiting.append(path)
            else:
                yield _judge(path)


def _judge(path: str) -> Found:
    if os.path.basename(path).startswith("."):
        return Found(path, _PASSED, "a hidden file")
    if os.path.isdir(path):
        return Found(path, _PASSED, "a link to a folder; name its target as an input to include it")
    if os.path.lexists(path) and not os.path.exists(path):
        return Found(path, "failed", "a link to a file that is not there")
    if os.path.exists(path) and not os.path.isfile(path):
        return Found(path, _PASSED, "a device or a pipe, not a file")
    return Found(path)


def _listed(name: str) -> Iterator[Found]:
    """One path a line, relative to here or else to the list; ``#`` begins a comment."""
    try:
        stream = open(name, encoding="utf-8-sig", errors="surrogateescape")  # noqa: SIM115
    except OSError as error:
        raise ConfigurationError(
            f"Expected a list of files, but '{name}' cannot be read ({error.strerror}). "
            "Give @ and the path of a text file with one path a line."
        ) from None
    with stream:
        for line in stream:
            path = line.strip("\r\n")
            if path.strip() and not path.startswith("#"):
                yield from _from_list(path, Path(name).parent)


def _from_list(path: str, beside: Path) -> Iterator[Found]:
    if "\0" in path:
        yield Found(path.replace("\0", "?"), "failed", "the list names a path with a zero byte")
        return
    there = path if os.path.lexists(path) else os.path.join(beside, path)
    if os.path.lexists(there):
        yield from _named(there)
    else:
        yield Found(os.path.normpath(path), "failed", "the list names it, but it is not there")


def _matched(pattern: str) -> Iterator[Found]:
    found = False
    for path in glob.iglob(pattern, recursive=True):
        found = True
        # with ** the files below a folder match by themselves
        if not (os.path.isdir(path) and "**" in pattern):
            yield from _named(path)
    if not found:
        raise ConfigurationError(
            f"Expected files that fit the pattern '{pattern}', got none. "
            "Check it, and put it in quotes."
        )
