"""Pictures of the images that a cohort's page shows, drawn of the tables where they lack."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..anatomy import Spine
from ..errors import VerteNetError
from ..report import LandmarkSet
from ..report.read_points_csv import read_points_csv
from ..texts import csv_lines
from .landmarks import measure_set
from .reading import draw
from .statistics import Row, rows_of


def draw_missing(rows: Sequence[Row], folder: Path) -> list[Row]:
    """The rows with ``overlay`` of those whose picture could be drawn.

    Images are looked for at the paths that the table gives, so from the folder in which the
    cohort was read; one that is not there any more keeps no picture.

    Args:
        rows: of ``images.csv``, few.
        folder: the cohort's; where it cannot be written there are no more pictures.
    """
    lacking = [row for row in rows if not _is_drawn(row, folder) and os.path.isfile(row["image"])]
    sets = _landmarks(folder, {row["image"] for row in lacking}) if lacking else {}
    drawn = {row["image"]: _draw(row, sets.get(row["image"]), folder) for row in lacking}
    return [{**row, "overlay": drawn.get(row["image"]) or row.get("overlay") or ""} for row in rows]


def _is_drawn(row: Row, folder: Path) -> bool:
    name = row.get("overlay") or ""
    return bool(name) and (folder / name).is_file()


def _landmarks(folder: Path, wanted: set[str]) -> dict[str, LandmarkSet]:
    """The points of some images of a table that may be large."""
    kept = [row for row in rows_of(folder, "vertebrae") if row["image"] in wanted]
    if not kept:
        return {}
    text = "".join(csv_lines([list(kept[0]), *(list(row.values()) for row in kept)]))
    return {item.frame.file: item for item in read_points_csv(text, "vertebrae.csv")}


def _draw(row: Row, landmarks: LandmarkSet | None, folder: Path) -> str | None:
    from ..images import read_image
    from ..pipeline import frame_of

    path = os.path.abspath(row["image"])
    try:
        image = read_image(path)
        known = landmarks or LandmarkSet(frame_of(image), Spine(()))
        return draw(measure_set(known, image), image, path, folder)
    except VerteNetError:  # changed since, or no room: the page shows it without a picture
        return None
