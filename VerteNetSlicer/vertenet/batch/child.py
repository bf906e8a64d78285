"""A process of its own that reads files: what it loads is loaded once, what it breaks is only it.

Requests and replies are lines of JSON over pipes.  :func:`serve` is the process's side,
:class:`Child` the other one.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from ..errors import ConfigurationError, OutputError, VerteNetError
from .names import printable
from .select import PassedOverError

Reply = dict[str, Any]
Work = Callable[[str], Mapping[str, Any]]
"""Reads one file, given its absolute path; may have ``prepare()``, called once a process."""

START_SECONDS = 300.0
IDLE_SECONDS = 600.0
_STARTS = (0.0, 1.0, 5.0)  # seconds to wait before each try to start
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_CODE = "from vertenet.batch.child import serve; serve()"


class LostError(Exception):
    """The process ended, or had to be ended, while it read a file; says how."""


class Child:
    """A process that reads one file after another, started when first needed."""

    def __init__(self, work: Work | bytes) -> None:
        pickled = work if isinstance(work, bytes) else pickle.dumps(work)
        self._hello = {"work": base64.b64encode(pickled).decode("ascii")}
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def read(self, path: str, timeout: float | None = None) -> Reply:
        """Read a file; a process that is lost over it is started anew for one more try.

        Args:
            path: absolute.
            timeout: seconds after which the process is ended.

        Raises:
            VerteNetError: if no file can be read: no model, no room for results.
        """
        why = ""
        for _ in range(2):
            try:
                return self._ask(path, timeout)
            except LostError as lost:
                why = str(lost)
        return {"status": "failed", "reason": f"{why}, twice. Look at the file by itself."}

    def close(self) -> None:
        """End the process, whatever it does; a later read is refused."""
        with self._lock:
            self._closed = True
        self._end()

    @property
    def closed(self) -> bool:
        """Whether it was closed for good."""
        return self._closed

    def _ask(self, path: str, timeout: float | None) -> Reply:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._start()
        reply = _exchange(process, {"path": path}, timeout)
        if "fatal" in reply:
            raise OutputError(reply["fatal"])
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        """A process that is ready; tried again where memory may be short for a moment."""
        why = ""
        for pause in _STARTS:
            time.sleep(pause)
            self._end()
            with self._lock:  # lest one be started that nobody ends
                if self._closed:
                    break
                self._process = process = _launch()
            try:
                reply = _exchange(process, self._hello, START_SECONDS)
            except LostError as lost:
                why = str(lost)
                continue
            if "broken" in reply:
                raise ConfigurationError(reply["broken"])
            return process
        raise ConfigurationError(
            f"Expected a process that reads files, but it could not start ({why or 'closed'}). "
            "Use fewer --workers if memory is short, then run the same command again to go on."
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _launch() -> subprocess.Popen[bytes]:
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = {**os.environ, "PYTHONPATH": path, **dict.fromkeys(_ONE_THREAD, "1")}
    # Decoders write what they like to stderr, parts of headers included: nobody logs that.
    silent = None if os.environ.get("VERTENET_DEBUG") else subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-c", _CODE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=silent, env=environment,
    )  # fmt: skip


def _exchange(process: subprocess.Popen[bytes], request: Reply, timeout: float | None) -> Reply:
    """One line there, one line back; the process is ended when time is up."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = None if timeout is None else threading.Timer(timeout, end)
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        line = _send(process, request)
    finally:
        if timer is not None:
            timer.cancel()
    if line.endswith(b"\n"):
        reply: Reply = json.loads(line)
        return reply
    code = process.wait()
    if expired.is_set():
        raise LostError(f"Reading it took longer than {timeout:g} s")
    raise LostError(f"The process that read it {_ending(code)}")


def _send(process: subprocess.Popen[bytes], request: Reply) -> bytes:
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
        process.stdin.flush()
        return process.stdout.readline()
    except (OSError, ValueError):  # it is gone, or was closed meanwhile
        return b""


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended by itself (exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")


def serve() -> None:
    """The process's side: read requests until there are no more, or none comes for long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it ends it
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not fall among the replies
    requests = sys.stdin.buffer
    work = _prepared(json.loads(requests.readline()), replies)
    while work is not None:
        idle = threading.Timer(IDLE_SECONDS, os._exit, (0,))
        idle.daemon = True
        idle.start()
        line = requests.readline()
        idle.cancel()
        if not line:
            return
        _tell(replies, _answer(work, json.loads(line)["path"]))


def _prepared(hello: Reply, replies: IO[bytes]) -> Work | None:
    try:
        work: Work = pickle.loads(base64.b64decode(hello["work"]))
        prepare = getattr(work, "prepare", None)
        if prepare is not None:
            prepare()
    except VerteNetError as error:
        _tell(replies, {"broken": str(error)})
        return None
    except Exception as error:  # the process's edge: say it where somebody sees it
        _tell(replies, {"broken": f"A worker could not start ({type(error).__name__}: {error})."})
        return None
    _tell(replies, {"ready": True})
    return work


def _answer(work: Work, path: str) -> bytes:
    try:
        return _line({"status": "read", **work(path)})
    except PassedOverError as error:
        reply = {"status": "passed over", "reason": printable(str(error))}
    except OutputError as error:  # no room for one is no room for all
        reply = {"fatal": str(error)}
    except (VerteNetError, OSError) as error:
        reply = {"status": "failed", "reason": printable(str(error))}
    except MemoryError:
        reply = {"status": "failed", "reason": "There was not enough memory to read it."}
    except Exception as error:  # the batch's edge: a defect met by one file is not the others'
        what = printable(f"{type(error).__name__}: {error}")
        reply = {"status": "failed", "reason": f"Unexpected error ({what}). Please report it."}
    return _line(reply)


def _line(reply: Mapping[str, Any]) -> bytes:
    return json.dumps(reply, allow_nan=False).encode("ascii") + b"\n"


def _tell(replies: IO[bytes], reply: Mapping[str, Any] | bytes) -> None:
    try:
        replies.write(reply if isinstance(reply, bytes) else _line(reply))
        replies.flush()
    except OSError:  # nobody listens any more
        os._exit(0)
