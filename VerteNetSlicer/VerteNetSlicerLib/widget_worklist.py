"""The worklist section: a folder's images one after the other."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from .widget_part import PanelPart, agreed, shown_errors
from .worklist import Worklist


class WorklistPart(PanelPart):
    """Opens images, asks before unsaved work is left, says how far it went."""

    def __init__(self, ui, logic, say, select: Callable) -> None:
        super().__init__(ui, logic, say)
        self._select = select
        self._list: Worklist | None = None
        self.connect_clicks(
            {
                "startButton": self.on_start,
                "nextImageButton": self.on_next_image,
                "previousImageButton": self.on_previous_image,
            }
        )

    def exported(self) -> None:
        """The present image's results were written."""
        if self._list is not None:
            self._list.exported()
            self._show()

    @shown_errors
    def on_start(self) -> None:
        """Read the folder and open its first image."""
        self._list = Worklist.of(self.ui.worklistPathLineEdit.currentPath or ".")
        self._go(1, None)

    @shown_errors
    def on_next_image(self) -> None:
        """The image after this one."""
        self._go(1, self.volume)

    @shown_errors
    def on_previous_image(self) -> None:
        """The image before this one."""
        self._go(-1, self.volume)

    def _go(self, step: int, present) -> None:
        if self._list is None:
            return
        path = self._list.step(step, self._may_leave)
        self._show()
        if path is not None:
            self._select(self.logic.open_image(path, present))

    def _may_leave(self) -> bool:
        examination = self.examination
        if examination is None or not examination.unsaved:
            return True
        return agreed(_("Your changes of this image are not exported. Leave it all the same?"))

    def _show(self) -> None:
        worklist = self._list
        self.ui.worklistLabel.text = worklist.text if worklist is not None else ""
        last = len(worklist.files) - 1 if worklist is not None else -1
        self.ui.previousImageButton.enabled = worklist is not None and worklist.position > 0
        self.ui.nextImageButton.enabled = worklist is not None and worklist.position < last
