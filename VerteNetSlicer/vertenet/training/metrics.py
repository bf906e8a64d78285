"""How far predicted points lie from true ones; found, false and misnamed vertebrae.

Bias is reported along the vertebra's own axes: ``along`` from posterior to anterior,
``down`` from superior to inferior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bodies = dict[str, Array]
"""Level to (6, 2) points in the order PS, MS, AS, AI, MI, PI; NaN where absent."""

CORNER_ROWS = (0, 2, 3, 5)
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
        paper: (6,) distance in the 512 x 1024 frame of the published method.
    """

    level: str
    predicted: str | None
    error: Array
    share: Array
    along: Array
    down: Array
    paper: Array


@dataclass(frozen=True)
class ImageResult:
    """All matches of one image and how many predictions matched nothing."""

    image: str
    matches: tuple[Match, ...]
    false: int

    @property
    def levels_right(self) -> bool:
        """True where every vertebra that was found has its true level."""
        return all(m.predicted in (None, m.level) for m in self.matches)


def compare(image: str, predicted: Bodies, truth: Bodies, size: tuple[int, int],
            ignore: Bodies | None = None) -> ImageResult:
    """Match the vertebrae of one image by place, never by name.

    Args:
        image: its name.
        predicted: points by predicted level.
        truth: points by true level.
        size: (width, height) of the image in pixels, for the paper's frame.
        ignore: further bodies that may be found without being counted as false.
    """
    free = dict(predicted)
    matches = []
    for level, points in truth.items():
        best = _nearest(points, free)
        name = best if best is not None else None
        matches.append(_match(level, name, free.pop(name) if name else None, points, size))
    for points in (ignore or {}).values():
        best = _nearest(points, free)
        if best is not None:
            free.pop(best)
    return ImageResult(image, tuple(matches), len(free))


def centre(points: Array) -> Array:
    """(6, 2) to (2,): mean of the corners that are there."""
    middle: Array = np.nanmean(points[list(CORNER_ROWS)], axis=0)
    return middle


def height(points: Array) -> float:
    """Mean of the anterior and posterior height, of those that are there."""
    sides = points[[0, 2]] - points[[5, 3]]
    return float(np.nanmean(np.linalg.norm(sides, axis=1)))


def _nearest(points: Array, others: Bodies) -> str | None:
    """The level of the body whose centre lies closest, if close enough."""
    reach = MATCH * height(points)
    apart = {name: float(np.linalg.norm(centre(p) - centre(points)))
             for name, p in others.items()}
    best = min(apart, key=lambda name: apart[name], default=None)
    return best if best is not None and apart[best] <= reach else None


def _match(level: str, name: str | None, predicted: Array | None, truth: Array,
           size: tuple[int, int]) -> Match:
    if predicted is None:
        gone = np.full(6, np.nan)
        return Match(level, None, gone, gone, gone, gone, gone)
    difference = predicted - truth
    tall = height(truth)
    distance = np.linalg.norm(difference, axis=1)
    forward = np.nanmean(truth[[2, 3]] - truth[[0, 5]], axis=0)
    forward = forward / np.linalg.norm(forward)
    down = np.nanmean(truth[[5, 3]] - truth[[0, 2]], axis=0)
    down = down - (down @ forward) * forward
    down = down / np.linalg.norm(down)
    frame = np.array(PAPER_FRAME) / np.array(size)
    return Match(level, name, distance, distance / tall, difference @ forward / tall,
                 difference @ down / tall, np.linalg.norm(difference * frame, axis=1))


def summary(results: list[ImageResult], rows: tuple[int, ...] = CORNER_ROWS) -> dict[str, float]:
    """The figures of the issue's table over many images.

    Args:
        results: one per image.
        rows: which of the six points count in the errors.
    """
    matches = [m for r in results for m in r.matches]
    found = [m for m in matches if m.predicted is not None]
    pick = list(rows)

    def values(name: str) -> Array:
        if not found:
            return np.full(1, np.nan)
        all_values = np.concatenate([getattr(m, name)[pick] for m in found])
        return all_values[np.isfinite(all_values)]

    share, paper = values("share"), values("paper")
    return {
        "images": float(len(results)),
        "vertebrae": float(len(matches)),
        "found": len(found) / max(len(matches), 1),
        "false_per_image": float(np.mean([r.false for r in results])) if results else 0.0,
        "level_right": float(np.mean([m.predicted == m.level for m in found])) if found else 0.0,
        "images_levels_right": float(np.mean([r.levels_right for r in results])),
        "median_share": float(np.median(share)),
        "mean_share": float(share.mean()),
        "p90_share": float(np.quantile(share, 0.9)),
        "p95_share": float(np.quantile(share, 0.95)),
        "median_paper_px": float(np.median(paper)),
        "mean_paper_px": float(paper.mean()),
        "bias_along": float(values("along").mean()),
        "bias_down": float(values("down").mean()),
    }
