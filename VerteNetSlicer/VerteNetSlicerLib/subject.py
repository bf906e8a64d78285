"""Sex and age by which an image is measured: the image's own, or given by the reader.

What the reader gives is an attribute of the volume, as its calibration is: it is there
before points are, is saved with the scene, and each volume has its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from slicer.i18n import tr as _

import slicer
from vertenet.errors import ConfigurationError
from vertenet.images.person import DICOM, GIVEN, UNKNOWN, given_or_known, source_of

from .spacing import volume_spacing

RECORD = "VerteNet.subject"


@dataclass(frozen=True)
class Subject:
    """What is known of the person, and who says so.

    Attributes:
        image_sex: ``"M"``, ``"F"`` or None, as the image says.
        image_age_years: age as the image says, or None.
        given_sex: ``"F"``, ``"M"``, ``"U"`` (not known), or None for the image's.
        given_age_years: age that the reader gave, or None for the image's.
        given_sources: who says what was given: the reader, unless it came with an opened
            file of landmarks, which says it of itself.
    """

    image_sex: str | None = None
    image_age_years: float | None = None
    given_sex: str | None = None
    given_age_years: float | None = None
    given_sources: tuple[str, str] = (GIVEN, GIVEN)

    @property
    def sources(self) -> tuple[str, str]:
        """Who says the sex and the age to measure by."""
        known = self.image_sex, self.image_age_years
        given = self.given_sex, self.given_age_years
        sex, age = (
            (DICOM if own is not None else UNKNOWN) if other is None else word
            for own, other, word in zip(known, given, self.given_sources)
        )
        return sex, age

    @property
    def used(self) -> tuple[str | None, float | None]:
        """Sex and age to measure by."""
        return given_or_known(
            self.image_sex,
            self.image_age_years,
            sex=self.given_sex,
            age_years=self.given_age_years,
        )

    @property
    def text(self) -> str:
        """One line for the reader: what is used, and who says so."""
        sex, age = self.used
        words = _sex_words(sex), _age_words(age)
        image = _sex_words(self.image_sex), _age_words(self.image_age_years)
        known = self.image_sex, self.image_age_years
        given = self.given_sex, self.given_age_years
        return ", ".join(map(_with_source, words, image, known, given, self.given_sources))


def subject_of(volume: slicer.vtkMRMLVolumeNode) -> Subject:
    """What the image and the reader say of a volume's person."""
    known = volume_spacing(volume)
    return Subject(known.sex, known.age_years, *_given(volume))


def give_subject(
    volume: slicer.vtkMRMLVolumeNode,
    *,
    sex: str | None,
    age_years: float | None,
    sources: tuple[str, str] = (GIVEN, GIVEN),
) -> None:
    """Keep what a reader, or an opened file, says; None for both is the image's own again.

    Raises:
        ConfigurationError: if it is no sex, or no age from 0 to 110 years.
    """
    given_or_known(None, None, sex=sex, age_years=age_years)
    if sex is None and age_years is None:
        volume.RemoveAttribute(RECORD)
    else:
        content = {"sex": sex, "age_years": age_years, "sources": sources}
        volume.SetAttribute(RECORD, json.dumps(content))


def age_from_text(text: str) -> float | None:
    """The age that was typed; None where nothing was.

    Raises:
        ConfigurationError: if it is no number.
    """
    text = text.strip().replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        raise ConfigurationError(
            f"Expected an age in years, got '{text}'. Correct it, or leave it empty."
        ) from None


def _given(volume) -> tuple[str | None, float | None, tuple[str, str]]:
    nothing = None, None, (GIVEN, GIVEN)
    text = volume.GetAttribute(RECORD)
    if not text:
        return nothing
    try:
        content = json.loads(text)
        sex, age_years = content["sex"], content["age_years"]
        given_or_known(None, None, sex=sex, age_years=age_years)
        first, second = content.get("sources", (GIVEN, GIVEN))
    except (ValueError, KeyError, TypeError, ConfigurationError):
        return nothing  # written by another version: the image is asked
    return sex, age_years, (source_of(sex, first), source_of(age_years, second))


def _sex_words(sex: str | None) -> str:
    return {"F": _("woman"), "M": _("man")}.get(sex or "", _("sex not known"))


def _age_words(age_years: float | None) -> str:
    return _("age not known") if age_years is None else _("{n:g} years").format(n=age_years)


def _with_source(words: str, image_words: str, known: object, given: object, source: str) -> str:
    if given is None:
        return words if known is None else _("{what} (from the image)").format(what=words)
    if source != GIVEN:
        return _("{what} (from the opened landmarks)").format(what=words)
    if known is None or words == image_words:
        return _("{what} (given)").format(what=words)
    return _("{what} (given; the image says {image})").format(what=words, image=image_words)
