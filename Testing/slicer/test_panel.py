"""A smoke test of the panel's own lines, under PySide6 and look-alikes of qMRML and CTK."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from vertenet.anatomy import Level, PointName

LOOKALIKE = Path(__file__).parent / "lookalike"
MODULE = Path(__file__).parents[2] / "VerteNetSlicer"


@pytest.fixture(scope="session")
def application(host):
    pytest.importorskip("PySide6.QtUiTools", reason="PySide6-Essentials is not installed")
    sys.path.insert(0, str(LOOKALIKE))
    import vertenet_lookalike

    return vertenet_lookalike.install()


class Parent:
    """What Slicer gives a module's widget to live in."""

    def __init__(self, layout):
        self._layout = layout

    def layout(self):
        return self._layout


@pytest.fixture
def widget(application, scene):
    from PySide6 import QtWidgets

    import VerteNetSlicer
    from VerteNetSlicerLib.selftest import KnownSpine

    window = QtWidgets.QWidget()
    module_widget = VerteNetSlicer.VerteNetSlicerWidget(Parent(QtWidgets.QVBoxLayout(window)))
    module_widget.setup()
    module_widget.logic.detector = KnownSpine()
    module_widget.window = window
    yield module_widget
    module_widget.cleanup()


@pytest.fixture
def panel(widget):
    return widget.panel


@pytest.fixture
def detected(panel, volume):
    panel.select(volume)
    panel.ui.detectButton.click()
    return panel


def rows(panel):
    table = panel.ui.reviewTable
    return [table.item(row, 0).text() for row in range(table.rowCount())]


def select(panel, level):
    panel.ui.reviewTable.selectRow(rows(panel).index(level))


def test_every_widget_that_the_code_names_is_in_the_ui_file():
    ui = (MODULE / "Resources" / "UI" / "VerteNetSlicer.ui").read_text(encoding="utf-8")
    known = set(re.findall(r'<widget class="\w+" name="(\w+)"', ui))
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (MODULE / "VerteNetSlicerLib").glob("widget*.py")
    )
    named = set(re.findall(r"\bui\.(\w+)", code))
    named |= set(re.findall(r'"(\w+(?:Button|CheckBox))"', code))
    assert named - known == set()
    buttons = {name for name in known if name.endswith("Button")}
    assert buttons - named == set(), "buttons that do nothing"


def test_without_an_image_nothing_can_be_pressed(panel):
    for name in ("detectButton", "exportButton", "openButton", "undoButton"):
        assert not getattr(panel.ui, name).isEnabled()
    assert panel.ui.detectButton.toolTip() == "Select an image first."


def test_an_image_shows_its_size_and_spacing_with_the_source(panel, volume):
    panel.select(volume)
    assert "360 x 640 px, 0.6 x 0.5 mm (user)" in panel.ui.imageLabel.text()
    assert panel.ui.detectButton.isEnabled()


def test_a_click_detects_and_fills_the_table_with_doubtful_rows_first(detected):
    assert rows(detected)[0] == "L2"
    assert len(rows(detected)) == 8
    assert "8 vertebrae" in detected.ui.statusLabel.text()


def test_selecting_a_row_sets_level_and_decision(detected):
    select(detected, "L3")
    assert detected.ui.levelComboBox.currentText() == "L3"
    assert detected.examination.touched is Level.L3


def test_a_drag_selects_the_row_of_its_vertebra(detected):
    from VerteNetSlicerLib.selftest import drag

    drag(detected.examination.nodes.points, 0, (1.0, 0.0, 0.0))
    assert detected.review.selected_level() is Level.T10
    assert detected.examination.review.edited_points(Level.T10) == (PointName.PS,)


def test_a_readers_grade_is_kept_and_shown_again(detected):
    select(detected, "L3")
    detected.ui.gradeComboBox.setCurrentIndex(3)
    detected.ui.reasonLineEdit.setText("fracture")
    detected.ui.decideButton.click()
    decision = detected.examination.review.vertebra(Level.L3).reader
    assert (decision.grade, decision.reason) == (2, "fracture")
    select(detected, "L4")
    assert detected.ui.gradeComboBox.currentIndex() == 0
    select(detected, "L3")
    assert detected.ui.gradeComboBox.currentIndex() == 3


