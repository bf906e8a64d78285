"""The text that each control point carries, and its reading.

Slicer keeps a control point's label, position and description when it saves a
markups file, and drops everything it does not know.  So all that a report needs
beside the positions stands in the descriptions: about the point and its
vertebra on every point, about the image and the reader's decision on each
vertebra's first point.  Form: ``key=value; key=value``, values percent-encoded
where they hold ``;``, ``%``, ``|`` or control characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote

from ..analysis import ImageFrame, ModelIdentity
from ..anatomy import Landmark, ReaderDecision, Side, Vertebra
from ..images.person import UNKNOWN
from ..measure import AacReading

_SAFE = " ,.:/()'+-_!?@#&*<>[]{}=~^$"
_BAR = "|"  # between warnings, so quoted within one


def clean(text: str) -> str:
    """Text that is valid UTF-8: undecodable bytes of a file name become ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def join(fields: dict[str, str | None]) -> str:
    """``key=value; key=value`` of all values that are there."""
    return "; ".join(
        f"{key}={quote(clean(value), safe=_SAFE + _BAR)}"
        for key, value in fields.items()
        if value is not None
    )


def split(description: str) -> dict[str, str]:
    """The inverse of :func:`join`; parts without ``=`` are skipped."""
    parts = (part.partition("=") for part in description.split(";"))
    return {key.strip(): unquote(value.strip()) for key, sep, value in parts if sep}


def number(value: float | None) -> str | None:
    """The shortest text that reads back as the same number."""
    return None if value is None else repr(float(value))


def point_fields(
    vertebra: Vertebra, point: Landmark, model: ModelIdentity | None
) -> dict[str, str | None]:
    """What every point carries; ``xy`` tells later whether it was dragged."""
    return {
        "sigma_px": number(point.sigma_px),
        "score": number(vertebra.score),
        "level_confidence": number(vertebra.level_confidence),
        "status": point.status.value,
        "xy": f"{float(point.x)!r},{float(point.y)!r}",
        "model": None if model is None else f"{model.name} {model.version} {model.sha256[:8]}",
    }


def reader_fields(reader: ReaderDecision | None) -> dict[str, str | None]:
    """The reader's decision about one vertebra; nothing where there is none."""
    if reader is None:
        return {}
    return {
        "reader_grade": None if reader.grade is None else str(reader.grade),
        "reader_reason": reader.reason,
        "reader_evaluable": "yes" if reader.evaluable else "no",
    }


def image_fields(
    frame: ImageFrame,
    anterior: Side,
    *,
    model: ModelIdentity | None = None,
    warnings: tuple[str, ...] = (),
    sex: str | None = None,
    age_years: float | None = None,
    sources: tuple[str, str] = (UNKNOWN, UNKNOWN),
    aac_reading: AacReading | None = None,
) -> dict[str, str | None]:
    """What is said about the image as a whole."""
    scale = frame.scale
    return {
        "image": frame.file,
        "width": None if frame.width is None else str(frame.width),
        "height": None if frame.height is None else str(frame.height),
        "pixel": f"{float(scale.row)!r},{float(scale.column)!r},{scale.unit}",
        "spacing_source": frame.spacing_source,
        "anterior": anterior.value,
        "sex": sex,
        "age": number(age_years),
        "sex_source": None if sources[0] == UNKNOWN else sources[0],
        "age_source": None if sources[1] == UNKNOWN else sources[1],
        "model_name": None if model is None else model.name,
        "model_version": None if model is None else model.version,
        "model_sha256": None if model is None else model.sha256,
        "warnings": _BAR.join(quote(clean(w), safe=_SAFE) for w in warnings) or None,
        "aac_scores": None if aac_reading is None else aac_reading.text,
        "aac8_scores": None if aac_reading is None else aac_reading.text8 or None,
    }


def aac_reading_of(fields: Mapping[str, str]) -> AacReading | None:
    """The inverse of the fields ``aac_scores`` and ``aac8_scores``.

    Raises:
        LandmarkError: if they are not the text of a reading.
    """
    if "aac_scores" not in fields:
        return None
    return AacReading.parse(fields["aac_scores"], fields.get("aac8_scores", ""))


def warnings_of(fields: dict[str, str]) -> tuple[str, ...]:
    """The inverse of the field ``warnings``."""
    text = fields.get("warnings", "")
    return tuple(unquote(part) for part in text.split(_BAR)) if text else ()
