"""Reading landmarks back from any file of ours: markups, report, CSV or Structured Report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..analysis import ImageFrame, ModelIdentity
from ..anatomy import Landmark, Level, PointName, PointStatus, ReaderDecision, Side
from ..errors import LandmarkError, VerteNetError
from ..geometry import PixelScale
from ..images.person import age_read_back, given_or_known, source_of
from ..measure import AAC_WALLS, AacReading
from ..texts import parsed_json
from .json_report import SCHEMA
from .landmark_set import Evidence, LandmarkSet, build_spine
from .read_markups import read_markups
from .read_points_csv import read_points_csv
from .read_sr import is_dicom, read_sr

#: Bytes; a CSV of 100,000 images stays below it.
MAX_SIZE = 1 << 30

Json = Mapping[str, Any]


def read_landmarks(path: str | Path) -> tuple[LandmarkSet, ...]:
    """The landmarks of every image that a file holds.

    Args:
        path: ``landmarks.mrk.json``, ``report.json``, ``sr.dcm``, or a CSV with the
            columns ``image,level,point,x,y``.

    Raises:
        LandmarkError: if the file cannot be read or holds something else.
    """
    file = Path(path)
    data = _bytes(file)
    if is_dicom(data):
        return (read_sr(data, file.name),)
    text = _text(data, file.name)
    if text.lstrip()[:1] not in ("{", "["):
        return read_points_csv(text, file.name)
    try:
        content = parsed(text)
    except (ValueError, RecursionError) as error:
        raise LandmarkError(
            f"Expected a landmarks file, but '{file.name}' is damaged JSON ({error}). "
            "Write or save it again."
        ) from None
    if isinstance(content, dict) and "markups" in content:
        return (read_markups(content, file.name),)
    if isinstance(content, dict) and content.get("schema") == SCHEMA:
        return (read_report(content, file.name),)
    raise LandmarkError(
        f"Expected Slicer markups or a report of the schema {SCHEMA}, but '{file.name}' is "
        "neither. Choose landmarks.mrk.json, report.json or a CSV file."
    )


def parsed(text: str) -> Any:
    """JSON as the standard has it: no NaN, and every text of it can be written again.

    Raises:
        ValueError: if it is not.
    """
    return parsed_json(text, parse_constant=_refuse)


def read_report(content: Json, name: str) -> LandmarkSet:
    """The landmarks of a report's content, reader's decisions included.

    Raises:
        LandmarkError: if the content does not follow the report's schema.
    """
    try:
        return _landmark_set(content)
    except (
        AttributeError, KeyError, OverflowError, TypeError, ValueError, VerteNetError
    ) as error:  # fmt: skip
        raise LandmarkError(
            f"Expected a report of the schema {SCHEMA}, but '{name}' is damaged "
            f"({type(error).__name__}: {error}). Measure the landmarks again."
        ) from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _bytes(file: Path) -> bytes:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise LandmarkError(
                f"Expected a landmarks file, but '{file}' is a device or a pipe. Check the path."
            )
        if file.stat().st_size > MAX_SIZE:
            raise LandmarkError(
                f"Expected a landmarks file below 1 GB, but '{file.name}' is larger. "
                "Split it into several files."
            )
        return file.read_bytes()
    except OSError as error:
        raise LandmarkError(
            f"Expected a landmarks file, but '{file}' cannot be read "
            f"({error.strerror or error}). Check the path."
        ) from None


def _text(data: bytes, name: str) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        if wide or b"\0" not in data:
            return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeError:
        if b"\0" not in data:
            return data.decode("latin-1")
    raise LandmarkError(
        f"Expected text (mrk.json, report.json or CSV), but '{name}' is a binary file. "
        "For an image, use 'vertenet detect'."
    )


def _landmark_set(content: Json) -> LandmarkSet:
    image, model, subject = content["image"], content.get("model"), content.get("subject") or {}
    spacing = image["spacing_mm"]
    levels = [Level(v["level"]) for v in content["vertebrae"]]
    if len(set(levels)) < len(levels):
        raise ValueError("a level stands there twice")
    row, column = spacing or (image.get("aspect_ratio") or 1.0, 1.0)
    frame = ImageFrame(
        str(image["file"]),
        _pixels(image["width"]),
        _pixels(image["height"]),
        PixelScale(float(row), float(column), spacing is not None),
        str(image["spacing_source"]),
    )
    age_years, doubts = age_read_back(subject.get("age_years"))
    spine = build_spine(
        {Level(v["level"]): _points(v["points"]) for v in content["vertebrae"]},
        anterior=Side(image["anterior"]),
        evidence={Level(v["level"]): _evidence(v) for v in content["vertebrae"]},
        warnings=[*(str(warning) for warning in content["warnings"]), *doubts],
    )
    identity = model and ModelIdentity(model["name"], model["version"], model["sha256"])
    reading = _aac_reading((content.get("aac") or {}).get("scores"))
    sex, age_years = given_or_known(None, None, sex=subject.get("sex"), age_years=age_years)
    said = (source_of(sex, subject.get("sex_source")),
            source_of(age_years, subject.get("age_source")))  # fmt: skip
    return LandmarkSet(frame, spine, identity, sex, age_years, reading, *said)


def _pixels(length: object) -> int | None:
    """A side of the image, or None where it is not known."""
    if length is not None and not (type(length) is int and length > 0):
        raise ValueError(f"a side of the image is a whole number above 0, not {length!r}")
    return length


def _aac_reading(scores: Json | None) -> AacReading | None:
    if scores is None:
        return None
    walls = {(level, wall): scores["walls"][level.value][wall] for level, wall in AAC_WALLS}
    lengths = scores["anterior8"], scores["posterior8"]
    return AacReading.of(walls, None if None in lengths else lengths)


def _points(points: Json) -> dict[PointName, Landmark]:
    return {
        PointName(name): Landmark(
            float(point["x"]), float(point["y"]), point["sigma_px"], PointStatus(point["status"])
        )
        for name, point in points.items()
        if point is not None
    }


def _evidence(vertebra: Json) -> Evidence:
    reader = vertebra.get("reader")
    decision = reader and ReaderDecision(
        reader["grade"], reader["reason"], bool(reader["evaluable"])
    )
    return Evidence(vertebra["score"], vertebra["level_confidence"], decision or None)
