"""The loop over files: each one's results in a folder of its own, failures apart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis import Analysis
from ..anatomy import Side
from ..errors import VerteNetError
from ..pipeline import analyse
from ..report import LandmarkSet, aac_rows, csv_text, vertebra_rows, write_folder, write_text
from ..report.exchange import Exchange, exchange_with
from ..report.images_table import IMAGE_COLUMNS, image_row
from ..report.tables import AAC_COLUMNS, VERTEBRA_COLUMNS, Cell
from .landmarks import measure_set, of_person
from .names import folder_names, printable

if TYPE_CHECKING:
    from ..detection import Detector
    from ..images import DxaImage
    from ..measure import NormTable

FAILURES = "failures.csv"

log = logging.getLogger(__name__)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Failure:
    """A file that gave no result, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its folder and a summary, or a failure."""

    file: str
    folder: Path
    analysis: Analysis | None = None
    failure: Failure | None = None


@dataclass
class Tables:
    """Rows of all images, for the tables beside the folders."""

    vertebrae: list[list[Cell]] = field(default_factory=list)
    aac: list[list[Cell]] = field(default_factory=list)
    images: list[list[Cell]] = field(default_factory=list)

    def add(self, analysis: Analysis) -> None:
        """Append the rows of one image."""
        self.vertebrae += vertebra_rows(analysis)
        self.aac += aac_rows(analysis)
        self.images.append(image_row(analysis))

    def write(self, output: Path) -> None:
        """Write ``images.csv``, ``vertebrae.csv`` and ``aac.csv`` of all images."""
        write_text(output / "images.csv", csv_text(IMAGE_COLUMNS, self.images))
        write_text(output / "vertebrae.csv", csv_text(VERTEBRA_COLUMNS, self.vertebrae))
        write_text(output / "aac.csv", csv_text(AAC_COLUMNS, self.aac))


def detect_many(
    paths: Sequence[Path],
    output: Path,
    detector: Detector,
    *,
    spacing_mm: tuple[float, float] | None = None,
    anterior: Side | None = None,
    sex: str | None = None,
    age_years: float | None = None,
    dicom: bool = False,
    identity: bool = False,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Read, detect, measure and write each image in turn.

    Args:
        paths: image files.
        output: folder in which each image gets its own.
        detector: a loaded detector.
        spacing_mm: ``(row, column)`` that replaces what the files say.
        anterior: the side that patients face, or None to find it.
        sex: ``"F"``, ``"M"`` or ``"U"`` (not known) in place of what the files say.
        age_years: in place of what the files say.
        dicom: write SR and SC too, for which each file must be DICOM.
        identity: name the patients, for which each file must be DICOM.
        progress: called with (done, total, file) before each file and at the end.
    """
    from ..images import read_image

    def work(index: int, folder: Path) -> Analysis:
        image = of_person(read_image(paths[index], spacing_mm=spacing_mm), sex, age_years)
        exchange = exchange_with(paths[index], dicom=dicom, identity=identity)
        analysis = analyse(image, detector, anterior=anterior)
        write_folder(analysis, folder, image=image, exchange=exchange)
        return analysis

    folders = folder_names(path.name for path in paths)
    yield from _each([str(path) for path in paths], folders, output, work, progress)


def measure_many(
    sets: Sequence[LandmarkSet],
    output: Path,
    *,
    images: Callable[[LandmarkSet], DxaImage | None] | None = None,
    exchanges: Callable[[LandmarkSet], Exchange | None] | None = None,
    spacing_mm: tuple[float, float] | None = None,
    rule: str = "default",
    norms: NormTable | None = None,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Measure and write each image's landmarks in turn; no network, no torch.

    Args:
        sets: what was read from a landmarks file.
        output: folder in which each image gets its own.
        images: gives the pixels that belong to some landmarks, or None.
        exchanges: gives what to write from their DICOM source, or None.
        spacing_mm: ``(row, column)`` that replaces what the file says.
        rule: by which vertebrae are graded.
        norms: the user's own table, or None for the shipped one.
        progress: called with (done, total, image) before each image and at the end.
    """

    def work(index: int, folder: Path) -> Analysis:
        image = None if images is None else images(sets[index])
        exchange = None if exchanges is None else exchanges(sets[index])
        analysis = measure_set(sets[index], image, spacing_mm=spacing_mm, rule=rule, norms=norms)
        write_folder(analysis, folder, image=image, exchange=exchange)
        return analysis

    names = [item.frame.file for item in sets]
    yield from _each(names, folder_names(names), output, work, progress)


def write_failures(output: Path, failures: Sequence[Failure]) -> None:
    """Write ``failures.csv``, or remove that of an earlier run where nothing failed."""
    path = output / FAILURES
    if failures:
        rows = [(printable(f.file), printable(f.reason)) for f in failures]
        write_text(path, csv_text(("file", "reason"), rows))
    else:
        path.unlink(missing_ok=True)


def _each(
    names: Sequence[str],
    folders: Sequence[str],
    output: Path,
    work: Callable[[int, Path], Analysis],
    progress: Progress | None,
) -> Iterator[Outcome]:
    tell = progress or (lambda done, total, name: None)
    for i, (name, folder) in enumerate(zip(names, folders, strict=True)):
        tell(i, len(names), printable(Path(name).name))
        yield _one(name, output / folder, partial(work, i))
    tell(len(names), len(names), "")


def _one(name: str, folder: Path, work: Callable[[Path], Analysis]) -> Outcome:
    try:
        return Outcome(name, folder, analysis=work(folder))
    except (VerteNetError, OSError) as error:
        reason = str(error)
    except Exception as error:  # the batch's edge: a defect met by one file is not the others'
        log.debug("unexpected error", exc_info=True)
        reason = f"Unexpected error ({type(error).__name__}: {error}). Please report it."
    return Outcome(name, folder, failure=Failure(name, reason))
