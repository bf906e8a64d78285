"""What is known about one image after everything was computed; data only.

Hosts get an :class:`Analysis` from :mod:`vertenet.pipeline` and hand it to
:mod:`vertenet.report`.  Nothing here computes or reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .anatomy import Spine
from .geometry import PixelScale

if TYPE_CHECKING:
    from .measure import (
        AacGeometry,
        AacReading,
        AacScore,
        Alignment,
        Quality,
        Summary,
        VertebraMeasures,
    )


class NamedModel(Protocol):
    """Anything that says which network it is, for instance a ``ModelInfo``."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class ModelIdentity:
    """Which network placed the points.

    Attributes:
        name: for example ``vertenet-compact``.
        version: for example ``0.1.0``.
        sha256: digest of the weights, lower-case hexadecimal.
    """

    name: str
    version: str
    sha256: str

    @classmethod
    def of(cls, model: NamedModel) -> ModelIdentity:
        """The identity of a loaded or described model."""
        return cls(model.name, model.version, model.sha256)


@dataclass(frozen=True)
class ImageFrame:
    """The image on which points lie, without its pixels.

    Attributes:
        file: file name without folder.
        width: columns, or None where only points are known.
        height: rows, or None where only points are known.
        scale: size of a pixel.
        spacing_source: where that size came from, for example ``PixelSpacing``.
    """

    file: str
    width: int | None
    height: int | None
    scale: PixelScale = field(default_factory=PixelScale)
    spacing_source: str = "unknown"


@dataclass(frozen=True)
class Analysis:
    """All that was found and computed for one image.

    Attributes:
        frame: the image's name, size and pixel spacing.
        spine: the points, with the warnings that came with them.
        model: the network that placed the points, or None.
        vertebrae: measures, one per vertebra of ``spine``, same order.
        aac: guides, thirds, regions and crop status of the aorta.
        warnings: all sentences a reader should see, each once.
        sex: ``"M"``, ``"F"`` or None.
        age_years: age at the examination, or None.
        sex_source: who says the sex: ``"given"``, ``"dicom"`` or ``"unknown"``.
        age_source: who says the age.
        alignment: angles, discs and slips.
        quality: how far the result can be trusted.
        summary: what the vertebrae together say.
        aac_reading: the reader's scores of the aorta's walls, or None.
        aac_scores: what follows from them, or None where nothing was scored.
    """

    frame: ImageFrame
    spine: Spine
    model: ModelIdentity | None
    vertebrae: tuple[VertebraMeasures, ...]
    aac: AacGeometry
    warnings: tuple[str, ...] = ()
    sex: str | None = None
    age_years: float | None = None
    alignment: Alignment | None = None
    quality: Quality | None = None
    summary: Summary | None = None
    aac_reading: AacReading | None = None
    aac_scores: AacScore | None = None
    sex_source: str = "unknown"
    age_source: str = "unknown"
