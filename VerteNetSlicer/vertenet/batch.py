"""Many files: each one's results in a folder of its own, failures listed, none stops the rest."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .analysis import Analysis
from .anatomy import Side
from .errors import ConfigurationError, ImageError, LandmarkError, VerteNetError
from .geometry import PixelScale
from .images.spacing import SHAPE_ONLY, UNKNOWN
from .pipeline import analyse, frame_of, measure
from .report import LandmarkSet, aac_rows, csv_text, vertebra_rows, write_folder, write_text
from .report.tables import AAC_COLUMNS, VERTEBRA_COLUMNS, Cell

if TYPE_CHECKING:
    from .detection import Detector
    from .images import DxaImage

FAILURES = "failures.csv"
IMAGE_SUFFIXES = (
    *(".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp"),
    *(".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"),
)
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_PORTS = {f"{port}{i}" for port in ("com", "lpt") for i in range(10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS
_LONGEST = 120  # characters of a folder's name; file systems allow 255 bytes

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

    def add(self, analysis: Analysis) -> None:
        """Append the rows of one image."""
        self.vertebrae += vertebra_rows(analysis)
        self.aac += aac_rows(analysis)

    def write(self, output: Path) -> None:
        """Write ``vertebrae.csv`` and ``aac.csv`` of all images."""
        write_text(output / "vertebrae.csv", csv_text(VERTEBRA_COLUMNS, self.vertebrae))
        write_text(output / "aac.csv", csv_text(AAC_COLUMNS, self.aac))


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Files as given; folders replaced by the images below them, sorted.

    Raises:
        ImageError: if a folder holds no image.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(file for file in path.rglob("*") if _looks_like_image(file))
        if not inside:
            raise ImageError(
                f"Expected images in the folder '{path}', got none. Give image files or a "
                "folder with DICOM, PNG, JPEG, TIFF, BMP, NRRD, NIfTI or MHA files."
            )
        found += inside
    return found


def folder_names(names: Iterable[str]) -> list[str]:
    """One folder name for each file name, all distinct whatever the case of letters.

    The name without its ending; characters that a file system refuses become ``_``;
    the second ``scan`` becomes ``scan-2``.
    """
    taken: set[str] = set()
    chosen: list[str] = []
    for name in names:
        stem = candidate = _stem(name)
        number = 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}-{number}"
        taken.add(candidate.casefold())
        chosen.append(candidate)
    return chosen


def detect_many(
    paths: Sequence[Path],
    output: Path,
    detector: Detector,
    *,
    spacing_mm: tuple[float, float] | None = None,
    anterior: Side | None = None,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Read, detect, measure and write each image in turn.

    Args:
        paths: image files.
        output: folder in which each image gets its own.
        detector: a loaded detector.
        spacing_mm: ``(row, column)`` that replaces what the files say.
        anterior: the side that patients face, or None to find it.
        progress: called with (done, total, file) before each file and at the end.
    """
    from .images import read_image

    def work(index: int, folder: Path) -> Analysis:
        image = read_image(paths[index], spacing_mm=spacing_mm)
        analysis = analyse(image, detector, anterior=anterior)
        write_folder(analysis, folder, image=image)
        return analysis

    folders = folder_names(path.name for path in paths)
    yield from _each([str(path) for path in paths], folders, output, work, progress)


