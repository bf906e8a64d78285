"""How well two result sets agree in what they classify: grades, wall scores, the aorta's status.

Between two readers, two versions of a model, or a reader and a model: neither need be true.
"""

from __future__ import annotations

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


def kappas(cases: Iterable[Case]) -> list[Kappa]:
    """Grades of matched vertebrae, worst grade, scores of the aorta and its status.

    What nothing was said about in one of the sets is left out; a thing that no pair of images
    has is not listed.
    """
    chosen = [case for case in cases if case.predicted is not None]
    grades = [_grades(case) for case in chosen]
    found = [
        _kappa("grade", "vertebra", _GRADES, grades),
        _kappa("grade 1 or more", "vertebra", _NO_YES, _at_least(grades, 1)),
        _kappa("grade 2 or more", "vertebra", _NO_YES, _at_least(grades, 2)),
        _kappa("worst grade", "image", _GRADES, _of_both(chosen, _worst)),
        _kappa("AAC wall score", "wall", _GRADES, [_walls(case) for case in chosen]),
        _kappa("AAC-24 category", "image", AAC_CATEGORIES, _of_both(chosen, _category)),
        _kappa("aorta in the image", "image", ("cropped", "unknown", "ok"),
               _of_both(chosen, lambda item: item.crop), ordered=False),
    ]  # fmt: skip
    return [kappa for kappa in found if kappa is not None]


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


def _at_least(grades: Sequence[Pairs], limit: int) -> list[Pairs]:
    def cut(grade: Hashable) -> Hashable:
        return grade >= limit if isinstance(grade, int) else None

    return [[(cut(a), cut(b)) for a, b in pairs] for pairs in grades]


def _walls(case: Case) -> Pairs:
    said = {} if case.predicted is None else case.predicted.walls
    return [(case.truth.walls.get(w), said.get(w)) for w in WALLS]


def _of_both(cases: Sequence[Case], value: Callable[[Annotated], Hashable]) -> list[Pairs]:
    return [[(value(c.truth), value(c.predicted))] for c in cases if c.predicted is not None]


def _worst(item: Annotated) -> int | None:
    return max(item.grade.values(), default=None)


def aac24(item: Annotated) -> int | None:
    """The total, only where all eight walls were scored: what was not is not 0."""
    return sum(item.walls.values()) if len(item.walls) == len(WALLS) else None


def _category(item: Annotated) -> str | None:
    """Source: NHANES (e-jbm 31:236) and ML-AAC-24: 0-1, 2-5, 6 and more."""
    total = aac24(item)
    return None if total is None else AAC_CATEGORIES[(total > 1) + (total > 5)]


def _kappa(
    name: str,
    unit: str,
    classes: Sequence[Hashable],
    images: Sequence[Pairs],
    *,
    ordered: bool = True,
) -> Kappa | None:
    place = {c: i for i, c in enumerate(classes)}
    tables = np.zeros((len(images), len(classes), len(classes)))
    only_one = 0
    for i, pairs in enumerate(images):
        for true, said in pairs:
            if true in place and said in place:
                tables[i, place[true], place[said]] += 1
            else:
                only_one += (true in place) != (said in place)
    filled = tables[tables.any(axis=(1, 2))]
    total = filled.sum(axis=0)
    count = int(total.sum())
    if not count:
        return None
    value, span = _with_interval(filled, ordered=ordered)
    words: dict[Hashable, str] = {False: "no", True: "yes"} if classes is _NO_YES else {}
    return Kappa(
        name,
        unit,
        "linear" if ordered and len(classes) > 2 else "none",
        tuple(str(words.get(c, c)) for c in place),
        count,
        len(filled),
        only_one,
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
