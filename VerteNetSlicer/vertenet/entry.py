"""The command's first lines: Ctrl-C is answered before anything else is imported.

Standard library only, and of that what Python has loaded already.
"""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 130


def _leave(_number: int, _frame: object) -> None:
    """Nothing is open yet: say it and go, without unwinding half-made imports."""
    os.write(2, b"Interrupted.\n")
    os._exit(_INTERRUPTED)


def main() -> int:
    """Run the command ``vertenet``."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from .cli import main as run

    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = run()
        if ours:  # what is written is whole; the interpreter may yet take its time to end
            signal.signal(signal.SIGINT, _leave)
        return code
    except KeyboardInterrupt:  # between two handlers
        sys.stderr.write("Interrupted.\n")
        return _INTERRUPTED
