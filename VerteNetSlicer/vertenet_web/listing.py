"""The list of images: how it stands with each, and what was found in one that is not open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vertenet.analysis import Analysis
from VerteNetSlicerLib.examination import Examination
from VerteNetSlicerLib.record import review_to_text
from VerteNetSlicerLib.review import Review
from VerteNetSlicerLib.table import Glance, glance_of
from VerteNetSlicerLib.worklist import Worklist

from .drafts import Draft, Drafts, Key, Left, digest_of, now
from .listed import Listed, listed

# The list, what tells its images apart, and all their origins.
_Seen = tuple[tuple[Path, ...], dict[Path, Listed], frozenset[str]]


@dataclass(frozen=True)
class Known:
    """What was done to an image of the list.

    Attributes:
        key: which image it is.
        draft: what this session did to it, or None.
        review: whether that has landmarks.
        open_to_reading: True where the network may read it: neither this session nor an
            earlier one has a reader's work on it.
    """

    key: Key
    draft: Draft | None
    review: bool
    open_to_reading: bool

    @property
    def calibration(self) -> tuple[float, float] | None:
        """The size of a pixel that the reader gave, or None."""
        return None if self.draft is None else self.draft.calibration


class ImageList:
    """What is known of each image of the list.

    Args:
        worklist: the images.
        drafts: what was done to them.
    """

    def __init__(self, worklist: Worklist, drafts: Drafts) -> None:
        self._worklist = worklist
        self._drafts = drafts
        self._glances: dict[Path, Glance] = {}
        self._edited: set[Path] = set()
        self._refusals: dict[Path, str] = {}
        # What stands in the list after these was dropped onto the page.
        self._given = len(worklist.files)
        self._seen: _Seen = ((), {}, frozenset())

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The list as the page shows it."""
        return [self._entry(i, path) for i, path in enumerate(self._worklist.files)]

    def known(self, path: Path) -> Known:
        """What was done to an image already; touches no scene.

        Raises:
            ImageError: if it cannot be read.
        """
        key = self.key(path)
        mine = self._drafts.mine(key)
        left = self.left(key) if mine is None else None
        there = mine is not None and bool(mine.review)
        edited = left is not None and left.draft.edited
        return Known(key, mine, there, not there and not edited)

    def key(self, path: Path) -> Key:
        """By what the edits of an image are kept.

        Raises:
            ImageError: if it cannot be read.
        """
        return Key(digest_of(path), self._at(path).origin)

    def title(self, path: Path) -> str:
        """What an image is called in the list."""
        return self._at(path).title

    def left(self, key: Key) -> Left | None:
        """What an ended session did to an image of the list."""
        return self._drafts.left(key, self._look()[2])

    def forget_left(self, path: Path, key: Key, *, refused: bool = False) -> None:
        """What is left of earlier sessions was taken over, or refused."""
        old = self._is_alone(path)
        if refused:
            self._drafts.refuse_left(key, self._look()[2], old=old)
        else:
            self._drafts.forget_left(key, old=old)

    def keep(self, path: Path, known: Known, review: Review, found: Analysis) -> Draft | None:
        """Keep what was found in an image; None where it was read meanwhile.

        Raises:
            OutputError: if it cannot be written.
        """
        present = self._drafts.mine(known.key)
        if present is not None and present.review:
            return None
        draft = replace(
            present or Draft("", now()),
            review=review_to_text(review),
            saved_at=now(),
            edited=False,
        )
        self._drafts.keep(known.key, draft)
        self.accept(path)
        self._glances[path] = glance_of(found)
        return draft

    def note(self, path: Path, examination: Examination) -> None:
        """Look at an image that is open."""
        self._glances[path] = glance_of(examination.analysis)
        if examination.review.edited:
            self._edited.add(path)
        else:
            self._edited.discard(path)

    def refuse(self, path: Path, why: str) -> None:
        """Say why an image could not be read or written."""
        self._refusals[path] = why

    def accept(self, path: Path) -> None:
        """The image could be read after all."""
        self._refusals.pop(path, None)

    def _look(self) -> _Seen:
        """The images of the list as it is now; asked by several threads."""
        files = self._worklist.files
        if files is not self._seen[0]:
            found = listed(files[: self._given], files[self._given :])
            self._seen = (files, found, frozenset(each.origin for each in found.values()))
        return self._seen

    def _at(self, path: Path) -> Listed:
        return self._look()[1][path]

    def _is_alone(self, path: Path) -> bool:
        """True where no other image of the list can have the same content."""
        sizes = [_size(other) for other in self._worklist.files if other != path]
        return _size(path) not in sizes

    def _entry(self, index: int, path: Path) -> dict[str, Any]:
        glance, refusal = self._glances.get(path), self._refusals.get(path, "")
        return {
            "index": index,
            "name": self.title(path),
            "read": glance is not None,
            "grade": "" if glance is None else str(glance.grade),
            "text": refusal or ("" if glance is None else glance.text),
            "failed": bool(refusal),
            "edited": path in self._edited,
            "done": path in self._worklist.done,
        }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
