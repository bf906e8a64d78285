"""A reading from the first click to the last: mouse and keys on the panel and in the slice view.

The panel is real Qt (PySide6, with look-alikes of qMRML and CTK), the view Slicer's own,
rendered offscreen.  The bundled scan is read always, real ones where they are at hand.
``VERTENET_PICTURES=folder`` keeps the pictures to be looked at.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vertenet.anatomy import LEVELS, POINT_NAMES, Level, PointName
from vertenet.measure import AAC_WALLS
from vertenet.resources import resource_path

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
LOOKALIKE = Path(__file__).parent / "lookalike"
SCANS = ("dxa/dxa_a.png", "dxa/dxa_c.png", "dxa/dxa_f.png", "radiographs/sample_0013.png")


def scans():
    yield pytest.param(resource_path("SampleData/synthetic_bright.dcm"), id="bundled")
    for name in SCANS:
        there = (REAL / name).is_file()
        skip = pytest.mark.skipif(not there, reason="the private scans are not at hand")
        yield pytest.param(REAL / name, id=Path(name).stem, marks=[pytest.mark.shared, skip])


class Reader:
    """Somebody at the screen."""

    def __init__(self, widget, window, view, pictures):
        self.panel, self.ui, self.logic = widget.panel, widget.panel.ui, widget.logic
        self.window, self.view, self.pictures = window, view, pictures

    @property
    def examination(self):
        return self.panel.examination

    @property
    def status(self):
        return self.ui.statusLabel.text()

    def press(self, name):
        from PySide6 import QtCore, QtTest, QtWidgets

        button = getattr(self.ui, name)
        section = button
        while section is not None and not hasattr(section, "collapsed"):
            section = section.parentWidget()
        if section is not None:
            section.setProperty("collapsed", False)
            QtWidgets.QApplication.processEvents()
        assert button.isVisible()
        assert button.isEnabled(), f"{name} is off: {button.toolTip()}"
        QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)

    def cell(self, table, row, column):
        from PySide6 import QtCore, QtTest

        table.scrollToItem(table.item(row, column))
        place = table.visualItemRect(table.item(row, column)).center()
        QtTest.QTest.mouseClick(table.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)

    def rows(self):
        table = self.ui.reviewTable
        return [table.item(row, 0).text() for row in range(table.rowCount())]

    def row(self, level):
        self.cell(self.ui.reviewTable, self.rows().index(level.value), 0)
        assert self.panel.review.selected_level() is level

    def shown(self, level, name):
        table = self.ui.reviewTable
        titles = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount())]
        column = next(c for c, title in enumerate(titles) if title.startswith(name))
        return table.item(self.rows().index(level.value), column).text()

    def key(self, text, *, ctrl=False):
        from PySide6 import QtCore, QtTest

        modifier = QtCore.Qt.KeyboardModifier
        QtTest.QTest.keyClick(
            self.window,
            getattr(QtCore.Qt.Key, f"Key_{text}"),
            modifier.ControlModifier if ctrl else modifier.NoModifier,
        )

    def at(self, pixel):
        return self.view.position(self.examination.plane.ras_from_pixels(np.array(pixel))[0])

    def click(self, pixel):
        x, y = self.at(pixel)
        for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
            self.view.mouse(event, x, y)

    def drag(self, level, name, by):
        """Drag a point by so many pixels of the image."""
        start = np.array(self.examination.review.vertebra(level).points[name].xy)
        self.view.drag(self.at(start), self.at(start + by))

    def look(self, name):
        self.view.picture(self.pictures / f"{name}.png")


@pytest.fixture
def reader(host, scene, tmp_path, request):
    """The panel in its window, and the view beside it."""
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("PySide6.QtUiTools", reason="PySide6-Essentials is not installed")
    import slice_view

    if not slice_view.can_render():
        pytest.skip("no offscreen rendering here: libegl1 or libosmesa6 is missing")
    sys.path.insert(0, str(LOOKALIKE))
    import vertenet_lookalike

    vertenet_lookalike.install()
    from PySide6 import QtTest, QtWidgets

    import VerteNetSlicer

    pictures = Path(os.environ.get("VERTENET_PICTURES") or tmp_path) / request.node.callspec.id
    pictures.mkdir(parents=True, exist_ok=True)
    window = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(window)
    widget = VerteNetSlicer.VerteNetSlicerWidget(SimpleNamespace(layout=lambda: layout))
    widget.setup()
    widget.logic.detector.device = "cpu"
    for part in (widget.panel.review, widget.panel.aac):
        part.make_shortcuts(window)
    widget.enter()
    window.resize(560, 1900)
    window.show()
    window.activateWindow()
    assert QtTest.QTest.qWaitForWindowActive(window)
    view = slice_view.SliceView(scene, width=560, height=900)
    widget.logic.capture = lambda path: view.picture(path) is not None
    yield Reader(widget, window, view, pictures)
    # The folder of the export is remembered between sessions, not between tests.
    vertenet_lookalike.Settings.kept.clear()
    window.hide()
    widget.cleanup()
    view.close()


@pytest.fixture
def pick(reader, monkeypatch):
    """Sets what the reader picks in Qt's file dialog."""
    from VerteNetSlicerLib import widget

    picked = []
    monkeypatch.setattr(widget.qt.QFileDialog, "getOpenFileName", lambda *a: str(picked[-1]))
    return picked.append


