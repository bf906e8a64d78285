"""What is done with each file of a cohort: read, find, measure, and the rows of the tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis import Analysis
from ..anatomy import Side
from ..measure import UNGRADED
from ..memory import keep_memory
from ..pipeline import analyse
from ..report import vertebra_rows
from ..report.images_table import IMAGE_COLUMNS, image_row
from ..report.tables import VERTEBRA_COLUMNS, Cell
from .attention import attention
from .select import check_lateral

if TYPE_CHECKING:
    from ..detection import Detector
    from ..images import DxaImage

OVERLAYS = ("none", "flagged", "all")
IMAGES = (
    *(*IMAGE_COLUMNS, "level_confidence_min", "not_graded", "findings", "contrast_to_noise"),
    *("attention", "attention_reasons", "overlay"),
)
VERTEBRAE = VERTEBRA_COLUMNS


@dataclass(frozen=True)
class Reading:
    """The work on one file; goes to each process, which loads the model once.

    Attributes:
        output: the cohort's folder, absolute.
        model: the model's folder, absolute, or None for the bundled one.
        spacing_mm: ``(row, column)`` that replaces what the files say.
        anterior: the side that patients face, or None to find it.
        overlays: ``none``, ``flagged`` (those that need a look) or ``all``.
    """

    output: str
    model: str | None = None
    spacing_mm: tuple[float, float] | None = None
    anterior: Side | None = None
    overlays: str = "none"

    def prepare(self) -> None:
        """Load the model; on one thread, as the files are read side by side."""
        import torch

        keep_memory()
        torch.set_num_threads(1)
        _detector(self.model)

    def __call__(self, path: str) -> dict[str, Any]:
        """The rows of one file."""
        from ..images import read_image

        check_lateral(path)
        image = read_image(path, spacing_mm=self.spacing_mm)
        analysis = analyse(image, _detector(self.model), anterior=self.anterior)
        score, reasons = attention(analysis)
        overlay = None
        if self.overlays == "all" or (self.overlays == "flagged" and reasons):
            overlay = draw(analysis, image, path, Path(self.output))
        more: list[Cell] = [score, "; ".join(reasons) or None, overlay]
        # The image's name gives way to its path in the cohort when the tables are written.
        return {
            "image": [*image_row(analysis), *_quality_cells(analysis), *more],
            "vertebrae": vertebra_rows(analysis),
        }


def draw(analysis: Analysis, image: DxaImage, path: str, output: Path) -> str:
    """Write the picture under a name that tells nothing; its path below the output.

    Args:
        analysis: of the image.
        image: its pixels.
        path: of the image, absolute.
        output: the cohort's folder.
    """
    import numpy as np

    from ..report.atomic import write_bytes
    from ..report.overlay import draw_overlay
    from ..report.png import png_bytes

    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    name = f"overlays/{digest[:2]}/{digest}.png"
    write_bytes(output / name, png_bytes(np.asarray(draw_overlay(analysis, image))))
    return name


def _quality_cells(analysis: Analysis) -> list[Cell]:
    sure = [v.level_confidence for v in analysis.spine if v.level_confidence is not None]
    open_ = sum(v.final_grade is None and v.level not in UNGRADED for v in analysis.vertebrae)
    quality = analysis.quality
    codes = [] if quality is None else [f.code for f in quality.findings if f.code != "coverage"]
    ratio = None
    if quality is not None and quality.image is not None:
        ratio = quality.image.contrast_to_noise
    return [min(sure, default=None), open_, " ".join(dict.fromkeys(codes)) or None, ratio]


@lru_cache(maxsize=1)
def _detector(model: str | None) -> Detector:
    from ..detection import load_detector

    return load_detector(model, "cpu")
