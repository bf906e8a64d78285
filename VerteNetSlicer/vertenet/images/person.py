"""Whose image it is, as far as norms ask: sex and age, of the file or given by a person."""

from __future__ import annotations

from ..errors import ConfigurationError

#: What can be given; "U" says that the sex is not known, whatever the file says.
SEXES = ("F", "M", "U")
OLDEST_YEARS = 110.0
"""An age beyond it is a slip or a placeholder, such as a birth date of 1 January 1900."""
_ONCE_BELIEVED = 130.0

GIVEN, DICOM, UNKNOWN = "given", "dicom", "unknown"
#: Who says a sex or an age: a person in place of the file, the DICOM file, or nobody knows who.
SOURCES = (GIVEN, DICOM, UNKNOWN)


def given_or_known(
    known_sex: str | None,
    known_age_years: float | None,
    *,
    sex: str | None = None,
    age_years: float | None = None,
) -> tuple[str | None, float | None]:
    """Sex and age to measure by: what is given stands over what the file says.

    Args:
        known_sex: ``"M"``, ``"F"`` or None, as the file says.
        known_age_years: age in years or None, as the file says.
        sex: one of :data:`SEXES`; None leaves the file's.
        age_years: 0 to 110; None leaves the file's.

    Returns:
        ``"M"``, ``"F"`` or None, and years or None.

    Raises:
        ConfigurationError: if what is given is no sex or no age.
    """
    if sex not in (None, *SEXES):
        raise ConfigurationError(
            f"Expected the sex F, M or U (not known), got '{sex}'. Choose one."
        )
    if age_years is not None and not 0 <= age_years <= OLDEST_YEARS:
        raise ConfigurationError(
            f"Expected an age from 0 to {OLDEST_YEARS:g} years, got {age_years:g}. Correct it."
        )
    used = known_sex if sex is None else sex
    return None if used == "U" else used, known_age_years if age_years is None else age_years


def believed_age(age_years: float | None) -> tuple[float | None, tuple[str, ...]]:
    """An age as some file or caller has it; None with a sentence where it cannot be one."""
    if age_years is None or 0 <= age_years <= OLDEST_YEARS:
        return age_years, ()
    return None, (f"The age is not known: {age_years:g} years are not believed.",)


def age_read_back(age_years: float | None) -> tuple[float | None, tuple[str, ...]]:
    """An age of a file of ours; those up to 130 years, which we once wrote, are unknown now.

    What no version wrote stays, for the caller to refuse.
    """
    if isinstance(age_years, (int, float)) and OLDEST_YEARS < age_years <= _ONCE_BELIEVED:
        return believed_age(age_years)
    return age_years, ()


def source_of(value: object, word: object) -> str:
    """Who says a sex or an age, put right: what is in doubt is :data:`UNKNOWN`.

    Args:
        value: the sex or age, or None.
        word: one of :data:`SOURCES` as a file or a caller has it; anything else is in doubt.

    Returns:
        One of :data:`SOURCES`; of a value that is absent only :data:`GIVEN` ("not known" was
        given) or :data:`UNKNOWN`.
    """
    if word == GIVEN or (word == DICOM and value is not None):
        return str(word)
    return UNKNOWN


def said_by(given: object, word: str) -> str:
    """Who says what is used: :data:`GIVEN` where something was given, otherwise as before."""
    return word if given is None else GIVEN
