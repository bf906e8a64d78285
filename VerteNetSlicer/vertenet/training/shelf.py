"""The annotations of very many images with few of them in memory, and numbers by the million."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from .annotated import Annotated

Array = NDArray[np.float64]
NEAR = 1000
"""Images that are kept in memory; the others lie in a file without a name."""
_MOST_RETURNS = 20_000
_ROWS = 8192


class Shelf(Mapping[str, Annotated]):
    """Annotated images by name, in the order in which they were first opened.

    Only what was written here is read back, from a file that ends with the process.
    """

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        self._near: OrderedDict[str, Annotated] = OrderedDict()
        self._most: float = NEAR
        self._returns = 0
        self._file: IO[bytes] | None = None

    def open(self, image: str) -> Annotated:
        """An image to be added to; a new one where it is not there yet."""
        item = self._near.pop(image, None)
        if item is None:
            if image in self._places:
                item = self._load(image)
                self._returns += 1
                # A second table in the same order brings each image back once, and is no cause;
                # rows without any order are.
                if self._returns > _MOST_RETURNS + 2 * len(self._places):
                    self._most = float("inf")
            else:
                item = Annotated(image)
                self._places[image] = (0, 0)
        self._near[image] = item
        if len(self._near) > self._most:
            self._put_away(*self._near.popitem(last=False))
        return item

    def put(self, item: Annotated) -> None:
        """Take in a whole image that is not there yet.

        Raises:
            LandmarkError: if its size or spacing cannot be.
        """
        item.check()
        self._places[item.image] = (0, 0)
        self._near[item.image] = item
        if len(self._near) > self._most:
            self._put_away(*self._near.popitem(last=False))

    def __getitem__(self, image: str) -> Annotated:
        """An image as it stands; for reading only."""
        item = self._near.get(image)
        return self._load(image) if item is None else item

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, image: object) -> bool:
        return image in self._places

    def _put_away(self, image: str, item: Annotated) -> None:
        data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        try:
            if self._file is None:
                self._file = _file_of(self)
            start = self._file.seek(0, 2)
            self._file.write(data)
        except OSError as error:
            raise no_room(error) from error
        self._places[image] = (start, len(data))

    def _load(self, image: str) -> Annotated:
        start, length = self._places[image]
        assert self._file is not None  # its place says that it was put away
        self._file.seek(start)
        item: Annotated = pickle.loads(self._file.read(length))
        return item


class Spool:
    """Rows of numbers, written as they come to a file without a name.

    Args:
        width: numbers in a row.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts: list[Array] = []
        self._waiting = 0
        self._file: IO[bytes] | None = None

    def add(self, rows: Array) -> None:
        """Append ``(n, width)`` or ``(width,)``."""
        part = np.asarray(rows, dtype=np.float64).reshape(-1, self._width)
        self._parts.append(part)
        self._waiting += len(part)
        if self._waiting >= _ROWS:
            self._write()

    def load(self) -> Array:
        """All rows, ``(n, width)``."""
        whole = [np.empty((0, self._width)), *self._parts]
        if self._file is not None:
            self._file.seek(0)
            data = np.frombuffer(self._file.read(), dtype=np.float64)
            whole.insert(0, data.reshape(-1, self._width))
        return np.concatenate(whole) if len(whole) > 1 else whole[0]

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = _file_of(self)
            self._file.seek(0, 2)
            self._file.write(np.concatenate(self._parts).tobytes())
        except OSError as error:
            raise no_room(error) from error
        self._parts, self._waiting = [], 0


def _file_of(owner: object) -> IO[bytes]:
    """A file without a name that is closed when its owner goes."""
    file = tempfile.TemporaryFile(prefix="vertenet-")  # noqa: SIM115
    weakref.finalize(owner, file.close)
    return file


def no_room(error: OSError) -> OutputError:
    """What is said where the folder for temporary files has no room."""
    return OutputError(
        f"Expected room for temporary files in '{tempfile.gettempdir()}', but it failed "
        f"({error.strerror or error}). Make room, or set TMPDIR to another folder."
    )
