"""One button for all files; what they need is asked for."""

from __future__ import annotations

import sys
import types

import pytest

from vertenet.errors import ConfigurationError, MissingDependencyError, OutputError


class Database:
    """As much of ctkDICOMDatabase as is used."""

    def __init__(self, files=()):
        self.isOpen = True
        self.inserted = []
        self.files = list(files)

    def insert(self, path):
        self.inserted.append(path)

    def fileForInstance(self, uid):
        return str(self.files[0]) if self.files else ""

    def instanceValue(self, uid, tag):
        return ""

    def patients(self):
        return ["1"]

    def studiesForPatient(self, patient):
        return ["1.2"]

    def seriesForStudy(self, study):
        return ["1.2.3"]

    def filesForSeries(self, series):
        return [str(f) for f in self.files]


@pytest.fixture
def database(host, monkeypatch):
    import slicer

    made = Database()
    monkeypatch.setattr(slicer, "dicomDatabase", made, raising=False)
    return made


@pytest.fixture
def scan(logic):
    """A bundled DICOM scan with landmarks: those of the known spine, scaled onto it."""
    from vertenet.images import read_image
    from VerteNetSlicerLib.samples import sample_files
    from VerteNetSlicerLib.selftest import SIZE, made_spine

    file = sample_files()[0]
    image = read_image(file)
    scale = min(image.width / SIZE[0], image.height / SIZE[1])

    class Scaled:
        info = logic.detector.info

        def detect(self, image, *, anterior=None):
            from dataclasses import replace

            spine = made_spine()
            vertebrae = tuple(
                replace(
                    v,
                    points={
                        n: replace(p, x=p.x * scale, y=p.y * scale) for n, p in v.points.items()
                    },
                )
                for v in spine
            )
            return replace(spine, vertebrae=vertebrae)

    logic.detector = Scaled()
    return logic.detect(logic.load_image(file))


def options(**chosen):
    from VerteNetSlicerLib.exporting import ExportOptions

    return ExportOptions(**chosen)


def names(paths):
    return {p.name for p in paths}


def test_the_usual_files_come_with_a_page(logic, examined, tmp_path):
    paths = logic.export(examined.nodes.volume, tmp_path)
    assert names(paths) == {
        *("report.json", "landmarks.mrk.json", "image.nrrd", "vertebrae.csv", "aac.csv"),
        *("overlay.png", "report.html"),
    }
    page = (tmp_path / "selftest/report.html").read_text(encoding="utf-8")
    assert "data:image/png" in page


def test_dicom_goes_into_the_folder_and_the_database(logic, scan, database, tmp_path):
    pytest.importorskip("highdicom")
    import pydicom

    paths = logic.export(scan.nodes.volume, tmp_path, options=options(dicom=True, database=True))
    assert {"sr.dcm", "sc.dcm"} <= names(paths)
    (folder,) = tmp_path.iterdir()
    assert database.inserted == [str(folder / "sr.dcm"), str(folder / "sc.dcm")]
    report = pydicom.dcmread(folder / "sr.dcm")
    assert report.SOPClassUID.name == "Comprehensive SR Storage"


def test_a_volume_that_slicer_loaded_finds_its_file_in_the_database(logic, scan, database):
    from VerteNetSlicerLib.exporting import SOURCE, dicom_source

    volume = scan.nodes.volume
    file = dicom_source(volume)
    assert file.suffix == ".dcm"
    volume.RemoveAttribute(SOURCE)
    assert dicom_source(volume) is None
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert dicom_source(volume) is None
    database.files = [file]
    assert dicom_source(volume) == file
    assert dicom_source(None) is None


def test_a_picture_is_no_source_of_dicom(logic, examined, tmp_path):
    with pytest.raises(ConfigurationError, match="without DICOM"):
        logic.export(examined.nodes.volume, tmp_path, options=options(dicom=True))
    assert not list(tmp_path.iterdir())


def test_without_a_database_the_files_are_there_and_a_sentence_says_so(
    logic, scan, tmp_path, monkeypatch
):
    pytest.importorskip("highdicom")
    import slicer

    monkeypatch.setattr(slicer, "dicomDatabase", None, raising=False)
    with pytest.raises(OutputError, match="files are in the folder"):
        logic.export(scan.nodes.volume, tmp_path, options=options(dicom=True, database=True))
    (folder,) = tmp_path.iterdir()
    assert (folder / "sr.dcm").is_file()


