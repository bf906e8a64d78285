"""The figures of an evaluation, from columns of numbers instead of from its images."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .annotated import LABELLED, ROWS
from .metrics import CORNER_ROWS, mean, share_of, spread
from .shelf import Spool

if TYPE_CHECKING:
    from .evaluation import Case

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Figures = dict[str, float | None]
REGIONS = {"T4-T11": LABELLED[:8], "T12-L5": LABELLED[8:]}
ALL_ROWS = tuple(range(6))
_ERRORS = ("share", "paper", "error", "along", "down", "length")
_OF_IMAGES = ("images", "false_per_image", "unjudged_per_image", "images_levels_right")


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
class Chosen:
    """A group: which vertebrae, which images and which of the six points count.

    Attributes:
        matches: (vertebrae,) flags.
        images: (images,) flags; None leaves out what only whole images have.
        rows: of the six points.
        points: (vertebrae, 6) flags instead, or None.
    """

    matches: Flags
    images: Flags | None
    rows: tuple[int, ...] = CORNER_ROWS
    points: Flags | None = None


MOST_WORDS = 100
"""Words that are still groups of images; each takes a row, and memory with every image."""


class _Words:
    """Words as small numbers; 0 is none."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.column = array("I")

    def add(self, word: str | None) -> None:
        self.column.append(self.codes.setdefault(word, len(self.codes) + 1) if word else 0)

    def groups(self) -> list[tuple[str, Flags]]:
        """Each word with the flags of those that have it, in the order of the alphabet.

        Nothing where there are too many: what differs from image to image groups nothing.
        """
        return [] if self.too_many else self.named(sorted(self.codes))

    def named(self, words: Iterable[str]) -> list[tuple[str, Flags]]:
        """Those of the words that are there, however many others there are."""
        values = np.frombuffer(self.column, dtype=np.uint32)
        return [(word, values == self.codes[word]) for word in words if word in self.codes]

    @property
    def too_many(self) -> bool:
        """Whether these are no groups but remarks."""
        return len(self.codes) > MOST_WORDS


