"""Slicer's own base classes of a scripted module, from its sources, on the slicer-core wheel.

The wheel leaves out ``ScriptedLoadableModule``, ``parameterNodeWrapper`` and ``i18n``.
Where ``VERTENET_SLICER_SOURCES`` names a folder ``Base/Python`` of Slicer's sources, they
are imported from there instead of our look-alikes.  ``tools/slicer_sources.py`` fetches it.
"""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import slicer

VARIABLE = "VERTENET_SLICER_SOURCES"
MODULES = ("i18n", "ScriptedLoadableModule", "parameterNodeWrapper")
_WIDGETS = ("qMRML", "qSlicer", "ctk")


def folder() -> Path | None:
    """``Base/Python`` of Slicer's sources, or None where none is named.

    Raises:
        FileNotFoundError: if what is named is no such folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    found = Path(named).resolve()
    if not (found / "slicer" / "ScriptedLoadableModule.py").is_file():
        raise FileNotFoundError(f"{VARIABLE}: '{named}' is no folder Base/Python of Slicer.")
    return found


def install(base_python: Path) -> None:
    """Let ``import slicer.ScriptedLoadableModule`` and its like find Slicer's files."""
    for name in ("qt", "ctk"):
        sys.modules.setdefault(name, _Placeholders(name))
    # Names of widgets stand in annotations and comparisons only.
    slicer.__getattr__ = _widget_class
    # At the end: slicer.util stays the wheel's own.
    slicer.__path__.append(str(base_python / "slicer"))


class _Widget:
    """Made and thrown away; asked for anything it fails."""

    def __init__(self, *arguments):
        self.arguments = arguments


class _Placeholders(types.ModuleType):
    """A module in which every name is an empty class: nothing of Qt is there to be called."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (_Widget,), {})
        setattr(self, name, made)
        return made


def _widget_class(name):
    if not name.startswith(_WIDGETS):
        raise AttributeError(f"module 'slicer' has no attribute {name!r}")
    made = type(name, (_Widget,), {})
    setattr(slicer, name, made)
    return made