@pytest.mark.parametrize("scan", list(scans()))
def test_a_whole_reading_by_mouse_and_keys(reader, scan, pick, scene, tmp_path):
    pick(scan)
    reader.press("loadButton")
    reader.view.show(reader.panel.volume)
    reader.press("detectButton")
    assert "vertebrae in" in reader.status and "on cpu" in reader.status
    reader.look("1_detected")
    found = reader.examination.review.spine
    assert len(found) >= 4
    _correct_a_point(reader, found.vertebrae[-2].level)
    _rename(reader)
    _decide(reader, found.vertebrae[-2].level, found.vertebrae[-3].level)
    _delete_and_place_again(reader, found.vertebrae[-3].level)
    if reader.examination.analysis.aac.segments:
        _read_the_aorta(reader)
    folder = _export(reader, tmp_path)
    _compare(reader, folder, pick)
    _save_and_reopen(reader, scene, tmp_path)
    _open_the_export(reader, folder, pick)


def _correct_a_point(reader, level):
    reader.row(level)
    assert reader.examination.touched is level
    assert level.value in reader.ui.detailLabel.text()
    reader.look("2_chosen")
    before = reader.examination.review
    old = before.vertebra(level).points[PointName.AS]
    reader.drag(level, PointName.AS, (4.0, 3.0))
    new = reader.examination.review.vertebra(level).points[PointName.AS]
    # The view shows one vertebra: a pixel of the image is several of the screen.
    assert (new.x - old.x, new.y - old.y) == pytest.approx((4.0, 3.0), abs=0.6)
    assert reader.shown(level, "State") == "edited"
    reader.key("Z", ctrl=True)
    assert reader.examination.review == before and reader.shown(level, "State") == "auto"
    reader.key("Y", ctrl=True)
    assert reader.examination.review.vertebra(level).points[PointName.AS] == new
    reader.press("fitButton")
    reader.view.show(reader.panel.volume)


def _rename(reader):
    """Up and down again, as when a level was missed; the lowest cannot go further down."""
    levels = [v.level for v in reader.examination.review.spine]
    if levels[0] is not LEVELS[0]:
        reader.press("shiftUpButton")
        shifted = [v.level for v in reader.examination.review.spine]
        assert shifted == [LEVELS[level.order - 1] for level in levels]
        reader.press("shiftDownButton")
    assert [v.level for v in reader.examination.review.spine] == levels
    reader.row(levels[-1])
    reader.ui.levelComboBox.setCurrentIndex(levels[-2].order)
    reader.press("relabelButton")
    assert levels[-2].value in reader.status, "a name that is taken is said"
    if levels[0] is not LEVELS[0]:
        reader.row(levels[0])
        reader.ui.levelComboBox.setCurrentIndex(levels[0].order - 1)
        reader.press("relabelButton")
        assert LEVELS[levels[0].order - 1].value in reader.rows()
        reader.press("undoButton")
    assert [v.level for v in reader.examination.review.spine] == levels


def _decide(reader, level, other):
    reader.row(level)
    reader.ui.gradeComboBox.setCurrentIndex(5)
    reader.ui.reasonLineEdit.setText("rotated")
    reader.press("decideButton")
    assert reader.shown(level, "Reader") == "not evaluable"
    reader.row(other)
    assert reader.ui.reasonLineEdit.text() == ""
    reader.ui.gradeComboBox.setCurrentIndex(3)
    reader.ui.reasonLineEdit.setText("end plate broken")
    reader.press("decideButton")
    assert reader.shown(other, "Reader") == "2"
    reader.look("3_decided")


def _delete_and_place_again(reader, level):
    points = reader.examination.review.vertebra(level).points
    reader.row(level)
    reader.press("deleteButton")
    assert level.value not in reader.rows()
    reader.ui.levelComboBox.setCurrentIndex(level.order)
    reader.press("addButton")
    prompts = []
    for name in POINT_NAMES[:3]:
        prompts.append(reader.ui.promptLabel.text())
        reader.click(points[name].xy)
    reader.press("undoButton")
    assert reader.ui.promptLabel.text() == prompts[2], "the last point was taken back"
    # Slicer leaves placing at a right click.
    reader.view.mouse("RightButtonPressEvent", *reader.at(points[POINT_NAMES[2]].xy))
    reader.view.mouse("RightButtonReleaseEvent", *reader.at(points[POINT_NAMES[2]].xy))
    assert "Paused" in reader.ui.promptLabel.text()
    reader.press("addButton")
    reader.look("4_placing")
    for name in POINT_NAMES[2:]:
        reader.click(points[name].xy)
    assert reader.ui.promptLabel.text() == "" and not reader.ui.addButton.isChecked()
    placed = reader.examination.review.vertebra(level).points
    for name in POINT_NAMES:
        # Half a screen pixel; the whole image is in the view.
        assert placed[name].xy == pytest.approx(points[name].xy, abs=1.0)
    reader.row(level)
    reader.press("restoreButton")
    assert "a reader placed this vertebra" in reader.status
    reader.press("undoButton")
    reader.press("undoButton")
    assert reader.examination.review.vertebra(level).points == points


