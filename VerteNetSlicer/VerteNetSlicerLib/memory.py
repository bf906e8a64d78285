"""What is remembered between sessions: folders chosen, how far a worklist went; no qt.

Names of files may be names of patients, so digests stand for them.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

PREFIX = "VerteNet/"


class Memory(Protocol):
    """As much of QSettings as is used."""

    def value(self, key: str, default: str = "") -> str:
        """What was kept, or the default."""
        ...

    def setValue(self, key: str, value: str) -> None:
        """Keep a text."""
        ...


class Forgetful:
    """Remembers for this session only: where there are no settings, and in tests."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def value(self, key: str, default: str = "") -> str:
        """What was kept, or the default."""
        return self._kept.get(key, default)

    def setValue(self, key: str, value: str) -> None:
        """Keep a text."""
        self._kept[key] = value


def digest(text: str) -> str:
    """Sixteen characters that stand for a text and do not tell it."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
