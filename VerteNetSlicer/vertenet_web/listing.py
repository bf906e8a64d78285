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

from .drafts import Draft, Drafts, digest_of, now


@dataclass(frozen=True)
class Known:
    """What was done to an image of the list.

    Attributes:
        digest: of its file.
        draft: what this session did to it, or None.
        review: whether that has landmarks.
        open_to_reading: True where the network may read it: neither this session nor an
            earlier one has a reader's work on it.
    """

    digest: str
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

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The list as the page shows it."""
        return [self._entry(i, path) for i, path in enumerate(self._worklist.files)]

    def known(self, path: Path) -> Known:
        """What was done to an image already; touches no scene.

        Raises:
            ImageError: if it cannot be read.
        """
        digest = digest_of(path)
        mine, left = self._drafts.mine(digest), self._drafts.left(digest)
        there = mine is not None and bool(mine.review)
        return Known(digest, mine, there, not there and not (left is not None and left.edited))

    def keep(self, path: Path, known: Known, review: Review, found: Analysis) -> Draft | None:
        """Keep what was found in an image; None where it was read meanwhile.

        Raises:
            OutputError: if it cannot be written.
        """
        present = self._drafts.mine(known.digest)
        if present is not None and present.review:
            return None
        draft = replace(
            present or Draft("", now()),
            review=review_to_text(review),
            saved_at=now(),
            edited=False,
        )
        self._drafts.keep(known.digest, draft)
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

    def _entry(self, index: int, path: Path) -> dict[str, Any]:
        glance, refusal = self._glances.get(path), self._refusals.get(path, "")
        return {
            "index": index,
            "name": path.name,
            "read": glance is not None,
            "grade": "" if glance is None else str(glance.grade),
            "text": refusal or ("" if glance is None else glance.text),
            "failed": bool(refusal),
            "edited": path in self._edited,
            "done": path in self._worklist.done,
        }
