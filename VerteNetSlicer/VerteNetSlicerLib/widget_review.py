"""The review section: one row per vertebra, and what can be done with it."""

from __future__ import annotations

from typing import ClassVar

import qt
from slicer.i18n import tr as _

from vertenet.anatomy import LEVELS, Level, ReaderDecision
from vertenet.errors import LandmarkError

from . import view
from .drawing import GRADE_COLOURS
from .examination import Examination
from .placement import Placement
from .table import HEADERS, Row, attention_order, detail, rows_of
from .widget_part import PanelPart, shown_errors
from .words import said_here

_NOT_EVALUABLE = 5
_HEIGHTS = ("Ha", "Hm", "Hp")
# The unit stands in the headers.
_SHOWN = tuple(name for name in HEADERS if name != "unit")
# Low enough for T4 to L5 on one screen.
_ROW_PX = 22
_STEPS = ("previousButton", "nextButton")
_OF_ALL = ("shiftUpButton", "shiftDownButton")
_OF_ONE = ("relabelButton", "decideButton", "deleteButton", "restoreButton")


class ReviewPart(PanelPart):
    """The table and its buttons; rows that need a look come first."""

    KEYS: ClassVar = {
        "N": "on_next",
        "P": "on_previous",
        "Ctrl+Z": "on_undo",
        "Ctrl+Y": "on_redo",
    }

    def __init__(self, ui, logic, say) -> None:
        super().__init__(ui, logic, say)
        self._rows: tuple[Row, ...] = ()
        for level in LEVELS:
            ui.levelComboBox.addItem(level.value)
        ui.reviewTable.columnCount = len(_SHOWN)
        ui.reviewTable.verticalHeader().visible = False
        ui.reviewTable.verticalHeader().defaultSectionSize = _ROW_PX
        ui.reviewTable.connect("itemSelectionChanged()", self.on_select_row)
        self.connect_clicks(
            {
                "previousButton": self.on_previous,
                "nextButton": self.on_next,
                "undoButton": self.on_undo,
                "redoButton": self.on_redo,
                "relabelButton": self.on_relabel,
                "shiftUpButton": self.on_shift_up,
                "shiftDownButton": self.on_shift_down,
                "decideButton": self.on_decide,
                "addButton": self.on_add,
                "deleteButton": self.on_delete,
                "restoreButton": self.on_restore,
                "restoreAllButton": self.on_restore_all,
            }
        )

    def refresh(self, examination: Examination | None) -> None:
        """Show the rows of an examination, the touched vertebra selected."""
        self._rows = ()
        warnings: tuple[str, ...] = ()
        if examination is not None:
            self._rows = attention_order(rows_of(examination.analysis))
            warnings = examination.analysis.warnings
        self.tell("warningLabel", said_here("\n".join(warnings)))
        there, why = examination is not None, _("Detect landmarks first.")
        self.allow(("restoreAllButton", "addButton", *_STEPS, *_OF_ALL), there, why)
        self.allow(
            ("undoButton",), there and self.logic.can_undo(self.volume), _("Nothing to undo.")
        )
        self.allow(("redoButton",), there and examination.can_redo, _("Nothing to redo."))
        keep = self.selected_level()
        if examination is not None and examination.touched is not None:
            keep = examination.touched
        self._fill(keep)
        self._allow_one()
        self._show_detail()
        self._show_placing()

    def _allow_one(self) -> None:
        """What is done to one vertebra needs a row."""
        chosen = self.examination is not None and self.selected_level() is not None
        self.allow(_OF_ONE, chosen, _("Select a row first."))

    def selected_level(self) -> Level | None:
        """The level of the selected row, or None."""
        table = self.ui.reviewTable
        item = table.item(table.currentRow(), 0)
        return Level(item.text()) if item is not None else None

    @shown_errors
    def on_select_row(self) -> None:
        """Go to the vertebra of the selected row."""
        level, examination = self.selected_level(), self.examination
        self._allow_one()
        self._show_detail()
        if self.filling or level is None or examination is None:
            return
        examination.touch(level)
        self.ui.levelComboBox.currentIndex = level.order
        self._show_decision(examination.review.vertebra(level).reader)
        view.zoom_to(examination, level)

    @shown_errors
    def on_next(self) -> None:
        """The next vertebra that needs a look."""
        self._step(1)

    @shown_errors
    def on_previous(self) -> None:
        """The previous vertebra that needs a look."""
        self._step(-1)

    @shown_errors
    def on_relabel(self) -> None:
        """Give the selected vertebra the chosen name."""
        self.logic.relabel(self.volume, self._level(), self._chosen_level())

    @shown_errors
    def on_shift_up(self) -> None:
        """All names one level towards the head."""
        self.logic.shift(self.volume, -1)

    @shown_errors
    def on_shift_down(self) -> None:
        """All names one level towards the foot."""
        self.logic.shift(self.volume, 1)

    @shown_errors
    def on_decide(self) -> None:
        """Keep the reader's grade and reason."""
        index = self.ui.gradeComboBox.currentIndex
        reason = self.ui.reasonLineEdit.text.strip() or None
        decision = None
        if index == _NOT_EVALUABLE:
            decision = ReaderDecision(None, reason, evaluable=False)
        elif index or reason:
            grade = int(self.ui.gradeComboBox.currentText) if index else None
            decision = ReaderDecision(grade, reason)
        self.logic.decide(self.volume, self._level(), decision)

    @shown_errors
    def on_add(self) -> None:
        """Let the reader place the points of the chosen level, or give it up."""
        try:
            placing = self.logic.placing
            if isinstance(placing, Placement) and placing.paused:
                placing.resume()
            elif isinstance(placing, Placement):
                self.logic.stop_placing()
            else:
                placement = self.logic.start_placing(self.volume, self._chosen_level())
                placement.on_prompt = lambda text: self._show_placing()
        finally:
            self._show_placing()

    @shown_errors
    def on_delete(self) -> None:
        """Delete the selected vertebra."""
        self.logic.delete(self.volume, self._level())

    @shown_errors
    def on_restore(self) -> None:
        """Bring the automatic points of the selected vertebra back."""
        self.logic.restore(self.volume, self._level())

    @shown_errors
    def on_restore_all(self) -> None:
        """Bring all automatic points back."""
        self.logic.restore(self.volume)

    @shown_errors
    def on_undo(self) -> None:
        """Take back the last change; while points are placed, the last of them."""
        if not self.logic.undo(self.volume):
            self.say(_("There is nothing to undo."))

    @shown_errors
    def on_redo(self) -> None:
        """Do again what was taken back."""
        if not self.logic.redo(self.volume):
            self.say(_("There is nothing to redo."))

    def _fill(self, keep: Level | None) -> None:
        self.filling = True
        try:
            table = self.ui.reviewTable
            table.rowCount = len(self._rows)
            table.setHorizontalHeaderLabels(self._titles())
            for index, row in enumerate(self._rows):
                for column, name in enumerate(_SHOWN):
                    if not self._is_shown(table.item(index, column), row, name):
                        table.setItem(index, column, self._item(row, name))
                if row.level is keep:
                    table.selectRow(index)
            table.resizeColumnsToContents()
        finally:
            self.filling = False

    def _titles(self) -> list[str]:
        """The headers, heights with their unit."""
        unit = self._rows[0]["unit"] if self._rows else ""
        return [
            f"{HEADERS[name]} {unit}".strip() if name in _HEIGHTS else HEADERS[name]
            for name in _SHOWN
        ]

    def _is_shown(self, item, row: Row, name: str) -> bool:
        """True where a cell has its text and colour already: a drag changes few of them."""
        return (
            item is not None
            and name != "genant_grade"
            and (item.text(), item.toolTip()) == (row[name], row.reason)
        )

    def _item(self, row: Row, name: str):
        item = qt.QTableWidgetItem(row[name])
        item.setToolTip(row.reason)
        if name == "genant_grade":
            # Black on each of these colours is read well (contrast above 4.5 to 1).
            item.setBackground(qt.QBrush(qt.QColor(*GRADE_COLOURS[row.grade])))
            item.setForeground(qt.QBrush(qt.QColor(0, 0, 0)))
            item.setTextAlignment(qt.Qt.AlignCenter)
        return item

    def _show_decision(self, reader: ReaderDecision | None) -> None:
        index = 0
        if reader is not None:
            index = _NOT_EVALUABLE if not reader.evaluable else 0
            index = index if reader.grade is None else reader.grade + 1
        self.ui.gradeComboBox.currentIndex = index
        self.ui.reasonLineEdit.text = (reader.reason if reader is not None else None) or ""

    def _step(self, step: int) -> None:
        count = sum(1 for row in self._rows if row.attention)
        if not count:
            self.say(_("No vertebra needs a second look."))
            return
        table = self.ui.reviewTable
        table.selectRow((table.currentRow() + step) % count)

    def _level(self) -> Level:
        level = self.selected_level()
        if level is None:
            raise LandmarkError(_("Expected a vertebra, but no row is selected. Select one."))
        return level

    def _chosen_level(self) -> Level:
        return Level(self.ui.levelComboBox.currentText)

    def _show_detail(self) -> None:
        """Why the selected vertebra has its grade, and why it should be looked at."""
        level = self.selected_level()
        row = next((r for r in self._rows if r.level is level), None)
        self.tell("detailLabel", "" if row is None else detail(row))

    def _show_placing(self) -> None:
        placing = self.logic.placing
        mine = isinstance(placing, Placement) and placing.examination is self.examination
        self.ui.addButton.checked = mine and not placing.paused
        text = placing.prompt if mine else ""
        words = _("Now place {point}.")
        if mine and placing.paused:
            words = _("Paused; press Add to go on with {point}.")
        self.tell("promptLabel", words.format(point=text) if text else "")
