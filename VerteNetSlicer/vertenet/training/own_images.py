"""Finding and reading the images that annotations belong to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import ImageError
from ..images import DxaImage, read_image
from ..images.lengths import check_lengths
from .annotated import Annotated, stem
from .pairing import nearest

_BESIDE = "image.nrrd"
_OVERLAY = "overlay.png"
_NOT_IMAGES = (".csv", ".json", ".txt", ".md", ".mat", ".pt", ".html", ".pdf")


class Frame(NamedTuple):
    """What an evaluation asks of an image.

    Attributes:
        size: (width, height) in pixels.
        spacing_mm: (row, column), or None where millimetres are unknown.
        pixel: (column, row) size of a pixel in the image's lengths: millimetres, or ones.
        density_mm: (row, column) by a picture's dots per inch, or None.
    """

    size: tuple[int, int]
    spacing_mm: tuple[float, float] | None
    pixel: tuple[float, float] = (1.0, 1.0)
    density_mm: tuple[float, float] | None = None


class ImageFiles:
    """The files of a folder by name, looked through once.

    Args:
        folder: searched at any depth; None looks beside each annotation.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._listed: dict[Path, tuple[dict[str, list[Path]], dict[str, list[Path]]]] = {}

    def find(self, item: Annotated) -> Path:
        """The file of an annotation's image.

        An image of exactly that name goes before one whose name differs in its ending, and
        before the ``image.nrrd`` that ``vertenet detect`` leaves beside the landmarks.  Of
        several with the name the one counts whose folders are named as the annotation has them.

        Raises:
            ImageError: if there is none, or if several fit.
        """
        folder = self._folder or item.folder
        if folder is not None:
            names, stems = self._names(folder)
            wanted = item.image.replace("\\", "/").rsplit("/", 1)[-1]
            found = names.get(wanted) or stems.get(stem(item.image))
            if found:
                return _the_one(found, item.image)
            for home in (folder / stem(item.image), item.folder):
                if home is not None and (home / _BESIDE).is_file():
                    return home / _BESIDE
        raise ImageError(
            f"Expected the image '{item.image}' in '{folder}', but it is not there. "
            "Give the folder that holds the annotated images."
        )

    def _names(self, folder: Path) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
        if folder not in self._listed:
            names: dict[str, list[Path]] = {}
            stems: dict[str, list[Path]] = {}
            for home, _, files in os.walk(folder):
                for name in files:
                    if name != _OVERLAY and not name.lower().endswith(_NOT_IMAGES):
                        names.setdefault(name, []).append(Path(home, name))
                        stems.setdefault(stem(name), []).append(Path(home, name))
            self._listed[folder] = names, stems
        return self._listed[folder]


def _the_one(found: Sequence[Path], image: str) -> Path:
    """Of files with the same name the one with the most folders in common, if it is alone."""
    best = sorted(nearest(image, [path.as_posix() for path in found]))
    if len(best) > 1:
        raise ImageError(
            f"Expected one image for '{image}', got {len(best)}: '{best[0]}', '{best[1]}'"
            f"{' ...' if len(best) > 2 else ''}. Give a folder with one of them, or write the "
            "image's folder into the annotation."
        )
    return Path(best[0])


def read_annotated(item: Annotated, images: ImageFiles) -> DxaImage:
    """Read the image of an annotation; its spacing is the annotation's where it tells one.

    Points that are still in the image's lengths become pixels.

    Raises:
        ImageError: if it is not there, cannot be read, or has another size than annotated.
    """
    image = _read(item, images)
    if item.in_lengths:
        item.bodies = in_pixels(item, frame_of(image)).bodies
        item.in_lengths = False
    return image


def in_pixels(item: Annotated, frame: Frame) -> Annotated:
    """Points that are positions in the image's lengths as pixels; others as they are.

    Raises:
        LandmarkError: if it cannot be told which lengths they are.
    """
    if not item.in_lengths:
        return item
    if frame.spacing_mm is None and item.bodies:
        xy = np.concatenate(list(item.bodies.values()))
        check_lengths(xy, frame.size, frame.density_mm, item.image)
    pixel = np.asarray(frame.pixel)
    bodies = {level: points / pixel for level, points in item.bodies.items()}
    return Annotated(**{**item.__dict__, "bodies": bodies, "in_lengths": False})


def frames_of(items: Iterable[Annotated], images: Path | None) -> dict[str, Frame]:
    """Size and spacing of each annotation's image, by image name.

    Raises:
        ImageError: as :func:`read_annotated` does.
    """
    files = ImageFiles(images)
    return {item.image: frame_of(_read(item, files)) for item in items}


def frame_of(image: DxaImage) -> Frame:
    """Size and spacing of an image."""
    pixel = float(image.scale.column), float(image.scale.row)
    return Frame((image.width, image.height), image.spacing_mm, pixel, image.density_mm)


def _read(item: Annotated, images: ImageFiles) -> DxaImage:
    image = read_image(images.find(item), spacing_mm=item.spacing_mm)
    if item.size is not None and item.size != (image.width, image.height):
        raise ImageError(
            f"Expected '{item.image}' to be {item.size[0]} x {item.size[1]} as it was annotated, "
            f"got {image.width} x {image.height}. Give the images at the annotated size."
        )
    return image
