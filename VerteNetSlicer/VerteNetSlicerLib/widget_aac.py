"""The AAC section: the grid of the eight walls, read one by one with the keys 0 to 3."""

from __future__ import annotations

from typing import ClassVar

import qt
from slicer.i18n import tr as _

from . import scoring, view
from .examination import Examination
from .placement import PlaqueMarking
from .widget_part import PanelPart, shown_errors

_EIGHT = ("aac8AnteriorComboBox", "aac8PosteriorComboBox")
_WHILE_READING = (
    *("score0Button", "score1Button", "score2Button", "score3Button"),
    *("unscoredButton", "allRegionsButton", "markButton", "clearMarksButton"),
)


class AacPart(PanelPart):
    """The grid, its keys and buttons; while a wall is active only its region is drawn."""

    KEYS: ClassVar = {
        "0": "on_score_0",
        "1": "on_score_1",
        "2": "on_score_2",
        "3": "on_score_3",
        "U": "on_unscored",
        "Esc": "on_all_regions",
    }

    def __init__(self, ui, logic, say) -> None:
        super().__init__(ui, logic, say)
        self._entered = False
        # Schousboe's two choices while only one of them is made.
        self._half: tuple[Examination, list[int]] | None = None
        table = ui.aacTable
        table.rowCount, table.columnCount = len(scoring.ROWS), len(scoring.COLUMNS)
        table.setHorizontalHeaderLabels([level.value for level in scoring.COLUMNS])
        table.setVerticalHeaderLabels([_("Anterior"), _("Posterior")])
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
        table.connect("itemSelectionChanged()", self.on_select_wall)
        self.connect_clicks(
            {
                "readWallsButton": self.on_read,
                "allRegionsButton": self.on_all_regions,
                "score0Button": self.on_score_0,
                "score1Button": self.on_score_1,
                "score2Button": self.on_score_2,
                "score3Button": self.on_score_3,
                "unscoredButton": self.on_unscored,
                "markButton": self.on_mark,
                "clearMarksButton": self.on_clear_marks,
                "restZeroButton": self.on_rest_zero,
            }
        )
        for name in _EIGHT:
            getattr(ui, name).connect("currentIndexChanged(int)", self.on_aac8)

    def enable_shortcuts(self, enabled: bool) -> None:
        """Digits are ours only while a wall is read."""
        self._entered = enabled
        present = self.examination
        super().enable_shortcuts(enabled and present is not None and present.wall is not None)

    def refresh(self, examination: Examination | None) -> None:
        """Show the grid of an examination."""
        there = examination is not None
        names = ("readWallsButton", "aacTable", "restZeroButton", *_EIGHT)
        self.allow(names, there, _("Detect landmarks first."))
        reading = there and examination.wall is not None
        self.allow(_WHILE_READING, reading, _("Choose a wall first."))
        self._show_marking(examination)
        self._fill(
            scoring.grid_of(examination.analysis, examination.wall, examination.scored.derived)
            if there
            else None
        )
        self._fill_eight(examination)
        self.enable_shortcuts(self._entered)

    @shown_errors
    def on_select_wall(self) -> None:
        """Read the wall of the selected cell."""
        table = self.ui.aacTable
        wall = scoring.wall_at(table.currentRow(), table.currentColumn())
        if not self.filling and wall is not None and self.examination is not None:
            self._look_at(wall)

    @shown_errors
    def on_read(self) -> None:
        """Go on with the first wall that is not scored."""
        self._look_at(scoring.first_wall(self.examination.review.aac))

    @shown_errors
    def on_all_regions(self) -> None:
        """Show all regions again."""
        self.logic.look_at(self.volume, None)

    @shown_errors
    def on_score_0(self) -> None:
        """No calcification."""
        self._score(0)

    @shown_errors
    def on_score_1(self) -> None:
        """Below a third of the wall."""
        self._score(1)

    @shown_errors
    def on_score_2(self) -> None:
        """From a third of the wall."""
        self._score(2)

    @shown_errors
    def on_score_3(self) -> None:
        """From two thirds of the wall."""
        self._score(3)

    @shown_errors
    def on_unscored(self) -> None:
        """Take the wall's score away."""
        self._score(None)

    @shown_errors
    def on_mark(self) -> None:
        """Begin to mark plaque on the wall that is read, or end it."""
        marking = self.logic.placing
        if isinstance(marking, PlaqueMarking) and marking.paused:
            marking.resume()
        elif isinstance(marking, PlaqueMarking):
            self.logic.stop_placing()
        else:
            marking = self.logic.start_marking(self.volume)
            marking.on_prompt = lambda text: self._show_marking(self.examination)
        self._show_marking(self.examination)

    @shown_errors
    def on_clear_marks(self) -> None:
        """Take the marks of the wall that is read away."""
        self.logic.unmark(self.volume, self.examination.wall[1])

    @shown_errors
    def on_rest_zero(self) -> None:
        """Score all walls 0 that are in the image and have no score."""
        count = self.logic.score_rest(self.volume)
        self.say(_("{count} walls scored 0.").format(count=count))

    @shown_errors
    def on_aac8(self) -> None:
        """Keep Schousboe's two scores, once both are chosen."""
        if self.filling or self.examination is None:
            return
        chosen = [getattr(self.ui, name).currentIndex - 1 for name in _EIGHT]
        whole = chosen if -1 not in chosen else None
        self._half = None if whole else (self.examination, chosen)
        if whole or self.examination.review.aac.lengths8 is not None:
            self.logic.score8(self.volume, whole and tuple(whole))

    def _fill_eight(self, examination: Examination | None) -> None:
        self.filling = True
        try:
            shown = (examination and examination.scored.reading.lengths8) or (-1, -1)
            if self._half is not None and self._half[0] is examination:
                shown = self._half[1]  # the other of the two is to come
            for name, score in zip(_EIGHT, shown, strict=True):
                getattr(self.ui, name).currentIndex = score + 1
        finally:
            self.filling = False

    def _show_marking(self, examination: Examination | None) -> None:
        marking = self.logic.placing
        mine = isinstance(marking, PlaqueMarking) and marking.examination is examination
        self.ui.markButton.checked = mine and not marking.paused
        words = _("Now click the {point}.")
        if mine and marking.paused:
            words = _("Paused; press Mark plaque to go on with the {point}.")
        self.tell("markLabel", words.format(point=marking.prompt) if mine else "")

    def _score(self, score: int | None) -> None:
        self._shown(self.logic.score_active(self.volume, score))

    def _look_at(self, wall) -> None:
        self._shown(self.logic.look_at(self.volume, wall))

    def _shown(self, examination: Examination) -> None:
        view.zoom_to_wall(examination)

    def _fill(self, grid: scoring.Grid | None) -> None:
        self.filling = True
        try:
            table = self.ui.aacTable
            for row in range(len(scoring.ROWS)):
                for column in range(len(scoring.COLUMNS)):
                    text = grid.cells[row][column] if grid is not None else ""
                    item = qt.QTableWidgetItem(text)
                    item.setTextAlignment(qt.Qt.AlignCenter)
                    table.setItem(row, column, item)
            active = grid.active if grid is not None else None
            if active is None:
                table.clearSelection()
                table.setCurrentCell(-1, -1)
            else:
                table.setCurrentCell(*active)
            self.tell("aacTotalLabel", grid.total if grid is not None else "")
            self.tell("aacCropLabel", grid.warning if grid is not None else "")
        finally:
            self.filling = False
