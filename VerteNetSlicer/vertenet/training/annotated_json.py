"""Annotations in JSON: Slicer markups, our reports, COCO keypoints.

Points in a file that no reader would measure are read too: a vertebra may have any
number of its points, which a :class:`vertenet.anatomy.Vertebra` may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import numpy as np

from ..anatomy import parse_label
from ..errors import LandmarkError
from .annotated import ROWS, WALLS, Annotated, level_name

Json = Mapping[str, Any]
_DRAGGED_PX = 1e-6


def read_json(content: Any, name: str) -> list[Annotated]:
    """The annotated images of a JSON file's content.

    Args:
        content: parsed JSON.
        name: the image's name where the file tells none, and for messages.

    Raises:
        LandmarkError: if it is none of the known kinds, or damaged.
    """
    try:
        if "markups" in content:
            return [_markups(content, name)]
        if "annotations" in content:
            return _coco(content)
        if str(content.get("schema", "")).startswith("vertenet-report/"):
            return [_report(content)]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise LandmarkError(
            f"Expected a readable annotation, but '{name}' is damaged "
            f"({type(error).__name__}: {error}). Write it again."
        ) from None
    raise LandmarkError(
        f"Expected Slicer markups, a report or COCO keypoints, but '{name}' is none of them. "
        "Give another file."
    )


def _markups(content: Json, name: str) -> Annotated:
    controls = [
        (node, control) for node in content["markups"] for control in node.get("controlPoints", [])
    ]
    described = [_fields(str(control.get("description") or "")) for _, control in controls]
    about = next((fields for fields in described if "pixel" in fields), None)
    about = about or _fields(str(content.get("vertenet") or ""))
    item = Annotated(about.get("image", name))
    item.in_lengths = not about.get("pixel")
    row, column, unit = (about.get("pixel") or "1,1,px").split(",")
    if unit == "mm":
        item.spacing_mm = float(row), float(column)
    if "width" in about and "height" in about:
        item.size = int(about["width"]), int(about["height"])
    for (node, control), fields in zip(controls, described):
        ras = str(node.get("coordinateSystem", "LPS")).upper() in ("RAS", "0")
        _control(item, control, fields, (-1.0 if ras else 1.0, float(row), float(column)))
        if len(fields.get("aac_scores", "")) == len(WALLS):
            item.walls |= {w: int(c) for w, c in zip(WALLS, fields["aac_scores"]) if c in "0123"}
    return item


def _control(
    item: Annotated, control: Json, fields: dict[str, str], frame: tuple[float, float, float]
) -> None:
    """One control point; unplaced points and labels of others are passed over."""
    try:
        level, point = parse_label(str(control.get("label") or ""))
    except LandmarkError:
        return
    position = control.get("position")
    if position is None or control.get("positionStatus", "defined") != "defined":
        return
    sign, row, column = frame
    x, y = sign * float(position[0]) / column, sign * float(position[1]) / row
    item.place(level.value, point.value, x, y)
    if fields.get("reader_evaluable") == "no":
        item.unclear.add(level.value)
    if fields.get("reader_grade", "") in ("0", "1", "2", "3"):
        item.grade[level.value] = int(fields["reader_grade"])
    written = [float(part) for part in fields.get("xy", "nan,nan").split(",")]
    moved = not np.hypot(written[0] - x, written[1] - y) <= _DRAGGED_PX
    if "sigma_px" in fields and not moved:
        sigma = item.sigma.setdefault(level.value, np.full(6, np.nan))
        sigma[ROWS[point.value]] = float(fields["sigma_px"])


def _fields(description: str) -> dict[str, str]:
    """``key=value; key=value`` as ``vertenet.report`` writes it on every control point."""
    parts = (part.partition("=") for part in description.split(";"))
    return {key.strip(): unquote(value.strip()) for key, sep, value in parts if sep}


def _report(content: Json) -> Annotated:
    image = content["image"]
    item = Annotated(str(image["file"]), facing="right")
    if image.get("width") and image.get("height"):
        item.size = int(image["width"]), int(image["height"])
    if image.get("spacing_mm"):
        item.spacing_mm = float(image["spacing_mm"][0]), float(image["spacing_mm"][1])
    for vertebra in content["vertebrae"]:
        level = level_name(vertebra["level"])
        for name, point in vertebra["points"].items():
            if point is None:
                continue
            item.place(level, name, float(point["x"]), float(point["y"]))
            if point.get("sigma_px") is not None:
                sigma = item.sigma.setdefault(level, np.full(6, np.nan))
                sigma[ROWS[name]] = float(point["sigma_px"])
        if vertebra.get("final_grade") is not None:
            item.grade[level] = _grade(vertebra["final_grade"])
        if (vertebra.get("reader") or {}).get("evaluable") is False:
            item.unclear.add(level)
    _report_aorta(item, content.get("aac") or {})
    return item


def _grade(value: object) -> int:
    """A grade or a score of a wall, both 0 to 3."""
    if type(value) is not int or not 0 <= value <= 3:
        raise ValueError(f"a grade or score of {value!r}")
    return value


def _report_aorta(item: Annotated, aac: Json) -> None:
    item.crop = (aac.get("crop") or {}).get("status")
    for level, walls in ((aac.get("scores") or {}).get("walls") or {}).items():
        scored = {
            f"{level}_{wall}": _grade(score) for wall, score in walls.items() if score is not None
        }
        item.walls |= scored


def _coco(content: Json) -> list[Annotated]:
    """COCO keypoints; v = 0 means not placed.

    Source: the format's own description, https://cocodataset.org/#format-data
    """
    items, categories = {}, {c["id"]: c for c in content.get("categories", [])}
    for image in content["images"]:
        item = items[image["id"]] = Annotated(str(image["file_name"]))
        if image.get("width") and image.get("height"):
            item.size = int(image["width"]), int(image["height"])
    for annotation in content["annotations"]:
        if annotation["image_id"] not in items:
            raise LandmarkError(
                f"Expected an image with the id {annotation['image_id']} among the COCO images, "
                "got none. Export the annotations again."
            )
        category = categories.get(annotation["category_id"], {})
        _coco_points(items[annotation["image_id"]], annotation, category)
    return list(items.values())


def _coco_points(item: Annotated, annotation: Json, category: Json) -> None:
    flat: Sequence[float] = annotation["keypoints"]
    names = [str(n).upper() for n in category.get("keypoints") or ROWS]
    level = str(
        (annotation.get("attributes") or {}).get("level")
        or annotation.get("level")
        or category.get("name", "")
    )
    if len(flat) != 3 * len(names):
        raise LandmarkError(
            f"Expected {len(names)} keypoints of '{category.get('name')}' in '{item.image}', got "
            f"{len(flat) / 3:g}. Correct the category's keypoints."
        )
    for i, name in enumerate(names):
        x, y, seen = (float(v) for v in flat[3 * i : 3 * i + 3])
        if seen:
            whole, _, point = name.partition("_")
            item.place(whole if point else level, point or name, x, y)
