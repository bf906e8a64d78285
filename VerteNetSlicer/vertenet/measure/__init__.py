"""Measures from points: morphometry, AAC frame and crop check, alignment, quality."""

from .aac import AacGeometry, AacSegment, Corridor, Guide, aac_geometry
from .aac_crop import CropStatus, SegmentCrop
from .grade import Genant
from .heights import Heights, Ratios
from .morphometry import VertebraMeasures, measure_vertebrae

__all__ = [
    "AacGeometry",
    "AacSegment",
    "Corridor",
    "CropStatus",
    "Genant",
    "Guide",
    "Heights",
    "Ratios",
    "SegmentCrop",
    "VertebraMeasures",
    "aac_geometry",
    "measure_vertebrae",
]
