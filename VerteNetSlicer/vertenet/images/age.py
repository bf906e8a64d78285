"""How old a person was at the examination, as DICOM's tags say and as can be believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from .person import OLDEST_YEARS

_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_NOBODYS_BIRTH = {date(1900, 1, 1)}
"""Written where a birth date is asked for and not known; older ones are too old anyway."""
_NO_STUDY = {date(1900, 1, 1), date(1970, 1, 1), date(1980, 1, 1)}
"""Where clocks that were never set begin."""
_ALLOWANCE = 2.0
"""Years between Patient's Age, in whole years and sometimes of another day, and the dates."""


def dicom_age(age: str, born: str, seen: Sequence[str]) -> tuple[float | None, tuple[str, ...]]:
    """Patient's Age, else the study's date less the birth date, where it can be believed.

    Args:
        age: Patient's Age (0010,1010) as text.
        born: Patient's Birth Date (0010,0030) as text.
        seen: Study Date and Acquisition Date, the first readable one counts.

    Returns:
        Years or None, and sentences for the reader; no date is in them.
    """
    said, doubt = _said(age)
    counted, other_doubt = _counted(born, seen)
    doubts = [text for text in (doubt, other_doubt) if text]
    if said is None and counted is None:
        return None, (f"The age is not known: {', and '.join(doubts)}.",) if doubts else ()
    if said is None:
        return counted, (f"{doubt}; the age is that of its dates.",) if doubt else ()
    if counted is not None and abs(said - counted) > _ALLOWANCE:
        return said, (
            f"Patient's Age in the file is {said:g} years, its dates give {counted:.0f}; Patient's "
            "Age is used.",
        )
    return said, ()


def _said(text: str) -> tuple[float | None, str]:
    """Patient's Age, or None with the reason where one was written."""
    match = re.fullmatch(r"(\d{1,3})([YMWD])", text.upper())
    if match is None:
        return None, ""
    years = int(match[1]) * _YEARS[match[2]]
    if 0 < years <= OLDEST_YEARS:
        return years, ""
    return None, f"Patient's Age in the file, {match[0]}, is not believed"


def _counted(born: str, seen: Sequence[str]) -> tuple[float | None, str]:
    """Years between the dates, or None with the reason where both are there."""
    birth = _date(born)
    days = [day for day in map(_date, seen) if day is not None]
    if birth is None or not days:
        return None, ""
    if birth in _NOBODYS_BIRTH:
        return None, "the file's birth date is a placeholder (1 January 1900)"
    if days[0] in _NO_STUDY:
        return None, "the file's study date is that of a clock that was not set"
    years = round((days[0] - birth).days / 365.25, 2)
    if days[0] < birth:
        return None, "the file's birth date is after its study date"
    if years > OLDEST_YEARS:
        return None, f"the file's dates give {years:.0f} years, which is not believed"
    return years, ""


def _date(value: str) -> date | None:
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        return None
