"""How well two result sets agree in what they classify: grades, wall scores, the aorta's status.

Between two readers, two versions of a model, or a reader and a model: neither need be true.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .annotated import WALLS, Annotated
from .evaluation import Case

Array = NDArray[np.float64]
Pairs = list[tuple[Hashable, Hashable]]
_Z = 1.959963984540054  # 95 %
_GRADES = (0, 1, 2, 3)
_NO_YES = (False, True)
AAC_CATEGORIES = ("0-1", "2-5", "6-24")


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance of one thing that both sets classify.

    Attributes:
        name: what is classified.
        unit: what was counted: ``vertebra``, ``wall`` or ``image``.
        weights: ``linear`` where classes have an order, else ``none``.
        classes: their names.
        count: how many both classified.
        images: in how many images.
        only_one: matched ones that only one of the two classified; not counted.
        same: share with the same class.
        value: kappa; None where both gave one and the same class to all.
        low: lower limit of its 95 % interval; None where it cannot be told.
        high: upper limit.
        table: counts, rows the truth's class, columns the prediction's.

    Source: kappa, Cohen, Educ Psychol Meas 1960;20:37-46; with weights, Cohen, Psychol Bull
    1968;70:213-220, here ``|i - j|``.  The interval is first-order (delta method) with each
    image as one draw, since vertebrae of one image are not independent.
    """

    name: str
    unit: str
    weights: str
    classes: tuple[str, ...]
    count: int
    images: int
    only_one: int
    same: float
    value: float | None
    low: float | None
    high: float | None
    table: tuple[tuple[int, ...], ...]


def weighted_kappa(tables: Array, *, ordered: bool) -> tuple[float, float] | None:
    """Kappa and its standard error, or None where chance alone explains everything.

    Args:
        tables: (images, k, k) counts, rows one set's classes, columns the other's.
        ordered: weights ``|i - j|`` instead of 1 for every disagreement.
    """
    k = tables.shape[-1]
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    weight = apart if ordered else np.minimum(apart, 1.0)
    total = tables.sum(axis=0)
    count, rows, columns = total.sum(), total.sum(axis=1), total.sum(axis=0)
    chance = float(rows @ weight @ columns) / count if count else 0.0
    if chance <= 0:
        return None
    seen = (tables * weight).sum(axis=(1, 2))
    share = float(seen.sum()) / chance
    # what each image adds to the expected disagreement, first order
    own = (
        tables.sum(axis=2) @ weight @ columns + (tables.sum(axis=1) @ weight.T) @ rows
    ) / count - chance / count * tables.sum(axis=(1, 2))
    pull = (seen - share * own) / chance
    return 1 - share, float(np.sqrt((pull**2).sum()))


class Counts:
    """What both sets classify, counted image by image."""

    def __init__(self) -> None:
        crops = ("cropped", "unknown", "ok")
        self._counted = [
            (_Counted("grade", "vertebra", _GRADES), _grades),
            (_Counted("grade 1 or more", "vertebra", _NO_YES), _at_least(1)),
            (_Counted("grade 2 or more", "vertebra", _NO_YES), _at_least(2)),
            (_Counted("worst grade", "image", _GRADES), _of_both(_worst)),
            (_Counted("AAC wall score", "wall", _GRADES), _walls),
            (_Counted("AAC-24 category", "image", AAC_CATEGORIES), _of_both(_category)),
            (_Counted("aorta in the image", "image", crops, ordered=False),
             _of_both(lambda item: item.crop)),
        ]  # fmt: skip

    def add(self, case: Case) -> None:
        """Take in one image."""
        if case.predicted is not None:
            for counted, pairs in self._counted:
                counted.add(pairs(case))

    def kappas(self) -> list[Kappa]:
        """Grades of matched vertebrae, worst grade, scores of the aorta and its status.

        What nothing was said about in one of the sets is left out; a thing that no pair of
        images has is not listed.
        """
        found = [counted.kappa() for counted, _ in self._counted]
        return [kappa for kappa in found if kappa is not None]


