"""Reading a file without opening it: no scene, so that it can go on beside the one that is open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vertenet.analysis import Analysis
from vertenet.images import read_image
from vertenet.pipeline import analyse

from .review import Review
from .spine_detector import SpineDetector


def read_unopened(
    path: str | Path, detector: SpineDetector, *, spacing_mm: tuple[float, float] | None = None
) -> tuple[Review, Analysis]:
    """Find the vertebrae of a file; what opening it and detecting gives.

    Args:
        path: an image file.
        detector: finds the spine; one at a time, whoever asks.
        spacing_mm: (row, column) in mm that a reader gave, or None for the file's.

    Raises:
        ImageError: if it is no image of one slice.
        VerteNetError: whatever the detector says.
    """
    found = analyse(read_image(path, spacing_mm=spacing_mm), detector)
    return review_of(found, detector), found


def review_of(found: Analysis, detector: SpineDetector) -> Review:
    """The review of a fresh detection, with what the detector noted."""
    notes = tuple(getattr(detector, "notes", ()))
    return Review.of(replace(found.spine, warnings=(*found.spine.warnings, *notes)), found.model)
