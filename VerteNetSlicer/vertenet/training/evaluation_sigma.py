"""Whether a predicted sigma means what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from .evaluation import Case
from .shelf import Spool

Array = NDArray[np.float64]
NOMINAL = np.linspace(0.05, 0.95, 19)


@dataclass(frozen=True)
class SigmaCheck:
    """Calibration of sigma over all points that have one.

    Attributes:
        count: signed errors along x and y, two per point.
        within_1: share within one sigma; 0.683 for a normal distribution.
        within_2: share within two; 0.954.
        factor: what sigma must be multiplied with for the right share within one.
        nominal: shares that central intervals of a normal distribution should hold.
        observed: shares that they hold.
    """

    count: int
    within_1: float
    within_2: float
    factor: float
    nominal: Array
    observed: Array


class Pulls:
    """Signed errors over sigma, along x and y, without their sign."""

    def __init__(self) -> None:
        self._values = Spool(1)

    def add(self, case: Case) -> None:
        """Take in one image."""
        self._values.add(np.abs(_pulls(case)))

    def check(self) -> SigmaCheck | None:
        """None where no prediction carries sigma."""
        joined = self._values.load()[:, 0]
        if not len(joined):
            return None
        reach = norm.ppf((1 + NOMINAL) / 2)
        return SigmaCheck(
            len(joined),
            float(np.mean(joined <= 1)),
            float(np.mean(joined <= 2)),
            float(np.quantile(joined, norm.cdf(1) - norm.cdf(-1))),
            NOMINAL,
            np.array([np.mean(joined <= z) for z in reach]),
        )


def sigma_check(cases: Iterable[Case]) -> SigmaCheck | None:
    """:meth:`Pulls.check` of some cases."""
    pulls = Pulls()
    for case in cases:
        pulls.add(case)
    return pulls.check()


def _pulls(case: Case) -> Array:
    out = [np.empty(0)]
    for match in case.result.matches:
        if case.predicted is None or match.predicted not in case.predicted.sigma:
            continue
        sigma = case.predicted.sigma[match.predicted]
        error = case.predicted.bodies[match.predicted] - case.truth.bodies[match.level]
        out.append((error / np.where(sigma > 0, sigma, np.nan)[:, None]).ravel())
    joined: Array = np.concatenate(out)
    return joined[np.isfinite(joined)]
