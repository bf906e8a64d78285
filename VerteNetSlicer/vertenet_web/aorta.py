"""Scoring the aorta on the page: walls, marks of plaque, Schousboe's two lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vertenet.errors import LandmarkError
from vertenet.measure import Wall
from VerteNetSlicerLib import scoring, view
from VerteNetSlicerLib.examination import Examination
from VerteNetSlicerLib.placement import PlaqueMarking

ACTIONS = (
    *("read_walls", "look_at", "score", "mark", "clear_marks", "rest_zero", "score8"),
)  # fmt: skip


class Aorta:
    """What a reader can do with the aorta of the present image.

    Args:
        reader: whose image and logic it is.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        # Schousboe's two choices while only one of them is made.
        self._half: tuple[Examination, list[int | None]] | None = None

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        return {name: getattr(self, name) for name in ACTIONS}

    @property
    def marking(self) -> bool:
        """True while the mouse marks plaque."""
        return isinstance(self._reader.logic.placing, PlaqueMarking)

    def lengths8(self) -> list[int | None]:
        """The anterior and the posterior length as they are shown, 0 to 4, or None."""
        found = self._reader.examination
        if self._half is not None and self._half[0] is found:
            return self._half[1]  # the other of the two is to come
        known = None if found is None else found.scored.reading.lengths8
        return [None, None] if known is None else list(known)

    def read_walls(self) -> None:
        """Go on with the first wall that is not scored."""
        self._look(scoring.first_wall(self._reader.examined().review.aac))

    def look_at(self, row: int, column: int) -> None:
        """Read the wall of a cell; outside the grid, show all regions."""
        self._look(scoring.wall_at(row, column))

    def score(self, score: int | None) -> None:
        """Score the wall that is read and go on."""
        view.zoom_to_wall(self._logic.score_active(self._reader.needed(), score))

    def mark(self) -> None:
        """Begin to mark plaque on the wall that is read, or end it."""
        if self.marking:
            self._logic.stop_placing()
            return
        marking = self._logic.start_marking(self._reader.needed())
        marking.on_prompt = lambda text: self._reader.on_prompt()

    def clear_marks(self) -> None:
        """Take the marks of the wall that is read away."""
        wall = self._reader.examined().wall
        if wall is None:
            raise LandmarkError("Expected a wall, but none is chosen. Choose one first.")
        self._logic.unmark(self._reader.needed(), wall[1])

    def rest_zero(self) -> None:
        """Score all walls 0 that are in the image and have no score."""
        count = self._logic.score_rest(self._reader.needed())
        self._reader.say(f"{count} walls scored 0.")

    def score8(self, anterior: int | None, posterior: int | None) -> None:
        """Keep Schousboe's two lengths, once both are chosen; one alone waits."""
        found, chosen = self._reader.examined(), [anterior, posterior]
        self._half = (found, chosen) if None in chosen and chosen != [None, None] else None
        if None not in chosen:
            self._logic.score8(self._reader.needed(), (int(chosen[0]), int(chosen[1])))
        elif found.review.aac.lengths8 is not None:
            self._logic.score8(self._reader.needed(), None)

    @property
    def _logic(self) -> Any:
        return self._reader.logic

    def _look(self, wall: Wall | None) -> None:
        view.zoom_to_wall(self._logic.look_at(self._reader.needed(), wall))
