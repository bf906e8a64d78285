"""A small Slicer host for tests: slicer-core's real scene without the application.

PyPI's ``slicer-core`` has MRML, markups and module logics, but neither
``slicer.app``, ``slicer.modules`` nor the base classes of a scripted module.
:func:`boot` supplies the few of them that the module uses.  Inside the real
application it does nothing, so the same tests run in both.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import types
import unittest
from pathlib import Path

import own_sources
import slicer.util
import vtk

import slicer

MODULE_FOLDER = Path(__file__).resolve().parents[3] / "VerteNetSlicer"

# In this order: the volumes' logic logs an error if there are no colours yet.
_LOGICS = (
    ("Colors", "vtkSlicerColorLogic"),
    ("Volumes", "vtkSlicerVolumesLogic"),
    ("Markups", "vtkSlicerMarkupsLogic"),
    ("Tables", "vtkSlicerTablesLogic"),
    ("Models", "vtkSlicerModelsLogic"),
    ("Texts", "vtkSlicerTextsLogic"),
    ("Transforms", "vtkSlicerTransformLogic"),
    ("SubjectHierarchy", "vtkSlicerSubjectHierarchyModuleLogic"),
)


class _Module:
    """What ``slicer.modules.<name>`` is in the application, as far as it is used."""

    def __init__(self, logic=None, path=""):
        self._logic = logic
        self.path = path

    def logic(self):
        return self._logic


class _Application:
    """What ``slicer.app`` is in the application, as far as it is used."""

    def __init__(self, logic):
        self._logic = logic
        self.temporaryPath = tempfile.mkdtemp(prefix="vertenet-host-")
        self.startup = []

    def applicationLogic(self):
        return self._logic

    def layoutManager(self):
        return None

    def topLevelWidgets(self):
        return []

    def testingEnabled(self):
        return True

    def connect(self, signal, slot):
        if signal == "startupCompleted()":
            self.startup.append(slot)

    def processEvents(self):
        """There is no event loop."""

    def translate(self, context, text):
        return text

    def moduleManager(self):
        return self

    def disconnect(self, signal, slot):
        """Nothing is ever unloaded here."""


def is_real_application() -> bool:
    """True inside Slicer itself."""
    return hasattr(slicer, "app") and not isinstance(slicer.app, _Application)


def boot():
    """Make a scene and the names a scripted module expects; once per process."""
    if hasattr(slicer, "app"):
        return slicer.mrmlScene
    scene = slicer.vtkMRMLScene()
    application_logic = slicer.vtkSlicerApplicationLogic()
    application_logic.SetMRMLScene(scene)
    slicer.mrmlScene = scene
    slicer.app = _Application(application_logic)
    _set_folders(application_logic, slicer.app.temporaryPath)
    slicer.modules = types.SimpleNamespace()
    slicer.selfTests = {}
    _wire_storage(scene, application_logic)
    for name, class_name in _LOGICS:
        _add_module(name, class_name, scene, application_logic)
    own = own_sources.folder()
    if own is None:
        _add_python_modules()
    else:
        own_sources.install(own)
    return scene


def _set_folders(application_logic, folder):
    """Folders of the application's own; the colours ask for theirs, even an empty one."""
    (Path(folder) / "share" / "ColorFiles").mkdir(parents=True)
    application_logic.SetTemporaryPath(folder)
    application_logic.SetHomeDirectory(folder)
    application_logic.SetShareDirectory("share")


def _wire_storage(scene, application_logic):
    """What reading and writing an .mrb bundle needs."""
    cache = slicer.vtkCacheManager()
    folder = Path(slicer.app.temporaryPath) / "cache"
    folder.mkdir()
    (folder / ".slicer-cache").touch()
    cache.SetRemoteCacheDirectory(str(folder))
    manager = slicer.vtkDataIOManager()
    manager.SetCacheManager(cache)
    logic = slicer.vtkDataIOManagerLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    logic.SetAndObserveDataIOManager(manager)
    scene.SetCacheManager(cache)
    scene.SetDataIOManager(manager)
    slicer.app.kept_alive = (cache, manager, logic)


def _add_module(name, class_name, scene, application_logic):
    logic = getattr(slicer, class_name)()
    logic.SetMRMLApplicationLogic(application_logic)
    application_logic.SetModuleLogic(name, logic)
    if name == "Colors":
        application_logic.SetColorLogic(logic)
    logic.SetMRMLScene(scene)
    if name == "Colors":
        logic.AddDefaultColorNodes()
    setattr(slicer.modules, name.lower(), _Module(logic))


class ScriptedLoadableModule:
    """Base of the class that describes a module."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__


class ScriptedLoadableModuleWidget:
    """Base of the class that shows a module."""

    def __init__(self, parent=None):
        self.parent = parent
        self.layout = parent.layout() if parent is not None else None
        self.moduleName = type(self).__name__.removesuffix("Widget")

    def resourcePath(self, name):
        return str(MODULE_FOLDER / "Resources" / name)

    def setup(self):
        """Overridden by the module."""

    def cleanup(self):
        """Overridden by the module."""


class ScriptedLoadableModuleLogic:
    """Base of the class that works; has the module's parameter node."""

    def __init__(self, parent=None):
        # Slicer's own base class goes on along the line of bases, too.
        super().__init__()
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", self.moduleName)
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of the module's own test."""

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        """There is no screen to show a message on."""


def _add_python_modules():
    # The browser, too, runs without Slicer's own: one stand-in serves both.  Where this
    # project is not installed it is found beside the module.
    if str(MODULE_FOLDER) not in sys.path:
        sys.path.append(str(MODULE_FOLDER))
    from vertenet_web.host import parameterNodeWrapper

    names = (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    )
    _python_module("ScriptedLoadableModule", {c.__name__: c for c in names})
    _python_module("parameterNodeWrapper", {"parameterNodeWrapper": parameterNodeWrapper})
    _python_module("i18n", {"tr": lambda text: text, "translate": lambda context, text: text})


def _python_module(name, content):
    module = types.ModuleType(f"slicer.{name}")
    module.__dict__.update(content, __all__=list(content))
    sys.modules[module.__name__] = module
    setattr(slicer, name, module)


def load_scripted_module(name="VerteNetSlicer"):
    """Import a scripted module the way Slicer does: its folder first on the path."""
    if name in sys.modules:
        return sys.modules[name]
    if str(MODULE_FOLDER) not in sys.path:
        sys.path.insert(0, str(MODULE_FOLDER))
    path = MODULE_FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    setattr(slicer.modules, name.lower(), _Module(path=str(path)))
    return module


def observer_count(node, event=None) -> int:
    """How many observers of ours and of Slicer's a node has (from its printed form)."""
    text = str(node)
    return text.count("vtkObserver (") if event is None else int(node.HasObserver(event))


__all__ = ["boot", "is_real_application", "load_scripted_module", "observer_count", "vtk"]
