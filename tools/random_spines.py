"""Measure many random spines and check what must hold of every result.

``.venv/bin/python tools/random_spines.py --count 100000 --workers 2``: no exception, no NaN
or infinity, reason wherever a number is missing, ratios, grades and angles unchanged by
scale, everything moved under a move and mirrored under a mirror.  Exit code 1 and the seed
where one fails; a share of the same checks stands in
``Testing/measure/test_random_spines.py``.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import Pool
from typing import Any

import numpy as np

from vertenet.analysis import Analysis, ImageFrame
from vertenet.anatomy import CORNERS, LEVELS, POINT_NAMES, Landmark, Side, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.pipeline import measure

WIDTH, HEIGHT = 300, 900


def random_spine(rng: np.random.Generator) -> Spine:
    """Bodies near a curve, jittered or crushed; some levels and mid points missing."""
    bodies, y = [], 30.0
    jitter = float(rng.choice([0.0, 0.5, 3.0, 10.0]))
    for level in LEVELS:
        size = rng.uniform(15, 35)
        y += size * rng.uniform(1.0, 1.4)
        if rng.random() < 0.15:
            continue
        tilt, flat = rng.normal(0, 0.3), rng.uniform(0.2, 1.0) if rng.random() < 0.1 else 1.0
        six = np.array([[0, 0], [0.5, 0.03], [1, 0], [1, 0.7], [0.5, 0.67], [0, 0.7]])
        six = six * [size * 1.4, size * 1.4 * flat]
        six = six @ np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
        six = six + [100 + rng.normal(0, 10), y] + rng.normal(0, jitter, (6, 2))
        kept = POINT_NAMES if rng.random() < 0.8 else CORNERS
        sigma = float(rng.uniform(0, 3)) if rng.random() < 0.7 else None
        bodies.append(_body(level, six, sigma, kept))
    return Spine(tuple(bodies))


def wild_spine(rng: np.random.Generator) -> Spine:
    """Points anywhere, some on one another, some huge, some uncertain beyond measure."""
    reach = 10.0 ** float(rng.choice([0, 2, 5, 100, 200, 307]))
    bodies = []
    for level in LEVELS:
        six = rng.uniform(-1, 1, (6, 2)) * reach
        if rng.random() < 0.4:
            six = np.round(rng.uniform(0, 2, (6, 2)))
        bodies.append(_body(level, six, float(rng.choice([0.0, 1.0, 1e200])), POINT_NAMES))
    return Spine(tuple(bodies), Side.LEFT if rng.random() < 0.5 else Side.RIGHT)


def _body(level: Any, six: Any, sigma: float | None, kept: Any) -> Vertebra:
    marks = zip(POINT_NAMES, six.tolist(), strict=True)
    return Vertebra(level, {n: Landmark(*p, sigma) for n, p in marks if n in kept})


def changed(spine: Spine, where: Callable[[float, float], tuple[float, float]],
            anterior: Side, times: float = 1.0) -> Spine:  # fmt: skip
    """The spine with every point elsewhere, sigma times a factor."""
    bodies = []
    for body in spine:
        marks = {
            name: Landmark(*where(p.x, p.y), None if p.sigma_px is None else p.sigma_px * times)
            for name, p in body.points.items()
        }
        bodies.append(Vertebra(body.level, marks))
    return Spine(tuple(bodies), anterior)


def analysed(spine: Spine, scale: PixelScale, width: int | None, height: int | None) -> Analysis:
    """Everything that is computed of points."""
    return measure(spine, ImageFrame("random", width, height, scale))


def numbers(value: Any) -> Iterator[float]:
    """All numbers of a result, however deep."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, (int, float)):
        yield float(value)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from numbers(item)
    else:
        for item in value:
            yield from numbers(item)


def results(found: Analysis) -> list[Any]:
    """What was computed, without the points themselves and pixel positions."""
    return [found.vertebrae, found.summary, found.alignment, found.aac.crop]


