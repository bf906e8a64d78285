"""Look-alikes of PythonQt's ``qt`` and of the CTK and qMRML widgets, made of PySide6.

For a smoke test of the panel's own lines: that names in the .ui file exist, that
slots run and reach the logic.  It is no evidence about PythonQt, CTK or qMRML.
"""

from __future__ import annotations

import ctypes
import os
import sys
import types
from typing import ClassVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from shibokensupport import feature

import slicer

# Qt properties as Python attributes, as PythonQt has them, in these modules only.
TRUE_PROPERTY = 0x02
PANEL_MODULES = (
    "choices",
    "widget",
    "widget_aac",
    "widget_batch",
    "widget_compare",
    "widget_detect",
    "widget_export",
    "widget_part",
    "widget_review",
    "widget_subject",
    "widget_worklist",
)


class NodeComboBox(QtWidgets.QComboBox):
    """Holds one node; as much of qMRMLNodeComboBox as the panel uses."""

    currentNodeChanged = QtCore.Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node = None

    def setCurrentNode(self, node):
        if node is not self._node:
            self._node = node
            self.clear()
            if node is not None:
                self.addItem(node.GetName())
            self.currentNodeChanged.emit(node)

    def currentNode(self):
        return self._node


class PathLineEdit(QtWidgets.QLineEdit):
    """As much of ctkPathLineEdit as the panel uses."""

    def _read(self):
        return self.text()

    def _write(self, path):
        self.setText(path)

    currentPath = QtCore.Property(str, _read, _write)


class CollapsibleButton(QtWidgets.QGroupBox):
    """As much of ctkCollapsibleButton as the panel uses: a title, and what is folded away."""

    def _read_collapsed(self):
        return getattr(self, "_collapsed", False)

    def _write_collapsed(self, collapsed):
        self._collapsed = collapsed
        if self.isVisible():
            self._fold()

    def showEvent(self, event):
        """Fold before the first picture; children exist by then."""
        self._fold()
        super().showEvent(event)

    def _fold(self):
        collapsed = self._read_collapsed()
        known = getattr(self, "_folded", [])
        if collapsed and not known:
            children = self.findChildren(QtWidgets.QWidget)
            self._folded = [child for child in children if not child.isHidden()]
            for child in self._folded:
                child.hide()
            self.setFixedHeight(24)
        elif known and not collapsed:
            for child in known:
                child.show()
            self._folded = []
            self.setMinimumHeight(0)
            self.setMaximumHeight(16777215)

    text = QtCore.Property(str, QtWidgets.QGroupBox.title, QtWidgets.QGroupBox.setTitle)
    collapsed = QtCore.Property(bool, _read_collapsed, _write_collapsed)


class MrmlWidget(QtWidgets.QWidget):
    """As much of qMRMLWidget as the module uses."""

    mrmlSceneChanged = QtCore.Signal(object)

    def setMRMLScene(self, scene):
        self.scene = scene


_CUSTOM = {
    "ctkCollapsibleButton": CollapsibleButton,
    "ctkPathLineEdit": PathLineEdit,
    "qMRMLNodeComboBox": NodeComboBox,
    "qMRMLWidget": MrmlWidget,
}


class UiLoader(QtUiTools.QUiLoader):
    """Loads a .ui file, and gives its widgets what PythonQt gives them."""

    def createWidget(self, className, parent=None, name=""):
        if className not in _CUSTOM:
            return super().createWidget(className, parent, name)
        made = _CUSTOM[className](parent)
        made.setObjectName(name)
        return made

    def load(self, file):
        root = super().load(file)
        root.kept = [root, *root.findChildren(QtWidgets.QWidget)]
        for child in root.kept:
            _like_python_qt(child)
        return root


def _like_python_qt(widget):
    widget.name = widget.objectName()

    def connect(signal, slot):
        getattr(widget, signal.partition("(")[0]).connect(slot)

    widget.connect = connect


class Shortcut:
    """A QShortcut with PythonQt's connect."""

    def __init__(self, key, parent):
        self._shortcut = QtGui.QShortcut(key, parent)

    def connect(self, signal, slot):
        getattr(self._shortcut, signal.partition("(")[0]).connect(slot)

    @property
    def enabled(self):
        return self._shortcut.isEnabled()

    @enabled.setter
    def enabled(self, enabled):
        self._shortcut.setEnabled(enabled)


class Timer:
    """A QTimer with PythonQt's connect."""

    singleShot = staticmethod(QtCore.QTimer.singleShot)

    def __init__(self):
        self._timer = QtCore.QTimer()

    def connect(self, signal, slot):
        self._timer.timeout.connect(slot)

    def __getattr__(self, name):
        return getattr(self._timer, name)


class FileDialog:
    """The one question of QFileDialog that the panel asks; a test says what is picked."""

    @staticmethod
    def getOpenFileName(*arguments):
        raise RuntimeError("Nobody is there to pick a file.")


class Settings:
    """QSettings of this process only: a test must not write into the user's."""

    kept: ClassVar = {}

    def value(self, key, default=None):
        return self.kept.get(key, default)

    def setValue(self, key, value):
        self.kept[key] = value

    def contains(self, key):
        return key in self.kept


def install():
    """Put the look-alikes where ``import qt`` finds them; returns the application."""
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    qt = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        qt.__dict__.update({n: getattr(source, n) for n in dir(source) if n.startswith("Q")})
    qt.QUiLoader = UiLoader
    qt.QShortcut = Shortcut
    qt.QTimer = Timer
    qt.QSettings = Settings
    qt.QFileDialog = FileDialog
    # In Slicer the application has it.
    slicer.app.clipboard = application.clipboard
    slicer.app.processEvents = application.processEvents
    sys.modules["qt"] = slicer.qt = qt
    # Shiboken looks into every module there is, and torch's lazy ones do not bear it.
    odd = [n for n, m in sys.modules.items() if n.startswith("torch.") and type(m) is not type(qt)]
    hidden = {name: sys.modules.pop(name) for name in odd}
    for name in PANEL_MODULES:
        feature.set_selection(TRUE_PROPERTY, f"VerteNetSlicerLib.{name}")
    sys.modules.update(hidden)
    _keep_none()
    return application


def _keep_none():
    """Give None references to lose: PySide 6.12 takes one with each call that returns nothing.

    After enough tests in a process there would be none left, and Python ends.  From 3.12 on
    None is immortal.
    """
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40
