"""Sex and age in the image section: the image's own, or what the reader gives."""

from __future__ import annotations

from slicer.i18n import tr as _

from .choices import SEXES, choose, chosen
from .subject import age_from_text
from .widget_part import PanelPart, shown_errors


class SubjectPart(PanelPart):
    """A list, a line, and below them what is used and who says so."""

    def __init__(self, ui, logic, say) -> None:
        super().__init__(ui, logic, say)
        ui.sexComboBox.connect("currentIndexChanged(int)", self.on_given)
        ui.ageLineEdit.connect("editingFinished()", self.on_given)

    def refresh(self, volume) -> None:
        """Show what is known of a volume's person."""
        there = volume is not None
        self.allow(("sexComboBox", "ageLineEdit"), there, _("Select an image first."))
        found = self.logic.subject_of(volume) if there else None
        self.filling = True
        try:
            choose(SEXES, self.ui.sexComboBox, (found and found.given_sex) or SEXES[0])
            age = found and found.given_age_years
            self.ui.ageLineEdit.text = "" if age is None else f"{age:g}"
        finally:
            self.filling = False
        self.tell("subjectLabel", found.text if found else "")

    @shown_errors
    def on_given(self) -> None:
        """Sex or age was chosen; what cannot be is said, and the last one stays."""
        volume = self.volume
        if self.filling or volume is None:
            return
        sex = chosen(SEXES, self.ui.sexComboBox)
        try:
            age_years = age_from_text(self.ui.ageLineEdit.text)
            self.logic.give_subject(
                volume, sex=None if sex == SEXES[0] else sex, age_years=age_years
            )
        finally:
            self.refresh(volume)
