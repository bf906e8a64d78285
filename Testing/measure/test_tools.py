"""A small share of what tools/random_spines.py and tools/check_crop.py do at length."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def tool(name):
    spec = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_what_must_hold_of_every_spine_holds(first):
    check = tool("random_spines").check
    assert [why for seed in range(first, first + 20) if (why := check(seed))] == []


def test_the_crop_check_agrees_with_the_true_field():
    check_crop = tool("check_crop")
    said = []
    for case in check_crop.cases(5000, 6):
        status, truth = check_crop.measured(case, 0.8)
        said += [
            (truth[s.level], s.status == "cropped")
            for s in status.per_segment
            if s.level in truth and s.status != "unknown"
        ]
    agree = np.mean([a == b for a, b in said])
    assert {a for a, _ in said} == {True, False}, "both occur"
    assert agree >= 0.9
