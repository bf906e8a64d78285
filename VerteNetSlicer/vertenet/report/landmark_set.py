"""The points of one image as they were read from a file, and how points become a spine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..analysis import ImageFrame, ModelIdentity
from ..anatomy import CORNERS, Landmark, Level, PointName, ReaderDecision, Side, Spine, Vertebra
from ..geometry import PixelScale
from ..images.person import UNKNOWN
from ..measure import AacReading


@dataclass(frozen=True)
class LandmarkSet:
    """What a file says about one image; :func:`vertenet.pipeline.measure` takes it on.

    Attributes:
        frame: the image's name, size and pixel spacing, as far as the file tells.
        spine: the points, with the warnings that came with them.
        model: the network that placed the points, or None.
        sex: ``"M"``, ``"F"`` or None.
        age_years: age in years, or None.
        aac_reading: the reader's scores of the aorta's walls, or None.
        sex_source: who says the sex, one of :data:`vertenet.images.person.SOURCES`.
        age_source: who says the age.
        in_lengths: True where the points are positions in the image's lengths and not yet
            pixels: markups placed by hand, whose file does not name the size of a pixel.
    """

    frame: ImageFrame
    spine: Spine
    model: ModelIdentity | None = None
    sex: str | None = None
    age_years: float | None = None
    aac_reading: AacReading | None = None
    sex_source: str = UNKNOWN
    age_source: str = UNKNOWN
    in_lengths: bool = False

    def in_pixels(self, scale: PixelScale) -> LandmarkSet:
        """The same with its points in pixels of an image of that scale."""
        if not self.in_lengths:
            return self
        bodies = tuple(
            replace(v, points={name: _scaled(p, scale) for name, p in v.points.items()})
            for v in self.spine
        )
        return replace(self, spine=replace(self.spine, vertebrae=bodies), in_lengths=False)


def _scaled(point: Landmark, scale: PixelScale) -> Landmark:
    return replace(point, x=point.x / scale.column, y=point.y / scale.row)


@dataclass(frozen=True)
class Evidence:
    """What is known about one vertebra beside its points."""

    score: float | None = None
    level_confidence: float | None = None
    reader: ReaderDecision | None = None


def build_spine(
    points: Mapping[Level, Mapping[PointName, Landmark]],
    *,
    anterior: Side | None = None,
    evidence: Mapping[Level, Evidence] | None = None,
    warnings: Iterable[str] = (),
) -> Spine:
    """A spine of the vertebrae whose four corners are there; the others become warnings.

    Args:
        points: what was read.
        anterior: the side the patient faces; None finds it from the points.
        evidence: score, level confidence and reader's decision by level.
        warnings: sentences that stand before the new ones.
    """
    vertebrae, sentences = [], list(warnings)
    for level in sorted(points, key=lambda item: item.order):
        missing = [name.value for name in CORNERS if name not in points[level]]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            sentences.append(f"{level} was left out: {', '.join(missing)} {verb} missing.")
            continue
        known = (evidence or {}).get(level, Evidence())
        vertebrae.append(
            Vertebra(level, points[level], known.score, known.level_confidence, known.reader)
        )
    side = anterior_side(vertebrae) if anterior is None else anterior
    return Spine(tuple(vertebrae), side, tuple(dict.fromkeys(sentences)))


def anterior_side(vertebrae: Iterable[Vertebra]) -> Side:
    """The side the anterior corners lie on, seen from the posterior ones; right in doubt."""
    total = sum(
        (v.points[PointName.AS].x - v.points[PointName.PS].x)
        + (v.points[PointName.AI].x - v.points[PointName.PI].x)
        for v in vertebrae
    )
    return Side.LEFT if total < 0 else Side.RIGHT
