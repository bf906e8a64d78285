"""Texts of strangers: JSON that can be written again, cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

# An escape, or a character, that is half of a UTF-16 pair unless its other half follows.
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def parsed_json(text: str, *, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The content of JSON, every text of which can be written again.

    Args:
        text: JSON.
        parse_constant: called for NaN and the infinities, as that of :func:`json.loads`.

    Raises:
        ValueError: if it is no JSON, or a text in it holds half of a UTF-16 pair.
    """
    content = json.loads(text, parse_constant=parse_constant)
    if _HALF.search(text):
        try:
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"U+{ord(error.object[error.start]):04X}"
            raise ValueError(f"a text holds {half}, half of a character") from None
    return content


# What a spreadsheet takes for a formula; blanks before it are cut by some, and Chinese and
# Japanese ones take the wide forms too.  Source: OWASP, CSV Injection.
_FORMULA = re.compile(r"'*(?:[\t\r]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_FIRST = frozenset("'=+-@\uff1d\uff0b\uff0d\uff20") | frozenset(map(chr, (9, 10, 11, 12, 13, 32)))
_NUMBERS = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?([ ;]-?\d+(\.\d*)?(e[-+]?\d+)?)*")
_PIECE = 256
"""Rows that are written at once."""


def as_cell(text: str) -> str:
    """A text as a CSV cell that no spreadsheet runs as a formula.

    Such a text gets an apostrophe before it; plain numbers and lists of them stay as they are.
    :func:`from_cell` gives the same text back.
    """
    if text[:1] not in _FIRST and not text[:1].isspace():
        return text
    return f"'{text}" if _FORMULA.match(text) and not _NUMBERS.fullmatch(text) else text


def from_cell(cell: str) -> str:
    """The text of a cell that :func:`as_cell` wrote; other cells as they are."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows as pieces of a CSV file; None is an empty cell, texts go through :func:`as_cell`."""
    waiting = iter(rows)
    while some := list(islice(waiting, _PIECE)):
        cells = [[as_cell(c) if isinstance(c, str) else c for c in row] for row in some]
        text = _written(cells, "\n")
        # Before Python 3.13 a lone CR is quoted only where it ends lines.
        yield "".join(_quoted(row) for row in cells) if "\r" in text else text


def _quoted(cells: Sequence[object]) -> str:
    return _written([cells], "\r\n")[:-2] + "\n"


def _written(rows: Iterable[Sequence[object]], end: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end).writerows(rows)
    return stream.getvalue()
