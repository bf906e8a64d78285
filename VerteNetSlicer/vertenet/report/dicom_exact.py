"""The points in full precision, as JSON in one text item of a Structured Report.

An SCOORD holds single precision only, so that numbers measured again would differ in
the sixth digit.  The text repeats the points, and what belongs to them, as doubles.
"""

from __future__ import annotations

import json
from typing import Any

from ..analysis import Analysis
from .json_report import SCHEMA, aac_scores_json, report_json

#: What a report's reader needs of each vertebra; the rest is computed from it.
VERTEBRA_KEYS = ("level", "level_confidence", "score", "points", "reader")


def exact_text(analysis: Analysis) -> str:
    """The part of a report from which everything else is computed, as compact JSON."""
    report = report_json(analysis)
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "image": report["image"],
        "model": report["model"],
        "subject": report["subject"],
        "vertebrae": [{key: v[key] for key in VERTEBRA_KEYS} for v in report["vertebrae"]],
        "warnings": list(analysis.spine.warnings),
    }
    if analysis.aac_scores is not None:
        content["aac"] = {"scores": aac_scores_json(analysis.aac_scores)}
    return json.dumps(content, allow_nan=False, separators=(",", ":"))
