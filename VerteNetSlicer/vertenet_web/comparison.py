"""An earlier examination beside the present one: from a file, or of an image of this session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vertenet.analysis import Analysis
from vertenet.errors import LandmarkError
from VerteNetSlicerLib.prior import Prior, read_prior

ACTIONS = ("compare_image", "compare_nothing")


class Comparison:
    """What the present image is compared with.

    Only one image is open at a time: of those that were left, what was measured is kept,
    without their pixels.

    Args:
        reader: whose image and logic it is.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._left: dict[Path, Prior] = {}

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        return {name: getattr(self, name) for name in ACTIONS}

    @property
    def choices(self) -> list[tuple[int, str]]:
        """Place in the list and name of the images that can be compared with."""
        files, present = self._reader.worklist.files, self._reader.worklist.present
        title = self._reader.images.title
        return [(i, title(f)) for i, f in enumerate(files) if f in self._left and f != present]

    def leave(self) -> None:
        """Remember what was measured on the image that is left now."""
        found, path = self._reader.examination, self._reader.worklist.present
        if found is not None and path is not None:
            self.remember(path, found.analysis)

    def remember(self, path: Path, analysis: Analysis) -> None:
        """Let other images be compared with what was measured on this one."""
        self._left[path] = Prior(path.name, analysis)

    def compare_image(self, index: int) -> None:
        """Compare with another image of the list, as it was left."""
        files = self._reader.worklist.files
        prior = self._left.get(files[index]) if 0 <= index < len(files) else None
        if prior is None:
            raise LandmarkError(
                "Expected an image that was measured in this session, got another. "
                "Open it and detect its landmarks first."
            )
        self._reader.examined().compare_with(prior)

    def compare_nothing(self) -> None:
        """Take the comparison away."""
        self._reader.examined().compare_with(None)

    def open_file(self, path: Path) -> None:
        """Compare with an exported file.

        Raises:
            LandmarkError: if it holds no landmarks, or nothing is measured here yet.
        """
        found = self._reader.examined()
        read = read_prior(path, name=found.analysis.frame.file)
        # The folder is one of this session: the image's name says more.
        found.compare_with(Prior(f"{path.name} of {read.analysis.frame.file}", read.analysis))
        self._reader.say(f"Compared with {path.name}.")
