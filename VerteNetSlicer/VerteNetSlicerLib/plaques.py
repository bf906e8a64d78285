"""Wall scores that follow from plaques a reader marked; values only, no scene.

A score that was entered stands; a wall with marks and no entered score has the score
of their length.  A wall without either is not scored: it is never taken for 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vertenet.analysis import Analysis
from vertenet.images import DxaImage
from vertenet.measure import AAC_WALLS, AacReading, Plaque, Wall, score_aac, walls_from_plaques
from vertenet.pipeline import frame_of, measure

from .review import Review


@dataclass(frozen=True)
class EffectiveReading:
    """A reading with what the marks add.

    Attributes:
        reading: entered scores, and those of marks where none was entered.
        derived: walls whose score comes from marks.
        derived8: True where Schousboe's scores come from marks.
    """

    reading: AacReading
    derived: frozenset[Wall] = frozenset()
    derived8: bool = False


def effective_reading(
    entered: AacReading, plaques: tuple[Plaque, ...], analysis: Analysis
) -> EffectiveReading:
    """What is scored, given the marks.

    Schousboe's lengths follow only once all eight walls are scored and each wall above 0
    has marks: otherwise some length is not known.
    """
    if not plaques:
        return EffectiveReading(entered)
    marked, lengths8 = walls_from_plaques(analysis.aac, plaques)
    derived = {w: s for w, s in marked.items() if s and entered.walls[w] is None}
    walls = {**entered.walls, **derived}
    known = all(walls[w] is not None and (not walls[w] or marked[w]) for w in AAC_WALLS)
    use8 = entered.lengths8 is None and known and lengths8 is not None
    reading = AacReading.of(walls, lengths8 if use8 else entered.lengths8)
    return EffectiveReading(reading, frozenset(derived), use8)


def measured(image: DxaImage, review: Review) -> tuple[Analysis, EffectiveReading]:
    """Everything computed from a review, with the scores that its marks add."""
    found = measure(
        review.spine, frame_of(image), image=image, model=review.model, aac_reading=review.aac
    )
    scored = effective_reading(review.aac, review.plaques, found)
    return (with_reading(found, scored) if review.plaques else found), scored


def with_reading(analysis: Analysis, found: EffectiveReading) -> Analysis:
    """The analysis with the scores of a reading; nothing else is computed anew."""
    reading = found.reading
    if reading.is_empty:
        return replace(analysis, aac_reading=None, aac_scores=None)
    scores = score_aac(
        reading.walls,
        crop_status=analysis.aac.crop.status,
        lengths8=reading.lengths8,
        sex=analysis.sex,
        age_years=analysis.age_years,
    )
    return replace(analysis, aac_reading=reading, aac_scores=scores)


def readable_walls(analysis: Analysis) -> frozenset[Wall]:
    """The walls whose region is in the image, so that a reader can score them."""
    return frozenset(
        (segment.level, wall)
        for segment in analysis.aac.segments
        for wall in ("anterior", "posterior")
        if len(getattr(segment, wall)) > 3
    )
