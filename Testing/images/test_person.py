"""Sex and age: what is given stands over what the file says."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.errors import ConfigurationError
from vertenet.images import image_from_array
from vertenet.images.age import dicom_age
from vertenet.images.person import SOURCES, believed_age, given_or_known, said_by, source_of


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, ("M", 67.0)),
        ({"sex": "F"}, ("F", 67.0)),
        ({"sex": "U"}, (None, 67.0)),
        ({"age_years": 0.0}, ("M", 0.0)),
        ({"sex": "M", "age_years": 110.0}, ("M", 110.0)),
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


@pytest.mark.parametrize("age", [-0.1, 110.1, float("nan"), float("inf")])
def test_an_impossible_age_is_refused(age):
    with pytest.raises(ConfigurationError, match="0 to 110"):
        given_or_known(None, None, age_years=age)


@pytest.mark.parametrize(
    ("age", "born", "seen", "years", "word"),
    [
        ("067Y", "", ["", ""], 67.0, ""),
        ("110Y", "", ["", ""], 110.0, ""),
        ("111Y", "", ["", ""], None, "111Y, is not believed"),
        ("999Y", "19500101", ["20200101", ""], 70.0, "is that of its dates"),
        ("000Y", "19500101", ["20200101", ""], 70.0, "000Y"),
        ("001D", "", ["", ""], 1 / 365.25, ""),
        ("abc", "19500101", ["", ""], None, ""),
        ("", "19500101", ["", "20200101"], 70.0, ""),
        ("", "19500101", ["20200101", "20100101"], 70.0, ""),
        ("", "19000101", ["20200101", ""], None, "placeholder"),
        ("", "19000101", ["20050101", ""], None, "placeholder"),
        ("", "19000102", ["20050101", ""], 105.0, ""),
        ("", "19100101", ["20200101", ""], 110.0, ""),
        ("", "19091201", ["20200101", ""], None, "110 years, which is not believed"),
        ("", "18000101", ["20200101", ""], None, "220 years"),
        ("", "20200102", ["20200101", ""], None, "after its study date"),
        ("", "20200101", ["20200101", ""], 0.0, ""),
        ("", "19500101", ["19700101", ""], None, "clock"),
        ("", "19500101", ["19700102", ""], 20.0, ""),
        ("", "99991231", ["20200101", ""], None, "after its study date"),
        ("", "00000000", ["20200101", ""], None, ""),
        ("067Y", "19000101", ["20200101", ""], 67.0, ""),
        ("067Y", "19510101", ["20200101", ""], 67.0, ""),
        ("067Y", "19500701", ["20200101", ""], 67.0, "its dates give 70"),
        ("130Y", "19000101", ["20200101", ""], None, "130Y, is not believed, and the file's birth"),
    ],
)
def test_an_age_that_nobody_has_is_unknown_and_why_is_said(age, born, seen, years, word):
    found, said = dicom_age(age, born, seen)
    assert found == (None if years is None else pytest.approx(years, abs=0.01))
    assert (word in said[0] and len(said) == 1) if word else said == ()
    assert not any(day and day in " ".join(said) for day in (born, *seen))


@pytest.mark.parametrize(
    ("age", "believed"),
    [
        (None, True),
        (0.0, True),
        (110.0, True),
        (110.5, False),
        (-1.0, False),
        (float("nan"), False),
    ],
)
def test_no_image_holds_an_age_beyond_belief(age, believed):
    assert believed_age(age)[0] == (age if believed else None)
    image = image_from_array(np.eye(70), age_years=age)
    assert image.age_years == (age if believed else None)
    assert any("age is not known" in sentence for sentence in image.warnings) != believed


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
