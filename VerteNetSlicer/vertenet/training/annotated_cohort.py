"""The tables of ``vertenet batch`` as annotations, images without a vertebra included."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from ..errors import LandmarkError
from ..texts import from_cell
from .annotated_csv import read_csv
from .shelf import Shelf

_MARK, _IMAGES, _VERTEBRAE = "cohort.json", "images.csv", "vertebrae.csv"
_COLUMNS = {"image", "vertebrae", "aac_crop"}


def is_cohort(folder: Path) -> bool:
    """Whether a folder is the output of ``vertenet batch``."""
    return (folder / _MARK).is_file()


def read_cohort(folder: Path, open_text: Callable[[Path], TextIO]) -> Shelf:
    """All images of a cohort, row by row.

    Args:
        folder: output of ``vertenet batch``.
        open_text: opens a text file.

    Raises:
        LandmarkError: if the tables are not there yet, or damaged.
    """
    missing = [name for name in (_IMAGES, _VERTEBRAE) if not (folder / name).is_file()]
    if missing:
        raise LandmarkError(
            f"Expected the tables of a cohort in '{folder}', but {' and '.join(missing)} are not "
            "there. Run 'vertenet batch' to its end first."
        )
    with open_text(folder / _VERTEBRAE) as stream:
        images = read_csv(stream, _VERTEBRAE)
    with open_text(folder / _IMAGES) as stream:
        try:
            for row in csv.DictReader(stream):
                _about(images, row)
        except (csv.Error, ValueError, AttributeError) as error:
            raise LandmarkError(
                f"Expected the columns of 'vertenet batch' in '{folder / _IMAGES}', got another or "
                f"a damaged table ({error}). Run 'vertenet batch' again."
            ) from None
    return images


def _about(images: Shelf, row: dict[str, str]) -> None:
    if not set(row) >= _COLUMNS:
        raise ValueError(f"columns {','.join(map(str, row))[:200]}")
    item = images.open(from_cell(row["image"].strip()))
    item.crop = row["aac_crop"] or None
    if not item.bodies and row.get("width") and row.get("height"):
        item.size = int(row["width"]), int(row["height"])
