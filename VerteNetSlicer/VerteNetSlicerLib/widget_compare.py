"""The section that compares with an earlier examination."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from .examination import Examination
from .prior import HEADERS, compared_rows, headline
from .widget_part import PanelPart, shown_errors

_FILES = "Examinations (*.json *.csv *.dcm)"
_INCIDENT = (213, 94, 0)


class ComparePart(PanelPart):
    """What is compared, the change of each height, and incident fractures in words."""

    def __init__(self, ui, logic, say) -> None:
        super().__init__(ui, logic, say)
        # The volumes behind the entries of the list; None for nothing and for a file.
        self._choices: list = []
        # What the list was filled for; it is not filled again with every move of a point.
        self._filled: tuple | None = None
        ui.comparisonTable.columnCount = len(HEADERS)
        ui.comparisonTable.setHorizontalHeaderLabels(list(HEADERS))
        ui.comparisonTable.verticalHeader().visible = False
        ui.priorComboBox.connect("currentIndexChanged(int)", self.on_choose)
        self.connect_clicks({"openPriorButton": self.on_open})

    def refresh(self, examination: Examination | None) -> None:
        """Show the comparison of an examination."""
        there = examination is not None
        names = ("priorComboBox", "openPriorButton")
        self.allow(names, there, _("Detect landmarks first."))
        self._fill_choices(examination)
        found = examination.follow_up if there else None
        self._fill_table(() if found is None else compared_rows(found))
        self.tell(
            "comparisonLabel",
            "" if found is None else headline(examination.prior, examination.analysis, found),
        )
        self.ui.comparisonTable.visible = found is not None

    @shown_errors
    def on_choose(self) -> None:
        """Another image of the scene, or nothing, was chosen."""
        index = self.ui.priorComboBox.currentIndex
        if self.filling or self.examination is None or not 0 <= index < len(self._choices):
            return
        choice = self._choices[index]
        if choice != "file":
            self.logic.compare_in_scene(self.volume, choice)

    @shown_errors
    def on_open(self) -> None:
        """Open an earlier export."""
        path = qt.QFileDialog.getOpenFileName(None, _("Open examination"), "", _FILES)
        if path:
            self.logic.compare_with(self.volume, path)

    def _fill_choices(self, examination: Examination | None) -> None:
        self.filling = True
        try:
            box, prior = self.ui.priorComboBox, examination and examination.prior
            others = [e.nodes.volume for e in self.logic.examinations() if e is not examination]
            names = [volume.GetName() for volume in others]
            state = (others, names, prior)
            if state == self._filled:
                return
            self._filled = state
            self._choices = [None, *others]
            box.clear()
            for text in (_("nothing"), *names):
                box.addItem(text)
            if prior is not None and prior.name not in names:
                self._choices.append("file")
                box.addItem(prior.name)
                names.append(prior.name)
            box.currentIndex = 0 if prior is None else 1 + names.index(prior.name)
        finally:
            self.filling = False

    def _fill_table(self, rows) -> None:
        table = self.ui.comparisonTable
        table.rowCount = len(rows)
        for index, row in enumerate(rows):
            for column, text in enumerate(row.cells):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(row.reason)
                if row.incident and column in (0, len(row.cells) - 1):
                    item.setBackground(qt.QBrush(qt.QColor(*_INCIDENT)))
                    item.setForeground(qt.QBrush(qt.QColor(0, 0, 0)))
                table.setItem(index, column, item)
        table.resizeColumnsToContents()
        table.resizeRowsToContents()
