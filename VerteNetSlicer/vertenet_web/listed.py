"""What tells the images of one list apart: where each is from, and what it is called.

Two files may hold the same image under the same name; each has its own edits.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listed:
    """One image of the list.

    Attributes:
        origin: digest of its place, or of the name it was dropped by; the same whenever it
            comes again.
        title: its name, with as much more as tells it from the others.
    """

    origin: str
    title: str


def listed(given: Sequence[Path], dropped: Sequence[Path]) -> dict[Path, Listed]:
    """Each image of a list.

    Args:
        given: files of the command.
        dropped: files dropped onto the page, which lie in a folder of the session; they are
            told apart by their names, those of one name by their order.
    """
    among, found = Counter(path.name for path in given), {}
    titles: Counter[str] = Counter()
    for path in given:
        title = path.name if among[path.name] == 1 else f"{path.parent.name}/{path.name}"
        found[path] = Listed(_digest(os.path.abspath(path)), _numbered(title, titles))
    times: Counter[str] = Counter()
    for path in dropped:
        times[path.name] += 1
        origin = _digest(f"dropped\0{path.name}\0{times[path.name]}")
        found[path] = Listed(origin, _numbered(path.name, titles))
    return found


def _numbered(title: str, titles: Counter[str]) -> str:
    titles[title] += 1
    return title if titles[title] == 1 else f"{title} ({titles[title]})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
