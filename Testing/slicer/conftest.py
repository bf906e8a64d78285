"""The scene, once per process: slicer-core through our host, or Slicer itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HOST = Path(__file__).parent / "host"


def pytest_collection_modifyitems(config, items):
    """One worker runs all of them: importing Slicer is most of the time."""
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slicer)
            item.add_marker(pytest.mark.xdist_group("slicer"))


@pytest.fixture(scope="session")
def host():
    """The host adaptor with a scene."""
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    if str(HOST) not in sys.path:
        sys.path.insert(0, str(HOST))
    import vertenet_host

    vertenet_host.boot()
    vertenet_host.load_scripted_module()
    return vertenet_host


@pytest.fixture
def scene(host):
    """An empty scene."""
    import slicer

    slicer.mrmlScene.Clear(0)
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)


@pytest.fixture
def added(scene):
    """How many nodes of a class a test added; a slice view keeps some of its own."""
    classes = (
        "vtkMRMLModelNode",
        "vtkMRMLDisplayableNode",
        "vtkMRMLDisplayNode",
        "vtkMRMLMarkupsFiducialNode",
    )
    before = {name: scene.GetNumberOfNodesByClass(name) for name in classes}
    return lambda name: scene.GetNumberOfNodesByClass(name) - before[name]


@pytest.fixture
def logic(scene, added):
    """The module's logic with a detector that finds a known spine."""
    import VerteNetSlicer
    from VerteNetSlicerLib.selftest import KnownSpine

    made = VerteNetSlicer.VerteNetSlicerLogic(KnownSpine())
    made.errors = []
    made.on_error.append(made.errors.append)
    yield made
    made.close()


@pytest.fixture
def volume(scene):
    """A volume with the known spine's image, 0.6 x 0.5 mm pixels."""
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    return volume_from_image(made_image())


@pytest.fixture
def examined(logic, volume):
    """The volume's examination after a detection."""
    return logic.detect(volume)
