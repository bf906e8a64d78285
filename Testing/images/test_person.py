"""Sex and age: what is given stands over what the file says."""

from __future__ import annotations

import pytest

from vertenet.errors import ConfigurationError
from vertenet.images.person import SOURCES, given_or_known, said_by, source_of


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, ("M", 67.0)),
        ({"sex": "F"}, ("F", 67.0)),
        ({"sex": "U"}, (None, 67.0)),
        ({"age_years": 0.0}, ("M", 0.0)),
        ({"sex": "M", "age_years": 130.0}, ("M", 130.0)),
    ],
)
def test_what_is_given_stands_and_the_rest_is_the_files(given, used):
    assert given_or_known("M", 67.0, **given) == used


def test_nothing_known_and_nothing_given_stays_unknown():
    assert given_or_known(None, None) == (None, None)


@pytest.mark.parametrize("sex", ["X", "f", ""])
def test_another_sex_is_refused(sex):
    with pytest.raises(ConfigurationError, match="F, M or U"):
        given_or_known(None, None, sex=sex)


@pytest.mark.parametrize("age", [-0.1, 130.1, float("nan"), float("inf")])
def test_an_impossible_age_is_refused(age):
    with pytest.raises(ConfigurationError, match="0 to 130"):
        given_or_known(None, None, age_years=age)


@pytest.mark.parametrize(
    ("value", "word", "said"),
    [
        ("M", "dicom", "dicom"),
        (0.0, "dicom", "dicom"),
        (None, "dicom", "unknown"),
        (None, "given", "given"),
        ("M", "given", "given"),
        ("M", "", "unknown"),
        ("M", None, "unknown"),
        ("M", ["given"], "unknown"),
    ],
)
def test_who_says_it_is_one_of_three(value, word, said):
    assert source_of(value, word) == said
    assert said in SOURCES


def test_what_is_given_is_said_by_who_gives_it():
    assert said_by("U", "dicom") == "given"
    assert said_by(0.0, "unknown") == "given"
    assert said_by(None, "dicom") == "dicom"
