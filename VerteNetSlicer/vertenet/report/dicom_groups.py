"""The measurement groups of a Structured Report (TID 1501): vertebrae, spine, aorta."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..analysis import Analysis
from ..anatomy import Landmark, Vertebra
from ..measure import VertebraMeasures
from . import dicom_codes as words
from .description import clean
from .dicom_codes import Triple

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

HALF = 0.5
"""From pixel centres to SCOORD, whose origin is the top-left pixel's top-left corner."""


def vertebra_group(sr: Any, analysis: Analysis, index: int, header: Dataset) -> Any:
    """One vertebra: its points, heights, ratios, computed grade and reader's decision."""
    vertebra, measures = analysis.spine.vertebrae[index], analysis.vertebrae[index]
    level = vertebra.level
    group = _group(
        sr, analysis, header, level.value, words.VERTEBRA, words.LEVEL_CODES[level],
        measurements=_vertebra_numbers(sr, analysis, vertebra, measures, header),
        evaluations=_evaluations(vertebra, measures),
    )  # fmt: skip
    for name, point in vertebra.points.items():
        if _inside(analysis, point):
            group[0].ContentSequence.append(_point_item(sr, words.POINT_CODES[name], point, header))
    texts = [(words.GRADE_REASON, measures.genant.reason)]
    texts += [(words.WITHHELD, reason) for reason in measures.withheld]
    if vertebra.reader is not None and vertebra.reader.reason:
        texts.append((words.READER_REASON, vertebra.reader.reason))
    texts += [
        (words.COMMENT, f"{name} lies outside the image and has no coordinates here.")
        for name, point in vertebra.points.items()
        if not _inside(analysis, point)
    ]
    return _with_texts(sr, group, texts)


def spine_group(sr: Any, analysis: Analysis, header: Dataset) -> Any:
    """The spine as a whole: deformity index and angles."""
    numbers: list[tuple[Triple, float, Triple]] = []
    texts: list[tuple[Triple, str]] = []
    summary, alignment = analysis.summary, analysis.alignment
    if summary is not None and summary.deformity_index is not None:
        numbers.append((words.DEFORMITY_INDEX, summary.deformity_index, words.UNITY))
        if summary.lower_bound:
            texts.append((words.COMMENT, "The spinal deformity index is a lower bound."))
    if alignment is not None:
        for code, angle in (
            (words.KYPHOSIS, alignment.kyphosis_t4_t12),
            (words.LORDOSIS, alignment.lordosis_l1_l5),
        ):
            if angle.value is not None:
                numbers.append((code, angle.value, words.DEGREE))
            elif angle.reason:
                texts.append((words.WITHHELD, f"{code[2]}: {angle.reason}"))
        texts.append((words.COMMENT, alignment.note))
    group = _group(
        sr, analysis, header, "spine", words.SPINE, words.SPINE,
        measurements=[_number(sr, *number) for number in numbers],
    )  # fmt: skip
    return _with_texts(sr, group, texts)


def aorta_group(sr: Any, analysis: Analysis, header: Dataset) -> Any:
    """The aorta: whether it is cropped and, where a reader scored it, the scores."""
    crop, score = analysis.aac.crop, analysis.aac_scores
    numbers: list[tuple[Triple, float, Triple]] = []
    texts = [(words.COMMENT, crop.reason)]
    if score is not None:
        numbers += [
            (words.aac_wall(level, wall), value, words.UNITY)
            for (level, wall), value in score.walls.items()
            if value is not None
        ]
        totals = (
            (words.AAC24, score.total24),
            (words.AAC24_AT_LEAST, score.at_least if score.lower_bound else None),
            (words.AAC8_ANTERIOR, score.anterior8),
            (words.AAC8_POSTERIOR, score.posterior8),
            (words.AAC8, score.total8),
        )
        numbers += [(code, total, words.UNITY) for code, total in totals if total is not None]
        texts += [(words.COMMENT, reason) for reason in score.reasons]
    group = _group(
        sr, analysis, header, "aorta", words.AORTA, words.AORTA,
        measurements=[_number(sr, *number) for number in numbers],
        evaluations=[(words.AORTA_CROPPED, words.CROP_STATES[crop.status])],
    )  # fmt: skip
    return _with_texts(sr, group, texts)


