"""Reading ``landmarks.mrk.json``, as written here or as saved again by 3D Slicer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..analysis import ImageFrame, ModelIdentity
from ..anatomy import Landmark, Level, PointName, PointStatus, ReaderDecision, Side, parse_label
from ..errors import ConfigurationError, LandmarkError
from ..geometry import PixelScale
from ..images.person import age_read_back, given_or_known, source_of
from .description import aac_reading_of, split, warnings_of
from .landmark_set import Evidence, LandmarkSet, build_spine
from .markups import IMAGE_KEY

#: Pixels; a point farther than this from where it was written has been dragged.
#: Positions go through millimetres and back, which costs about 1e-13.
DRAGGED_PX = 1e-6
#: Millimetres off the image plane that are worth a warning.
OFF_PLANE_MM = 1e-3
# Factor of x and y on the way to LPS; Slicer once wrote the system as a number.
_SIGNS = {"LPS": 1.0, "1": 1.0, "RAS": -1.0, "0": -1.0}

Fields = Mapping[str, str]


def read_markups(content: Mapping[str, Any], name: str) -> LandmarkSet:
    """The landmarks of a markups file's content.

    Args:
        content: the file's JSON.
        name: the file's name, for messages.

    Raises:
        LandmarkError: if there are no such points, or they contradict one another.
    """
    controls = _control_points(content, name)
    described = [split(str(control.get("description") or "")) for control in controls]
    image = _image_fields(content, described, name)
    frame = _frame(image, name)
    points: dict[Level, dict[PointName, Landmark]] = {}
    evidence: dict[Level, Evidence] = {}
    warnings = list(warnings_of(dict(image)))
    for control, fields in zip(controls, described, strict=True):
        label = str(control.get("label") or "")
        try:
            level, point = parse_label(label)
        except LandmarkError:
            warnings.append(f"The point '{label}' was left out: its label names no vertebra.")
            continue
        if point in points.setdefault(level, {}):
            raise LandmarkError(
                f"Expected each point of '{name}' once, got {label} twice. "
                "Rename or delete one of the two."
            )
        landmark = _landmark(control, fields, frame.scale, label, warnings)
        if landmark is not None:
            points[level][point] = landmark
        evidence[level] = _merged(evidence.get(level), _evidence(fields, label))
    if controls and not points:
        raise LandmarkError(
            f"Expected points labelled T4_PS to L5_PI in '{name}', got none. "
            "Choose a landmarks file, or label the points."
        )
    side = _side(image, name)
    sex, age_years, doubts = _person(image, name)
    warnings.extend(doubts)
    spine = build_spine(points, anterior=side, evidence=evidence, warnings=warnings)
    return LandmarkSet(
        frame,
        spine,
        _model(image),
        sex,
        age_years,
        aac_reading_of(image),
        source_of(sex, image.get("sex_source")),
        source_of(age_years, image.get("age_source")),
        in_lengths="pixel" not in image,
    )


def _control_points(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """All control points in LPS, whatever the file's coordinate system."""
    found: list[Mapping[str, Any]] = []
    try:
        for node in content["markups"]:
            sign = _SIGNS[str(node.get("coordinateSystem", "LPS")).upper()]
            units = node.get("coordinateUnits") or "mm"
            if any(unit != "mm" for unit in ([units] if isinstance(units, str) else units)):
                raise ValueError(units)
            for control in node.get("controlPoints", []):
                x, y, z = (float(v) for v in control.get("position") or (math.nan,) * 3)
                found.append({**control, "position": (sign * x, sign * y, z)})
    except (AttributeError, KeyError, TypeError, ValueError):
        raise LandmarkError(
            f"Expected a Slicer markups file, but '{name}' is damaged or of another kind. "
            "Save the markups again as .mrk.json."
        ) from None
    return found


