"""What a reader says about the aorta: the eight wall scores, and Schousboe's two lengths.

Kept apart from everything that is computed.  A wall that was not scored is None and
never 0.

Source: Kauppila et al. 1997, Atherosclerosis 132:245 (walls of L1 to L4, 0 to 3);
Schousboe et al. 2007, PLoS ONE 2:e715 (lengths, 0 to 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..anatomy import Level
from ..errors import LandmarkError

LEVELS = (Level.L1, Level.L2, Level.L3, Level.L4)
WALLS = ("anterior", "posterior")

Wall = tuple[Level, str]

AAC_WALLS: tuple[Wall, ...] = tuple((level, wall) for level in LEVELS for wall in WALLS)
"""The eight walls in the order of reading: from the head, the anterior one first."""

_UNSCORED = "-"


@dataclass(frozen=True)
class AacReading:
    """A reader's scores of one image.

    Attributes:
        scores: 0 to 3 of each of :data:`AAC_WALLS`, or None where not scored.
        lengths8: Schousboe's 0 to 4 of the anterior and of the posterior wall's
            calcified length, in vertebral heights; None where not read.

    Raises:
        LandmarkError: if a score is out of range.
    """

    scores: tuple[int | None, ...] = (None,) * len(AAC_WALLS)
    lengths8: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if len(self.scores) != len(AAC_WALLS):
            raise LandmarkError(
                f"Expected scores of {len(AAC_WALLS)} walls, got {len(self.scores)}. "
                "Give None for a wall that was not scored."
            )
        for (level, wall), score in zip(AAC_WALLS, self.scores, strict=True):
            if not _within(score, 3):
                raise LandmarkError(
                    f"Expected a score of 0, 1, 2 or 3 for the {wall} wall of {level}, or none, "
                    f"got {score}. Correct the score."
                )
        if self.lengths8 is not None and not (
            len(self.lengths8) == 2 and all(s is not None and _within(s, 4) for s in self.lengths8)
        ):
            raise LandmarkError(
                "Expected AAC-8 scores of 0 to 4 for the anterior and the posterior wall, got "
                f"{self.lengths8}. Correct the scores or leave both out."
            )

    @classmethod
    def of(
        cls, walls: Mapping[Wall, int | None], lengths8: tuple[int, int] | None = None
    ) -> AacReading:
        """The reading of these walls; the others are not scored.

        Raises:
            LandmarkError: if a wall is none of the eight or a score is out of range.
        """
        for wall in walls:
            _place(wall)
        return cls(tuple(walls.get(wall) for wall in AAC_WALLS), lengths8)

    @classmethod
    def parse(cls, scores: str, lengths8: str = "") -> AacReading:
        """The inverse of :attr:`text` and :attr:`text8`.

        Raises:
            LandmarkError: if the text is not that of a reading.
        """
        try:
            walls = tuple(None if c == _UNSCORED else int(c) for c in scores.strip())
            first, _, second = lengths8.partition(",")
            lengths = (int(first), int(second)) if lengths8.strip() else None
        except ValueError:
            raise LandmarkError(
                "Expected a reading such as '00-12301' (eight walls, '-' not scored), got "
                f"'{scores} {lengths8}'. Correct the scores."
            ) from None
        return cls(walls, lengths)

    @property
    def text(self) -> str:
        """Eight characters in the order of :data:`AAC_WALLS`: ``00-12301``."""
        return "".join(_UNSCORED if score is None else str(score) for score in self.scores)

    @property
    def text8(self) -> str:
        """Schousboe's scores as ``2,3``, empty where not read."""
        return "" if self.lengths8 is None else f"{self.lengths8[0]},{self.lengths8[1]}"

    @property
    def walls(self) -> dict[Wall, int | None]:
        """The score of each wall."""
        return dict(zip(AAC_WALLS, self.scores, strict=True))

    @property
    def is_empty(self) -> bool:
        """True where nothing was scored."""
        return self.lengths8 is None and all(score is None for score in self.scores)

    def scored(self, wall: Wall, score: int | None) -> AacReading:
        """A copy in which one wall has another score, or none.

        Raises:
            LandmarkError: if it is none of the eight walls or the score is out of range.
        """
        index = _place(wall)
        return replace(self, scores=(*self.scores[:index], score, *self.scores[index + 1 :]))

    def renamed(self, names: Mapping[Level, Level]) -> AacReading:
        """The scores under the new names of their vertebrae.

        What leaves L1 to L4 is dropped, what comes in is not scored.
        """
        moved = {
            (names.get(level, level), wall): score
            for (level, wall), score in self.walls.items()
            if score is not None
        }
        return AacReading.of({w: s for w, s in moved.items() if w in AAC_WALLS}, self.lengths8)


def _within(score: int | None, highest: int) -> bool:
    return score is None or (type(score) is int and 0 <= score <= highest)


def _place(wall: Wall) -> int:
    if wall not in AAC_WALLS:
        raise LandmarkError(
            "Expected a score of 0, 1, 2 or 3 for the anterior or posterior wall of L1 to L4, "
            f"got one for {' '.join(map(str, wall))}. Correct the wall."
        )
    return AAC_WALLS.index(wall)
