"""A review as text, and back: what a saved scene keeps beside the points.

Floats are written so that they are read back to the last bit.
"""

from __future__ import annotations

import json
from typing import Any

from vertenet.analysis import ModelIdentity
from vertenet.anatomy import (
    Landmark,
    Level,
    PointName,
    PointStatus,
    ReaderDecision,
    Side,
    Spine,
    Vertebra,
)
from vertenet.errors import LandmarkError
from vertenet.measure import AacReading, Plaque
from vertenet.texts import parsed_json

from .review import Review

SCHEMA = "vertenet-review/1"


def review_to_text(review: Review) -> str:
    """One line of JSON."""
    model = review.model
    content = {
        "schema": SCHEMA,
        "spine": _spine_to_dict(review.spine),
        "automatic": _spine_to_dict(review.automatic),
        "origins": {k.value: v.value for k, v in review.origins.items()},
        "model": model and {"name": model.name, "version": model.version, "sha256": model.sha256},
        "aac": [review.aac.text, review.aac.text8],
        "plaques": [[p.wall, p.start, p.end] for p in review.plaques],
    }
    return json.dumps(content, separators=(",", ":"))


def review_from_text(text: str) -> Review:
    """The inverse of :func:`review_to_text`.

    Raises:
        LandmarkError: if the text is not a review of this version.
    """
    try:
        content = parsed_json(text)
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']}")
        return Review(
            _spine_from_dict(content["spine"]),
            _spine_from_dict(content["automatic"]),
            {Level(k): Level(v) for k, v in content["origins"].items()},
            ModelIdentity(**content["model"]) if content["model"] else None,
            # Scenes of earlier versions have no scores.
            AacReading.parse(*content["aac"]) if "aac" in content else AacReading(),
            tuple(_plaque(*p) for p in content.get("plaques", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LandmarkError(
            f"Expected VerteNet's record of a review ({SCHEMA}), but it cannot be read ({error}). "
            "Detect the landmarks again, or open the exported landmarks."
        ) from error


def _plaque(wall: str, start: list[float], end: list[float]) -> Plaque:
    (x0, y0), (x1, y1) = start, end
    return Plaque(wall, (float(x0), float(y0)), (float(x1), float(y1)))


def _spine_to_dict(spine: Spine) -> dict[str, Any]:
    return {
        "anterior": spine.anterior.value,
        "warnings": list(spine.warnings),
        "vertebrae": [_vertebra_to_dict(v) for v in spine],
    }


def _vertebra_to_dict(vertebra: Vertebra) -> dict[str, Any]:
    reader = vertebra.reader
    return {
        "level": vertebra.level.value,
        "score": vertebra.score,
        "level_confidence": vertebra.level_confidence,
        "reader": reader and [reader.grade, reader.reason, reader.evaluable],
        "points": {
            n.value: [p.x, p.y, p.sigma_px, p.status.value] for n, p in vertebra.points.items()
        },
    }


def _spine_from_dict(content: dict[str, Any]) -> Spine:
    return Spine(
        tuple(_vertebra_from_dict(v) for v in content["vertebrae"]),
        Side(content["anterior"]),
        tuple(content["warnings"]),
    )


def _vertebra_from_dict(content: dict[str, Any]) -> Vertebra:
    reader = content["reader"]
    return Vertebra(
        Level(content["level"]),
        {
            PointName(name): Landmark(x, y, sigma, PointStatus(status))
            for name, (x, y, sigma, status) in content["points"].items()
        },
        content["score"],
        content["level_confidence"],
        ReaderDecision(*reader) if reader else None,
    )
