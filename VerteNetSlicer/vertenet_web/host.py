"""The few names of the Slicer application that VerteNetSlicerLib uses, on the slicer-core wheel.

The wheel has the scene, markups and slice views, but neither ``slicer.app`` nor the
base classes of scripted modules.  :func:`lend` must run before VerteNetSlicerLib is
imported.
"""

from __future__ import annotations

import sys
import types
import typing
from typing import Any

import slicer.util

import slicer


class Application:
    """What ``slicer.app`` is in the application, as far as it is used."""

    def __init__(self, logic: Any) -> None:
        self._logic = logic

    def applicationLogic(self) -> Any:
        """The logic that knows the selection and the interaction mode."""
        return self._logic

    def layoutManager(self) -> None:
        """There are no Qt windows."""


class ParameterNodeLogic:
    """Base of a module's logic: the module's parameter node."""

    def getParameterNode(self) -> Any:
        """The node that holds the module's parameters; made at the first call."""
        name = "VerteNetSlicer"
        node = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", name)
            node.SetSingletonTag(name)
            node.SetAttribute("ModuleName", name)
        return node


def lend(scene: Any, application_logic: Any) -> None:
    """Give a scene and its logic the names that scripted modules expect."""
    slicer.mrmlScene = scene
    slicer.app = Application(application_logic)
    _module("i18n", tr=lambda text: text, translate=lambda context, text: text)
    _module("parameterNodeWrapper", parameterNodeWrapper=parameterNodeWrapper)


def parameterNodeWrapper(cls: type) -> type:
    """Make the typed fields of a class values of a parameter node.

    Nodes are kept as references, everything else as text.
    """
    for name, kind in typing.get_type_hints(cls).items():
        setattr(cls, name, _field(name, kind, getattr(cls, name, None)))

    def initialise(self: Any, parameterNode: Any) -> None:
        self.parameterNode = parameterNode

    cls.__init__ = initialise  # type: ignore[misc]
    return cls


def _field(name: str, kind: type, default: Any) -> property:
    if issubclass(kind, slicer.vtkMRMLNode):
        return property(
            lambda self: self.parameterNode.GetNodeReference(name),
            lambda self, node: self.parameterNode.SetNodeReferenceID(name, node and node.GetID()),
        )

    def read(self: Any) -> Any:
        text = self.parameterNode.GetParameter(name)
        if not text:
            return kind() if default is None else default
        return text == "True" if kind is bool else kind(text)

    def write(self: Any, value: Any) -> None:
        self.parameterNode.SetParameter(name, str(value))

    return property(read, write)


def _module(name: str, **content: Any) -> None:
    module = types.ModuleType(f"slicer.{name}")
    module.__dict__.update(content)
    sys.modules[module.__name__] = module
    setattr(slicer, name, module)
