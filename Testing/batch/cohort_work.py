"""Work on files that needs no network; in a file of its own, so that processes can import it."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vertenet.batch.merge import TABLES, kind_of
from vertenet.batch.select import PassedOverError
from vertenet.errors import ConfigurationError, ImageError, OutputError


@dataclass(frozen=True)
class ByWord:
    """Does what the file's text says."""

    pause: float = 0.0
    trace: str = ""
    broken: str = ""

    def prepare(self) -> None:
        if self.broken:
            raise ConfigurationError(self.broken)

    def __call__(self, path: str) -> dict[str, Any]:
        word = Path(path).read_text()
        if self.trace:
            with open(self.trace, "a") as stream:
                stream.write(f"{os.path.basename(path)}\n")
        time.sleep(self.pause)
        return act(word, path)


def act(word: str, path: str) -> dict[str, Any]:
    name = os.path.basename(path)
    if word == "refuse":
        raise ImageError(f"{name}: expected a scan, got a song.")
    if word == "other":
        raise PassedOverError("a song, not a lateral DXA")
    if word == "defect":
        raise ZeroDivisionError("a defect of ours")
    if word == "exit":
        os._exit(7)
    if word == "crash":
        ctypes.string_at(0)
    if word == "killed":
        os.kill(os.getpid(), 9)
    if word == "hang":
        time.sleep(600)
    if word == "full":
        raise OutputError("Expected to write, but the disk is full.")
    if word == "print":
        os.write(1, b"a library prints this\n")
    if word == "nan":
        return {"image": [float("nan")], "vertebrae": []}
    if word.startswith("once"):
        return once(Path(path), name)
    return rows(name, len(word))


def once(path: Path, name: str) -> dict[str, Any]:
    """Dies the first time only; a file on another machine's disk would say so too."""
    mark = path.parent.parent / f"{name}.mark"
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return rows(name, 5)


def rows(name: str, number: int) -> dict[str, Any]:
    def row(table: str) -> list[Any]:
        values = {"text": "a,b", "whole": number, "real": number / 3}
        return [name, *(values[kind_of(table, column)] for column in TABLES[table][1:])]

    return {"image": row("images"), "vertebrae": [row("vertebrae"), row("vertebrae")]}
