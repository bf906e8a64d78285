"""How far predicted points lie from true ones; found, false and misnamed vertebrae.

Bias is reported along the vertebra's own axes: ``along`` from posterior to anterior,
``down`` from superior to inferior.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .unannotated import is_unannotated

Array = NDArray[np.float64]
Bodies = dict[str, Array]
"""Level to (6, 2) points in the order PS, MS, AS, AI, MI, PI; NaN where absent."""

CORNER_ROWS = (0, 2, 3, 5)
_CORNERS = list(CORNER_ROWS)
MATCH = 0.5
"""A prediction belongs to a true vertebra when their centres lie closer than this
share of its height."""

PAPER_FRAME = (512.0, 1024.0)


@dataclass(frozen=True)
class Match:
    """One true vertebra and what was predicted for it.

    Attributes:
        level: its true level.
        predicted: the predicted level, or None where it was missed.
        error: (6,) distance of each point, stored pixels; NaN where either is absent.
        share: (6,) the same over the true body's height.
        along: (6,) signed error towards anterior, over the body's height.
        down: (6,) signed error towards inferior, over the body's height.
        paper: (6,) distance in the 512 x 1024 frame of the published method; NaN where
            the image's size is not known.
        length: (6,) distance in the unit of the pixel scale (mm, or pixels of square scale).
        whole: False where the truth lacks a corner: such a body may be missed.
        certain: False where the true level is not certain: its name is not judged.
    """

    level: str
    predicted: str | None
    error: Array
    share: Array
    along: Array
    down: Array
    paper: Array
    length: Array
    whole: bool = True
    certain: bool = True


@dataclass(frozen=True)
class ImageResult:
    """All matches of one image and how many predictions matched nothing.

    Attributes:
        image: its name.
        matches: one per true vertebra.
        false: predictions where no vertebra is.
        unjudged: predictions where the truth is silent, see ``unannotated.py``.
    """

    image: str
    matches: tuple[Match, ...]
    false: int
    unjudged: int = 0

    @property
    def levels_right(self) -> bool:
        """True where every vertebra that was found has its true level."""
        return all(m.predicted in (None, m.level) for m in self.matches if m.certain)

    @property
    def has_levels(self) -> bool:
        """True where the true levels of the image are certain, so that names can be judged."""
        return all(m.certain for m in self.matches)


def compare(
    image: str,
    predicted: Bodies,
    truth: Bodies,
    size: tuple[int, int] | None,
    ignore: Bodies | None = None,
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    uncertain: Collection[str] = (),
    complete: bool = True,
) -> ImageResult:
    """Match the vertebrae of one image by place, never by name.

    Args:
        image: its name.
        predicted: points by predicted level.
        truth: points by true level; a body without all four corners is compared where it
            was found, but not counted as missed.
        size: (width, height) of the image in pixels, for the paper's frame; None if unknown.
        ignore: further bodies that may be found without being counted as false.
        scale: (row, column) size of a pixel: lengths and shares are measured in its unit.
        uncertain: true levels whose name is not certain.
        complete: False where vertebrae may have been left out of the truth.
    """
    unit = np.array([scale[1], scale[0]])
    free = {name: points * unit for name, points in predicted.items()}
    matches = []
    for level, points in truth.items():
        name = _nearest(points * unit, free)
        whole = bool(np.isfinite(points[list(CORNER_ROWS)]).all())
        if name is None and not whole:
            continue
        found = None if name is None else (name, free.pop(name))
        matches.append(
            _match((level, points * unit), found, unit, size, (whole, level not in uncertain))
        )
    for points in (ignore or {}).values():
        best = _nearest(points * unit, free)
        if best is not None:
            free.pop(best)
    known = {name: points * unit for name, points in truth.items()}
    silent = 0 if complete else sum(is_unannotated(body, known) for body in free.values())
    return ImageResult(image, tuple(matches), len(free) - silent, silent)


def centre(points: Array) -> Array:
    """(6, 2) to (2,): mean of the corners that are there."""
    return _mean(points[list(CORNER_ROWS)])


def height(points: Array) -> float:
    """Mean of the anterior and posterior height, of those that are there; NaN for none."""
    sides = points[[0, 2]] - points[[5, 3]]
    return float(_mean(np.linalg.norm(sides, axis=1)))


def _mean(values: Array) -> Array:
    """Mean along the first axis of what is there; NaN for nothing."""
    absent = np.isnan(values)
    with np.errstate(invalid="ignore"):
        middle: Array = np.where(absent, 0.0, values).sum(axis=0) / (~absent).sum(axis=0)
    return middle


def _nearest(points: Array, others: Bodies) -> str | None:
    """The level of the body that lies closest by the points both have, if close enough."""
    if not others:
        return None
    own, theirs = points[_CORNERS], np.stack(list(others.values()))[:, _CORNERS]
    both = np.isfinite(own + theirs).all(axis=2, keepdims=True)
    with np.errstate(invalid="ignore"):  # nothing in common
        count = both.sum(axis=1)
        step = np.where(both, own, 0.0).sum(axis=1) / count
        step -= np.where(both, theirs, 0.0).sum(axis=1) / count
    own_height = height(points)
    known = np.isfinite(own_height)
    tall = np.array([own_height if known else height(other) for other in others.values()])
    apart = np.linalg.norm(step, axis=1)
    apart[~(apart <= MATCH * tall)] = np.inf
    best = int(apart.argmin())
    return list(others)[best] if np.isfinite(apart[best]) else None


def _match(
    true: tuple[str, Array],
    found: tuple[str, Array] | None,
    unit: Array,
    size: tuple[int, int] | None,
    known: tuple[bool, bool],
) -> Match:
    """Errors of one body; points in the unit of the scale."""
    level, truth = true
    if found is None:
        gone = np.full(6, np.nan)
        return Match(level, None, gone, gone, gone, gone, gone, gone, *known)
    name, predicted = found
    difference = predicted - truth
    tall = height(truth) if np.isfinite(height(truth)) else height(predicted)
    pixels = difference / unit
    frame = np.full(2, np.nan) if size is None else np.array(PAPER_FRAME) / np.array(size)
    length = np.linalg.norm(difference, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # points that lie on one another
        forward, down = _axes(truth if known[0] else predicted)
        share, along, below = (v / tall for v in (length, difference @ forward, difference @ down))
    return Match(
        level,
        name,
        np.linalg.norm(pixels, axis=1),
        share,
        along,
        below,
        np.linalg.norm(pixels * frame, axis=1),
        length,
        *known,
    )


def _axes(points: Array) -> tuple[Array, Array]:
    """Unit vectors towards anterior and, square to it, towards inferior."""
    forward = _mean(points[[2, 3]] - points[[0, 5]])
    forward = forward / np.linalg.norm(forward)
    down = _mean(points[[5, 3]] - points[[0, 2]])
    down = down - (down @ forward) * forward
    return forward, down / np.linalg.norm(down)


def summary(results: list[ImageResult], rows: tuple[int, ...] = CORNER_ROWS) -> dict[str, float]:
    """The figures of the issue's table over many images.

    Args:
        results: one per image.
        rows: which of the six points count in the errors.
    """
    matches = [m for r in results for m in r.matches]
    found = [m for m in matches if m.predicted is not None]
    whole = [m for m in matches if m.whole]
    named = [m for m in found if m.certain]
    judged = [r for r in results if r.matches and r.has_levels]
    pick = list(rows)

    def values(name: str) -> Array:
        parts = [getattr(m, name)[pick] for m in found]
        joined: Array = np.concatenate(parts) if parts else np.empty(0)
        return joined[np.isfinite(joined)]

    share, paper = values("share"), values("paper")
    return {
        "images": float(len(results)),
        "vertebrae": float(len(whole)),
        "found": share_of([m.predicted is not None for m in whole]),
        "false_per_image": float(np.mean([r.false for r in results])) if results else np.nan,
        "unjudged_per_image": mean(np.array([float(r.unjudged) for r in results])),
        "level_right": share_of([m.predicted == m.level for m in named]),
        "images_levels_right": share_of([r.levels_right for r in judged]),
        **spread("share", share),
        **{f"{key}_px": value for key, value in spread("paper", paper).items()},
        **{f"{key}_px": value for key, value in spread("native", values("error")).items()},
        "bias_along": mean(values("along")),
        "bias_down": mean(values("down")),
    }


def share_of(truths: Sequence[bool] | NDArray[np.bool_]) -> float:
    """How large a share is true; NaN for none."""
    return float(np.mean(truths)) if len(truths) else float("nan")


def mean(values: Array) -> float:
    """The mean; NaN for none."""
    return float(values.mean()) if len(values) else float("nan")


def spread(name: str, values: Array) -> dict[str, float]:
    """Median, mean, 90th and 95th percentile; NaN for no values."""
    if not len(values):
        return {f"{key}_{name}": float("nan") for key in ("median", "mean", "p90", "p95")}
    return {
        f"median_{name}": float(np.median(values)),
        f"mean_{name}": float(values.mean()),
        f"p90_{name}": float(np.quantile(values, 0.9)),
        f"p95_{name}": float(np.quantile(values, 0.95)),
    }
