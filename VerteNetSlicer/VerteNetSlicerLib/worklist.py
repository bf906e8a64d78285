"""The images of a folder or of Slicer's DICOM database, one after the other.

Nothing is written into the folder of the images; how far the reader went is kept in
the host's settings, by digests.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vertenet.errors import ImageError, VerteNetError

from .memory import PREFIX, Memory, digest

_SUFFIXES = {
    ".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp",
    ".nrrd", ".nii", ".gz", ".mha", ".mhd", "",
}  # fmt: skip
_DATABASE = "DICOM database"
# What a header of a lateral DXA says of itself, in one of these tags.
_DXA = re.compile(r"VFA|LVA|\bIVA\b|DXA|DEXA|densit|absorptiom|\blat", re.I)
_MAKERS = re.compile(r"hologic|lunar|norland|medilink|dms", re.I)
_WORDS = ("SeriesDescription", "StudyDescription", "ProtocolName", "ViewPosition")


@dataclass
class Worklist:
    """Files in the order of their names, and the one that is looked at.

    Attributes:
        files: the images.
        position: index of the present one, -1 before the first.
        done: files whose results were exported.
        name: of the folder, or that of the database; for the memory only.
    """

    files: tuple[Path, ...]
    position: int = -1
    done: set[Path] = field(default_factory=set)
    name: str = ""

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
        files = tuple(sorted(found, key=lambda p: p.name))
        return cls(files, name=str(place.resolve()))

    @classmethod
    def of_database(cls, database) -> Worklist:
        """The lateral DXA images of Slicer's DICOM database.

        Raises:
            ImageError: if there is no database, or it has none.
        """
        if database is None:
            raise ImageError(
                "Expected Slicer's DICOM database, but none is open. Open the DICOM module once, "
                "or choose a folder."
            )
        files = tuple(f for f in _database_files(database) if is_lateral_dxa(f))
        if not files:
            raise ImageError(
                "Expected lateral DXA images in Slicer's DICOM database, found none. "
                "Import them in the DICOM module, or choose a folder."
            )
        return cls(files, name=_DATABASE)

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

    def keep(self, memory: Memory) -> None:
        """Remember which files are done and which is looked at."""
        content = {
            "done": sorted(digest(str(p)) for p in self.done),
            "present": "" if self.present is None else digest(str(self.present)),
        }
        memory.setValue(self._key, json.dumps(content))

    def recall(self, memory: Memory) -> None:
        """Take up what was remembered: the next step leads to the file that was left."""
        try:
            content = json.loads(memory.value(self._key, "") or "{}")
            done, present = set(content.get("done", ())), content.get("present", "")
        except (ValueError, AttributeError, TypeError):
            return  # of another version: begin anew
        names = [digest(str(p)) for p in self.files]
        self.done = {p for p, name in zip(self.files, names, strict=True) if name in done}
        if present in names:
            self.position = names.index(present) - 1

    @property
    def _key(self) -> str:
        return f"{PREFIX}worklist/{digest(self.name)}"


def is_lateral_dxa(path: Path) -> bool:
    """True where a DICOM header is that of a lateral DXA: not frontal, not another modality."""
    import pydicom

    from vertenet.batch.select import check_lateral
    from vertenet.images.libraries import dicom_errors

    try:
        check_lateral(str(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            said = " / ".join(str(header.get(word) or "") for word in _WORDS)
            maker = f"{header.get('Manufacturer')} {header.get('ManufacturerModelName')}"
            modality = str(header.get("Modality") or "")
    except (VerteNetError, OSError, *dicom_errors()):
        return False
    return modality == "BMD" or bool(_DXA.search(said) or _MAKERS.search(maker))


def _database_files(database) -> Iterator[Path]:
    """Every file of the database, by patient, study and series."""
    for patient in database.patients():
        for study in database.studiesForPatient(patient):
            for series in database.seriesForStudy(study):
                for file in database.filesForSeries(series):
                    yield Path(file)


def _may_be_image(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() in _SUFFIXES
