"""Records as they come: small files of JSON lines, each there whole or not at all."""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..errors import OutputError
from ..report.atomic import output_errors, write_bytes

FOLDER = "shards"
RECORDS, SECONDS = 256, 5.0
"""A shard is written when it holds so many records, or is so old."""
_HEAD = re.compile(rb'\{"key": "([0-9a-f]{32})", "status": "([a-z ]+)"')
_OPEN_FILES = 32


class Place(NamedTuple):
    """Where a record lies."""

    key: str
    status: str
    shard: int
    start: int


class ShardWriter:
    """Gathers records and writes them as shards with numbers that were not used yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = max(shard_numbers(folder), default=-1) + 1
        self._lines: list[bytes] = []
        self._places: list[tuple[str, str]] = []
        self._since = time.monotonic()

    def add(self, key: str, record: Mapping[str, Any]) -> list[Place]:
        """Take a record in; the places of those that became safe by it."""
        # key and status first: an index is made without parsing the rest
        head = {"key": key, "status": record["status"]}
        self._lines.append(json.dumps(head | dict(record)).encode("ascii") + b"\n")
        self._places.append((key, record["status"]))
        old = time.monotonic() - self._since >= SECONDS
        return self.flush() if old or len(self._lines) >= RECORDS else []

    def flush(self) -> list[Place]:
        """Write what was gathered.

        Raises:
            OutputError: if it cannot be written.
        """
        self._since = time.monotonic()
        if not self._lines:
            return []
        write_bytes(shard_path(self._folder, self._next), b"".join(self._lines))
        places, start = [], 0
        for (key, status), line in zip(self._places, self._lines, strict=True):
            places.append(Place(key, status, self._next, start))
            start += len(line)
        self._lines, self._places = [], []
        self._next += 1
        return places


class ShardReader:
    """Records by their place, with few files open at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[int, IO[bytes]] = OrderedDict()

    def __enter__(self) -> ShardReader:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def read(self, shard: int, start: int) -> dict[str, Any]:
        """One record.

        Raises:
            OutputError: if the shard was changed meanwhile.
        """
        path = shard_path(self._folder, shard)
        with output_errors(path):
            stream = self._stream(shard, path)
            stream.seek(start)
            line = stream.readline()
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError:
            raise OutputError(
                f"Expected records in '{path}', but it is damaged. Delete it and run the same "
                "command again; only its files are read anew."
            ) from None
        return record

    def _stream(self, shard: int, path: Path) -> IO[bytes]:
        stream = self._open.pop(shard, None) or path.open("rb")
        self._open[shard] = stream
        if len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)[1].close()
        return stream


def places(folder: Path) -> Iterator[Place]:
    """All records of earlier runs, oldest first; what is not one is passed by."""
    for number in sorted(shard_numbers(folder)):
        start = 0
        with shard_path(folder, number).open("rb") as stream:
            for line in stream:
                head = _HEAD.match(line)
                if head and line.endswith(b"}\n"):
                    yield Place(head[1].decode(), head[2].decode(), number, start)
                start += len(line)


def shard_path(folder: Path, number: int) -> Path:
    """The file of a shard."""
    return folder / f"{number:06d}.jsonl"


def shard_numbers(folder: Path) -> Iterator[int]:
    """Numbers of the shards that are there."""
    for path in folder.glob("*.jsonl"):
        if path.stem.isdigit():
            yield int(path.stem)