def test_not_evaluable_is_a_decision(detected):
    select(detected, "L3")
    detected.ui.gradeComboBox.setCurrentIndex(5)
    detected.ui.decideButton.click()
    assert detected.examination.review.vertebra(Level.L3).reader.evaluable is False


def test_next_and_previous_go_round_the_doubtful_rows(detected):
    detected.ui.nextButton.click()
    assert detected.review.selected_level() is Level.L2
    detected.ui.previousButton.click()
    assert detected.review.selected_level() is Level.L2


def test_rename_shift_delete_restore_undo_and_redo(detected):
    ui = detected.ui
    ui.shiftUpButton.click()
    assert "T9" in rows(detected)
    ui.shiftDownButton.click()
    assert "T9" not in rows(detected)
    select(detected, "L3")
    ui.deleteButton.click()
    assert "L3" not in rows(detected)
    ui.undoButton.click()
    assert "L3" in rows(detected)
    ui.redoButton.click()
    assert "L3" not in rows(detected)
    select(detected, "L2")
    ui.levelComboBox.setCurrentText("L3")
    ui.relabelButton.click()
    assert "L2" not in rows(detected) and "L3" in rows(detected)
    ui.restoreAllButton.click()
    assert len(rows(detected)) == 8


def test_adding_a_vertebra_prompts_for_each_point(detected):
    select(detected, "L3")
    detected.ui.deleteButton.click()
    detected.ui.levelComboBox.setCurrentText("L3")
    detected.ui.addButton.click()
    assert "L3 posterior superior" in detected.ui.promptLabel.text()
    node = detected.logic._placement.node
    for x, y in ((10, 20), (30, 20), (50, 20), (50, 40), (30, 40), (10, 40)):
        ras = detected.examination.plane.ras_from_pixels(np.array([x, y]))[0]
        node.AddControlPointWorld(*ras.tolist())
    assert detected.ui.promptLabel.text() == ""
    assert "L3" in rows(detected)


def test_an_error_is_a_line_of_text(detected):
    detected.ui.reviewTable.clearSelection()
    detected.ui.reviewTable.setCurrentCell(-1, -1)
    detected.ui.shiftDownButton.click()
    assert "L5 has no level 1 below" in detected.ui.statusLabel.text()


def test_display_boxes_hide_and_show(detected):
    models = detected.examination.nodes.models
    assert models["regions"].GetDisplayNode().GetVisibility()
    detected.ui.regionsCheckBox.setChecked(False)
    assert not models["regions"].GetDisplayNode().GetVisibility()
    detected.ui.labelsCheckBox.setChecked(True)
    assert detected.examination.nodes.points.GetDisplayNode().GetPointLabelsVisibility()


def test_calibrating_changes_the_heights(detected):
    detected.ui.rowSpinBox.setValue(1.2)
    detected.ui.columnSpinBox.setValue(1.0)
    detected.ui.calibrateButton.click()
    heights = detected.examination.analysis.vertebrae[0].heights
    assert heights.Ha == pytest.approx(48.0)


def test_saying_the_patient_faces_left_swaps_front_and_back(detected):
    before = detected.examination.review.vertebra(Level.L1).points[PointName.AS]
    detected.ui.anteriorComboBox.setCurrentText("left")
    after = detected.examination.review.vertebra(Level.L1).points[PointName.PS]
    assert after == before


def test_export_writes_into_the_chosen_folder(detected, tmp_path):
    detected.ui.exportButton.click()
    assert "Choose a folder" in detected.ui.statusLabel.text()
    detected.ui.folderPathLineEdit.setText(str(tmp_path))
    detected.ui.exportButton.click()
    assert (tmp_path / "selftest" / "report.json").is_file()
    detected.ui.exportButton.click()
    assert "files in" in detected.ui.statusLabel.text()


