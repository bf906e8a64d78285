"""The batch section: a folder in, tables out, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .batch_run import BatchRun, start_batch
from .memory import PREFIX
from .widget_part import PanelPart, settings, shown_errors

_POLL_MS = 300
_PLACES = {"batchInputPathLineEdit": "batchInput", "batchOutputPathLineEdit": "batchOutput"}


class BatchPart(PanelPart):
    """Starts a batch, shows how far it is, stops it; Slicer stays free meanwhile."""

    def __init__(self, ui, logic, say, start: Callable[..., BatchRun] = start_batch) -> None:
        super().__init__(ui, logic, say)
        self._start = start
        self.run: BatchRun | None = None
        self._timer = qt.QTimer()
        self._timer.setInterval(_POLL_MS)
        self._timer.connect("timeout()", self.on_poll)
        self.connect_clicks(
            {"startBatchButton": self.on_start, "cancelBatchButton": self.on_cancel}
        )
        for name, key in _PLACES.items():
            getattr(ui, name).currentPath = settings().value(PREFIX + key, "") or ""
        self._show()

    @shown_errors
    def on_start(self) -> None:
        """Read the folder, or go on with it."""
        source, target = (getattr(self.ui, name).currentPath for name in _PLACES)
        for name, key in _PLACES.items():
            settings().setValue(PREFIX + key, getattr(self.ui, name).currentPath)
        self.logic.install_detector()
        self.run = self._start([source], target, anterior=self.state.anterior)
        self._timer.start()
        self._show()

    @shown_errors
    def on_cancel(self) -> None:
        """Stop for good; what was read is kept."""
        if self.run is not None and self.run.state.running:
            self.tell("batchLabel", _("Stopping..."))
            self.run.cancel()
        self._end()

    @shown_errors
    def on_poll(self) -> None:
        """See how far it is."""
        if self.run is not None and not self.run.poll().running:
            self._end()
        self._show()

    def close(self) -> None:
        """The panel goes away: so does its batch, which can be gone on with."""
        self._timer.stop()
        if self.run is not None and self.run.state.running:
            self.run.cancel()

    def _end(self) -> None:
        self._timer.stop()
        self._show()

    def _show(self) -> None:
        state = None if self.run is None else self.run.state
        running = state is not None and state.running
        self.allow(("startBatchButton",), not running, _("A batch is running."))
        self.allow(("cancelBatchButton",), running, _("No batch is running."))
        bar = self.ui.batchProgressBar
        bar.visible = state is not None
        # A bar without an end moves by itself: the files are still being counted.
        bar.maximum = state.total if running else 1 if state is None else max(state.total, 1)
        bar.value = state.done if state is not None else 0
        self.tell("batchLabel", self._words(state))

    def _words(self, state) -> str:
        if state is None:
            return ""
        if not state.running:
            return state.text
        seconds = _("{s:.0f} s").format(s=self.run.seconds)
        return f"{state.text or _('Starting...')} ({seconds})"
