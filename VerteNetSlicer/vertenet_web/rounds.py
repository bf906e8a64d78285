"""One pass over the list of images: landmarks found beside the open one, files written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vertenet.errors import LandmarkError, OutputError, VerteNetError
from VerteNetSlicerLib.exporting import ExportOptions
from VerteNetSlicerLib.unopened import read_unopened
from VerteNetSlicerLib.words import said_here

_DETECTING, _WRITING = "Detecting", "Writing the files of"


@dataclass
class State:
    """How far a round is.

    Attributes:
        text: one line for the reader.
        done, total: images.
        failed: how many could not be read or written.
    """

    running: bool = False
    text: str = ""
    done: int = 0
    total: int = 0
    failed: int = 0


class Round:
    """One pass over the list at a time.

    Detecting goes on in a thread, so that the reader can read meanwhile; writing opens
    one image after the other, as the reader would.

    Args:
        reader: whose images they are.
        on_step: called whenever the page has something new to show.
    """

    def __init__(self, reader: Any, on_step: Callable[[], None]) -> None:
        self._reader = reader
        self._on_step = on_step
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self.state = State()
        self.writing = False

    def detect(self) -> None:
        """Find the landmarks of every image that has none; returns at once."""
        if not self.state.running:
            self._task = asyncio.ensure_future(self._detect())

    def write(self, folder: Path, options: ExportOptions) -> None:
        """Write the files of every image that was read; returns at once."""
        if not self.state.running:
            self._task = asyncio.ensure_future(self._write(folder, options))

    def cancel(self) -> None:
        """Stop after the image that is read or written now."""
        self._cancelled = True

    async def _detect(self) -> None:
        reader = self._reader
        files, skipped = reader.worklist.files, 0
        self._begin(len(files))
        try:
            for path in files:
                if self._cancelled:
                    break
                self._tell(_DETECTING, path)
                skipped += not await self._detected(path)
                self.state.done += 1
        finally:
            read = self.state.done - skipped - self.state.failed
            parts = [f"{_images(read)} read"]
            self._end(parts + ([f"{skipped} had landmarks already"] if skipped else []))

    async def _detected(self, path: Path) -> bool:
        """Find the landmarks of one image; False where it has some already."""
        reader = self._reader
        try:
            known = await asyncio.to_thread(reader.images.known, path)
            if not known.open_to_reading:
                return False
            review, found = await asyncio.to_thread(
                read_unopened, path, reader.logic.detector, spacing_mm=known.calibration
            )
            reader.keep_found(path, known, review, found)
        except VerteNetError as error:
            self._failed(path, error)
        return True

    async def _write(self, folder: Path, options: ExportOptions) -> None:
        try:
            await self.written(folder, options)
        except VerteNetError as error:
            self._reader.say(str(error), error=True)
            self._on_step()

    async def written(self, folder: Path, options: ExportOptions) -> list[Path]:
        """Write the files of every image that was read, each into a folder of its name.

        Raises:
            LandmarkError: if none was read.
        """
        reader = self._reader
        present, made = reader.worklist.position, []
        self._begin(len(reader.worklist.files))
        try:
            wanted = await asyncio.to_thread(self._read_ones)
            if not wanted:
                raise LandmarkError(
                    "Expected images with landmarks, but none of the list has any. "
                    "Detect them first."
                )
            self.state.total, self.writing = len(wanted), True
            for index in wanted:
                if self._cancelled:
                    break
                path = reader.worklist.files[index]
                self._tell(_WRITING, path)
                await asyncio.sleep(0.02)  # the page is told, and may cancel
                try:
                    reader.open(index)
                    made.append(self._written(folder, options, made))
                except VerteNetError as error:
                    self._failed(path, error)
                self.state.done += 1
            if present >= 0:
                reader.open(present)
        finally:
            self.writing = False
            self._end([f"Files of {_images(len(made))} written"])
        return made

    def _read_ones(self) -> list[int]:
        """Places in the list of the images that have landmarks."""
        found = []
        for index, path in enumerate(self._reader.worklist.files):
            with suppress(VerteNetError):
                if self._reader.images.known(path).review:
                    found.append(index)
        return found

    def _written(self, folder: Path, options: ExportOptions, made: list[Path]) -> Path:
        target = self._reader.logic.export_folder(self._reader.volume, folder)
        if target in made:
            raise OutputError(
                f"Expected images of different names, but another one is named {target.name} as "
                "well. Open it and download its files alone."
            )
        return Path(self._reader.export(folder, options))

    def _begin(self, total: int) -> None:
        self._cancelled = False
        self.state = State(True, "", 0, total)

    def _tell(self, what: str, path: Path) -> None:
        state = self.state
        state.text = f"{what} {state.done + 1} of {state.total}: {path.name}"
        self._on_step()

    def _failed(self, path: Path, error: VerteNetError) -> None:
        self.state.failed += 1
        self._reader.images.refuse(path, said_here(str(error)))

    def _end(self, parts: list[str]) -> None:
        left = self.state.total - self.state.done
        parts += [f"{self.state.failed} failed (✕)"] if self.state.failed else []
        parts += [f"stopped before the other {left}"] if left else []
        self.state.running, self.state.text = False, ", ".join(parts) + "."
        self._on_step()


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
