"""Finding and reading the images that annotations belong to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import ImageError
from ..images import DxaImage, read_image
from .annotated import Annotated, stem

_BESIDE = "image.nrrd"
_NOT_IMAGES = (".csv", ".json", ".txt", ".md", ".mat", ".pt", ".html", ".pdf")


def find_image(item: Annotated, images: Path | None) -> Path:
    """The file of an annotation's image.

    An image of exactly that name goes before one whose name differs in its ending, and
    before the ``image.nrrd`` that ``vertenet detect`` leaves beside the landmarks.

    Args:
        item: the annotation.
        images: a folder that is searched at any depth; None looks beside the annotation.

    Raises:
        ImageError: if there is none.
    """
    folder = images or item.folder
    if folder is not None:
        files = [
            p
            for p in sorted(folder.rglob("*"))
            if p.is_file() and not p.name.lower().endswith(_NOT_IMAGES)
        ]
        wanted = Path(item.image.replace("\\", "/")).name
        for fits in (lambda p: p.name == wanted, lambda p: stem(p.name) == stem(item.image)):
            found = [path for path in files if fits(path) and path.name != "overlay.png"]
            if found:
                return found[0]
        for home in (folder / stem(item.image), item.folder):
            if home is not None and (home / _BESIDE).is_file():
                return home / _BESIDE
    raise ImageError(
        f"Expected the image '{item.image}' in '{folder}', but it is not there. "
        "Give the folder that holds the annotated images."
    )


def read_annotated(item: Annotated, images: Path | None) -> DxaImage:
    """Read the image of an annotation; its spacing is the annotation's where it tells one.

    Points that are still in the image's lengths become pixels.

    Raises:
        ImageError: if it is not there, cannot be read, or has another size than annotated.
    """
    image = read_image(find_image(item, images), spacing_mm=item.spacing_mm)
    if item.size is not None and item.size != (image.width, image.height):
        raise ImageError(
            f"Expected '{item.image}' to be {item.size[0]} x {item.size[1]} as it was annotated, "
            f"got {image.width} x {image.height}. Give the images at the annotated size."
        )
    if item.in_lengths:
        pixel = np.array([image.scale.column, image.scale.row])
        item.bodies = {level: points / pixel for level, points in item.bodies.items()}
        item.in_lengths = False
    return image


def frames_of(
    items: Iterable[Annotated],
    images: Path | None,
) -> dict[str, tuple[tuple[int, int], tuple[float, float] | None]]:
    """(width, height) and (row, column) spacing in mm, by image name."""
    frames = {}
    for item in items:
        image = read_annotated(item, images)
        frames[item.image] = (image.width, image.height), image.spacing_mm
    return frames
