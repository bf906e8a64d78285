"""What a command says: lines, progress, and what became of each file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MissingDependencyError

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..batch import Outcome, Progress

FAILED, INTERRUPTED = 1, 130
"""Exit codes beside 0, done, and click's 2, wrong arguments."""


def say(message: str, code: int) -> int:
    """Say what failed, on one line; returns the exit code."""
    click.secho(" ".join(message.split()), fg="red", err=True)
    return code


def make_folder(output: Path) -> None:
    """Make the folder of the results.

    Raises:
        OutputError: if it cannot be made, or not be written to.
    """
    from ..report.atomic import output_errors

    with output_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError(13, "Permission denied", str(output))


def teller() -> Callable[[str], None]:
    """One line that is written over on a terminal, elsewhere a line each time."""
    if sys.stderr.isatty():
        return lambda line: click.echo(f"\r{line}\x1b[K", err=True, nl=not line)
    return lambda line: click.echo(line, err=True) if line else None


def finish(outcomes: Iterable[Outcome], output: Path, *, many: bool) -> None:
    """Say what became of each file, write the common tables, and exit with 1 on failures."""
    from ..batch import Tables, write_failures

    tables, failures = Tables(), []
    for outcome in outcomes:
        if outcome.analysis is not None:
            tables.add(outcome.analysis)
            click.echo(f"{outcome.folder}: {summary_of(outcome.analysis)}")
        elif outcome.failure is not None:
            failures.append(outcome.failure)
            say(f"{outcome.file}: {outcome.failure.reason}", FAILED)
    if many:
        tables.write(output)
    write_failures(output, failures)
    if failures:
        raise click.exceptions.Exit(FAILED)


def summary_of(analysis: Analysis) -> str:
    """One line on an image: how many vertebrae, which are graded, can the aorta be scored."""
    if not len(analysis.spine):
        return "no spine found"
    graded = [f"{v.level} grade {v.final_grade}" for v in analysis.vertebrae if v.final_grade]
    first, last = analysis.vertebrae[0].level, analysis.vertebrae[-1].level
    found = f"{len(analysis.spine)} vertebrae {first} to {last}"
    open_ = sum(v.final_grade is None for v in analysis.vertebrae if v.level != "L5")
    graded += [f"{open_} not graded"] if open_ else []
    deformed = ", ".join(graded) or "none deformed"
    return f"{found}; {deformed}; aorta {analysis.aac.crop.status}"


@contextmanager
def progress(total: int) -> Iterator[Progress | None]:
    """A bar on stderr where there is more than one thing to do."""
    if total < 2:
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'rich' for the progress bar, but it is not installed. "
            "Install it with: pip install rich"
        ) from None
    columns: tuple[Any, ...] = (
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(),
                  redirect_stderr=False) as bar:  # fmt: skip
        task = bar.add_task("", total=total)
        yield lambda done, _total, name: bar.update(task, completed=done, description=name)
