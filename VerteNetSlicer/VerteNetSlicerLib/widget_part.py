"""What the parts of the panel share: the widgets, the logic, and errors as text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import ClassVar

import qt
import slicer.util
from slicer.i18n import tr as _

import slicer
from vertenet.errors import VerteNetError

from .examination import Examination
from .state import VerteNetState
from .waiting import StoppedError
from .words import said_here


def shown_errors(action: Callable) -> Callable:
    """Make a slot: show what VerteNet has to say, drop what the signal adds."""

    @wraps(action)
    def slot(self, *unwanted):
        try:
            return action(self)
        except StoppedError as error:
            self.say(str(error))
        except VerteNetError as error:
            _display(self, str(error))
        # The last edge: without it a reader would see a button that does nothing.
        except Exception as error:
            logging.exception("VerteNet: %s failed", action.__name__)
            text = _("This is a defect of VerteNet: {error}. The log has the details.")
            _display(self, text.format(error=f"{type(error).__name__}: {error}"))

    return slot


def _display(part, text: str) -> None:
    text = said_here(text)
    part.say(text)
    if not slicer.app.testingEnabled():
        slicer.util.errorDisplay(text, windowTitle="VerteNet")


class PanelPart:
    """A section of the panel.

    Attributes:
        ui: all widgets of the panel by their names.
        logic: where everything happens.
        KEYS: the slots' names by their keys.
    """

    KEYS: ClassVar[Mapping[str, str]] = {}

    def __init__(self, ui, logic, say: Callable[[str], None]) -> None:
        self.ui = ui
        self.logic = logic
        self.say = say
        # True while widgets are set by us: their signals are not the reader's then.
        self.filling = False
        self._shortcuts: list = []
        self._tips: dict[str, str] = {}

    def make_shortcuts(self, window) -> None:
        """Keys for what is done most, while the module is open."""
        for keys, name in self.KEYS.items():
            shortcut = qt.QShortcut(qt.QKeySequence(keys), window)
            # Where something else in Slicer has the key as well, Qt tells only this.
            for signal in ("activated()", "activatedAmbiguously()"):
                shortcut.connect(signal, getattr(self, name))
            self._shortcuts.append(shortcut)

    def enable_shortcuts(self, enabled: bool) -> None:
        """Other modules have keys of their own."""
        for shortcut in self._shortcuts:
            shortcut.enabled = enabled

    @property
    def state(self) -> VerteNetState:
        """The parameter node of the present scene."""
        return self.logic.state

    @property
    def volume(self):
        """The present image's volume node, or None."""
        return self.state.volume

    @property
    def examination(self) -> Examination | None:
        """The examination of the present image, or None."""
        return self.logic.examination(self.volume)

    def allow(self, names: Iterable[str], allowed: object, why_not: str) -> None:
        """Enable widgets, or disable them with a tooltip that says what is missing."""
        for name in names:
            widget = getattr(self.ui, name)
            tip = self._tips.setdefault(name, widget.toolTip)
            widget.enabled = bool(allowed)
            widget.toolTip = tip if allowed else why_not

    def tell(self, name: str, text: str) -> None:
        """Show a text in a label; an empty one takes no room."""
        label = getattr(self.ui, name)
        label.text = text
        label.visible = bool(text)

    def connect_clicks(self, slots: Mapping[str, Callable]) -> None:
        """Connect buttons by their names."""
        for name, slot in slots.items():
            getattr(self.ui, name).connect("clicked(bool)", slot)


def settings():
    """Where choices are remembered between sessions: Slicer's settings."""
    return qt.QSettings()


def later(action: Callable[[], None]) -> None:
    """Run something once the present event is over."""
    qt.QTimer.singleShot(0, action)


def agreed(question: str) -> bool:
    """Ask the reader; under test the answer is yes."""
    if slicer.app.testingEnabled():
        return True
    return bool(slicer.util.confirmYesNoDisplay(question, windowTitle="VerteNet"))
