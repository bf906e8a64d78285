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

    def install(self, log):
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
                print("Collecting torch")
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

        def check(self):
            """torch starts."""

    return bundled(installer=Present())


def test_a_full_graphics_card_falls_back_to_the_processor(logic, volume, monkeypatch):
    logic.detector = with_loader(monkeypatch, FullCard)
    examined = logic.detect(volume)
    assert any("processor" in sentence for sentence in examined.analysis.warnings)


def test_a_card_that_torch_does_not_know_falls_back_to_the_processor(logic, volume, monkeypatch):
    class NewCard(FullCard):
        def detect(self, image, *, anterior=None):
            if self.device != "cpu":
                raise RuntimeError("CUDA error: no kernel image is available for execution")
            return Spine()

    logic.detector = with_loader(monkeypatch, NewCard)
    examined = logic.detect(volume)
    assert any("could not run the network" in s for s in examined.analysis.warnings)


def test_a_card_that_is_full_while_the_network_is_loaded_falls_back_too(logic, volume, monkeypatch):
    def load(device):
        if device != "cpu":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return FullCard(device)

    logic.detector = with_loader(monkeypatch, load)
    examined = logic.detect(volume)
    assert any("ran out of memory" in sentence for sentence in examined.analysis.warnings)


def test_an_error_that_is_not_the_cards_is_not_hidden(logic, volume, monkeypatch):
    class Wrong(FullCard):
        def detect(self, image, *, anterior=None):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    logic.detector = with_loader(monkeypatch, Wrong)
    with pytest.raises(RuntimeError, match="shapes"):
        logic.detect(volume)
    assert logic.detector.device == "auto"


def test_what_the_installation_writes_is_told_line_by_line(monkeypatch, host, capsys):
    from VerteNetSlicerLib.torch_install import PyTorchExtension

    monkeypatch.setitem(sys.modules, "PyTorchUtils", PyTorchUtils(types.ModuleType("torch")))
    monkeypatch.setattr(PyTorchExtension, "installed", lambda self: True)
    lines = []
    PyTorchExtension().install(lines.append)
    assert lines == ["Collecting torch"]
    assert "Collecting torch" in capsys.readouterr().out, "Slicer's own console has it, too"


def test_a_torch_that_cannot_be_found_yet_needs_a_restart(monkeypatch, host):
    from VerteNetSlicerLib.torch_install import PyTorchExtension

    monkeypatch.setitem(sys.modules, "PyTorchUtils", PyTorchUtils(types.ModuleType("torch")))
    monkeypatch.setattr(PyTorchExtension, "installed", lambda self: False)
    with pytest.raises(MissingDependencyError, match="Restart Slicer and detect again"):
        PyTorchExtension().install()


def test_the_folder_of_a_broken_installation_is_no_torch(monkeypatch, host, tmp_path):
    from VerteNetSlicerLib.torch_install import PyTorchExtension

    (tmp_path / "torch").mkdir()
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    sys.path_importer_cache.clear()
    assert not PyTorchExtension().installed()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('libc10 is missing')")
    assert PyTorchExtension().installed()
    with pytest.raises(MissingDependencyError, match=r"libc10 is missing.*PyTorch Utils"):
        PyTorchExtension().check()


def test_what_was_edited_during_the_detection_is_kept(logic, volume):
    examined = logic.detect(volume)

    def meanwhile(work):
        found = work()
        logic.shift(volume, -1)
        return found

    logic.wait = meanwhile
    with pytest.raises(LandmarkError, match="They were kept"):
        logic.detect(volume)
    assert examined.review.edited


def test_an_image_closed_during_the_detection_is_no_crash(logic, volume, scene):
    def meanwhile(work):
        found = work()
        scene.Clear(0)
        return found

    logic.wait = meanwhile
    with pytest.raises(ImageError, match="closed"):
        logic.detect(volume)
    assert logic.examinations() == ()


def test_waiting_ticks_gives_back_and_passes_errors_on(host):
    import gc
    import threading

    from VerteNetSlicerLib.waiting import StoppedError, Waiting

    ticks, threads = [], []

    def work():
        threads.append((threading.current_thread(), gc.isenabled()))
        return 7

    waiting = Waiting(ticks.append)
    assert waiting(work) == 7 and ticks
    ((thread, collected),) = threads
    assert thread is not threading.current_thread() and not collected
    assert gc.isenabled()
    with pytest.raises(LandmarkError, match="as it was"):
        waiting(lambda: (_ for _ in ()).throw(LandmarkError("as it was")))
    go_on = threading.Event()
    waiting = Waiting(lambda seconds: waiting.stop())
    with pytest.raises(StoppedError, match="nothing was changed"):
        waiting(go_on.wait)
    go_on.set()


def test_too_little_memory_altogether_is_one_sentence(logic, volume, monkeypatch):
    logic.detector = with_loader(monkeypatch, lambda device: FullCard(device, always=True))
    logic.detector.device = "cpu"
    with pytest.raises(ModelError, match="Close other programs"):
        logic.detect(volume)
