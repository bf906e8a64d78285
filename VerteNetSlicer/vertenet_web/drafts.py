"""Edits as they are made, kept so that no lost connection, tab or server loses one.

A draft is named by the digests of the image's file and of the place it is from, never by
a name, and holds points and decisions but no pixel and no name of a patient.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vertenet.errors import ImageError
from vertenet.report.atomic import output_errors, write_text

try:
    import fcntl
except ImportError:  # Windows: a draft of a session that lives may be offered there
    fcntl = None  # type: ignore[assignment]

SCHEMA = "vertenet-draft/1"
_LOCK = ".live"
# What can be made again by a click is not kept for ever.
_UNEDITED_S = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Draft:
    """What was done to one image.

    Attributes:
        review: the review as :mod:`VerteNetSlicerLib.record` writes it.
        saved_at: seconds since 1970.
        calibration: row and column size of a pixel in mm that a reader gave, or None.
        exported: whether it was exported since.
        subject: sex and age that a reader gave, each or None, or None for neither; then who
            says each, where that is an opened file.
        edited: False where the points are as the network placed them.
    """

    review: str
    saved_at: float
    calibration: tuple[float, float] | None = None
    exported: bool = False
    subject: tuple[Any, ...] | None = None
    edited: bool = True

    @property
    def empty(self) -> bool:
        """True where nothing is kept but that nothing is wanted."""
        return not self.review and self.calibration is None and self.subject is None


@dataclass(frozen=True)
class Key:
    """One image of a list.

    Attributes:
        content: digest of its file.
        origin: digest of where it is from, :class:`vertenet_web.listed.Listed`.
    """

    content: str
    origin: str

    @property
    def file(self) -> str:
        """Name of its draft."""
        return f"{self.content}-{self.origin}.json"


@dataclass(frozen=True)
class Left:
    """What an ended session did.

    Attributes:
        draft: its edits.
        elsewhere: True where they are of another file with the same content.
    """

    draft: Draft
    elsewhere: bool = False


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        ImageError: if it cannot be read, or is no longer there.
    """
    total = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    except OSError as error:
        raise ImageError(
            f"Expected to read {path.name}, but the system refused "
            f"({(error.strerror or str(error)).lower()}). Bring the file back, or open another."
        ) from error
    return total.hexdigest()


class Drafts:
    """The drafts of one session, and those that earlier ones left.

    Args:
        folder: where all drafts are.
        reader: whose they are.
        session: name of this session; while it lives, no other is offered its drafts.
        local: whether the machine has one reader, who may come back with another browser.
    """

    def __init__(self, folder: Path, reader: str, session: str, *, local: bool) -> None:
        self._home = folder
        self._local = local
        self._mine = folder / reader / session
        with output_errors(folder):
            self._mine.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock = (self._mine / _LOCK).open("w")
        _lock(self._lock)
        self._clear()

    def keep(self, key: Key, draft: Draft) -> None:
        """Write a draft, whole or not at all.

        Raises:
            OutputError: if it cannot be written.
        """
        content = {"schema": SCHEMA, **vars(draft)}
        write_text(self._mine / key.file, json.dumps(content))

    def mine(self, key: Key) -> Draft | None:
        """What this session did to an image."""
        return _read(self._mine / key.file)

    def left(self, key: Key, listed: Collection[str] = ()) -> Left | None:
        """The latest that an ended session did to an image.

        Where nothing was done to this file, what was done to another one with the same
        content: it may have been moved or renamed.

        Args:
            listed: origins of the images of the list; the edits of these are theirs.
        """
        own = _latest(self._others(key.file))
        if own is not None:
            return None if own.empty else Left(own)
        # Earlier versions did not know of origins: their drafts are named by the content.
        old = _latest(self._others(_old_name(key)))
        same = self._others(f"{key.content}-*.json")
        strange = _latest([path for path in same if _origin(path) not in listed], filled=True)
        if strange is not None and (old is None or old.saved_at < strange.saved_at):
            return Left(strange, elsewhere=True)
        return None if old is None else Left(old)

    def forget_left(self, key: Key, *, old: bool = True) -> None:
        """Remove what ended sessions did to an image: it was taken over, or is not wanted.

        Args:
            old: whether the drafts of earlier versions go too, which are of any file with
                this content.
        """
        for path in self._others(key.file) + (self._others(_old_name(key)) if old else []):
            with suppress(OSError):
                path.unlink()

    def refuse_left(self, key: Key, listed: Collection[str] = (), *, old: bool = True) -> None:
        """The same; where others are left that are not this file's, remember it."""
        self.forget_left(key, old=old)
        if self.left(key, listed) is not None:
            self.keep(key, Draft("", now()))

    def close(self) -> None:
        """From now on the drafts of this session may be offered."""
        self._lock.close()
        if not any(self._mine.glob("*.json")):
            with suppress(OSError):
                (self._mine / _LOCK).unlink()
                self._mine.rmdir()
                self._mine.parent.rmdir()

    def _clear(self) -> None:
        """Remove old drafts of ended sessions in which nothing was edited."""
        readers = [*self._home.iterdir()] if self._local else [self._mine.parent]
        for session in (s for r in readers if r.is_dir() for s in r.iterdir()):
            if session == self._mine or not session.is_dir() or _is_live(session):
                continue
            for path in session.glob("*.json"):
                with suppress(OSError):
                    if now() - path.stat().st_mtime > _UNEDITED_S:
                        draft = _read(path)
                        if draft is not None and not draft.edited:
                            path.unlink()

    def _others(self, pattern: str) -> list[Path]:
        readers = [*self._home.iterdir()] if self._local else [self._mine.parent]
        found = [path for reader in readers for path in reader.glob(f"*/{pattern}")]
        return [p for p in found if p.parent != self._mine and not _is_live(p.parent)]


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def _old_name(key: Key) -> str:
    return f"{key.content}.json"


def _origin(path: Path) -> str:
    return path.stem.partition("-")[2]


def _latest(paths: list[Path], *, filled: bool = False) -> Draft | None:
    drafts = [draft for path in paths if (draft := _read(path)) and not (filled and draft.empty)]
    return max(drafts, key=lambda draft: draft.saved_at, default=None)


def _is_live(folder: Path) -> bool:
    """True while the session that writes there lives: it holds a lock that ends with it."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            _lock(lock)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock(stream: IO[str]) -> None:
    if fcntl is not None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(path: Path) -> Draft | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            return None
        pair = content.pop("calibration")
        given = content.pop("subject", None)
        return Draft(
            calibration=None if pair is None else (pair[0], pair[1]),
            subject=None if given is None else (given[0], given[1], *given[2:]),
            **content,
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None  # unreadable: it is not offered, and stays where it is