def measure_many(
    sets: Sequence[LandmarkSet],
    output: Path,
    *,
    images: Callable[[LandmarkSet], DxaImage | None] | None = None,
    spacing_mm: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Measure and write each image's landmarks in turn; no network, no torch.

    Args:
        sets: what was read from a landmarks file.
        output: folder in which each image gets its own.
        images: gives the pixels that belong to some landmarks, or None.
        spacing_mm: ``(row, column)`` that replaces what the file says.
        progress: called with (done, total, image) before each image and at the end.
    """

    def work(index: int, folder: Path) -> Analysis:
        image = None if images is None else images(sets[index])
        analysis = measure_set(sets[index], image, spacing_mm=spacing_mm)
        write_folder(analysis, folder, image=image)
        return analysis

    names = [item.frame.file for item in sets]
    yield from _each(names, folder_names(names), output, work, progress)


def measure_set(
    landmarks: LandmarkSet,
    image: DxaImage | None = None,
    *,
    spacing_mm: tuple[float, float] | None = None,
) -> Analysis:
    """Measure what was read from a landmarks file, on its image where that is given.

    Raises:
        LandmarkError: if the image is not the size of the one the points were placed on.
    """
    landmarks = landmarks if image is None else _on_image(landmarks, image)
    if spacing_mm is not None:
        scale = PixelScale(*spacing_mm, in_mm=True)
        frame = replace(landmarks.frame, scale=scale, spacing_source="user")
        # that the size of a pixel was not known is no longer true
        kept = tuple(w for w in landmarks.spine.warnings if w not in (UNKNOWN, SHAPE_ONLY))
        spine = replace(landmarks.spine, warnings=kept)
        landmarks = replace(landmarks, frame=frame, spine=spine)
    return measure(
        landmarks.spine,
        landmarks.frame,
        image=image,
        model=landmarks.model,
        sex=landmarks.sex,
        age_years=landmarks.age_years,
    )


def write_failures(output: Path, failures: Sequence[Failure]) -> None:
    """Write ``failures.csv``, or remove that of an earlier run where nothing failed."""
    path = output / FAILURES
    if failures:
        rows = [(_printable(f.file), _printable(f.reason)) for f in failures]
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
        tell(i, len(names), _printable(Path(name).name))
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


def _on_image(landmarks: LandmarkSet, image: DxaImage) -> LandmarkSet:
    """Check, or complete, the frame by the image on which the points lie."""
    frame = landmarks.frame
    if frame.width is None or frame.height is None:
        own = frame_of(image)
        scale = frame.scale if frame.scale.in_mm else own.scale
        source = frame.spacing_source if frame.scale.in_mm else own.spacing_source
        frame = replace(own, file=frame.file, scale=scale, spacing_source=source)
        warnings = tuple(dict.fromkeys((*image.warnings, *landmarks.spine.warnings)))
        spine = replace(landmarks.spine, warnings=warnings)
        return replace(landmarks, frame=frame, spine=spine)
    if (frame.width, frame.height) != (image.width, image.height):
        raise LandmarkError(
            f"Expected the image of {frame.width} x {frame.height} pixels on which the points "
            f"were placed, got {image.width} x {image.height}. Choose the image they belong to."
        )
    return landmarks


def _looks_like_image(file: Path) -> bool:
    """By its ending, or by the mark of a DICOM file; hidden files never."""
    if file.name.startswith(".") or not file.is_file():
        return False
    if file.name.lower().endswith(IMAGE_SUFFIXES):
        return True
    try:
        with file.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _stem(name: str) -> str:
    """A name fit for a folder on every system."""
    lower = name.lower()
    known = max((s for s in IMAGE_SUFFIXES if lower.endswith(s)), key=len, default="")
    stem = name[: len(name) - len(known)] if known else name
    if not known and not Path(name).suffix[1:].isdigit():  # 1.2.840.1 has no ending
        stem = Path(name).stem
    stem = _UNFIT.sub("_", stem).strip(" .")[:_LONGEST].rstrip(" .")
    return f"{stem or 'image'}_" if stem.casefold() in _RESERVED else stem or "image"


def _printable(text: str) -> str:
    """Valid UTF-8 on one line, whatever bytes a file's name holds."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def check_spacing(spacing: str | None) -> tuple[float, float] | None:
    """Read ``ROW,COLUMN`` in millimetres.

    Raises:
        ConfigurationError: if it is not two numbers above 0.
    """
    if spacing is None:
        return None
    try:
        row, column = (float(part) for part in spacing.replace(";", ",").split(","))
    except ValueError:
        raise ConfigurationError(
            f"Expected a spacing of two numbers ROW,COLUMN in millimetres, got '{spacing}'. "
            "Give it for example as 0.25,0.25."
        ) from None
    scale = PixelScale(row, column, in_mm=True)
    return scale.row, scale.column
