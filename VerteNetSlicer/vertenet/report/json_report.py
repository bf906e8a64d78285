"""``report.json``: everything about one image, by ``report-v1.schema.json``.

Coordinates are pixels of the stored image, ``(x, y)``, pixel-centre.  A number
that was withheld is null, and its reason stands in a field beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

from .. import __version__
from ..analysis import Analysis
from ..anatomy import Landmark, Vertebra
from ..measure import AacScore, Guide, VertebraMeasures
from .description import clean
from .dicom_source import Patient
from .layout import json_text

SCHEMA = "vertenet-report/1"
NOTICE = "Research use only. A grade is a suggestion for a reader, not a diagnosis."

Json = dict[str, Any]


def report_json(analysis: Analysis, *, patient: Patient | None = None) -> Json:
    """The report of an analysis as plain JSON values.

    Args:
        analysis: what was found and computed; it names nobody.
        patient: who the scan is of, only where the user asked for it.
    """
    model = analysis.model
    return {
        "schema": SCHEMA,
        "software": {"name": "VerteNetSlicer", "version": __version__},
        "notice": NOTICE,
        "image": _image(analysis),
        **({} if patient is None else {"patient": plain(patient)}),
        "model": None if model is None else plain(model),
        "subject": _subject(analysis),
        "summary": plain(analysis.summary),
        "vertebrae": [
            _vertebra(vertebra, measures)
            for vertebra, measures in zip(analysis.spine, analysis.vertebrae, strict=True)
        ],
        "aac": _aac(analysis),
        "alignment": plain(analysis.alignment),
        "quality": plain(analysis.quality),
        "warnings": [clean(warning) for warning in analysis.warnings],
    }


def report_text(analysis: Analysis, *, patient: Patient | None = None) -> str:
    """The report as a JSON file's text.

    Raises:
        ValueError: if a measure is NaN or infinite, which is a defect of the measure.
    """
    return json_text(report_json(analysis, patient=patient))


def plain(value: Any) -> Any:
    """Dataclasses, mappings, tuples, enumerations and numpy values as JSON values."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return clean(value)
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    return [plain(item) for item in value]


def _subject(analysis: Analysis) -> Json:
    """By whom the vertebrae are judged, and who says so."""
    return {
        "sex": analysis.sex,
        "age_years": _number(analysis.age_years),
        "sex_source": analysis.sex_source,
        "age_source": analysis.age_source,
    }


def _image(analysis: Analysis) -> Json:
    frame = analysis.frame
    spacing = frame.scale.spacing_mm
    return {
        "file": clean(frame.file),
        "width": frame.width,
        "height": frame.height,
        "spacing_mm": None if spacing is None else list(spacing),
        # Pixels that are not square, of unknown size: row height over column width.
        "aspect_ratio": frame.scale.row / frame.scale.column,
        "spacing_source": clean(frame.spacing_source),
        "anterior": analysis.spine.anterior.value,
    }


def _vertebra(vertebra: Vertebra, measures: VertebraMeasures) -> Json:
    values: Json = plain(measures)
    values.pop("level")
    return {
        "level": vertebra.level.value,
        "level_confidence": _number(vertebra.level_confidence),
        "score": _number(vertebra.score),
        "points": {name.value: _point(point) for name, point in vertebra.points.items()},
        **values,
        "reader": plain(vertebra.reader),
        "final_grade": measures.final_grade,
    }


def _point(point: Landmark) -> Json:
    return {
        "x": float(point.x),
        "y": float(point.y),
        "sigma_px": _number(point.sigma_px),
        "status": point.status.value,
    }


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _line(guide: Guide) -> Json:
    return {
        "name": guide.name,
        "posterior": list(guide.posterior),
        "anterior": list(guide.anterior),
        "end": list(guide.end),
    }


def _aac(analysis: Analysis) -> Json:
    aac, scores = analysis.aac, analysis.aac_scores
    values: Json = plain(aac)
    return {
        **values,
        "guides": [_line(guide) for guide in aac.guides],
        "thirds": [_line(third) for third in aac.thirds],
        **({} if scores is None else {"scores": aac_scores_json(scores)}),
    }


def aac_scores_json(scores: AacScore) -> Json:
    """A reader's scores by level and wall, and what follows from them."""
    walls: dict[str, Json] = {}
    for (level, wall), score in scores.walls.items():
        walls.setdefault(level.value, {})[wall] = score
    values = {f.name: plain(getattr(scores, f.name)) for f in dataclasses.fields(scores)[1:]}
    return {"walls": walls, **values}
