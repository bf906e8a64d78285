"""The worklist section: the images of a folder or the database one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from slicer.i18n import tr as _

import slicer
from vertenet.errors import ImageError, VerteNetError

from .widget_part import PanelPart, agreed, settings, shown_errors
from .worklist import Worklist


class WorklistPart(PanelPart):
    """Opens images, asks before unsaved work is left, says how far it went."""

    KEYS: ClassVar = {"Ctrl+PgDown": "on_next_image", "Ctrl+PgUp": "on_previous_image"}

    def __init__(self, ui, logic, say, select: Callable) -> None:
        super().__init__(ui, logic, say)
        self._select = select
        self._list: Worklist | None = None
        self._opened = None
        self.connect_clicks(
            {
                "startButton": self.on_start,
                "databaseButton": self.on_database,
                "nextImageButton": self.on_next_image,
                "previousImageButton": self.on_previous_image,
            }
        )

    def exported(self) -> None:
        """The present image's results were written."""
        if self._list is not None and self.volume is not None and self.volume is self._opened:
            self._list.exported()
            self._list.keep(settings())
            self._show()

    @shown_errors
    def on_start(self) -> None:
        """Go through the folder; it begins where the reader left it."""
        folder = self.ui.worklistPathLineEdit.currentPath
        if not folder:
            raise ImageError(_("Expected a folder with images, got none. Choose one."))
        self._begin(Worklist.of(folder))

    @shown_errors
    def on_database(self) -> None:
        """Go through the lateral DXA images of Slicer's DICOM database."""
        self._begin(Worklist.of_database(getattr(slicer, "dicomDatabase", None)))

    @shown_errors
    def on_next_image(self) -> None:
        """The image after this one."""
        self._go(1, self.volume)

    @shown_errors
    def on_previous_image(self) -> None:
        """The image before this one."""
        self._go(-1, self.volume)

    def _begin(self, worklist: Worklist) -> None:
        if not self._may_leave():
            return
        worklist.recall(settings())
        self._list = worklist
        # The image that is open now was chosen by hand: it stays in the scene.
        self._go(1, None)

    def _go(self, step: int, present) -> None:
        if self._list is None:
            return
        path = self._list.step(step, self._may_leave)
        if path is None:
            self._show()
            return
        self._opened = None
        try:
            self._opened = self.logic.open_image(path, present)
            self._select(self._opened)
        except VerteNetError:
            # The last image must not stand there as if it were this one.
            self.logic.close_image(present)
            self._select(None)
            raise
        finally:
            self._list.keep(settings())
            self._show()

    def _may_leave(self) -> bool:
        examination = self.examination
        if examination is None or not examination.unsaved:
            return True
        return agreed(_("Your changes of this image are not exported. Leave it all the same?"))

    def _show(self) -> None:
        worklist = self._list
        self.tell("worklistLabel", worklist.text if worklist is not None else "")
        last = len(worklist.files) - 1 if worklist is not None else -1
        first = worklist is not None and worklist.position > 0
        self.allow(("previousImageButton",), first, _("There is no image before this one."))
        more = worklist is not None and worklist.position < last
        self.allow(("nextImageButton",), more, _("There is no image after this one."))
