"""Any spine that can be made can be measured: no error, no NaN, the same in every frame."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vertenet.anatomy import CORNERS, LEVELS, POINT_NAMES, Landmark, Side, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.measure import (
    RULES,
    aac_geometry,
    check_quality,
    measure_alignment,
    measure_vertebrae,
    summarise,
)

TOOLS = Path(__file__).parents[2] / "tools"
numbers = runpy.run_path(str(TOOLS / "random_spines.py"))["numbers"]
SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def random_spine(seed):
    """Bodies near a curve, jittered; some levels and mid points missing."""
    rng = np.random.default_rng(seed)
    bodies, y = [], 30.0
    jitter = rng.choice([0.0, 0.5, 3.0])
    for level in LEVELS:
        size = rng.uniform(15, 35)
        if rng.random() < 0.15:
            y += size
            continue
        tilt, x = rng.normal(0, 0.3), 100 + rng.normal(0, 10)
        six = np.array([[0, 0], [0.5, 0.03], [1, 0], [1, 0.7], [0.5, 0.67], [0, 0.7]]) * size * 1.4
        six = six @ np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
        six = six + [x, y] + rng.normal(0, jitter, (6, 2))
        keep = POINT_NAMES if rng.random() < 0.8 else CORNERS
        sigma = float(rng.uniform(0, 3)) if rng.random() < 0.7 else None
        points = {
            n: Landmark(*p, sigma)
            for n, p in zip(POINT_NAMES, six.tolist(), strict=True)
            if n in keep
        }
        bodies.append(Vertebra(level, points))
        y += size * rng.uniform(1.0, 1.4)
    return Spine(tuple(bodies))


def wild_spine(seed):
    """Points anywhere, some on one another, some huge."""
    rng = np.random.default_rng(seed)
    reach = 10.0 ** float(rng.choice([0, 2, 5, 100, 200, 307]))
    bodies = []
    for level in LEVELS:
        six = rng.uniform(-1, 1, (6, 2)) * reach
        if rng.random() < 0.4:
            six = np.round(rng.uniform(0, 2, (6, 2)))
        sigma = float(rng.choice([0.0, 1.0, 1e200]))
        points = zip(POINT_NAMES, six.tolist(), strict=True)
        bodies.append(Vertebra(level, {n: Landmark(*p, sigma) for n, p in points}))
    return Spine(tuple(bodies), Side.LEFT)


def everything(spine, scale=PixelScale(), size=(300, 700)):  # noqa: B008
    quality = check_quality(spine, scale, width=size[0], height=size[1])
    vertebrae = measure_vertebrae(spine, scale, implausible=quality.implausible)
    return {
        "quality": quality,
        "vertebrae": vertebrae,
        "summary": summarise(vertebrae),
        "aac": aac_geometry(spine, None, *size, scale=scale),
        "alignment": measure_alignment(spine, scale, implausible=quality.implausible),
        "rules": [measure_vertebrae(spine, scale, rule=rule) for rule in RULES],
    }


@MANY
@given(SEEDS)
def test_no_number_is_nan(seed):
    assert not any(math.isnan(v) or math.isinf(v) for v in numbers(everything(random_spine(seed))))


@MANY
@given(SEEDS)
def test_absurd_points_give_neither_an_error_nor_nan(seed):
    assert not any(math.isnan(v) for v in numbers(everything(wild_spine(seed))))


@MANY
@given(SEEDS, st.floats(0.05, 20))
def test_ratios_grades_and_angles_do_not_depend_on_scale(seed, factor):
    spine = random_spine(seed)
    a, b = everything(spine), everything(spine, PixelScale(factor, factor, True))
    for m, n in zip(a["vertebrae"], b["vertebrae"], strict=True):
        assert list(numbers(m.ratios)) == pytest.approx(list(numbers(n.ratios)), rel=1e-9)
        assert m.genant.grade == n.genant.grade
        assert list(numbers(m.heights))[:3] == pytest.approx(
            [v / factor for v in list(numbers(n.heights))[:3]], rel=1e-9
        )
    for x, y in zip(a["alignment"].discs, b["alignment"].discs, strict=True):
        assert x.angle_deg == pytest.approx(y.angle_deg, abs=1e-7)
        assert x.height_index == pytest.approx(y.height_index, rel=1e-9)


@MANY
@given(SEEDS, st.floats(-500, 500), st.floats(-500, 500))
def test_a_moved_spine_gives_the_moved_result(build, seed, dx, dy):
    spine = random_spine(seed)
    moved = build.moved(spine, lambda x, y: (x + dx, y + dy))
    a, b = everything(spine), everything(moved)
    a_aac, b_aac = (aac_geometry(s, None, None, None) for s in (spine, moved))
    for g, h in zip(a_aac.guides + a_aac.thirds, b_aac.guides + b_aac.thirds, strict=True):
        assert (g.end[0] + dx, g.end[1] + dy) == pytest.approx(h.end, abs=1e-6)
    for m, n in zip(a["rules"][0], b["rules"][0], strict=True):
        assert list(numbers(m.ratios)) == pytest.approx(list(numbers(n.ratios)), rel=1e-7)
        assert (m.genant.grade, m.genant.type) == (n.genant.grade, n.genant.type)


@MANY
@given(SEEDS)
def test_a_mirrored_spine_gives_the_mirrored_result(build, seed):
    spine = random_spine(seed)
    mirrored = build.moved(spine, lambda x, y: (299 - x, y), Side.LEFT)
    a, b = everything(spine), everything(mirrored)
    for m, n in zip(a["vertebrae"], b["vertebrae"], strict=True):
        assert list(numbers(m)) == pytest.approx(list(numbers(n)), rel=1e-6, abs=1e-9)
        assert (m.genant.grade, m.genant.type) == (n.genant.grade, n.genant.type)
    assert list(numbers(a["alignment"])) == pytest.approx(list(numbers(b["alignment"])), abs=1e-6)
    for s, t in zip(a["aac"].segments, b["aac"].segments, strict=True):
        x = [round(299 - p[0], 6) for p in s.anterior]
        assert sorted(set(x)) == pytest.approx(
            sorted({round(p[0], 6) for p in t.anterior}), abs=2e-6
        )
    assert a["quality"].implausible == b["quality"].implausible
    assert a["aac"].crop.status == b["aac"].crop.status
