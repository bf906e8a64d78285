"""The files of a cohort and what is known of each, on disk: memory does not grow with them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .inputs import Found

_PAGE = 1000
_TABLE = """
CREATE TABLE files(
    name BLOB PRIMARY KEY, real BLOB UNIQUE, key TEXT, status TEXT, reason TEXT,
    shard INTEGER, start INTEGER
) WITHOUT ROWID;
CREATE INDEX by_key ON files(key);
"""


class Entry(NamedTuple):
    """One file: its path as given, and either a reason or the place of its record."""

    name: str
    status: str
    reason: str
    shard: int | None
    start: int | None


class Inventory:
    """A table of all files, made anew at each start, since the files may have changed.

    A file is known by its absolute path, size and time of change: where these are as
    they were, a record of an earlier run is its record.
    """

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._data = sqlite3.connect(path, isolation_level=None)
        # It is made anew after any crash, so nothing needs to be safe.
        self._data.execute("PRAGMA journal_mode=OFF")
        self._data.execute("PRAGMA synchronous=OFF")
        self._data.executescript(_TABLE)
        self._path = path

    def close(self) -> None:
        """Forget everything."""
        self._data.close()
        self._path.unlink(missing_ok=True)

    def fill(self, files: Iterable[Found], *, skip: Path) -> None:
        """Take files in, each once however often it is named; none below ``skip``."""
        ours = os.fsencode(os.path.abspath(skip)) + os.sep.encode()
        with self._data:
            self._data.execute("BEGIN")
            for found in files:
                real = os.fsencode(os.path.abspath(found.path))
                if not real.startswith(ours):
                    self._take(found, real)

    def _take(self, found: Found, real: bytes) -> None:
        status, reason, key = found.status, found.reason, None
        if not status:
            try:
                about = os.stat(found.path)
                key = file_key(real, about.st_size, about.st_mtime_ns)
            except OSError as error:
                status, reason = "failed", f"The file cannot be reached ({error.strerror})."
        self._data.execute(
            "INSERT OR IGNORE INTO files VALUES(?,?,?,?,?,NULL,NULL)",
            (os.fsencode(found.path), real, key, status, reason),
        )

    def place(self, key: str, shard: int, start: int) -> None:
        """Note where the record of a file lies; of a file not of the cohort, nothing."""
        self._data.execute(
            "UPDATE files SET shard=?, start=? WHERE key=? AND status=''", (shard, start, key)
        )

    def counts(self) -> tuple[int, int]:
        """Number of files, and of those still to be read."""
        total = self._data.execute("SELECT count(*) FROM files").fetchone()[0]
        left = self._data.execute(
            "SELECT count(*) FROM files WHERE shard IS NULL AND status=''"
        ).fetchone()[0]
        return int(total), int(left)

    def unread(self) -> Iterator[tuple[bytes, bytes, str]]:
        """``(name, absolute path, key)`` of the files without a record, by path."""
        last = b""
        while True:
            rows = self._data.execute(
                "SELECT name, real, key FROM files WHERE name>? AND shard IS NULL AND status='' "
                "ORDER BY name LIMIT ?",
                (last, _PAGE),
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from rows

    def entries(self) -> Iterator[Entry]:
        """All files, by path."""
        query = "SELECT name, status, reason, shard, start FROM files ORDER BY name"
        for name, *rest in self._data.execute(query):
            yield Entry(os.fsdecode(name), *rest)


def file_key(real: bytes, size: int, changed_ns: int) -> str:
    """32 hexadecimal digits that stand for a file as it is now."""
    text = real + b"\0%d\0%d" % (size, changed_ns)
    return hashlib.sha256(text).hexdigest()[:32]
