"""Measures from points: morphometry, AAC, alignment, quality, follow-up."""

from .aac import DEFAULT_CORRIDOR, AacGeometry, AacSegment, Corridor, Guide, aac_geometry
from .aac_crop import NEEDED_DEPTHS, CropStatus, SegmentCrop
from .aac_reading import AAC_WALLS, AacReading, Wall
from .aac_score import AacScore, Plaque, aac_percentile, score_aac, walls_from_plaques
from .alignment import Alignment, Disc, Measurement, measure_alignment
from .followup import Change, FollowUp, compare
from .genant import UNGRADED
from .grade import Genant
from .heights import Heights, Ratios
from .morphometry import RULES, VertebraMeasures, measure_vertebrae
from .norms import NormTable, default_norms, parse_norms
from .quality import Finding, Quality, check_quality
from .quality_image import ImageQuality
from .summary import Summary, summarise

__all__ = [
    "AAC_WALLS",
    "DEFAULT_CORRIDOR",
    "NEEDED_DEPTHS",
    "RULES",
    "UNGRADED",
    "AacGeometry",
    "AacReading",
    "AacScore",
    "AacSegment",
    "Alignment",
    "Change",
    "Corridor",
    "CropStatus",
    "Disc",
    "Finding",
    "FollowUp",
    "Genant",
    "Guide",
    "Heights",
    "ImageQuality",
    "Measurement",
    "NormTable",
    "Plaque",
    "Quality",
    "Ratios",
    "SegmentCrop",
    "Summary",
    "VertebraMeasures",
    "Wall",
    "aac_geometry",
    "aac_percentile",
    "check_quality",
    "compare",
    "default_norms",
    "measure_alignment",
    "measure_vertebrae",
    "parse_norms",
    "score_aac",
    "summarise",
    "walls_from_plaques",
]
