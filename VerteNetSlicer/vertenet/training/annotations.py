"""One reader for every kind of annotation: for evaluation and for training on own data.

* CSV ``image,level,point,x,y`` (six points, or corners by name or by TL, TR, BL, BR),
  with optional columns; ``vertebrae.csv``; makesense.ai's points;
* ``*.mrk.json`` as written here or saved by 3D Slicer, a folder of them, or the output
  folder of ``vertenet detect``; ``report.json``;
* the output folder of ``vertenet batch``;
* COCO keypoints;
* the published VerteNet's ``NAME.jpg.mat`` (array ``p2``, 24 x 2), a file or a folder.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TextIO

import numpy as np
from numpy.typing import NDArray

from ..errors import LandmarkError
from ..texts import parsed_json
from .annotated import Annotated, stem
from .annotated_cohort import is_cohort, read_cohort
from .annotated_csv import add_truth_table, read_csv
from .annotated_json import read_json
from .matlab import read_mat
from .published_order import PUBLISHED_CORNERS, PUBLISHED_LEVELS, place_published
from .shelf import Shelf

__all__ = ["Annotated", "open_annotations", "read_annotations", "stem"]

_MARKUPS, _REPORT, _TRUTH = ".mrk.json", "report.json", "truth.csv"
_SAME_PX = 1e-6
_START = 4096  # characters in which JSON shows itself


def read_annotations(path: str | Path) -> dict[str, Annotated]:
    """The annotations of a file or a folder, by image name, all in memory.

    Raises:
        LandmarkError: as :func:`open_annotations` does.
    """
    return {name: item.placed() for name, item in open_annotations(path).items()}


def open_annotations(path: str | Path) -> Mapping[str, Annotated]:
    """The annotations of a file or a folder, by image name; few of them in memory.

    Args:
        path: a file, or a folder with ``points.csv``, ``*.mrk.json`` (at any depth), ``*.mat``
            or ``report.json`` files, taken in this order, or the output of ``vertenet batch``.

    Raises:
        LandmarkError: if nothing is there, or something cannot be read.
    """
    place = Path(path)
    if not place.exists():
        raise LandmarkError(
            f"Expected annotations at '{place}', but nothing is there. Check the path."
        )
    if is_cohort(place):
        return read_cohort(place, _opened)
    files = _files(place) if place.is_dir() else [place]
    if len(files) == 1:
        found = _read(files[0])
        if isinstance(found, Shelf):
            return found
    images = Shelf()
    for file in files:
        found = _read(file)
        for item in found.values() if isinstance(found, Shelf) else found:
            if item.image in images:
                raise LandmarkError(
                    f"Expected each image once, got points of '{item.image}' twice. "
                    "Remove one of the two or give the images different names."
                )
            images.put(item)
    return images


def _files(folder: Path) -> list[Path]:
    if (folder / "points.csv").is_file():
        return [folder / "points.csv"]
    for pattern in (f"*{_MARKUPS}", "*.mat", _REPORT, "*.json", "*.csv"):
        found = sorted(
            p
            for p in folder.rglob(pattern)
            if not any(part.startswith(".") for part in p.relative_to(folder).parts)
        )
        if found:
            return found
    raise LandmarkError(
        f"Expected annotations in the folder '{folder}' (points.csv, .mrk.json, .mat, report.json "
        "or COCO .json), got none. Give the folder or the file that holds them."
    )


def _read(file: Path) -> list[Annotated] | Shelf:
    if file.suffix.lower() == ".mat":
        return [_read_mat(file)]
    with _opened(file) as stream:
        if stream.read(_START).lstrip()[:1] in ("{", "["):
            stream.seek(0)
            return _read_json(file, stream.read())
        stream.seek(0)
        images = read_csv(stream, file.name, folder=file.parent)
    if not images:
        raise LandmarkError(
            f"Expected rows with points in '{file.name}', got none. Fill in the table."
        )
    beside = file.with_name(_TRUTH)
    if beside.is_file() and beside != file:
        with _opened(beside) as stream:
            add_truth_table(images, stream, beside.name)
    return images


def _read_json(file: Path, text: str) -> list[Annotated]:
    try:
        content = parsed_json(text)
    except (ValueError, RecursionError) as error:
        raise LandmarkError(
            f"Expected JSON in '{file.name}', but it is damaged ({error}). Write it again."
        ) from None
    items = read_json(content, _image_of(file))
    beside = file.with_name(_REPORT)
    if "markups" in content and beside.is_file():
        _add_report(items[0], beside)
    for item in items:
        item.folder = file.parent
    return items


def _add_report(item: Annotated, file: Path) -> None:
    """Grades and the aorta's status of the report beside markups, as long as they hold.

    A point that was moved afterwards, or a decision that was taken, makes them stale: then
    only what a reader decided, which stands in the markups, is known.
    """
    try:
        report = read_json(parsed_json(_text(file)), item.image)[0]
    except (ValueError, LandmarkError):
        return
    same = {n for n, b in report.bodies.items() if n in item.bodies and _same(b, item.bodies[n])}
    item.grade = {n: g for n, g in report.grade.items() if n in same} | item.grade
    if len(same) == len(item.bodies) == len(report.bodies):
        item.crop = report.crop


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool(np.allclose(one, other, rtol=0.0, atol=_SAME_PX, equal_nan=True))


def _image_of(file: Path) -> str:
    """What a markups file without the image's name belongs to: its own or its folder's name."""
    own = file.name.removesuffix(_MARKUPS)
    return file.parent.name if own.lower() == "landmarks" else own


def _text(file: Path) -> str:
    with _opened(file) as stream:
        return stream.read()


def _opened(file: Path) -> TextIO:
    """A text file in the encoding that it has, open at its beginning.

    Raises:
        LandmarkError: if it cannot be read, or is no text.
    """
    try:
        with file.open("rb") as data:
            start = data.read(4096)
            wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
            if b"\0" in start and not wide:
                raise LandmarkError(
                    f"Expected annotations as CSV, JSON or .mat, but '{file.name}' is another "
                    "binary file. Give the file with the points."
                )
            data.seek(0)
            encoding = _encoding(data, "utf-16" if wide else "utf-8-sig")
        return file.open(encoding=encoding, newline="")
    except OSError as error:
        raise LandmarkError(
            f"Expected annotations in '{file}', but it cannot be read "
            f"({error.strerror or error}). Check the path."
        ) from None


def _encoding(data: IO[bytes], expected: str) -> str:
    """What is expected where the whole file is so, else Latin-1, which any file is."""
    decoder = codecs.getincrementaldecoder(expected)()
    try:
        while block := data.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return "latin-1"
    return expected


def _read_mat(file: Path) -> Annotated:
    """``p2`` (24, 2) of the published code: T12 to L5, corners TL, TR, BL, BR."""
    try:
        arrays = read_mat(file.read_bytes())
    except (OSError, ValueError) as error:
        raise LandmarkError(
            f"Expected a MATLAB file with points, but '{file.name}' cannot be read ({error}). "
            "Save it in the format of version 5 to 7."
        ) from None
    shape = (len(PUBLISHED_LEVELS) * len(PUBLISHED_CORNERS), 2)
    fits = {name: values for name, values in arrays.items() if values.shape == shape}
    if "p2" not in fits and len(fits) != 1:
        raise LandmarkError(
            f"Expected one array of 24 points (24 x 2) in '{file.name}', got "
            f"{', '.join(f'{k} {v.shape}' for k, v in arrays.items()) or 'none'}. "
            "Save the points as 'p2'."
        )
    points = fits.get("p2", next(iter(fits.values())))
    item = Annotated(file.name.removesuffix(file.suffix), folder=file.parent)
    place_published(item, [("", float(x), float(y)) for x, y in points])
    return item