def _image_fields(content: Mapping[str, Any], described: list[dict[str, str]], name: str) -> Fields:
    images = [fields for fields in described if "pixel" in fields]
    if isinstance(content.get(IMAGE_KEY), str):
        images.append(split(content[IMAGE_KEY]))
    if len({(fields.get("image"), fields["pixel"]) for fields in images}) > 1:
        raise LandmarkError(
            f"Expected the points of one image in '{name}', got points of several. "
            "Save each image's landmarks in a file of its own."
        )
    return images[0] if images else {}


def _frame(image: Fields, name: str) -> ImageFrame:
    try:
        row, column, unit = image.get("pixel", "1,1,px").split(",")
        scale = PixelScale(float(row), float(column), unit == "mm")
        width, height = (int(image[key]) if key in image else None for key in ("width", "height"))
        if any(side is not None and side < 1 for side in (width, height)):
            raise ValueError
    except (ValueError, ConfigurationError):
        raise _damaged(name, "pixel, width or height") from None
    file = image.get("image", name)
    return ImageFrame(file, width, height, scale, image.get("spacing_source", "unknown"))


def _landmark(
    control: Mapping[str, Any],
    fields: Fields,
    scale: PixelScale,
    label: str,
    warnings: list[str],
) -> Landmark | None:
    """The point, as it was written or as it was dragged since; None where not placed."""
    x_mm, y_mm, z_mm = control["position"]
    placed = control.get("positionStatus", "defined") == "defined"
    if not placed or not all(map(math.isfinite, (x_mm, y_mm, z_mm))):
        return None
    if abs(z_mm) > OFF_PLANE_MM:
        warnings.append(f"{label} lies {abs(z_mm):.3g} mm off the image and was put back on it.")
    x, y = x_mm / scale.column, y_mm / scale.row
    try:
        written = tuple(float(part) for part in fields["xy"].split(","))
        status = PointStatus(fields.get("status", "edited"))
    except (KeyError, ValueError):
        return Landmark(x, y, None, PointStatus.EDITED)
    if len(written) != 2 or not math.dist(written, (x, y)) <= DRAGGED_PX:
        return Landmark(x, y, None, PointStatus.EDITED)
    return Landmark(*written, _number(fields, "sigma_px", label), status)


def _evidence(fields: Fields, label: str) -> Evidence:
    return Evidence(
        _number(fields, "score", label), _number(fields, "level_confidence", label), _reader(fields)
    )


def _merged(first: Evidence | None, second: Evidence) -> Evidence:
    """What several points say about their vertebra: the first that says it counts."""
    if first is None:
        return second
    return Evidence(
        second.score if first.score is None else first.score,
        second.level_confidence if first.level_confidence is None else first.level_confidence,
        first.reader or second.reader,
    )


def _reader(fields: Fields) -> ReaderDecision | None:
    if "reader_evaluable" not in fields:
        return None
    grade = fields.get("reader_grade", "")
    return ReaderDecision(
        int(grade) if grade.isdigit() else None,
        fields.get("reader_reason"),
        fields["reader_evaluable"] != "no",
    )


def _model(image: Fields) -> ModelIdentity | None:
    if "model_name" not in image:
        return None
    return ModelIdentity(
        image["model_name"], image.get("model_version", ""), image.get("model_sha256", "")
    )


def _side(image: Fields, name: str) -> Side | None:
    try:
        return Side(image["anterior"]) if "anterior" in image else None
    except ValueError:
        raise _damaged(name, "anterior") from None


def _person(image: Fields, name: str) -> tuple[str | None, float | None, tuple[str, ...]]:
    age_years, doubts = age_read_back(_number(image, "age", name))
    try:
        return *given_or_known(None, None, sex=image.get("sex"), age_years=age_years), doubts
    except ConfigurationError:
        raise _damaged(name, "sex or age") from None


def _number(fields: Fields, key: str, name: str) -> float | None:
    try:
        value = float(fields[key]) if key in fields else None
    except ValueError:
        raise _damaged(name, key) from None
    if value is not None and not math.isfinite(value):
        raise _damaged(name, key)
    return value


def _damaged(name: str, key: str) -> LandmarkError:
    return LandmarkError(
        f"Expected a readable value of {key} in the description of '{name}', got another text. "
        "Restore the description or clear it."
    )
