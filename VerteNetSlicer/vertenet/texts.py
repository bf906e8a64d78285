"""JSON of strangers: what was read from it can be written again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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
