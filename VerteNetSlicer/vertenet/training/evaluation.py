"""Predictions against truth: overall, and by level, point, grade, look and quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import LandmarkError
from .annotated import LABELLED, ROWS, Annotated
from .metrics import CORNER_ROWS, Bodies, ImageResult, Match, compare, spread, summary
from .pairing import pair_images

Array = NDArray[np.float64]
Figures = dict[str, float | None]
REGIONS = {"T4-T11": LABELLED[:8], "T12-L5": LABELLED[8:]}
ALL_ROWS = tuple(range(6))
_OF_IMAGES = ("images", "false_per_image", "unjudged_per_image", "images_levels_right")


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

    def keeping(self, keep: Callable[[Match], bool]) -> Case:
        """The case with some of its vertebrae."""
        chosen = tuple(m for m in self.result.matches if keep(m))
        return replace(self, result=replace(self.result, matches=chosen))


Keep = Callable[[Case, Match], bool]


@dataclass(frozen=True)
class Row:
    """The figures of one group, for example all vertebrae L1.

    Attributes:
        group: what was grouped by.
        value: of this group.
        figures: by name, None where they do not apply or nothing is known.
    """

    group: str
    value: str
    figures: Figures


@dataclass(frozen=True)
class Evaluation:
    """All cases, and sentences on what was left out."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]


def evaluate(
    predictions: Mapping[str, Annotated],
    truth: Mapping[str, Annotated],
    *,
    frames: Mapping[str, tuple[tuple[int, int], tuple[float, float] | None]] | None = None,
) -> Evaluation:
    """Compare image by image, matched by their names as :func:`.pairing.pair_images` says.

    Args:
        predictions: of :func:`vertenet.training.annotations.read_annotations`.
        truth: the same.
        frames: (width, height) and (row, column) spacing in mm by image name of the truth,
            for annotations that do not tell them.

    Raises:
        LandmarkError: if no image is in both.
    """
    pairs, doubtful = pair_images(predictions, truth)
    missing = [t.image for t, p in pairs if p is None]
    if len(missing) == len(pairs):
        raise LandmarkError(
            "Expected images that are both in the predictions and in the truth, got none: the "
            f"truth begins with '{next(iter(truth), '')}', the predictions with "
            f"'{next(iter(predictions), '')}'. Make the image names equal."
        )
    cases = tuple(_case(t, p, (frames or {}).get(t.image, (None, None))) for t, p in pairs)
    used = {id(p) for _, p in pairs}
    extra = [p.image for p in predictions.values() if id(p) not in used]
    return Evaluation(cases, tuple(_notes(cases, missing, extra, doubtful)))


def _case(
    truth: Annotated,
    predicted: Annotated | None,
    frame: tuple[tuple[int, int] | None, tuple[float, float] | None],
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


def _notes(
    cases: Iterable[Case], missing: list[str], extra: list[str], doubtful: list[str]
) -> list[str]:
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
    lacking = sum(case.size is None for case in cases)
    if lacking:
        notes.append(
            f"The size of {lacking} image(s) is not known: no error at 512 x 1024 for "
            "them. Give --images."
        )
    nameless = sum(not case.result.has_levels for case in cases)
    if nameless:
        notes.append(
            f"{nameless} image(s) have levels that are not certain: their names are not judged."
        )
    return notes


def figures(
    cases: Iterable[Case], rows: tuple[int, ...] = CORNER_ROWS, *, of_images: bool = True
) -> Figures:
    """The figures of some cases.

    Args:
        cases: what to sum up.
        rows: which of the six points count in the errors.
        of_images: False leaves out what only whole images have.
    """
    chosen = list(cases)
    found: dict[str, float] = summary([case.result for case in chosen], rows)
    lengths = [
        m.length[list(rows)] for case in chosen if case.spacing_mm for m in case.result.matches
    ]
    mm = np.concatenate(lengths) if lengths else np.empty(0)
    found |= spread("mm", mm[np.isfinite(mm)])
    if not of_images:
        found |= dict.fromkeys(_OF_IMAGES, float("nan"))
    return {name: value if np.isfinite(value) else None for name, value in found.items()}


def table(evaluation: Evaluation) -> list[Row]:
    """Overall, and by region, level, point, grade, look, quality and annotator's confidence.

    Errors are those of the four corners, but for the rows by point and "six points".
    """
    cases = evaluation.cases
    rows = [
        Row("all", "corners", figures(cases)),
        Row("all", "six points", figures(cases, ALL_ROWS)),
    ]
    rows += [
        _of_bodies("region", name, cases, _of_level(levels)) for name, levels in REGIONS.items()
    ]
    rows += [_of_bodies("level", level, cases, _of_level((level,))) for level in _levels(cases)]
    for name, row in ROWS.items():
        rows.append(Row("point", name, figures(cases, (row,), of_images=False)))
    grades = sorted({g for case in cases for g in case.truth.grade.values()})
    rows += [_of_bodies("grade", str(grade), cases, _of_grade(grade)) for grade in grades]
    rows += _of_images("look", cases, lambda case: case.truth.look)
    rows += _of_images("quality", cases, lambda case: case.truth.quality)
    rows += _of_confidence(cases)
    return [row for row in rows if row.figures["vertebrae"] or row.group == "all"]


def _levels(cases: Iterable[Case]) -> list[str]:
    present = {m.level for case in cases for m in case.result.matches}
    return [level for level in LABELLED if level in present]


def _of_bodies(group: str, value: str, cases: Iterable[Case], keep: Keep) -> Row:
    chosen = [case.keeping(partial(keep, case)) for case in cases]
    return Row(group, value, figures(chosen, of_images=False))


def _of_level(names: Iterable[str]) -> Keep:
    wanted = set(names)
    return lambda case, match: match.level in wanted


def _of_grade(grade: int) -> Keep:
    return lambda case, match: case.truth.grade.get(match.level) == grade


def _of_images(group: str, cases: Iterable[Case], key: Callable[[Case], str | None]) -> list[Row]:
    values = sorted({value for case in cases if (value := key(case)) is not None})
    return [
        Row(group, value, figures([case for case in cases if key(case) == value]))
        for value in values
    ]


def _of_confidence(cases: Iterable[Case]) -> list[Row]:
    words = sorted(
        {
            word
            for case in cases
            for words in case.truth.confidence.values()
            for word in words
            if word
        }
    )
    return [
        Row("confidence", word, figures([_only(case, word) for case in cases], of_images=False))
        for word in words
    ]


def _only(case: Case, word: str) -> Case:
    """The case with the errors of those points that the annotator gave this word."""

    def masked(match: Match) -> Match:
        words = case.truth.confidence.get(match.level, [""] * 6)
        off = np.array([w != word for w in words])
        error, share, along, down, paper, length = (
            np.where(off, np.nan, values)
            for values in (
                match.error,
                match.share,
                match.along,
                match.down,
                match.paper,
                match.length,
            )
        )
        return replace(
            match, error=error, share=share, along=along, down=down, paper=paper, length=length
        )

    chosen = tuple(masked(m) for m in case.result.matches)
    return replace(case, result=replace(case.result, matches=chosen))
