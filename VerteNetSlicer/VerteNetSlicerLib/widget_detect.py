"""The detect section: one button, how far it is, and what an installation writes."""

from __future__ import annotations

import time
from collections.abc import Callable

from slicer.i18n import tr as _

import slicer
from vertenet.anatomy import Side

from .choices import DEVICES, SIDES, chosen
from .waiting import Waiting
from .widget_part import PanelPart, agreed, shown_errors

# What is locked while the network works: nothing may change under it.
_SECTIONS = (
    *("worklistSection", "imageSection", "reviewSection", "aacSection"),
    *("compareSection", "exportSection", "batchSection"),
)


class DetectPart(PanelPart):
    """Runs the network beside the window, and shows the time and the device."""

    def __init__(self, ui, logic, say: Callable[[str], None]) -> None:
        super().__init__(ui, logic, say)
        self.busy = False
        self._stage = ""
        self._waiting = Waiting(self._tick)
        self.connect_clicks({"detectButton": self.on_detect, "stopButton": self.on_stop})
        self._show_busy(False)

    @shown_errors
    def on_detect(self) -> None:
        """Find the vertebrae; edits are only replaced after a question."""
        if self.busy:
            return
        present = self.examination
        edited = present is not None and present.review.edited
        if edited and not agreed(_("Replace what you edited and scored?")):
            return
        self.state.device = chosen(DEVICES, self.ui.deviceComboBox)
        self._show_busy(True)
        start = time.monotonic()
        try:
            found = self._detected(edited)
        finally:
            self._show_busy(False)
        self.say(self._last_words(found, time.monotonic() - start))

    @shown_errors
    def on_stop(self) -> None:
        """Give up the detection; what was there stays."""
        self._waiting.stop()

    def _detected(self, edited: bool):
        """The examination of what is found on the present image."""
        logic, side = self.logic, chosen(SIDES, self.ui.anteriorComboBox)
        if hasattr(logic.detector, "device"):
            logic.detector.device = self.state.device
        if logic.detector_needs_install:
            self._on_stage(_("torch is not installed yet: Slicer's PyTorch extension asks for it"))
            logic.install_detector(self._log)
        logic.wait = self._waiting
        try:
            return logic.detect(
                self.volume,
                anterior=None if side == "auto" else Side(side),
                replace_edits=edited,
                progress=self._on_stage,
            )
        finally:
            logic.wait = logic.at_once

    def _last_words(self, found, seconds: float) -> str:
        device = getattr(self.logic.detector, "used_device", "")
        where = _(" on {device}").format(device=device) if device else ""
        text = _("{count} vertebrae in {s:.1f} s{where}.")
        notes = getattr(self.logic.detector, "notes", ())
        said = text.format(count=len(found.review.spine), s=seconds, where=where)
        return " ".join((said, *notes))

    def _on_stage(self, text: str) -> None:
        self._stage = text
        self.say(text + "...")
        # Drawn at once; other events wait, so that nothing happens in between.
        self.ui.statusLabel.repaint()

    def _tick(self, seconds: float) -> None:
        self.say(_("{stage}... {s:.1f} s").format(stage=self._stage, s=seconds))
        slicer.app.processEvents()

    def _log(self, line: str) -> None:
        self.ui.logTextEdit.visible = True
        self.ui.logTextEdit.appendPlainText(line)

    def _show_busy(self, busy: bool) -> None:
        self.busy = busy
        self.ui.detectProgressBar.visible = busy
        self.ui.stopButton.visible = busy
        self.ui.detectButton.enabled = not busy and self.volume is not None
        for name in _SECTIONS:
            getattr(self.ui, name).enabled = not busy
