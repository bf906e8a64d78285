"""The whole path on the bundled scans, with the bundled network: grades as they were made."""

from __future__ import annotations

import pytest

from vertenet.anatomy import LEVELS
from vertenet.resources import resource_path

torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def detector():
    from vertenet.detection import load_detector

    return load_detector(device="cpu")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("synthetic_bright.dcm", {"T5": 3, "T6": 2}),
        ("synthetic_faint.dcm", {"T7": 2, "T8": 1, "T12": 2}),
    ],
)
def test_deformed_vertebrae_are_graded_within_one_grade_and_no_other_is(detector, name, made):
    from vertenet.images import read_image
    from vertenet.pipeline import analyse

    analysis = analyse(read_image(resource_path(f"SampleData/{name}")), detector)
    assert [v.level for v in analysis.vertebrae] == list(LEVELS)
    graded = {v.level.value: v.genant.grade for v in analysis.vertebrae[:-1] if v.genant.grade != 0}
    assert analysis.vertebrae[-1].genant.grade is None, "L5 is not graded by a rule"
    assert set(graded) == set(made)
    assert all(abs(graded[level] - grade) <= 1 for level, grade in made.items())
