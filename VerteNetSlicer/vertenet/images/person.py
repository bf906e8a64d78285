"""Whose image it is, as far as norms ask: sex and age, of the file or given by a person."""

from __future__ import annotations

from ..errors import ConfigurationError

#: What can be given; "U" says that the sex is not known, whatever the file says.
SEXES = ("F", "M", "U")
OLDEST_YEARS = 130.0


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
        age_years: 0 to 130; None leaves the file's.

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
