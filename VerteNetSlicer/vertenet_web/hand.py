"""The reader's hand on the image without a mouse: points chosen, moved and placed by keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vertenet.anatomy import POINT_NAMES, Level, PointName
from vertenet.errors import LandmarkError
from VerteNetSlicerLib import cursor
from VerteNetSlicerLib.placement import Placing

# Per cent of the view, which is smaller than Slicer's: a point must be seen.
GLYPH_SCALE = 2.2
ACTIONS = (
    *("choose_point", "step_point", "nudge"),
    *("add", "stop_placing", "go_on_placing", "move_cursor", "place_here"),
)
_SHOWN = "The cross shows where the point will be: move it by the arrow keys, Enter places it."


class Hand:
    """What keys do with points; a mouse does the same through Slicer's own markups.

    Args:
        reader: whose image and logic it is.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._cursor: tuple[float, float] | None = None
        self._placing: Placing | None = None

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        return {name: getattr(self, name) for name in ACTIONS}

    @property
    def point(self) -> PointName | None:
        """The point that the arrow keys move, or None."""
        found = self._reader.examination
        return None if found is None or self._reader.level is None else found.point

    @property
    def prompt(self) -> str:
        """What to place next, or nothing."""
        placing = self._logic.placing
        return "" if placing is None else str(placing.prompt)

    @property
    def placed(self) -> bool:
        """True where a point was placed that can be taken back without ending it."""
        return bool(getattr(self._logic.placing, "placed", 0))

    @property
    def paused(self) -> bool:
        """True where points are to be placed, but a right or double click ended it."""
        return bool(getattr(self._logic.placing, "paused", False))

    def choose_point(self, name: str | None) -> None:
        """Choose a point of the vertebra, to be moved by the arrow keys."""
        found = self._reader.examined()
        found.point = None if name is None or self._reader.level is None else PointName(name)

    def step_point(self, steps: int) -> None:
        """Choose the next or previous point of the vertebra."""
        level = self._reader.level
        if level is None:
            raise LandmarkError("Expected a vertebra, but none is selected. Select one.")
        there = self._reader.examined().review.vertebra(level).points
        names = [name for name in POINT_NAMES if name in there]
        at = names.index(self.point) if self.point in names else min(0, -int(steps))
        self.choose_point(names[(at + int(steps)) % len(names)].value)

    def nudge(self, columns: float, rows: float) -> None:
        """Move the chosen point by pixels of the image."""
        level, point = self._reader.level, self.point
        if level is None or point is None:
            raise LandmarkError("Expected a point to move, but none is chosen. Choose one first.")
        self._logic.nudge(self._reader.volume, level, point, float(columns), float(rows))
        found = self._reader.examined()
        cursor.bring_into_sight(found.plane, found.review.vertebra(level).points[point].xy)

    def add(self, level: str) -> None:
        """Let the reader place the points of a missing vertebra."""
        placement = self._logic.start_placing(self._reader.needed(), Level(level))
        placement.on_prompt = lambda text: self._reader.on_prompt()

    def stop_placing(self) -> None:
        """Give up placing."""
        self._logic.stop_placing()

    def go_on_placing(self) -> None:
        """Let the mouse place points again after a right or double click."""
        if self._logic.placing is not None:
            self._logic.placing.resume()

    def move_cursor(self, columns: float, rows: float) -> None:
        """Move the cross that keys place points at; at first it stands in the middle."""
        if self._shown_first():
            return
        plane, xy = self._reader.examined().plane, self._cursor
        if xy is not None:
            self._cursor = cursor.moved(xy, float(columns), float(rows), self._size())
            cursor.bring_into_sight(plane, self._cursor)

    def place_here(self) -> None:
        """Place the next point at the cross."""
        if not self._shown_first() and self._cursor is not None:
            self._logic.placing.place(self._cursor)

    def point_out(self) -> None:
        """Let the cross stand at what the keys would move or place."""
        found, level, point = self._reader.examination, self._reader.level, self.point
        if self._logic.placing is not self._placing:
            self._placing, self._cursor = self._logic.placing, None
        if found is None:
            return
        xy = self._cursor
        # While the mouse holds the point, its own glyph says where it is.
        if xy is None and level is not None and point is not None and not found.dragging:
            landmark = found.review.vertebra(level).points.get(point)
            xy = None if landmark is None else landmark.xy
        cursor.point_out(found.plane, xy)

    def _shown_first(self) -> bool:
        """True where the cross was not there: now it is, in the middle of the view."""
        placing = self._logic.placing
        if placing is None:
            raise LandmarkError(
                "Expected something to place, but nothing is. Add a vertebra or mark plaque first."
            )
        if placing is self._placing and self._cursor is not None:
            return False
        # A mouse sees its pointer; without one, the points that stand are all there is.
        placing.node.GetDisplayNode().SetGlyphScale(GLYPH_SCALE)
        middle = cursor.centre_of_view(self._reader.examined().plane) or (0.0, 0.0)
        self._placing = placing
        self._cursor = cursor.moved(middle, 0, 0, self._size())
        self._reader.say(_SHOWN)
        return True

    def _size(self) -> tuple[int, int]:
        columns, rows, _ = self._reader.needed().GetImageData().GetDimensions()
        return columns, rows

    @property
    def _logic(self) -> Any:
        return self._reader.logic
