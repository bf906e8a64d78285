"""What a reader does to the points of one image; values only, no scene.

A :class:`Review` is frozen: every action gives a new one, so that undo is a list
of reviews and a saved scene is one of them written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vertenet.analysis import ModelIdentity
from vertenet.anatomy import (
    LEVELS,
    Landmark,
    Level,
    PointName,
    PointStatus,
    ReaderDecision,
    Side,
    Spine,
    Vertebra,
)
from vertenet.errors import LandmarkError
from vertenet.measure import AacReading, Plaque, Wall


@dataclass(frozen=True)
class Review:
    """The points as they stand, beside those the network placed.

    Attributes:
        spine: the points as they stand, with the reader's decisions.
        automatic: the points as they were found.
        origins: for each level of ``spine`` its level in ``automatic``; a vertebra
            that the reader added is absent.
        model: the network that placed the points, or None.
        aac: the scores of the aorta's walls that the reader entered.
        plaques: calcified stretches that the reader marked on the walls.
    """

    spine: Spine
    automatic: Spine
    origins: Mapping[Level, Level] = field(default_factory=dict)
    model: ModelIdentity | None = None
    aac: AacReading = field(default_factory=AacReading)
    plaques: tuple[Plaque, ...] = ()

    @classmethod
    def of(
        cls, spine: Spine, model: ModelIdentity | None = None, aac: AacReading | None = None
    ) -> Review:
        """The review of freshly found points, or of opened ones with their wall scores."""
        return cls(spine, spine, {v.level: v.level for v in spine}, model, aac or AacReading())

    @property
    def edited(self) -> bool:
        """True where a reader changed or scored anything, decisions included."""
        return self.spine != self.automatic or not self.aac.is_empty or bool(self.plaques)

    def edited_points(self, level: Level) -> tuple[PointName, ...]:
        """The points of a vertebra that a reader placed."""
        points = self.vertebra(level).points
        return tuple(n for n, p in points.items() if p.status is PointStatus.EDITED)

    def vertebra(self, level: Level) -> Vertebra:
        """The vertebra of that level.

        Raises:
            LandmarkError: if there is none.
        """
        found = self.spine.get(level)
        if found is None:
            have = ", ".join(v.level.value for v in self.spine) or "none"
            raise LandmarkError(
                f"Expected a vertebra {level}, but the image has {have}. "
                "Select another level or add the vertebra."
            )
        return found

    def moved(self, level: Level, name: PointName, x: float, y: float) -> Review:
        """One point placed by a reader at pixel ``(x, y)``."""
        vertebra = self.vertebra(level)
        point = vertebra.points.get(name, Landmark(x, y))
        return self._with(vertebra.with_point(name, point.moved_to(x, y)))

    def decided(self, level: Level, decision: ReaderDecision | None) -> Review:
        """A reader's decision about one vertebra, or None to take it back."""
        return self._with(replace(self.vertebra(level), reader=decision))

    def scored(self, wall: Wall, score: int | None) -> Review:
        """One wall of the aorta with a reader's score, or None to take it back."""
        return replace(self, aac=self.aac.scored(wall, score))

    def scored_all(self, walls: Iterable[Wall], score: int | None) -> Review:
        """Several walls with one score."""
        aac = self.aac
        for wall in walls:
            aac = aac.scored(wall, score)
        return replace(self, aac=aac)

    def scored8(self, lengths8: tuple[int, int] | None) -> Review:
        """Schousboe's scores of the anterior and posterior wall, or None to take them back.

        Raises:
            LandmarkError: if one is not 0 to 4.
        """
        return replace(self, aac=replace(self.aac, lengths8=lengths8))

    def marked(self, plaque: Plaque) -> Review:
        """One more calcified stretch."""
        return replace(self, plaques=(*self.plaques, plaque))

    def unmarked(self, wall: str | None = None) -> Review:
        """Without the marks of the anterior or posterior wall, or without all."""
        kept = tuple(p for p in self.plaques if wall is not None and p.wall != wall)
        return replace(self, plaques=kept)

    def added(self, level: Level, points: Mapping[PointName, tuple[float, float]]) -> Review:
        """A vertebra that a reader placed.

        Raises:
            LandmarkError: if the level is there already or a corner is missing.
        """
        landmarks = {
            name: Landmark(x, y, None, PointStatus.EDITED) for name, (x, y) in points.items()
        }
        new = Vertebra(level, landmarks)
        return replace(self, spine=replace(self.spine, vertebrae=(*self.spine.vertebrae, new)))

    def without(self, level: Level) -> Review:
        """One vertebra deleted; no other is renamed."""
        gone = self.vertebra(level)
        rest = tuple(v for v in self.spine if v is not gone)
        return replace(
            self,
            spine=replace(self.spine, vertebrae=rest),
            origins={k: v for k, v in self.origins.items() if k is not level},
        )

    def relabelled(self, level: Level, new: Level) -> Review:
        """One vertebra under another name.

        Raises:
            LandmarkError: if the new name is taken.
        """
        self.vertebra(level)
        return self._renamed({level: new})

    def shifted(self, steps: int) -> Review:
        """All names moved by so many levels, footwards where positive.

        Raises:
            LandmarkError: if a name would leave T4 to L5.
        """
        names = {}
        for vertebra in self.spine:
            index = vertebra.level.order + steps
            if not 0 <= index < len(LEVELS):
                raise LandmarkError(
                    f"Expected levels from T4 to L5, but {vertebra.level} has no level "
                    f"{abs(steps)} {'below' if steps > 0 else 'above'} it. "
                    "Delete that vertebra first or shift the other way."
                )
            names[vertebra.level] = LEVELS[index]
        return self._renamed(names)

    def facing(self, side: Side) -> Review:
        """The side of the image the patient faces, as a reader says it.

        The points change their names with it: anterior becomes posterior.
        """
        if side is self.spine.anterior:
            return self
        vertebrae = tuple(
            replace(v, points={_MIRRORED[n]: p for n, p in v.points.items()}) for v in self.spine
        )
        return replace(self, spine=replace(self.spine, vertebrae=vertebrae, anterior=side))

    def restored(self, level: Level | None = None) -> Review:
        """The automatic points of one vertebra under its present name, or of all.

        Raises:
            LandmarkError: if a reader added that vertebra.
        """
        if level is None:
            restored = Review.of(self.automatic, self.model, self.aac.renamed(self.origins))
            return replace(restored, plaques=self.plaques)
        vertebra = self.vertebra(level)
        origin = self.automatic.get(self.origins[level]) if level in self.origins else None
        if origin is None:
            raise LandmarkError(
                f"Expected automatic points for {level}, but a reader placed this vertebra. "
                "Correct its points or delete it."
            )
        points = origin.points
        if self.spine.anterior is not self.automatic.anterior:
            points = {_MIRRORED[n]: p for n, p in points.items()}
        return self._with(replace(origin, level=level, points=points, reader=vertebra.reader))

    def _with(self, vertebra: Vertebra) -> Review:
        return replace(self, spine=self.spine.replacing(vertebra))

    def _renamed(self, names: Mapping[Level, Level]) -> Review:
        # A name that a reader gave needs no confidence of the network's.
        vertebrae = tuple(
            replace(v, level=names[v.level], level_confidence=None) if v.level in names else v
            for v in self.spine
        )
        origins = {names.get(k, k): v for k, v in self.origins.items()}
        # Scores stay where they were given, at the vertebra and not at its name.
        spine, aac = replace(self.spine, vertebrae=vertebrae), self.aac.renamed(names)
        return replace(self, spine=spine, origins=origins, aac=aac)


_MIRRORED = {
    PointName.PS: PointName.AS,
    PointName.AS: PointName.PS,
    PointName.PI: PointName.AI,
    PointName.AI: PointName.PI,
    PointName.MS: PointName.MS,
    PointName.MI: PointName.MI,
}
