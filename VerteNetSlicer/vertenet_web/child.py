"""A reader's process: told what to do through its standard input, ends with its parent."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import threading
from contextlib import suppress

from vertenet.errors import VerteNetError

from .settings import LOOPBACK, ChildSettings


def main() -> int:
    """Build the page, listen, and say on which port; ends when standard input is closed."""
    settings = ChildSettings.from_line(sys.stdin.readline())
    answer = _Answer()
    sys.argv = sys.argv[:1]  # trame reads arguments of its own
    # Messages are compressed on no way that stays on this machine.
    os.environ.update(WSLINK_WS_COMPRESS="0", WSLINK_READY_MSG="", TRAME_DISABLE_V3_WARNING="1")
    logging.disable(logging.WARNING)
    try:
        from .app import App

        asyncio.run(_serve(App, settings, answer))
    except VerteNetError as error:
        answer.give(error=str(error))
        return 1
    return 0


async def _serve(make, settings: ChildSettings, answer: _Answer) -> None:  # type: ignore[no-untyped-def]
    app = make(settings)
    app.server.controller.on_server_ready.add(lambda **_: answer.give(port=app.server.port))
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(
        app.server.start(
            port=0,
            host=LOOPBACK,
            exec_mode="coroutine",
            open_browser=False,
            show_connection_info=False,
            disable_logging=True,
            timeout=0,
        )
    )
    threading.Thread(target=_listen, args=(loop, app, running), daemon=True).start()
    with suppress(asyncio.CancelledError):
        await running
    app.close()
    # What was dropped here are a patient's images: they stay on no disk.
    shutil.rmtree(settings.work, ignore_errors=True)
    # At once: Python would wait for a thread that loads torch or reads the list.
    os._exit(0)


def _listen(loop: asyncio.AbstractEventLoop, app, running: asyncio.Future) -> None:  # type: ignore[no-untyped-def, type-arg]
    """Hear whose the session is; the end of the input is the end of the parent."""
    for line in sys.stdin:
        done: asyncio.Future[None] = asyncio.run_coroutine_threadsafe(
            _belong(app, json.loads(line)["reader"]), loop
        )  # type: ignore[assignment]
        done.result()
    loop.call_soon_threadsafe(running.cancel)


async def _belong(app, reader: str) -> None:  # type: ignore[no-untyped-def]
    app.belong_to(reader)


class _Answer:
    """The one line that the parent reads; libraries print to standard error instead."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def give(self, **content: object) -> None:
        """Write the line."""
        self._stream.write(json.dumps(content) + "\n")
        self._stream.flush()


if __name__ == "__main__":
    sys.exit(main())