def _group(
    sr: Any, analysis: Analysis, header: Dataset, name: str, finding: Triple, site: Triple,
    *, measurements: Iterable[Any], evaluations: Iterable[tuple[Triple, Triple]] = (),
) -> Any:  # fmt: skip
    """A TID 1501 group; its tracking UID stays the same however often it is measured."""
    uid = uuid.uuid5(uuid.NAMESPACE_OID, f"{header.SOPInstanceUID}/{name}")
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=f"2.25.{uid.int}", identifier=name),
        finding_type=sr.CodedConcept(*finding),
        algorithm_id=_algorithm(sr, analysis),
        finding_sites=[sr.FindingSite(sr.CodedConcept(*site))],
        measurements=list(measurements),
        qualitative_evaluations=[
            sr.QualitativeEvaluation(sr.CodedConcept(*key), sr.CodedConcept(*value))
            for key, value in evaluations
        ],
        source_images=[
            sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
        ],
    )


def _algorithm(sr: Any, analysis: Analysis) -> Any:
    model = analysis.model
    if model is None:
        parameters = ["points given, without a network"]
    else:
        parameters = [f"model={model.name} {model.version}", f"sha256={model.sha256}"]
    return sr.AlgorithmIdentification(
        name="VerteNetSlicer", version=__version__, parameters=[clean(p) for p in parameters]
    )


def _vertebra_numbers(
    sr: Any, analysis: Analysis, vertebra: Vertebra, measures: VertebraMeasures, header: Dataset
) -> list[Any]:
    """Heights with the line they are taken along, ratios, and how likely a deformity is."""
    numbers = []
    for name, code in words.HEIGHT_CODES.items():
        value = getattr(measures.heights, name)
        if value is not None and measures.heights.unit == "mm":
            ends = [vertebra.points[end] for end in words.HEIGHT_ENDS[name]]
            lines = [_line(sr, ends, header)] if all(_inside(analysis, p) for p in ends) else None
            numbers.append(_number(sr, code, value, words.MM, lines))
    for name, code in words.RATIO_CODES.items():
        numbers.append(_number(sr, code, getattr(measures.ratios, name), words.UNITY))
    for code, value in ((words.P_GE1, measures.genant.p_ge1), (words.P_GE2, measures.genant.p_ge2)):
        numbers.append(_number(sr, code, value, words.UNITY))
    return [number for number in numbers if number is not None]


def _evaluations(vertebra: Vertebra, measures: VertebraMeasures) -> list[tuple[Triple, Triple]]:
    """The computed grade and, apart from it, what the reader decided."""
    genant, reader = measures.genant, vertebra.reader
    found = []
    if genant.grade is not None:
        found.append((words.COMPUTED_GRADE, words.GRADES[genant.grade]))
    if genant.type is not None:
        found.append((words.COMPUTED_TYPE, words.TYPES[genant.type]))
    if reader is not None:
        found.append((words.READER_EVALUABLE, words.YES if reader.evaluable else words.NO))
        if reader.grade is not None:
            found.append((words.READER_GRADE, words.GRADES[reader.grade]))
    return found


def _number(
    sr: Any, code: Triple, value: float | None, unit: Triple, lines: list[Any] | None = None
) -> Any:
    if value is None:
        return None
    return sr.Measurement(
        name=sr.CodedConcept(*code), value=float(value), unit=sr.CodedConcept(*unit),
        referenced_coordinates=lines,
    )  # fmt: skip


def _inside(analysis: Analysis, point: Landmark) -> bool:
    """Whether DICOM lets an SCOORD lie there: on the image, borders included."""
    width, height = analysis.frame.width or math.inf, analysis.frame.height or math.inf
    return 0 <= point.x + HALF <= width and 0 <= point.y + HALF <= height


def _line(sr: Any, ends: list[Landmark], header: Dataset) -> Any:
    return sr.CoordinatesForMeasurement(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array([[p.x + HALF, p.y + HALF] for p in ends]),
        source_image=sr.SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID),
        purpose=sr.CodedConcept(*words.SOURCE_OF_MEASUREMENT),
    )


def _point_item(sr: Any, code: Triple, point: Landmark, header: Dataset) -> Any:
    item = sr.ScoordContentItem(
        name=sr.CodedConcept(*code),
        graphic_type=sr.GraphicTypeValues.POINT,
        graphic_data=np.array([[point.x + HALF, point.y + HALF]]),
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    item.ContentSequence = [sr.SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID)]
    return item


def _with_texts(sr: Any, group: Any, texts: Iterable[tuple[Triple, str]]) -> Any:
    for code, text in texts:
        if text:
            item = sr.TextContentItem(
                sr.CodedConcept(*code), clean(text), sr.RelationshipTypeValues.CONTAINS
            )
            group[0].ContentSequence.append(item)
    return group
