"""``landmarks.mrk.json``: the points as a list that 3D Slicer opens and a reader edits.

Frame: LPS millimetres, ``[x * column, y * row, 0]`` of the pixel coordinates, so
that the points lie on ``image.nrrd``.  Without millimetres a pixel counts 1, or
the aspect ratio.
"""

from __future__ import annotations

from typing import Any

from ..analysis import Analysis
from ..anatomy import Landmark, PointName, Vertebra, point_label
from . import description

#: The oldest form that Slicer 5.x writes; its reader takes any 1.x.
#: Source: Slicer, Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json
MARKUPS_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/"
    "Resources/Schema/markups-schema-v1.0.3.json#"
)
#: The key of our own that carries the image of a file without points.
IMAGE_KEY = "vertenet"

Json = dict[str, Any]


def landmarks_mrk_json(analysis: Analysis) -> Json:
    """The points of an analysis as a markups file's content.

    One fiducial list: unlocked, so that points can be dragged; with a fixed number
    of points, so that none can be added or lost by a slip.
    """
    points = [
        _control_point(analysis, vertebra, name, landmark)
        for vertebra in analysis.spine
        for name, landmark in vertebra.points.items()
    ]
    for number, point in enumerate(points, start=1):
        point["id"] = str(number)
    content: Json = {"@schema": MARKUPS_SCHEMA, "markups": [_fiducial_list(points)]}
    if not points:
        content[IMAGE_KEY] = description.join(_image_fields(analysis))
    return content


def point_descriptions(analysis: Analysis) -> dict[str, str]:
    """Description of every point by its label, for hosts that make their own nodes."""
    return {
        point_label(vertebra.level, name): _description(analysis, vertebra, name, landmark)
        for vertebra in analysis.spine
        for name, landmark in vertebra.points.items()
    }


def _fiducial_list(points: list[Json]) -> Json:
    return {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": True,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
        "measurements": [],
    }


def _control_point(
    analysis: Analysis, vertebra: Vertebra, name: PointName, landmark: Landmark
) -> Json:
    scale = analysis.frame.scale
    return {
        "id": "",
        "label": point_label(vertebra.level, name),
        "description": _description(analysis, vertebra, name, landmark),
        "associatedNodeID": "",
        "position": [float(landmark.x * scale.column), float(landmark.y * scale.row), 0.0],
        "orientation": [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0],
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": "defined",
    }


def _description(
    analysis: Analysis, vertebra: Vertebra, name: PointName, landmark: Landmark
) -> str:
    fields = description.point_fields(vertebra, landmark, analysis.model)
    if name is PointName.PS:
        fields |= description.reader_fields(vertebra.reader) | _image_fields(analysis)
    return description.join(fields)


def _image_fields(analysis: Analysis) -> dict[str, str | None]:
    return description.image_fields(
        analysis.frame,
        analysis.spine.anterior,
        model=analysis.model,
        warnings=analysis.spine.warnings,
        sex=analysis.sex,
        age_years=analysis.age_years,
        sources=(analysis.sex_source, analysis.age_source),
        aac_reading=analysis.aac_reading,
    )
