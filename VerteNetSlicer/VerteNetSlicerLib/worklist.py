"""The images of a folder, one after the other.

Nothing is written into the folder of the images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vertenet.errors import ImageError

_SUFFIXES = {
    ".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp",
    ".nrrd", ".nii", ".gz", ".mha", ".mhd", "",
}  # fmt: skip


@dataclass
class Worklist:
    """Files in the order of their names, and the one that is looked at.

    Attributes:
        files: the images.
        position: index of the present one, -1 before the first.
        done: files whose results were exported.
    """

    files: tuple[Path, ...]
    position: int = -1
    done: set[Path] = field(default_factory=set)

    @classmethod
    def of(cls, folder: str | Path) -> Worklist:
        """The images directly in a folder.

        Raises:
            ImageError: if it is no folder or has no image.
        """
        place = Path(folder)
        try:
            found = [p for p in place.iterdir() if p.is_file() and _may_be_image(p)]
        except OSError as error:
            raise ImageError(
                f"Expected a folder with images, but '{place}' cannot be read "
                f"({error.strerror or error}). Choose another folder."
            ) from None
        if not found:
            raise ImageError(
                f"Expected DICOM or image files in '{place}', found none. Choose another folder."
            )
        return cls(tuple(sorted(found, key=lambda p: p.name)))

    @property
    def present(self) -> Path | None:
        """The file that is looked at, or None before the first."""
        return self.files[self.position] if self.position >= 0 else None

    @property
    def text(self) -> str:
        """Where the reader is: ``3 of 20, 2 exported``."""
        return f"{self.position + 1} of {len(self.files)}, {len(self.done)} exported"

    def step(self, steps: int, may_leave: Callable[[], bool] = lambda: True) -> Path | None:
        """Go to another file; None at either end, or where the reader stays.

        Args:
            steps: 1 for the next, -1 for the previous.
            may_leave: asked before the present file is left.
        """
        target = self.position + steps
        if not 0 <= target < len(self.files) or not may_leave():
            return None
        self.position = target
        return self.files[target]

    def exported(self) -> None:
        """The present file's results were written."""
        if self.present is not None:
            self.done.add(self.present)


def _may_be_image(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() in _SUFFIXES