def kappas(cases: Iterable[Case]) -> list[Kappa]:
    """:meth:`Counts.kappas` of some cases."""
    counts = Counts()
    for case in cases:
        counts.add(case)
    return counts.kappas()


def graded_pairs(case: Case) -> list[tuple[str, str, int | None, int | None]]:
    """True level, predicted level, predicted and true grade of each vertebra in both."""
    if case.predicted is None:
        return []
    return [
        (m.level, m.predicted, case.predicted.grade.get(m.predicted), case.truth.grade.get(m.level))
        for m in case.result.matches
        if m.predicted is not None
    ]


def _grades(case: Case) -> Pairs:
    return [(true, said) for _, _, said, true in graded_pairs(case)]


def _at_least(limit: int) -> Callable[[Case], Pairs]:
    def cut(grade: Hashable) -> Hashable:
        return grade >= limit if isinstance(grade, int) else None

    return lambda case: [(cut(true), cut(said)) for true, said in _grades(case)]


def _walls(case: Case) -> Pairs:
    said = {} if case.predicted is None else case.predicted.walls
    return [(case.truth.walls.get(w), said.get(w)) for w in WALLS]


def _of_both(value: Callable[[Annotated], Hashable]) -> Callable[[Case], Pairs]:
    def pair(case: Case) -> Pairs:
        return [] if case.predicted is None else [(value(case.truth), value(case.predicted))]

    return pair


def _worst(item: Annotated) -> int | None:
    return max(item.grade.values(), default=None)


def aac24(item: Annotated) -> int | None:
    """The total, only where all eight walls were scored: what was not is not 0."""
    return sum(item.walls.values()) if len(item.walls) == len(WALLS) else None


def _category(item: Annotated) -> str | None:
    """Source: NHANES (e-jbm 31:236) and ML-AAC-24: 0-1, 2-5, 6 and more."""
    total = aac24(item)
    return None if total is None else AAC_CATEGORIES[(total > 1) + (total > 5)]


class _Counted:
    """One thing that is classified: a small table of counts for each image that has any."""

    def __init__(
        self, name: str, unit: str, classes: Sequence[Hashable], *, ordered: bool = True
    ) -> None:
        self._name, self._unit, self._classes, self._ordered = name, unit, classes, ordered
        self._place = {c: i for i, c in enumerate(classes)}
        self._tables = array("H")
        self._only_one = 0

    def add(self, pairs: Pairs) -> None:
        place, size = self._place, len(self._classes)
        counts = [0] * size**2
        for true, said in pairs:
            if true in place and said in place:
                counts[place[true] * size + place[said]] += 1
            else:
                self._only_one += (true in place) != (said in place)
        if any(counts):
            self._tables.extend(counts)

    def kappa(self) -> Kappa | None:
        size = len(self._classes)
        counts = np.frombuffer(self._tables, dtype=np.uint16).reshape(-1, size, size)
        filled: Array = counts.astype(np.float64)
        total = filled.sum(axis=0)
        count = int(total.sum())
        if not count:
            return None
        value, span = _with_interval(filled, ordered=self._ordered)
        words: dict[Hashable, str] = {False: "no", True: "yes"} if size == 2 else {}
        return Kappa(
            self._name,
            self._unit,
            "linear" if self._ordered and size > 2 else "none",
            tuple(str(words.get(c, c)) for c in self._place),
            count,
            len(filled),
            self._only_one,
            float(np.trace(total)) / count,
            value,
            *span,
            tuple(tuple(int(n) for n in row) for row in total),
        )


def _with_interval(
    tables: Array, *, ordered: bool
) -> tuple[float | None, tuple[float | None, float | None]]:
    found = weighted_kappa(tables, ordered=ordered)
    if found is None:
        return None, (None, None)
    value, error = found
    if len(tables) < 2:  # one image tells nothing of how images differ
        return value, (None, None)
    return value, (max(-1.0, value - _Z * error), min(1.0, value + _Z * error))