class Columns:
    """What the figures need of each vertebra and each image; the errors lie in a file."""

    def __init__(self) -> None:
        self._errors = {name: Spool(6) for name in _ERRORS}
        self._image, self._grade = array("I"), array("b")
        self._found, self._whole, self._certain, self._right = (array("B") for _ in range(4))
        self._false, self._unjudged = array("I"), array("I")
        self._judged, self._levels_right, self._metric = (array("B") for _ in range(3))
        self._level, self._look, self._quality, self._words = (_Words() for _ in range(4))

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Columns:
        """Of all images."""
        made = cls()
        for case in cases:
            made.add(case)
        return made

    def add(self, case: Case) -> None:
        """Take in one image."""
        result, truth = case.result, case.truth
        for match in result.matches:
            self._image.append(len(self._false))
            self._level.add(match.level)
            self._grade.append(truth.grade.get(match.level, -1))
            self._found.append(match.predicted is not None)
            self._whole.append(match.whole)
            self._certain.append(match.certain)
            self._right.append(match.predicted == match.level)
            for word in truth.confidence.get(match.level) or [""] * 6:
                self._words.add(word)
        for name, spool in self._errors.items():
            if result.matches:
                spool.add(np.stack([getattr(m, name) for m in result.matches]))
        self._false.append(result.false)
        self._unjudged.append(result.unjudged)
        self._judged.append(bool(result.matches) and result.has_levels)
        self._levels_right.append(result.levels_right)
        self._metric.append(case.spacing_mm is not None)
        self._look.add(truth.look)
        self._quality.add(truth.quality)

    def figures(self, rows: tuple[int, ...] = CORNER_ROWS, *, of_images: bool = True) -> Figures:
        """The figures of all."""
        return self.figures_of([self._all(rows, of_images=of_images)])[0]

    def table(self) -> list[Row]:
        """Overall, and by region, level, point, grade, look, quality, annotator's confidence.

        Errors are those of the four corners, but for the rows by point and "six points".
        """
        names, chosen = zip(*self._groups(), strict=True)
        found = self.figures_of(chosen)
        rows = [Row(group, value, f) for (group, value), f in zip(names, found, strict=True)]
        return [row for row in rows if row.figures["vertebrae"] or row.group == "all"]

    def shares(self, chosen: Flags | None = None) -> Array:
        """Errors of the corners of found vertebrae, of some or of all, in % of the height."""
        data = self._errors["share"].load()
        data = data if chosen is None else data[chosen]
        values = 100 * data[:, list(CORNER_ROWS)].ravel()
        return values[np.isfinite(values)]

    def of_level(self, level: str) -> Flags:
        """(vertebrae,) flags of a level."""
        return dict(self._level.named([level])).get(level, np.zeros(len(self._image), dtype=bool))

    def looks(self) -> list[tuple[str, Flags]]:
        """The looks with the flags of their vertebrae."""
        return [(look, images[self._at]) for look, images in self._look.groups()]

    def bias(self) -> tuple[Array, Array]:
        """(found, 6) signed errors along and down, over the height."""
        found = _flags(self._found)
        return self._errors["along"].load()[found], self._errors["down"].load()[found]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on columns that are not grouped by."""
        columns = {"look": self._look, "quality": self._quality, "confidence": self._words}
        return tuple(
            f"There are {len(words.codes)} different words of {name}, more than {MOST_WORDS}: no "
            "figures by them."
            for name, words in columns.items()
            if words.too_many
        )

    @property
    def _at(self) -> NDArray[np.uint32]:
        return np.frombuffer(self._image, dtype=np.uint32)

    def _all(self, rows: tuple[int, ...] = CORNER_ROWS, *, of_images: bool = True) -> Chosen:
        images = np.ones(len(self._false), dtype=bool) if of_images else None
        return Chosen(np.ones(len(self._image), dtype=bool), images, rows)

    def _groups(self) -> list[tuple[tuple[str, str], Chosen]]:
        levels = dict(self._level.named(LABELLED))
        none = np.zeros(len(self._image), dtype=bool)
        out = [(("all", "corners"), self._all()), (("all", "six points"), self._all(ALL_ROWS))]
        for name, members in REGIONS.items():
            joined = np.logical_or.reduce([none, *(levels.get(m, none) for m in members)])
            out.append((("region", name), Chosen(joined, None)))
        out += [(("level", n), Chosen(levels[n], None)) for n in LABELLED if n in levels]
        out += [(("point", n), self._all((row,), of_images=False)) for n, row in ROWS.items()]
        grades = np.frombuffer(self._grade, dtype=np.int8)
        for grade in sorted(set(grades.tolist()) - {-1}):
            out.append((("grade", str(grade)), Chosen(grades == grade, None)))
        for group, column in (("look", self._look), ("quality", self._quality)):
            out += [((group, word), Chosen(of[self._at], of)) for word, of in column.groups()]
        everything = np.ones(len(self._image), dtype=bool)
        for word, points in self._words.groups():
            corners = points.reshape(-1, 6).copy()
            corners[:, [row for row in ALL_ROWS if row not in CORNER_ROWS]] = False
            out.append((("confidence", word), Chosen(everything, None, points=corners)))
        return out

    def figures_of(self, groups: Sequence[Chosen]) -> list[Figures]:
        """The figures of some groups; each column is read once for all of them."""
        found, metric = _flags(self._found), _flags(self._metric)[self._at]
        numbers: list[dict[str, float]] = [self._counts(group) for group in groups]
        for name in _ERRORS:
            data = self._errors[name].load()
            for group, out in zip(groups, numbers, strict=True):
                kept = group.matches & (metric if name == "length" else found)
                out |= _named(name, _values(data, kept, group))
        for group, out in zip(groups, numbers, strict=True):
            if group.images is None:
                out |= dict.fromkeys(_OF_IMAGES, float("nan"))
        return [{k: v if np.isfinite(v) else None for k, v in out.items()} for out in numbers]

    def _counts(self, group: Chosen) -> dict[str, float]:
        found, whole, certain, right = (
            _flags(column)[group.matches]
            for column in (self._found, self._whole, self._certain, self._right)
        )
        images = group.images if group.images is not None else np.zeros(len(self._false), bool)
        false, unjudged = (
            np.frombuffer(column, dtype=np.uint32)[images].astype(np.float64)
            for column in (self._false, self._unjudged)
        )
        judged = images & _flags(self._judged)
        return {
            "images": float(images.sum()),
            "vertebrae": float(whole.sum()),
            "found": share_of(found[whole]),
            "false_per_image": mean(false),
            "unjudged_per_image": mean(unjudged),
            "level_right": share_of(right[found & certain]),
            "images_levels_right": share_of(_flags(self._levels_right)[judged]),
        }


def _flags(column: array[int]) -> Flags:
    return np.frombuffer(column, dtype=np.bool_)


def _values(data: Array, kept: Flags, group: Chosen) -> Array:
    if group.points is not None:
        picked = data[group.points & kept[:, None]]
    elif kept.all():
        picked = data[:, list(group.rows)].ravel()
    else:
        picked = data[kept][:, list(group.rows)].ravel()
    return picked[np.isfinite(picked)]


def _named(name: str, values: Array) -> dict[str, float]:
    if name in ("along", "down"):
        return {f"bias_{name}": mean(values)}
    if name == "length":
        return spread("mm", values)
    if name == "share":
        return spread("share", values)
    word = {"paper": "paper", "error": "native"}[name]
    return {f"{key}_px": value for key, value in spread(word, values).items()}
