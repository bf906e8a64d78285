"""Every error path ends in a sentence for the reader."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from vertenet.anatomy import Level, Spine
from vertenet.errors import (
    ImageError,
    LandmarkError,
    MissingDependencyError,
    ModelError,
    VerteNetError,
)


class Absent:
    """An installer without a network."""

    def installed(self):
        return False

    def install(self):
        raise MissingDependencyError("Expected torch; offline.")


def bundled(**options):
    from VerteNetSlicerLib.spine_detector import BundledDetector

    return BundledDetector(**options)


def test_every_action_without_landmarks_says_to_detect_them(logic, volume, tmp_path):
    actions = (
        lambda: logic.shift(volume, 1),
        lambda: logic.relabel(volume, Level.L1, Level.L2),
        lambda: logic.decide(volume, Level.L1, None),
        lambda: logic.delete(volume, Level.L1),
        lambda: logic.restore(volume),
        lambda: logic.undo(volume),
        lambda: logic.export(volume, tmp_path),
        lambda: logic.start_placing(volume, Level.L1),
    )
    for action in actions:
        with pytest.raises(LandmarkError, match="Detect them"):
            action()


def test_every_action_without_a_volume_says_to_select_one(logic, tmp_path):
    with pytest.raises(ImageError, match="Select one"):
        logic.shift(None, 1)
    with pytest.raises(ImageError, match="Load a lateral DXA image"):
        logic.detect(None)


def test_an_empty_image_is_refused(logic, scene):
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "blank")
    slicer.util.updateVolumeFromArray(node, np.zeros((1, 100, 100), np.uint8))
    with pytest.raises(ImageError):
        logic.detect(node)


def test_an_image_without_a_spine_is_a_result(logic, volume):
    class Nothing:
        info = types.SimpleNamespace(name="n", version="1", sha256="0" * 64)

        def detect(self, image, *, anterior=None):
            return Spine(warnings=("No spine was found.",))

    logic.detector = Nothing()
    examined = logic.detect(volume)
    assert examined.nodes.points.GetNumberOfControlPoints() == 0
    assert examined.nodes.table.GetTable().GetNumberOfRows() == 0
    assert "No spine was found." in examined.analysis.warnings


def test_landmarks_of_another_image_are_refused(logic, examined, scene, tmp_path):
    import slicer

    logic.export(examined.nodes.volume, tmp_path)
    other = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other")
    slicer.util.updateVolumeFromArray(other, np.random.default_rng(0).random((1, 99, 88)))
    report = next(tmp_path.rglob("report.json"))
    with pytest.raises(LandmarkError, match="88 x 99"):
        logic.open_landmarks(report, other)


@pytest.mark.parametrize("content", ["", "nonsense", "{}"])
def test_a_damaged_landmark_file_is_refused(logic, volume, tmp_path, content):
    path = tmp_path / "landmarks.mrk.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(VerteNetError):
        logic.open_landmarks(path, volume)


def test_a_missing_landmark_file_is_refused(logic, volume, tmp_path):
    with pytest.raises(VerteNetError, match="nowhere"):
        logic.open_landmarks(tmp_path / "nowhere.json", volume)


def test_placing_a_level_that_is_there_is_refused(logic, examined):
    with pytest.raises(LandmarkError, match="L1 is there"):
        logic.start_placing(examined.nodes.volume, Level.L1)


def test_a_damaged_record_is_said_and_the_scene_stays(logic, examined):
    logic.close()
    examined.nodes.points.SetAttribute("VerteNet.review", "broken")
    logic.adopt()
    assert logic.examinations() == ()
    assert "Detect the landmarks again" in str(logic.errors[0])
    assert logic.detect(examined.nodes.volume).nodes.points is examined.nodes.points


def test_without_torch_the_installer_is_asked(logic, volume):
    logic.detector = bundled(installer=Absent())
    with pytest.raises(MissingDependencyError, match="offline"):
        logic.detect(volume)
    assert logic.examination(volume) is None


class PyTorchUtils(types.ModuleType):
    """The PyTorch extension with an answer given beforehand."""

    def __init__(self, answer):
        super().__init__("PyTorchUtils")
        outer = self
        self.asked = []

        class PyTorchUtilsLogic:
            def installTorch(
                self,
                askConfirmation=False,
                forceComputationBackend=None,
                torchVersionRequirement=None,
                torchvisionVersionRequirement=None,
            ):
                outer.asked.append(askConfirmation)
                if isinstance(answer, Exception):
                    raise answer
                return answer

        self.PyTorchUtilsLogic = PyTorchUtilsLogic


def install(monkeypatch, answer):
    from VerteNetSlicerLib.torch_install import PyTorchExtension

    extension = answer if answer is None else PyTorchUtils(answer)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    PyTorchExtension().install()
    return extension


def test_the_extension_asks_the_user(monkeypatch, host):
    assert install(monkeypatch, types.ModuleType("torch")).asked == [True]


def test_without_the_extension_its_name_is_said(monkeypatch, host):
    with pytest.raises(MissingDependencyError, match="Extensions Manager"):
        install(monkeypatch, None)


def test_a_broken_installation_is_one_sentence(monkeypatch, host):
    with pytest.raises(MissingDependencyError, match="Restart Slicer"):
        install(monkeypatch, TypeError("'NoneType' object is not subscriptable"))


def test_a_refused_installation_says_how_to_agree(monkeypatch, host):
    class Refusing(PyTorchUtils):
        pass

    from VerteNetSlicerLib.torch_install import PyTorchExtension

    monkeypatch.setitem(sys.modules, "PyTorchUtils", Refusing(None))
    with pytest.raises(MissingDependencyError, match="agree"):
        PyTorchExtension().install()


class FullCard:
    """A detector whose graphics card has no memory left."""

    info = types.SimpleNamespace(name="n", version="1", sha256="0" * 64)

    def __init__(self, device, always=False):
        self.device, self.always = device, always

    def detect(self, image, *, anterior=None):
        if self.device != "cpu" or self.always:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return Spine()


def with_loader(monkeypatch, make):
    import vertenet.detection

    monkeypatch.setattr(vertenet.detection, "load_detector", lambda model, device: make(device))

    class Present:
        def installed(self):
            return True

    return bundled(installer=Present())


def test_a_full_graphics_card_falls_back_to_the_processor(logic, volume, monkeypatch):
    logic.detector = with_loader(monkeypatch, FullCard)
    examined = logic.detect(volume)
    assert any("processor" in sentence for sentence in examined.analysis.warnings)


def test_too_little_memory_altogether_is_one_sentence(logic, volume, monkeypatch):
    logic.detector = with_loader(monkeypatch, lambda device: FullCard(device, always=True))
    logic.detector.device = "cpu"
    with pytest.raises(ModelError, match="Close other programs"):
        logic.detect(volume)