def same(a: Any, b: Any, tolerance: float) -> bool:
    """All numbers alike, and as many of them."""
    first, second = list(numbers(a)), list(numbers(b))
    return len(first) == len(second) and all(
        math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance)
        for x, y in zip(first, second, strict=True)
    )


def words(found: Analysis) -> list[Any]:
    """What was decided: grades, types and what is withheld."""
    graded = [(v.level, v.genant.grade, v.genant.type, len(v.withheld)) for v in found.vertebrae]
    implausible = () if found.quality is None else tuple(found.quality.implausible)
    return [graded, found.aac.crop.status, implausible]


def unexplained(found: Analysis) -> str | None:
    """A number that is missing without a reason, or None."""
    for v in found.vertebrae:
        if None in (v.heights.Ha, v.heights.Hm, v.heights.Hp) and not v.withheld:
            return f"{v.level}: a height is missing without a reason"
        if v.genant.grade is None and not v.genant.reason.startswith(("not graded", "withheld")):
            return f"{v.level}: no grade and no reason"
    for segment in found.aac.segments:
        if segment.reason is None and not (segment.anterior or segment.posterior):
            crop = {s.level: s for s in found.aac.crop.per_segment}[segment.level]
            if crop.status == "ok":
                return f"{segment.level}: no region, yet ok"
    return None


def check(seed: int) -> str | None:
    """What does not hold for the spine of this seed, or None."""
    rng = np.random.default_rng(seed)
    try:
        if seed % 4 == 0:
            return _wild(wild_spine(rng))
        return _proper(random_spine(rng), rng)
    except Exception as error:  # this program's purpose is to report any of them
        return f"{type(error).__name__}: {error}"


def _wild(spine: Spine) -> str | None:
    found = analysed(spine, PixelScale(), WIDTH, HEIGHT)
    if any(math.isnan(x) for x in numbers([*results(found), found.aac, found.quality])):
        return "NaN"
    return unexplained(found)


def _proper(spine: Spine, rng: np.random.Generator) -> str | None:
    pixel = PixelScale()
    base = analysed(spine, pixel, WIDTH, HEIGHT)
    everything = [*results(base), base.aac, base.quality]
    if not all(math.isfinite(x) for x in numbers(everything)):
        return "NaN or infinity"
    factor = float(rng.uniform(0.05, 20))
    scaled = analysed(spine, PixelScale(factor, factor, True), WIDTH, HEIGHT)
    for a, b in zip(base.vertebrae, scaled.vertebrae, strict=True):
        if not same(a.ratios, b.ratios, 1e-9) or a.genant.grade != b.genant.grade:
            return f"{a.level}: changed by the scale"
    mirrored = analysed(
        changed(spine, lambda x, y: (WIDTH - 1 - x, y), Side.LEFT), pixel, WIDTH, HEIGHT
    )
    if words(base) != words(mirrored) or not same(results(base), results(mirrored), 1e-6):
        return "not mirrored"
    dx, dy = rng.uniform(-500, 500, 2).tolist()
    free = analysed(spine, pixel, None, None)
    moved = analysed(changed(spine, lambda x, y: (x + dx, y + dy), Side.RIGHT), pixel, None, None)
    for g, h in zip(free.aac.guides, moved.aac.guides, strict=True):
        if not same((g.end[0] + dx, g.end[1] + dy), h.end, 1e-6):
            return f"{g.name}: not moved"
    if words(free) != words(moved) or not same(free.vertebrae, moved.vertebrae, 1e-6):
        return "changed by the move"
    return unexplained(base)


def main() -> int:
    """Check the seeds and say which fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=100_000, help="number of spines")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.count)
    failed = 0
    with Pool(chosen.workers) as pool:
        for seed, why in zip(seeds, pool.imap(check, seeds, chunksize=50), strict=True):
            if why is not None:
                failed += 1
                sys.stdout.write(f"seed {seed}: {why}\n")
            if (seed + 1 - chosen.first) % 1000 == 0:
                sys.stderr.write(f"{seed + 1 - chosen.first} done, {failed} failed\n")
    sys.stdout.write(f"{chosen.count} spines, {failed} failed\n")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
