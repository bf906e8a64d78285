"""Predictions against truth, image by image, with few of them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import LandmarkError
from .annotated import LABELLED, Annotated
from .evaluation_columns import Columns, Figures
from .metrics import Bodies, ImageResult, compare
from .own_images import Frame, in_pixels
from .pairing import pair_images

Frames = Mapping[str, Frame]


@dataclass(frozen=True)
class Case:
    """One image of the truth, with what was predicted for it.

    Attributes:
        truth: as annotated, facing the way that was found or given.
        predicted: None where there was no prediction: all its vertebrae are missed.
        result: the comparison.
        size: (width, height) in pixels, or None.
        spacing_mm: (row, column), or None.
    """

    truth: Annotated
    predicted: Annotated | None
    result: ImageResult
    size: tuple[int, int] | None
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True)
class Evaluation:
    """All cases, and sentences on what was left out."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]

    @property
    def images(self) -> list[str]:
        """The names of the images, as the truth has them."""
        return [case.truth.image for case in self.cases]


class Comparison:
    """Predictions against truth as a stream: each image is compared when it is asked for.

    Args:
        predictions: by image name.
        truth: the same.
        frames: size and spacing by image name of the truth, for annotations that do not tell
            them, and for points that are still in the image's lengths.

    Raises:
        LandmarkError: if no image is in both.
    """

    def __init__(
        self,
        predictions: Mapping[str, Annotated],
        truth: Mapping[str, Annotated],
        *,
        frames: Frames | None = None,
    ) -> None:
        self._predictions, self._truth, self._frames = predictions, truth, frames or {}
        self._pairs, doubtful = pair_images(predictions, truth)
        used = {other for _, other in self._pairs if other is not None}
        if not used:
            raise LandmarkError(
                "Expected images that are both in the predictions and in the truth, got none: the "
                f"truth begins with '{next(iter(truth), '')}', the predictions with "
                f"'{next(iter(predictions), '')}'. Make the image names equal."
            )
        missing = [name for name, other in self._pairs if other is None]
        extra = [name for name in predictions if name not in used]
        self._notes = _notes(missing, extra, doubtful)
        self._lacking, self._nameless = 0, 0

    @property
    def images(self) -> list[str]:
        """The names of the images that are compared, as the truth has them."""
        return [name for name, _ in self._pairs]

    @property
    def cases(self) -> Iterator[Case]:
        """Each image of the truth; what is compared is not kept.

        Raises:
            LandmarkError: if points are in the image's lengths, and no frame tells a pixel's.
        """
        self._lacking, self._nameless = 0, 0
        for name, other in self._pairs:
            frame = self._frames.get(name)
            true = _placed(self._truth[name], frame)
            predicted = None if other is None else _placed(self._predictions[other], frame)
            case = _case(true, predicted, frame or (None, None))
            self._lacking += case.size is None
            self._nameless += not case.result.has_levels
            yield case

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out; complete once all cases were asked for."""
        notes = list(self._notes)
        if self._lacking:
            notes.append(
                f"The size of {self._lacking} image(s) is not known: no error at 512 x 1024 for "
                "them. Give --images."
            )
        if self._nameless:
            notes.append(
                f"{self._nameless} image(s) have levels that are not certain: their names are not "
                "judged."
            )
        return tuple(notes)


def evaluate(
    predictions: Mapping[str, Annotated],
    truth: Mapping[str, Annotated],
    *,
    frames: Frames | None = None,
) -> Evaluation:
    """Compare image by image, matched by their names as :func:`.pairing.pair_images` says.

    All cases are kept; :class:`Comparison` is for very many.

    Args:
        predictions: of :func:`vertenet.training.annotations.read_annotations`.
        truth: the same.
        frames: as :class:`Comparison` takes them.

    Raises:
        LandmarkError: if no image is in both.
    """
    found = Comparison(predictions, truth, frames=frames)
    return Evaluation(tuple(found.cases), found.notes)


def _placed(item: Annotated, frame: Frame | None) -> Annotated:
    """What was placed, in pixels."""
    if not item.in_lengths:
        return item.placed()
    if frame is None:
        raise LandmarkError(
            f"Expected points in pixels, but those of '{item.image}' were placed by hand in "
            "Slicer: they lie in millimetres on an image that their file does not describe. Give "
            "--images the folder of the images."
        )
    return in_pixels(item, frame).placed()


def _case(
    truth: Annotated,
    predicted: Annotated | None,
    frame: Frame | tuple[None, None],
) -> Case:
    size = truth.size or (predicted.size if predicted else None) or frame[0]
    spacing = truth.spacing_mm or (predicted.spacing_mm if predicted else None) or frame[1]
    bodies = {k: v for k, v in (predicted.bodies if predicted else {}).items() if k in LABELLED}
    results = [(t, _compare(bodies, t, size, spacing)) for t in _facings(truth)]
    chosen, result = min(results, key=lambda pair: _misfit(pair[1]))
    return Case(chosen, predicted, result, size, spacing)


def _facings(truth: Annotated) -> list[Annotated]:
    """Where corners are named by the image's sides, both ways of facing are tried."""
    return [truth] if truth.facing else [truth, truth.mirrored()]


def _compare(
    predicted: Bodies,
    truth: Annotated,
    size: tuple[int, int] | None,
    spacing: tuple[float, float] | None,
) -> ImageResult:
    ours = {k: v for k, v in truth.bodies.items() if k in LABELLED or k.startswith("?")}
    must = {k: v for k, v in ours.items() if k not in truth.unclear}
    may = {k: v for k, v in truth.bodies.items() if k not in must}
    return compare(
        truth.image,
        predicted,
        must,
        size,
        may,
        scale=spacing or (1.0, 1.0),
        uncertain=truth.uncertain,
        complete=False,
    )


def _misfit(result: ImageResult) -> float:
    return sum(float(np.nansum(m.share)) for m in result.matches)


def _notes(missing: list[str], extra: list[str], doubtful: list[str]) -> list[str]:
    notes = []
    if doubtful:
        notes.append(
            f"{len(doubtful)} image(s) have names that fit several of the others and were not "
            f"matched: {', '.join(doubtful[:5])}{' ...' if len(doubtful) > 5 else ''}. "
            "Make the paths equal."
        )
    if missing:
        notes.append(
            f"{len(missing)} image(s) have no prediction and count as missed: "
            f"{', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}."
        )
    if extra:
        notes.append(
            f"{len(extra)} predicted image(s) are not in the truth and were left out: "
            f"{', '.join(extra[:5])}{' ...' if len(extra) > 5 else ''}."
        )
    return notes


def figures(cases: Iterable[Case]) -> Figures:
    """The figures of some cases, errors of the four corners."""
    return Columns.of(cases).figures()
