"""Sex and age in words, and who says so: a scan judged by another sex must show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..analysis import Analysis
from ..images.person import DICOM, GIVEN

_SEXES = {"M": "male", "F": "female"}
_SAYS = {GIVEN: " (given by the user)", DICOM: " (from DICOM)"}


def person_words(subject: Mapping[str, Any]) -> str:
    """``female (given by the user), 67 years (from DICOM)``, of a report's ``subject``."""
    age = subject.get("age_years")
    words = _SEXES.get(subject.get("sex") or "", "not known")
    said = [_SAYS.get(subject.get(key) or "", "") for key in ("sex_source", "age_source")]
    if age is None and not said[1]:
        return words + said[0]
    years = "age not known" if age is None else f"{round(age, 1):g} years"
    first = "" if said[0] == said[1] else said[0]
    return f"{words}{first}, {years}{said[1]}"


def given_sentence(analysis: Analysis) -> str | None:
    """A sentence that says what a user gave, or None where nothing was."""
    if GIVEN not in (analysis.sex_source, analysis.age_source):
        return None
    words = person_words(
        {
            "sex": analysis.sex,
            "age_years": analysis.age_years,
            "sex_source": analysis.sex_source,
            "age_source": analysis.age_source,
        }
    )
    return f"Measured by sex and age: {words}."
