"""Bland-Altman of what an image has once: angles and the total of the aorta."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..geometry import line_angle_deg, wrap_angle_deg
from .annotated import Annotated
from .evaluation import Case
from .evaluation_heights import HeightErrors, agreement_of
from .evaluation_kappa import aac24

Array = NDArray[np.float64]
_PS, _AS, _AI, _PI = 0, 2, 3, 5


class ImagePairs:
    """Predicted and true values of angles and totals, one pair an image."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[float, float]]] = {name: [] for name in QUANTITIES}

    def add(self, case: Case) -> None:
        """Take in one image."""
        if case.predicted is None:
            return
        for name, (_, value) in QUANTITIES.items():
            found, true = value(case, case.predicted), value(case, case.truth)
            if found is not None and true is not None:
                self._values[name].append((found, true))

    def differences(self) -> dict[str, tuple[str, Array]]:
        """Unit and (n, 2) predicted and true values, by name, of what there is."""
        return {
            name: (QUANTITIES[name][0], np.array(pairs, dtype=np.float64))
            for name, pairs in self._values.items()
            if pairs
        }

    def agreement(self) -> list[HeightErrors]:
        """Bias and limits of agreement, predicted minus true."""
        return [
            agreement_of(name, unit, rows, np.ones(len(rows)), ratio_scale=False)
            for name, (unit, rows) in self.differences().items()
        ]


def _cobb(case: Case, item: Annotated, top: str, bottom: str, sign: float) -> float | None:
    """Upper endplate of one level to the lower one of another, as measure.alignment has it."""
    row, column = case.spacing_mm or (1.0, 1.0)
    try:
        above, below = (item.bodies[level] * (column, row) for level in (top, bottom))
    except KeyError:
        return None
    ends = above[_PS], above[_AS], below[_PI], below[_AI]
    if not np.isfinite(ends).all() or (ends[0] == ends[1]).all() or (ends[2] == ends[3]).all():
        return None
    angle = wrap_angle_deg(line_angle_deg(ends[2], ends[3]) - line_angle_deg(ends[0], ends[1]))
    faces_left = (ends[1] - ends[0])[0] + (ends[3] - ends[2])[0] < 0
    return sign * (-angle if faces_left else angle)


QUANTITIES: dict[str, tuple[str, Callable[[Case, Annotated], float | None]]] = {
    "kyphosis T4-T12": ("deg", lambda case, item: _cobb(case, item, "T4", "T12", -1.0)),
    "lordosis L1-L5": ("deg", lambda case, item: _cobb(case, item, "L1", "L5", 1.0)),
    "AAC-24": ("points", lambda _, item: aac24(item)),
}
"""Unit and value of what an image has once."""
