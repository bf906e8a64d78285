"""Everything about one image in a folder of its own, there whole or not at all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis import Analysis
from .atomic import whole_folder
from .exchange import Exchange
from .json_report import report_text
from .layout import json_text
from .markups import landmarks_mrk_json
from .tables import aac_csv, vertebrae_csv

if TYPE_CHECKING:
    from ..images import DxaImage

REPORT = "report.json"
LANDMARKS = "landmarks.mrk.json"
VOLUME = "image.nrrd"
VERTEBRAE = "vertebrae.csv"
AAC = "aac.csv"
OVERLAY = "overlay.png"
PAGE = "report.html"
STRUCTURED_REPORT = "sr.dcm"
CAPTURE = "sc.dcm"
PRINT = "report.pdf"
FILE_NAMES = (
    *(REPORT, LANDMARKS, VOLUME, VERTEBRAE, AAC, OVERLAY),
    *(PAGE, PRINT, STRUCTURED_REPORT, CAPTURE),
)


def write_folder(
    analysis: Analysis,
    folder: Path,
    *,
    image: DxaImage | None = None,
    exchange: Exchange | None = None,
) -> tuple[Path, ...]:
    """Write all files of one image.

    Args:
        analysis: what was found and computed.
        folder: where to; made if absent.  Files of an earlier run that are not
            written again are removed, other files stay.
        image: the pixels; without them there is no volume and no picture.
        exchange: what to write beside from the DICOM source, or None.

    Returns:
        The paths that were written.

    Raises:
        OutputError: if a file cannot be written; the folder is then as it was.
        ConfigurationError: if the DICOM source is not of the image's size.
        MissingDependencyError: if DICOM is wanted and highdicom is not installed.
    """
    stale = FILE_NAMES if (folder / REPORT).is_file() else ()
    with whole_folder(folder, stale=stale) as work:
        report = partial(_write_report, analysis, work, exchange)
        tables = partial(_write_tables, analysis, work)
        if image is None:
            report()
            tables()
        else:
            from ..images import write_nrrd
            from .overlay import write_overlay

            volume = partial(write_nrrd, image, work / VOLUME)
            picture = work / OVERLAY
            write_overlay(analysis, image, picture, aside=volume, before=report, meanwhile=tables)
        if exchange is not None and exchange.dicom:
            _write_dicom(analysis, image, exchange, work)
        names = sorted(entry.name for entry in work.iterdir())
    return tuple(folder / name for name in names)


def _write_report(analysis: Analysis, work: Path, exchange: Exchange | None) -> None:
    patient = None if exchange is None else exchange.patient
    _write(work / REPORT, report_text(analysis, patient=patient))


def _write_tables(analysis: Analysis, work: Path) -> None:
    """The points and the tables."""
    _write(work / LANDMARKS, landmarks_text(analysis))
    _write(work / VERTEBRAE, vertebrae_csv([analysis]))
    _write(work / AAC, aac_csv([analysis]))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def landmarks_text(analysis: Analysis) -> str:
    """The markups file's text."""
    return json_text(landmarks_mrk_json(analysis))


def _write_dicom(
    analysis: Analysis, image: DxaImage | None, exchange: Exchange, work: Path
) -> None:
    from .dicom_sc import write_sc
    from .dicom_sr import write_sr

    write_sr(analysis, exchange.source, work / STRUCTURED_REPORT)
    if image is not None:
        write_sc(analysis, image, exchange.source, work / CAPTURE)