def test_the_worklist_goes_through_a_folder(panel, tmp_path):
    from vertenet.images import write_nrrd
    from VerteNetSlicerLib.selftest import made_image

    for name in ("a", "b"):
        write_nrrd(made_image(), tmp_path / f"{name}.nrrd")
    ui = panel.ui
    ui.worklistPathLineEdit.setText(str(tmp_path))
    ui.startButton.click()
    assert (panel.volume.GetName(), ui.worklistLabel.text()) == ("a.nrrd", "1 of 2, 0 exported")
    assert ui.nextImageButton.isEnabled() and not ui.previousImageButton.isEnabled()
    ui.nextImageButton.click()
    assert panel.volume.GetName() == "b.nrrd"
    assert not ui.nextImageButton.isEnabled()
    ui.detectButton.click()
    assert len(rows(panel)) == 8
    ui.previousImageButton.click()
    assert (panel.volume.GetName(), rows(panel)) == ("a.nrrd", [])


def test_closing_the_scene_empties_the_panel(detected, scene):
    scene.Clear(0)
    assert rows(detected) == []
    assert not detected.ui.detectButton.isEnabled()


def test_leaving_and_coming_back_keeps_everything(widget, volume):
    widget.panel.select(volume)
    widget.panel.ui.detectButton.click()
    widget.exit()
    widget.enter()
    assert len(rows(widget.panel)) == 8


def test_the_panel_as_a_picture(widget, detected, tmp_path):
    widget.window.resize(460, 1300)
    picture = widget.window.grab()
    assert picture.save(str(tmp_path / "panel.png"))
    assert (picture.width(), picture.height()) == (460, 1300)


def aac_cells(panel):
    table = panel.ui.aacTable
    return [[table.item(r, c).text() for c in range(4)] for r in range(2)]


def test_the_aac_grid_is_two_rows_of_four_and_off_without_landmarks(panel, volume):
    panel.select(volume)
    ui = panel.ui
    assert (ui.aacTable.rowCount(), ui.aacTable.columnCount()) == (2, 4)
    assert not ui.aacTable.isEnabled() and not ui.readWallsButton.isEnabled()
    assert ui.aacTotalLabel.text() == ""


def test_walls_are_read_one_by_one_and_scored_by_clicks(detected):
    ui = detected.ui
    assert not ui.score0Button.isEnabled()
    ui.readWallsButton.click()
    assert detected.examination.wall == (Level.L1, "anterior")
    ui.score3Button.click()
    ui.score0Button.click()
    assert aac_cells(detected) == [["3", "", "", ""], ["0", "", "", ""]]
    assert detected.examination.wall == (Level.L2, "anterior")
    assert (ui.aacTable.currentRow(), ui.aacTable.currentColumn()) == (0, 1)
    assert "at least 3" in ui.aacTotalLabel.text()
    ui.aacTable.setCurrentCell(0, 0)
    ui.unscoredButton.click()
    assert aac_cells(detected)[0][0] == ""
    ui.undoButton.click()
    assert aac_cells(detected)[0][0] == "3"
    ui.allRegionsButton.click()
    assert detected.examination.wall is None
    assert not ui.score0Button.isEnabled()
    ui.readWallsButton.click()
    assert detected.examination.wall == (Level.L2, "anterior")


def test_the_digits_score_only_while_a_wall_is_read(widget, detected, application):
    from PySide6 import QtCore, QtTest

    keys, window = QtCore.Qt.Key, widget.window
    detected.aac.make_shortcuts(window)
    detected.enter()
    window.show()
    window.activateWindow()
    assert QtTest.QTest.qWaitForWindowActive(window)
    QtTest.QTest.keyClick(window, keys.Key_2)
    assert detected.examination.review.aac.is_empty
    detected.ui.aacTable.setCurrentCell(1, 2)
    QtTest.QTest.keyClick(window, keys.Key_2)
    assert aac_cells(detected)[1][2] == "2"
    detected.ui.aacTable.setCurrentCell(1, 2)
    QtTest.QTest.keyClick(window, keys.Key_U)
    assert aac_cells(detected)[1][2] == ""
    QtTest.QTest.keyClick(window, keys.Key_Escape)
    assert detected.examination.wall is None
    window.hide()


def test_the_crop_warning_stands_beside_the_total(detected):
    select(detected, "L5")
    detected.ui.deleteButton.click()
    assert "Crop not known" in detected.ui.aacCropLabel.text()
