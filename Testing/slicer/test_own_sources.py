"""The module under Slicer's own base classes; needs Slicer's sources (tools/slicer_sources.py)."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

SOURCES = os.environ.get("VERTENET_SLICER_SOURCES")

pytestmark = pytest.mark.skipif(
    not SOURCES,
    reason="Slicer's sources are not given: run tools/slicer_sources.py SOURCE",
)


def test_the_base_classes_are_slicers_own(host):
    import VerteNetSlicer

    for ours in (VerteNetSlicer.VerteNetSlicerLogic, VerteNetSlicer.VerteNetSlicerTest):
        (base,) = (c for c in ours.__mro__ if c.__module__ == "slicer.ScriptedLoadableModule")
        file = Path(sys.modules[base.__module__].__file__)
        assert file.is_relative_to(Path(SOURCES).resolve())


def test_the_module_describes_itself_and_registers_its_own_test(scene):
    import slicer
    import VerteNetSlicer

    parent = types.SimpleNamespace(path=slicer.modules.vertenetslicer.path)
    VerteNetSlicer.VerteNetSlicer(parent)
    assert parent.title == "VerteNet"
    assert "research use only" in parent.helpText
    assert parent.contributors == ["VerteNetSlicer contributors"]
    # As the module Self Tests calls it; it raises where the test fails.
    slicer.selfTests["VerteNetSlicer"]()


def test_the_parameter_node_is_slicers_wrapper_with_our_defaults(logic):
    from slicer.parameterNodeWrapper import isParameterNodeWrapper

    from VerteNetSlicerLib.state import VerteNetState

    state = logic.state
    assert isParameterNodeWrapper(state) and isinstance(state, VerteNetState)
    assert state.volume is None and state.device == "auto" and state.show_regions is True
    assert state.isCached("device")
    assert state.parameterNode.GetSingletonTag() == "VerteNetSlicer"
    for name in state.allParameters:
        assert state.dataType(name) is not None


def test_typed_values_come_back_from_a_saved_scene(logic, volume, scene, tmp_path):
    logic.state.volume = volume
    logic.state.device = "cpu"
    logic.state.show_guides = False
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert logic.state.volume is None and logic.state.device == "auto"
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    assert logic.state.volume.GetName() == "selftest"
    assert (logic.state.device, logic.state.show_guides) == ("cpu", False)


def test_many_states_leave_no_observers_on_the_parameter_node(logic, scene, host):
    import gc

    node = logic.state.parameterNode
    before = host.observer_count(node)
    for _ in range(20):
        logic._state = None
        gc.collect()
        assert logic.state.device == "auto"
    assert host.observer_count(node) == before
