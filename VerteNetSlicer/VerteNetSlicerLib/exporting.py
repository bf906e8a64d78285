"""Everything about one examination in a folder, there whole or not at all; no qt.

Slicer's DICOM database, and packages that Slicer does not bring, stand behind ports.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import slicer
from vertenet.errors import ConfigurationError, MissingDependencyError, OutputError
from vertenet.report import FILE_NAMES, write_folder
from vertenet.report.atomic import whole_folder
from vertenet.report.exchange import exchange_with
from vertenet.report.folder import CAPTURE, REPORT, STRUCTURED_REPORT

from .examination import Examination
from .prior import TABLE, comparison_csv

SOURCE = "VerteNet.source"
SCREENSHOT = "screenshot.png"
OURS = (*FILE_NAMES, SCREENSHOT, TABLE)


@dataclass(frozen=True)
class ExportOptions:
    """What is written beside report, markups, volume, tables, picture and page.

    Attributes:
        pdf: the page as PDF.
        dicom: a Structured Report and a Secondary Capture.
        database: put both into Slicer's DICOM database.
        screenshot: what the slice view shows.
        identity: name the patient on the page.
    """

    pdf: bool = False
    dicom: bool = False
    database: bool = False
    screenshot: bool = False
    identity: bool = False


@dataclass(frozen=True)
class Package:
    """A package that Slicer may lack: how it is imported, installed, and what needs it."""

    module: str
    requirement: str
    purpose: str


PILLOW = Package("PIL", "pillow", "pictures")
HIGHDICOM = Package("highdicom", "highdicom>=0.27", "DICOM SR")
WEASYPRINT = Package("weasyprint", "weasyprint>=70", "PDF")


class PackageInstaller(Protocol):
    """Whatever can install a package; raises MissingDependencyError otherwise."""

    def install(self, packages: tuple[Package, ...]) -> None: ...


class SlicerPip:
    """Slicer's own pip, which waits and logs."""

    def install(self, packages: tuple[Package, ...]) -> None:
        """Install packages from the package index.

        Raises:
            MissingDependencyError: if that fails, for instance without a network.
        """
        names = " ".join(p.requirement for p in packages)
        try:
            slicer.util.pip_install([p.requirement for p in packages])
        # Whatever pip and the network throw ends here as one sentence.
        except Exception as error:
            logging.exception("Installing %s failed", names)
            raise MissingDependencyError(
                f"Expected to install {names}, but that failed: {error}. "
                "Export without it, or install it where a network is."
            ) from error
        importlib.invalidate_caches()


def missing_packages(options: ExportOptions) -> tuple[Package, ...]:
    """What these files need and is not installed."""
    needed = [PILLOW]
    needed += [HIGHDICOM] if options.dicom else []
    needed += [WEASYPRINT] if options.pdf else []
    return tuple(p for p in needed if importlib.util.find_spec(p.module) is None)


def dicom_source(volume) -> Path | None:
    """The DICOM file that a volume was read from, or None where it was none."""
    if volume is None:
        return None
    read = volume.GetAttribute(SOURCE)
    if read and Path(read).is_file():
        return Path(read)
    uids = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    found = database.fileForInstance(uids[0]) if uids and database is not None else ""
    return Path(found) if found and Path(found).is_file() else None


def remember_source(volume, path: str | Path) -> None:
    """Write on a volume which DICOM file it was read from; pictures are not remembered."""
    file = Path(path).resolve()
    with file.open("rb") as stream:
        if stream.read(132)[128:] == b"DICM":
            volume.SetAttribute(SOURCE, str(file))


def write_all(
    examination: Examination,
    target: Path,
    options: ExportOptions,
    *,
    capture: Callable[[Path], bool] | None = None,
) -> tuple[Path, ...]:
    """Write all files of an examination; an earlier export there is replaced.

    Args:
        examination: whose results.
        target: the folder.
        options: what is written beside the usual files.
        capture: writes what the slice view shows as PNG; False where there is none.

    Raises:
        OutputError: if the folder cannot be written; it is then as it was.
        ConfigurationError: if DICOM is wanted and the image came from no DICOM file.
        MissingDependencyError: if a package is missing.
    """
    from vertenet.report.html import page_from_report

    source = dicom_source(examination.nodes.volume)
    if source is None and (options.dicom or options.identity):
        raise ConfigurationError(
            "Expected an image from a DICOM file, from which a Structured Report takes patient "
            "and study, but this one is not. Export without DICOM, or load the DICOM file."
        )
    exchange = exchange_with(source, dicom=options.dicom, identity=options.identity)
    stale = OURS if (target / REPORT).is_file() else ()
    with whole_folder(target, stale=stale) as work:
        write_folder(examination.analysis, work, image=examination.image, exchange=exchange)
        page_from_report(work)
        if options.pdf:
            from vertenet.report.pdf import pdf_from_report

            pdf_from_report(work)
        if examination.prior is not None:
            text = comparison_csv(examination.prior, examination.analysis)
            (work / TABLE).write_text(text, encoding="utf-8", newline="")
        if options.screenshot and capture is not None:
            capture(work / SCREENSHOT)
        names = sorted(entry.name for entry in work.iterdir())
    if options.database:
        insert(tuple(target / name for name in (STRUCTURED_REPORT, CAPTURE) if name in names))
    return tuple(target / name for name in names)


def has_database() -> bool:
    """True where Slicer has a DICOM database that is open."""
    database = getattr(slicer, "dicomDatabase", None)
    return database is not None and bool(getattr(database, "isOpen", True))


def insert(files: tuple[Path, ...]) -> None:
    """Put DICOM files into Slicer's database, which keeps copies.

    Raises:
        OutputError: if there is no database.
    """
    if not has_database():
        raise OutputError(
            "Expected Slicer's DICOM database, but none is open; the files are in the folder. "
            "Open the DICOM module once, then export again."
        )
    for file in files:
        slicer.dicomDatabase.insert(str(file))
