"""``images.csv``: one row per image, for statistics and for finding what to look at."""

from __future__ import annotations

from ..analysis import Analysis
from .description import clean
from .tables import Cell, person_cells

IMAGE_COLUMNS = (
    *("image", "vertebrae", "levels", "evaluable", "worst_grade", "fractures", "fractured"),
    *("deformity_index", "deformity_index_at_least", "kyphosis_t4_t12_deg", "lordosis_l1_l5_deg"),
    *("aac_crop", "aac24", "aac24_at_least", "implausible", "warnings"),
    *("sex", "age", "sex_source", "age_source", "width", "height"),
    *("spacing_row_mm", "spacing_column_mm", "spacing_source", "anterior"),
    *("model", "model_version", "model_sha256"),
)


def image_row(analysis: Analysis) -> list[Cell]:
    """One image in the order of :data:`IMAGE_COLUMNS`; empty is not known.

    Levels are parted by blanks; ``deformity_index_at_least`` is ``yes`` where a level of
    T4 to L4 is missing, so that the sum is a lower bound.
    """
    frame, model = analysis.frame, analysis.model
    levels = [vertebra.level.value for vertebra in analysis.spine]
    row: list[Cell] = [clean(frame.file), len(levels), " ".join(levels)]
    row += [*_summary(analysis), *_angles(analysis), analysis.aac.crop.status]
    scores = analysis.aac_scores
    row += [None, None] if scores is None else [scores.total24, scores.at_least]
    doubtful = () if analysis.quality is None else analysis.quality.implausible
    row += [" ".join(level.value for level in doubtful) or None]
    row += [len(analysis.warnings), *person_cells(analysis), frame.width, frame.height]
    row += [*(frame.scale.spacing_mm or (None, None)), clean(frame.spacing_source)]
    row += [analysis.spine.anterior.value]
    row += [None] * 3 if model is None else [model.name, model.version, model.sha256]
    return row


def _summary(analysis: Analysis) -> list[Cell]:
    summary = analysis.summary
    if summary is None:
        return [None] * 6
    at_least = None
    if summary.deformity_index is not None:
        at_least = "yes" if summary.lower_bound else "no"
    return [
        len(summary.evaluable),
        summary.worst_grade,
        len(summary.fractured),
        " ".join(level.value for level in summary.fractured) or None,
        summary.deformity_index,
        at_least,
    ]


def _angles(analysis: Analysis) -> list[Cell]:
    alignment = analysis.alignment
    if alignment is None:
        return [None, None]
    return [alignment.kyphosis_t4_t12.value, alignment.lordosis_l1_l5.value]
