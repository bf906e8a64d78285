"""A user's own annotated images as scans to learn from, some held back.

The heads are taught only what was annotated: beyond the annotated vertebrae, and where one
between was left out, nothing is said about whether there are others
(``visible = UNKNOWN``).  An annotator is taken to have marked every vertebra between the
first and the last, and to have marked S1 or T1 to T3 only by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..images import DxaImage
from ..network.coding import UNKNOWN
from ..network.compact import BODY_CLASSES
from .annotated import ROWS, Annotated, is_whole
from .annotations import read_annotations
from .config import TrainingConfig
from .evaluation import Evaluation, evaluate
from .metrics import height
from .own_images import Frame, ImageFiles, frame_of, read_annotated

if TYPE_CHECKING:
    from ..detection import Detector

Scan = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int8]]
_WORKING_BODY_PX = 48.0
"""Body height of the stored scans: as fine as the second look sees them."""

_LARGEST_AREA = 1_500_000
_FEWEST_TO_HOLD_OUT = 4


@dataclass(frozen=True)
class OwnData:
    """Own scans to learn from and own images to be judged on.

    Attributes:
        scans: pool-like scans: uint8 image, (18, 6, 2) points, (18,) visible.
        held: annotations that are not learnt from.
        images: folder of the images, or None to look beside the annotations.
        left_out: sentences on annotations that could not be used.
    """

    scans: tuple[Scan, ...]
    held: tuple[Annotated, ...]
    images: Path | None
    left_out: tuple[str, ...] = ()


def load_own(config: TrainingConfig, report: Callable[[str], None] = lambda line: None) -> OwnData:
    """Read, split and resize what ``config.images`` and ``config.points`` name.

    The split is by patient where the annotations name one, else by image, and follows from
    ``config.seed``.

    Raises:
        ConfigurationError: if nothing is left to learn from.
        LandmarkError: if the annotations cannot be read.
        ImageError: if an image is missing or cannot be read.
    """
    folder = Path(config.images) if config.images else None
    found = read_annotations(config.points or config.images or "")
    usable, sentences = [], []
    for item in found.values():
        why = _unusable(item)
        if why:
            sentences.append(f"{item.image} was left out: {why}.")
        else:
            usable.append(item)
    learn, held = _split(usable, config)
    if not learn:
        raise ConfigurationError(
            f"Expected annotated images to learn from in '{config.points or config.images}', got "
            f"none that can be used. {' '.join(sentences[:3])} Annotate the four corners of at "
            "least one vertebra with its level."
        )
    files = ImageFiles(folder)
    scans = tuple(as_scan(item, read_annotated(item, files)) for item in learn)
    for line in sentences:
        report(line)
    report(f"Own images: {len(scans)} to learn from, {len(held)} held back")
    return OwnData(scans, tuple(held), folder, tuple(sentences))


def _unusable(item: Annotated) -> str | None:
    if item.facing is None:
        return "its corners are named by the image's sides and the column 'anterior' is missing"
    named = [k for k, v in item.bodies.items() if k in BODY_CLASSES and is_whole(v)]
    if not named:
        return "no vertebra with a level has its four corners"
    if item.uncertain & set(item.bodies):
        return "its levels are not certain"
    return None


def _split(
    items: list[Annotated], config: TrainingConfig
) -> tuple[list[Annotated], list[Annotated]]:
    groups = sorted({item.patient or item.image for item in items})
    count = round(config.hold_out * len(groups))
    if len(groups) >= _FEWEST_TO_HOLD_OUT and config.hold_out > 0:
        count = max(1, count)
    order = np.random.default_rng((config.seed, 1)).permutation(len(groups))
    kept_back = {groups[i] for i in order[:count]}
    held = [item for item in items if (item.patient or item.image) in kept_back]
    learn = [item for item in items if (item.patient or item.image) not in kept_back]
    return learn, held


def as_scan(item: Annotated, image: DxaImage) -> Scan:
    """One annotated image as the pool holds scans: square pixels, 8 bit, a sensible size."""
    import torch

    from ..detection.prepare import Resize, to_tensor

    ratio = image.scale.row / image.scale.column
    square = np.array([1.0, ratio])
    bodies = {name: points for name, points in item.bodies.items() if is_whole(points)}
    tall = float(np.median([height(points * square) for points in bodies.values()]))
    area = image.width * image.height * ratio
    zoom = min(1.0, _WORKING_BODY_PX / tall, math.sqrt(_LARGEST_AREA / area))
    resize = Resize(
        max(2, round(image.height * ratio * zoom)),
        max(2, round(image.width * zoom)),
        image.height,
        image.width,
    )
    with torch.inference_mode():
        grey = resize.apply(to_tensor(image.pixels))[0, 0].clamp(0, 1).numpy()
    points, visible = _targets(bodies, item)
    return (
        (grey * 255).round().astype(np.uint8),
        resize.forward(points).astype(np.float32),
        visible,
    )


def _targets(
    bodies: Mapping[str, NDArray[np.float64]], item: Annotated
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    points = np.full((len(BODY_CLASSES), 6, 2), np.nan)
    visible = np.full(len(BODY_CLASSES), UNKNOWN, np.int8)
    for i, name in enumerate(BODY_CLASSES):
        if name in bodies:
            points[i] = bodies[name]
            visible[i] = 2 if name in item.unclear else 1
    return points, visible


def judge(detector: Detector, own: OwnData) -> Evaluation | None:
    """Run the whole detection on the images that were held back; None where there are none."""
    if not own.held:
        return None
    predicted: dict[str, Annotated] = {}
    frames: dict[str, Frame] = {}
    files = ImageFiles(own.images)
    for item in own.held:
        image = read_annotated(item, files)
        spine = detector.detect(image)
        found = Annotated(item.image)
        for vertebra in spine:
            found.bodies[vertebra.level.value] = vertebra.array()
            sigma = found.sigma[vertebra.level.value] = np.full(6, np.nan)
            for name, point in vertebra.points.items():
                if point.sigma_px is not None:
                    sigma[ROWS[name.value]] = point.sigma_px
        predicted[item.image] = found
        frames[item.image] = frame_of(image)
    return evaluate(predicted, {item.image: item for item in own.held}, frames=frames)