def _read_the_aorta(reader):
    reader.press("readWallsButton")
    assert reader.examination.wall == AAC_WALLS[0]
    for digit in "0123":
        reader.key(digit)
    walls = reader.examination.review.aac.walls
    assert [walls[wall] for wall in AAC_WALLS[:4]] == [0, 1, 2, 3]
    reader.look("5_wall")
    reader.cell(reader.ui.aacTable, 0, 2)
    assert reader.examination.wall == (Level.L3, "anterior")
    guides = {g.name: g for g in reader.examination.analysis.aac.guides}
    guide = guides.get("L2/L3")
    if guide is not None:
        reader.press("markButton")
        for down in (3.0, 12.0):
            # Before the vertebra, where no control point is near.
            ahead = np.array(guide.anterior) - np.array(guide.posterior)
            reader.click(np.array(guide.anterior) + 0.25 * ahead + (0.0, down))
        assert len(reader.examination.review.plaques) == 1
        assert "▬" in reader.ui.aacTable.item(0, 2).text()
        reader.press("markButton")
    reader.look("6_plaque")
    reader.key("Escape")
    assert reader.examination.wall is None and reader.logic.placing is None
    reader.press("restZeroButton")
    assert "AAC-24" in reader.ui.aacTotalLabel.text()


def _export(reader, tmp_path):
    reader.view.show(reader.panel.volume)
    reader.look("7_read")
    reader.ui.folderPathLineEdit.setText(str(tmp_path / "out"))
    reader.ui.screenshotCheckBox.setChecked(True)
    reader.press("exportButton")
    assert "files in" in reader.status
    (report,) = (tmp_path / "out").rglob("report.json")
    for name in ("landmarks.mrk.json", "report.html", "vertebrae.csv", "screenshot.png"):
        assert (report.parent / name).stat().st_size > 100
    assert not reader.examination.unsaved
    return report.parent


def _compare(reader, folder, pick):
    pick(folder / "report.json")
    reader.press("openPriorButton")
    assert "No incident fracture" in reader.ui.comparisonLabel.text(), reader.status
    level = reader.examination.review.spine.vertebrae[-1].level
    reader.drag(level, PointName.MS, (0.0, 6.0))
    assert reader.examination.unsaved
    reader.look("8_prior")
    reader.press("undoButton")


def _save_and_reopen(reader, scene, tmp_path):
    import slicer
    from vertenet.report import report_json

    # Which vertebra was chosen last is of no account tomorrow; its frame is not kept.
    reader.examination.touch(None)
    before = SimpleNamespace(
        report=report_json(reader.examination.analysis),
        image=slicer.util.arrayFromVolume(reader.panel.volume).copy(),
        review=reader.examination.review,
        field=reader.view.node.GetFieldOfView(),
        rows=reader.rows(),
        total=reader.ui.aacTotalLabel.text(),
        prior=reader.ui.comparisonLabel.text(),
        picture=reader.view.picture(reader.pictures / "9_saved.png").astype(int),
    )
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert reader.rows() == [] and reader.ui.aacTotalLabel.text() == ""
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    assert report_json(reader.examination.analysis) == before.report
    assert reader.examination.review == before.review
    assert np.array_equal(slicer.util.arrayFromVolume(reader.panel.volume), before.image)
    # A scene has it to six digits.
    assert reader.view.node.GetFieldOfView() == pytest.approx(before.field, rel=1e-5)
    assert reader.rows() == before.rows
    assert reader.ui.aacTotalLabel.text() == before.total
    assert reader.ui.comparisonLabel.text() == before.prior
    again = reader.view.picture(reader.pictures / "9_reopened.png").astype(int)
    different = (np.abs(again - before.picture).max(axis=2) > 8).mean()
    # The image's border by a row, a hovered point, a name in front of another; without its
    # drawings the picture differs in 5 % of the pixels.
    assert different < 5e-3, "the reopened scene looks as it was saved"


def _open_the_export(reader, folder, pick):
    review = reader.examination.review
    grades = [m.genant.grade for m in reader.examination.analysis.vertebrae]
    pick(folder / "landmarks.mrk.json")
    reader.press("openButton")
    opened = reader.examination.review
    assert [m.genant.grade for m in reader.examination.analysis.vertebrae] == grades
    assert [v.level for v in opened.spine] == [v.level for v in review.spine]
    for vertebra in review.spine:
        mine = opened.vertebra(vertebra.level).array()
        # A file has its millimetres to six digits behind the point.
        assert np.allclose(mine, vertebra.array(), atol=1e-4)
