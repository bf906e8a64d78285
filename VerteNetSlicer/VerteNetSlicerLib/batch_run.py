"""A batch in a process of its own: started, asked how far it is, stopped for good; no qt.

The process and all that it starts are one group, so that stopping reaches the readers,
not only the launcher in front of them.  What was read stays whole and is gone on with.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from vertenet.errors import ConfigurationError, OutputError

_CHILD = Path(__file__).with_name("batch_child.py")
# Time to write down what was read; the batch needs well below a second.
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class BatchState:
    """How far a batch is.

    Attributes:
        running: True until its process and all readers have ended.
        done: files read so far, in this run and earlier ones.
        total: files in all; 0 before they are counted.
        text: one line for the reader.
        error: why it ended early, or None.
        result: counts of the finished batch, or None.
    """

    running: bool = True
    done: int = 0
    total: int = 0
    text: str = ""
    error: str | None = None
    result: Mapping[str, Any] | None = None


class BatchProcess(Protocol):
    """A process that tells lines; the port behind which tests put another."""

    lines: queue.SimpleQueue[str | None]

    def stop(self) -> None:
        """End it and all it started."""
        ...

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        ...


@dataclass
class BatchRun:
    """One batch from start to end.

    Attributes:
        output: where its tables will be.
        state: as of the last :meth:`poll`.
    """

    process: BatchProcess
    output: Path
    state: BatchState = field(default_factory=BatchState)
    _started: float = field(default_factory=time.monotonic)
    _cancelled: bool = False

    def poll(self) -> BatchState:
        """Take what was told since the last time; never waits."""
        ended = False
        with suppress(queue.Empty):
            while not ended:
                line = self.process.lines.get_nowait()
                ended = line is None
                if line is not None:
                    self._take(line)
        if ended and self.state.running:
            self._finish(self.process.poll())
        return self.state

    def cancel(self) -> None:
        """Stop it; returns when process and readers are gone."""
        self._cancelled = True
        self.process.stop()
        self._finish(self.process.poll())

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def _take(self, line: str) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return  # a library printed something
        if not isinstance(told, dict):
            return
        state = self.state
        if "line" in told:
            self.state = BatchState(True, told["done"], told["total"], told["line"])
        elif "error" in told:
            self.state = BatchState(True, state.done, state.total, told["error"], told["error"])
        elif "images" in told:
            self.state = BatchState(
                True, state.total, state.total, _summary(told, self.output), None, told
            )

    def _finish(self, code: int | None) -> None:
        state = self.state
        text, error = state.text, state.error
        if self._cancelled and state.result is None:
            text = (
                f"Stopped after {state.done} of {state.total} files. What was read is kept: "
                "start again with the same folders to go on."
            )
        elif state.result is None and error is None:
            text = error = (
                f"The batch ended without a result (exit code {code}). "
                "Start it again with the same folders to go on."
            )
        self.state = BatchState(False, state.done, state.total, text, error, state.result)


def start_batch(
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    workers: int | None = None,
    anterior: str = "auto",
    overlays: str = "flagged",
) -> BatchRun:
    """Read folders into tables, in a process of its own.

    Args:
        inputs: folders or files of images.
        output: folder of the tables; not one of the inputs.
        workers: processes that read, or None for one a core but one.
        anterior: ``"auto"``, ``"left"`` or ``"right"``.
        overlays: pictures of which images: ``"none"``, ``"flagged"`` or ``"all"``.

    Raises:
        ConfigurationError: if a folder is missing or both are the same.
        OutputError: if the process cannot be started.
    """
    places = [Path(p) for p in inputs if str(p)]
    if not places or not all(p.exists() for p in places):
        raise ConfigurationError(
            "Expected a folder with images for the batch, but it does not exist. Choose one."
        )
    if not str(output):
        raise ConfigurationError("Expected a folder for the batch's tables. Choose one.")
    target = Path(output)
    if any(target.resolve() == p.resolve() for p in places):
        raise ConfigurationError(
            "Expected tables in another folder than the images, got the same. Choose another."
        )
    wanted = {
        "inputs": [str(p) for p in places],
        "output": str(target),
        "workers": workers or max(1, (os.cpu_count() or 2) - 1),
        "anterior": anterior,
        "overlays": overlays,
    }
    return BatchRun(_Process([python(), str(_CHILD), json.dumps(wanted)]), target)


def python() -> str:
    """The Python that runs outside of Slicer's window with Slicer's packages."""
    return shutil.which("PythonSlicer") or sys.executable


class _Process:
    """A child in a group of its own, whose lines are read by a thread."""

    def __init__(self, command: list[str]) -> None:
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # What decoders write there may quote headers: nobody keeps it.
                stderr=subprocess.DEVNULL,
                text=True,
                env=_environment(),
                **_apart(),
            )
        except OSError as error:
            raise OutputError(
                f"Expected to start the batch, but the system refused ({error.strerror}). "
                "Close other programs and try again."
            ) from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        _end(self._process)
        self._reader.join(GRACE_SECONDS)

    def _read(self) -> None:
        # Closes the pipe at the end, and waits.
        with self._process as process:
            for line in process.stdout or ():
                self.lines.put(line)
        self.lines.put(None)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path}


def _apart() -> dict[str, Any]:
    """Options that make the child the head of a group, without a console window."""
    if os.name == "nt":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _end(process: subprocess.Popen) -> None:
    """End a group: ask first, so that what was read is written down, then make sure."""
    if os.name == "nt":
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(tree, check=False, capture_output=True)
        process.wait()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    # The head may be gone and a reader not.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _summary(told: Mapping[str, Any], output: Path) -> str:
    parts = [f"{told['images']} images with {told['vertebrae']} vertebrae in {output}"]
    if told["passed_over"]:
        parts.append(f"{told['passed_over']} files passed over")
    if told["failed"]:
        parts.append(f"{told['failed']} failed, listed in failures.csv")
    return ", ".join(parts) + "."
