"""The command as a process: errors and interruptions become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .. import __version__
from ..errors import VerteNetError
from . import cohorts, learning, pages, reading
from .telling import FAILED, INTERRUPTED, say


class _Commands(click.Group):
    """Keeps the commands in the order in which they are defined."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vertenet", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def commands(debug: bool) -> None:
    """Vertebral landmarks, fracture grades and AAC regions on lateral-spine DXA.

    Research use only.
    """
    if debug:
        os.environ["VERTENET_DEBUG"] = "1"


for command in (
    *(reading.detect, reading.measure, reading.followup),
    *(pages.view, pages.info),
    *(cohorts.cohort, cohorts.summary),
    pages.report,
    *(learning.synth, learning.train, learning.evaluate, learning.convert),
):
    commands.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the one place where errors become messages and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        # A file name of odd bytes must not break the message about it.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        with _own_interrupt():
            code = commands.main(arguments, prog_name="vertenet", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return say("Interrupted.", INTERRUPTED)
    except KeyboardInterrupt:
        return say("Interrupted.", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except VerteNetError as error:
        return say(str(error), FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _unexpected(error)


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C, as a class of ours.

    Once a plain KeyboardInterrupt has passed through code compiled from text, as that of
    dataclasses is, CPython ends the process by the signal whatever exit code it was given.
    """


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Raise :class:`_Interrupt` on Ctrl-C; a host's own handler is left alone."""
    import signal
    import threading

    def interrupt(_number: int, _frame: object) -> None:
        raise _Interrupt

    before = signal.getsignal(signal.SIGINT)
    main_thread = threading.current_thread() is threading.main_thread()
    if before is not signal.default_int_handler or not main_thread:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _unexpected(error: Exception) -> int:
    if os.environ.get("VERTENET_DEBUG"):
        import traceback

        traceback.print_exc()
    if isinstance(error, OSError):
        return say(f"The system refused: {error.strerror or error} ({error.filename}).", FAILED)
    if isinstance(error, ImportError) and error.name and not error.name.startswith("vertenet"):
        package = error.name.partition(".")[0]
        return say(
            f"Expected the package '{package}', but it is not installed. "
            f"Install it with: pip install {package}",
            FAILED,
        )
    return say(
        f"Unexpected error ({type(error).__name__}: {error}). Please report it with the output "
        "of the same command with --debug after 'vertenet'.",
        FAILED,
    )