def test_the_screenshot_is_what_the_view_shows(logic, examined, tmp_path):
    logic.capture = lambda path: path.write_bytes(b"picture") > 0
    paths = logic.export(examined.nodes.volume, tmp_path, options=options(screenshot=True))
    assert "screenshot.png" in names(paths)
    # An export without one takes the old one away: it would show something else.
    again = logic.export(examined.nodes.volume, tmp_path, overwrite=True)
    assert "screenshot.png" not in names(again)
    assert not (tmp_path / "selftest/screenshot.png").exists()


def test_a_host_without_a_view_has_no_screenshot(logic, examined, tmp_path):
    paths = logic.export(examined.nodes.volume, tmp_path, options=options(screenshot=True))
    assert "screenshot.png" not in names(paths)


def test_an_error_leaves_the_earlier_export_as_it_was(logic, examined, tmp_path):
    logic.export(examined.nodes.volume, tmp_path)
    folder = tmp_path / "selftest"
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def fails(path):
        raise OutputError("Expected room. Make some.")

    logic.capture = fails
    logic.shift(examined.nodes.volume, -1)
    with pytest.raises(OutputError):
        logic.export(
            examined.nodes.volume, tmp_path, overwrite=True, options=options(screenshot=True)
        )
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["selftest"]
    assert examined.unsaved


def test_files_of_others_in_the_folder_stay(logic, examined, tmp_path):
    logic.export(examined.nodes.volume, tmp_path)
    (tmp_path / "selftest/notes.txt").write_text("mine", encoding="utf-8")
    logic.export(examined.nodes.volume, tmp_path, overwrite=True)
    assert (tmp_path / "selftest/notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_pdf_of_the_page(logic, examined, tmp_path):
    pytest.importorskip("weasyprint")
    try:
        paths = logic.export(examined.nodes.volume, tmp_path, options=options(pdf=True))
    except MissingDependencyError as error:
        assert "Pango" in str(error)
        return
    assert "report.pdf" in names(paths)


def test_what_is_missing_is_named_by_what_was_chosen(logic, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    absent = {"PIL", "highdicom", "weasyprint"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: None if n in absent else found(n, *a)
    )
    assert [p.module for p in logic.missing_packages(options())] == ["PIL"]
    chosen = options(pdf=True, dicom=True)
    assert {p.module for p in logic.missing_packages(chosen)} == absent


def test_slicers_pip_is_asked_and_its_failure_is_a_sentence(host, monkeypatch):
    import slicer
    from VerteNetSlicerLib.exporting import HIGHDICOM, SlicerPip

    asked = []
    monkeypatch.setattr(slicer.util, "pip_install", asked.append)
    SlicerPip().install((HIGHDICOM,))
    assert asked == [["highdicom>=0.27"]]

    def fails(requirements):
        raise RuntimeError("no network")

    monkeypatch.setattr(slicer.util, "pip_install", fails)
    with pytest.raises(MissingDependencyError, match="no network"):
        SlicerPip().install((HIGHDICOM,))


def test_the_core_says_it_where_highdicom_is_absent(logic, scan, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    monkeypatch.setitem(sys.modules, "highdicom.sr", None)
    with pytest.raises(MissingDependencyError, match="highdicom"):
        logic.export(scan.nodes.volume, tmp_path, options=options(dicom=True))
    assert not list(tmp_path.iterdir())


def test_the_view_is_captured_where_there_is_one(host, tmp_path, monkeypatch):
    import slice_view

    import slicer
    from VerteNetSlicerLib import view

    assert view.capture(tmp_path / "none.png") is False
    if not slice_view.can_render():
        pytest.skip("no offscreen rendering here")
    import vtk

    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetSize(40, 30)
    window.AddRenderer(vtk.vtkRenderer())
    widget = types.SimpleNamespace(
        sliceView=lambda: types.SimpleNamespace(renderWindow=lambda: window)
    )
    manager = types.SimpleNamespace(sliceWidget=lambda name: widget)
    monkeypatch.setattr(slicer.app, "layoutManager", lambda: manager)
    assert view.capture(tmp_path / "view.png") is True
    assert (tmp_path / "view.png").read_bytes().startswith(b"\x89PNG")
