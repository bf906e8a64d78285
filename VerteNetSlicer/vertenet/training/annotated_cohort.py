"""The tables of ``vertenet batch`` as annotations, images without a vertebra included."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from ..errors import LandmarkError
from .annotated import Annotated
from .annotated_csv import read_csv

_MARK, _IMAGES, _VERTEBRAE = "cohort.json", "images.csv", "vertebrae.csv"
_COLUMNS = {"image", "vertebrae", "aac_crop"}


def is_cohort(folder: Path) -> bool:
    """Whether a folder is the output of ``vertenet batch``."""
    return (folder / _MARK).is_file()


def read_cohort(folder: Path, text_of: Callable[[Path], str]) -> list[Annotated]:
    """All images of a cohort.

    Args:
        folder: output of ``vertenet batch``.
        text_of: reads a text file.

    Raises:
        LandmarkError: if the tables are not there yet, or damaged.
    """
    missing = [name for name in (_IMAGES, _VERTEBRAE) if not (folder / name).is_file()]
    if missing:
        raise LandmarkError(
            f"Expected the tables of a cohort in '{folder}', but {' and '.join(missing)} are not "
            "there. Run 'vertenet batch' to its end first."
        )
    vertebrae = text_of(folder / _VERTEBRAE)
    empty = len(vertebrae.splitlines()) <= 1
    items = {i.image: i for i in ([] if empty else read_csv(vertebrae, _VERTEBRAE))}
    for row in csv.DictReader(text_of(folder / _IMAGES).splitlines()):
        if not set(row) >= _COLUMNS:
            raise LandmarkError(
                f"Expected the columns of 'vertenet batch' in '{folder / _IMAGES}', got "
                f"{','.join(map(str, row))}. Run 'vertenet batch' again."
            )
        item = items.setdefault(row["image"].strip(), Annotated(row["image"].strip()))
        item.crop = row["aac_crop"] or None
        if not item.bodies and row.get("width") and row.get("height"):
            item.size = int(row["width"]), int(row["height"])
    return list(items.values())
