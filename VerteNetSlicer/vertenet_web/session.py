"""A reader's process as the listening one sees it: started, watched, ended."""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from vertenet.errors import VerteNetError

from .settings import SECRET_HEADER, ChildSettings, Settings

_START_S = 180.0
_END_S = 3.0
_ON_ITS_WAY_S = 10.0


class SessionError(VerteNetError):
    """A reader's process could not be started."""


class Session:
    """One reader's process.

    Attributes:
        name: unguessable; part of the page's address.
        reader: whose it is.
        pages: how many pages are connected now.
    """

    def __init__(self, settings: Settings) -> None:
        self.name = secrets.token_hex(16)
        self.reader = ""
        self.pages = 0
        self.left_at = time.monotonic()
        self._handed_out_at = -math.inf
        self._settings = settings
        self._secret = secrets.token_urlsafe(32)
        self._work = Path(tempfile.mkdtemp(prefix="vertenet-view-"))
        self._made = asyncio.ensure_future(self._make())
        self._ready = asyncio.ensure_future(self._start())

    @property
    def headers(self) -> dict[str, str]:
        """What every request to the process must carry."""
        return {SECRET_HEADER: self._secret}

    @property
    def alive(self) -> bool:
        """True while the process starts or runs."""
        if not self._ready.done():
            return True
        failed = self._ready.cancelled() or self._ready.exception() is not None
        return not failed and self._made.result().returncode is None

    @property
    def free(self) -> bool:
        """True where no page is connected, and none is on its way."""
        return not self.pages and time.monotonic() - self._handed_out_at > _ON_ITS_WAY_S

    def hand_out(self) -> None:
        """A page was sent here and will connect."""
        self._handed_out_at = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the last page went away; 0 while one is there."""
        return 0.0 if self.pages else time.monotonic() - self.left_at

    async def begun(self) -> None:
        """Wait until the process exists; it loads Slicer from then on."""
        await asyncio.shield(self._made)

    async def address(self) -> str:
        """Where the process listens, as soon as it does.

        Raises:
            SessionError: if it did not start.
        """
        return f"http://127.0.0.1:{await asyncio.shield(self._ready)}"

    async def belong_to(self, reader: str) -> None:
        """Tell the process whose it is; the first one is started before anybody came."""
        self.reader = reader
        await self.address()
        self._tell(self._made.result(), json.dumps({"reader": reader}))

    def enter(self) -> None:
        """A page was connected."""
        self.pages += 1
        self._handed_out_at = -math.inf

    def leave(self) -> None:
        """A page went away."""
        self.pages -= 1
        self.left_at = time.monotonic()

    async def end(self) -> None:
        """Let the process finish what it writes, then end it; its edits are kept."""
        process = await self._made
        if self._ready.cancel() and process.returncode is None:
            process.kill()  # it still loads Slicer, and nobody used it
        if process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()  # the child ends with its parent's end of the pipe
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except asyncio.TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        shutil.rmtree(self._work, ignore_errors=True)

    async def _make(self) -> asyncio.subprocess.Process:
        here = Path(__file__).resolve().parents[1]
        paths = os.pathsep.join(filter(None, (str(here), os.environ.get("PYTHONPATH"))))
        log = None if os.environ.get("VERTENET_DEBUG") else asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vertenet_web.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths},
        )

    async def _start(self) -> int:
        process = await asyncio.shield(self._made)
        self._tell(process, self._told().to_line())
        answer = {}
        if process.stdout is not None:
            with suppress(asyncio.TimeoutError, ValueError):
                line = await asyncio.wait_for(process.stdout.readline(), _START_S)
                answer = json.loads(line or b"{}")
        if "port" not in answer:
            raise SessionError(
                answer.get("error")
                or "Expected the viewer to start, but its process ended. "
                "Run 'vertenet --debug view' to see why."
            )
        return int(answer["port"])

    @staticmethod
    def _tell(process: asyncio.subprocess.Process, line: str) -> None:
        if process.stdin is not None:
            process.stdin.write(f"{line}\n".encode())

    def _told(self) -> ChildSettings:
        known = self._settings
        return ChildSettings(
            secret=self._secret,
            session=self.name,
            files=known.files,
            work=self._work,
            drafts=known.drafts,
            output=known.output,
            model=known.model,
            local=known.local,
        )
