"""What ``vertenet view`` was asked for, and what a reader's process is told."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

LOOPBACK = "127.0.0.1"
SECRET_HEADER = "X-VerteNet-Secret"
LARGEST_UPLOAD = 256 * 1024**2


@dataclass(frozen=True)
class Settings:
    """What the command was asked for.

    Attributes:
        files: the images that may be looked at; nothing else is served.
        host: where to listen.
        port: 0 for any that is free.
        token: what a browser must show first, or None.
        output: folder into which results are exported, or None for downloads only.
        drafts: folder where edits are kept as they are made.
        model: model folder, or None for the bundled one.
        most_sessions: how many readers at the same time.
        idle_s: how long a session without a page is kept.
    """

    files: tuple[Path, ...]
    host: str = LOOPBACK
    port: int = 0
    token: str | None = None
    output: Path | None = None
    drafts: Path = field(default_factory=lambda: drafts_folder())
    model: Path | None = None
    most_sessions: int = 4
    idle_s: float = 900.0

    @property
    def local(self) -> bool:
        """True where only this machine can connect."""
        return is_loopback(self.host)


@dataclass(frozen=True)
class ChildSettings:
    """What a reader's process is told, through its standard input.

    Attributes:
        secret: what every request to it must carry.
        session: name of this session.
        work: folder for what is dropped onto the page and for exports.
    """

    secret: str
    session: str
    files: tuple[Path, ...]
    work: Path
    drafts: Path
    output: Path | None = None
    model: Path | None = None
    local: bool = True

    def to_line(self) -> str:
        """One line of JSON."""
        values = {
            name: [str(p) for p in value] if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        }
        return json.dumps(values, default=str)

    @classmethod
    def from_line(cls, line: str) -> ChildSettings:
        """The inverse of :meth:`to_line`."""
        values = json.loads(line)
        for name in ("work", "drafts", "output", "model"):
            values[name] = None if values[name] is None else Path(values[name])
        values["files"] = tuple(Path(p) for p in values["files"])
        return cls(**values)


def drafts_folder() -> Path:
    """Where edits are kept by default: the user's folder for the state of programs."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "vertenet" / "view"


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
