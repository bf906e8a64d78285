"""Files that are there whole or not at all, and folders that can be written."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all; ``?`` for what of a file's name is no text.

    Raises:
        OutputError: if the file cannot be written.
    """
    write_whole(path, lambda file: file.write(text.encode("utf-8", "replace")))


def write_tensors(path: Path, content: Any) -> None:
    """Write what ``torch.save`` does, whole or not at all.

    Raises:
        OutputError: if the file cannot be written.
    """
    import torch

    # torch's own writer answers a full disk with a RuntimeError about its insides.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, lambda file: file.write(buffer.getbuffer()))


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a hidden neighbour and rename it into place.

    Raises:
        OutputError: if the file cannot be written.
    """
    with whole_file(path) as file:
        write(file)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A hidden neighbour to write to, which takes its place at the end.

    Raises:
        OutputError: if the file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            yield file
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(
            f"Expected to write '{path}', but it failed ({error.strerror or error}). "
            "Make room, or choose another output folder."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder that files can be written to.

    Raises:
        OutputError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Expected to make the folder '{folder}', but it failed ({error.strerror or error}). "
            "Choose another output folder."
        ) from error
