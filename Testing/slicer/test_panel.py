"""A smoke test of the panel's own lines, under PySide6 and look-alikes of qMRML and CTK."""

from __future__ import annotations

import re
import sys
import types
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
    doubtful = [row.level for row in detected.review._rows if row.attention]
    assert doubtful[0] is Level.L2
    seen = []
    for _ in range(len(doubtful) + 1):
        detected.ui.nextButton.click()
        seen.append(detected.review.selected_level())
    assert seen == [*doubtful, doubtful[0]]
    detected.ui.previousButton.click()
    assert detected.review.selected_level() is doubtful[-1]


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
    from VerteNetSlicerLib.selftest import place_point

    select(detected, "L3")
    detected.ui.deleteButton.click()
    detected.ui.levelComboBox.setCurrentText("L3")
    detected.ui.addButton.click()
    assert "L3 posterior superior" in detected.ui.promptLabel.text()
    node = detected.logic._placement.node
    for x, y in ((10, 20), (30, 20), (50, 20), (50, 40), (30, 40), (10, 40)):
        ras = detected.examination.plane.ras_from_pixels(np.array([x, y]))[0]
        place_point(node, ras)
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


def answering(monkeypatch, answer):
    """What the reader is asked, answered; the panel's parts each know the function."""
    import VerteNetSlicerLib.widget_part as part

    asked = []

    def agreed(question):
        asked.append(question)
        return answer

    for name in ("widget_detect", "widget_export", "widget_worklist"):
        monkeypatch.setattr(sys.modules[f"VerteNetSlicerLib.{name}"], "agreed", agreed)
    assert part.agreed is not agreed
    return asked


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
    widget.window.resize(480, 1900)
    picture = widget.window.grab()
    assert picture.save(str(tmp_path / "panel.png"))
    assert picture.width() == 480, "the panel is not wider than Slicer's module panel"


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


def test_a_disabled_button_says_what_is_missing(panel, volume):
    ui = panel.ui
    assert ui.exportButton.toolTip() == "Detect landmarks first."
    panel.select(volume)
    assert ui.detectButton.toolTip() == "Find the vertebrae of this image."
    assert ui.dicomCheckBox.toolTip().startswith("Only for an image from a DICOM file")
    ui.detectButton.click()
    assert ui.exportButton.toolTip().startswith("Write report")
    assert (ui.relabelButton.isEnabled(), ui.relabelButton.toolTip()) == (
        False,
        "Select a row first.",
    )
    select(panel, "L3")
    assert ui.relabelButton.isEnabled()
    assert not ui.undoButton.isEnabled() and ui.undoButton.toolTip() == "Nothing to undo."


def test_a_selected_row_makes_its_vertebra_stand_out(detected):
    drawn = detected.examination.nodes.models["highlight"]
    assert drawn.GetPolyData() is None
    select(detected, "L3")
    bounds = np.array(drawn.GetPolyData().GetBounds())
    corners = detected.examination.review.vertebra(Level.L3).array()
    ras = detected.examination.plane.ras_from_pixels(corners)
    # 1e-4 mm: drawings are kept in single precision.
    low, high = ras.min(axis=0)[:2], ras.max(axis=0)[:2]
    middle, half = (low + high) / 2, (high - low) / 2
    assert np.allclose(bounds[[0, 2]], middle - 1.18 * half, atol=1e-4)


def test_pressing_a_point_without_moving_it_selects_its_row(detected):
    node = detected.examination.nodes.points
    node.GetDisplayNode().SetActiveControlPoint(7)
    node.InvokeEvent(node.PointStartInteractionEvent)
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert detected.review.selected_level() is Level.T11
    assert not detected.examination.review.edited


def test_levels_are_written_beside_the_bodies_and_can_be_hidden(detected, scene):
    (names,) = (
        n
        for n in (scene.GetNthNodeByClass(i, "vtkMRMLMarkupsFiducialNode") for i in range(9))
        if n is not None and n.GetName() == "Level names"
    )
    assert names.GetNthControlPointLabel(0) == "T10"
    assert names.GetLocked() and not names.GetSaveWithScene()
    detected.ui.namesCheckBox.setChecked(False)
    assert not names.GetDisplayNode().GetVisibility()


def test_outlines_tell_the_grade_or_the_vertebra(detected):
    from VerteNetSlicerLib.drawing import GRADE_COLOURS, PALETTE

    def colours():
        data = detected.examination.nodes.models["outlines"].GetPolyData().GetCellData()
        scalars = data.GetScalars()
        return {PALETTE[int(scalars.GetTuple1(i))] for i in range(scalars.GetNumberOfTuples())}

    assert colours() <= set(GRADE_COLOURS.values())
    before = colours()
    detected.ui.colourComboBox.setCurrentText("vertebra")
    assert colours() != before and len(colours()) == 5
    detected.ui.colourComboBox.setCurrentText("grade")
    assert colours() == before


def test_the_table_goes_to_the_clipboard(detected, application):
    detected.ui.copyButton.click()
    lines = application.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["Level", "Grade"]
    assert len(lines) == 9 and lines[1].startswith("T10\t0\tnormal")


def test_an_export_that_exists_is_only_replaced_after_a_question(detected, tmp_path, monkeypatch):
    ui = detected.ui
    ui.folderPathLineEdit.setText(str(tmp_path))
    ui.exportButton.click()
    report = tmp_path / "selftest/report.json"
    before = report.stat().st_mtime_ns
    asked = answering(monkeypatch, False)
    ui.exportButton.click()
    assert asked == ["Replace the earlier report of this image?"]
    assert report.stat().st_mtime_ns == before


def test_the_export_folder_is_remembered(detected, tmp_path, scene):
    detected.ui.folderPathLineEdit.setText(str(tmp_path))
    detected.ui.exportButton.click()
    detected.ui.folderPathLineEdit.setText("")
    scene.Clear(0)
    detected.enter()
    assert detected.ui.folderPathLineEdit.text() == str(tmp_path)


def test_missing_packages_are_installed_only_after_a_question(detected, tmp_path, monkeypatch):
    from VerteNetSlicerLib.exporting import HIGHDICOM

    installed = []

    class Installer:
        def install(self, packages):
            installed.append(packages)

    detected.logic.installer = Installer()
    missing = [(HIGHDICOM,), (), ()]
    monkeypatch.setattr(detected.logic, "missing_packages", lambda options: missing[0])
    detected.ui.folderPathLineEdit.setText(str(tmp_path))
    asked = answering(monkeypatch, False)
    detected.ui.exportButton.click()
    assert "highdicom>=0.27 (DICOM SR)" in asked[0]
    assert not installed and not list(tmp_path.iterdir())
    answering(monkeypatch, True)
    detected.ui.exportButton.click()
    assert installed == [(HIGHDICOM,)]
    assert "Restart Slicer" in detected.ui.statusLabel.text(), "it is still missing"
    monkeypatch.setattr(detected.logic, "missing_packages", lambda options: ())
    detected.ui.exportButton.click()
    assert (tmp_path / "selftest/report.json").is_file()


def test_an_opened_export_does_not_replace_unsaved_work_without_a_question(
    detected, tmp_path, monkeypatch
):
    from VerteNetSlicerLib import widget_export

    detected.logic.export(detected.volume, tmp_path)
    detected.ui.shiftUpButton.click()
    path = str(tmp_path / "selftest/report.json")
    monkeypatch.setattr(widget_export.qt.QFileDialog, "getOpenFileName", lambda *a: path)
    answering(monkeypatch, False)
    detected.ui.openButton.click()
    assert "T9" in rows(detected)
    answering(monkeypatch, True)
    detected.ui.openButton.click()
    assert "T9" not in rows(detected)


def test_plaque_is_marked_on_the_wall_that_is_read(detected):
    from VerteNetSlicerLib.selftest import place_point

    ui = detected.ui
    assert not ui.markButton.isEnabled()
    ui.readWallsButton.click()
    ui.markButton.click()
    assert ui.markLabel.text() == "Now click the start of a plaque on the anterior wall."
    marking, examination = detected.logic.placing, detected.examination
    guides = {g.name: g for g in examination.analysis.aac.guides}
    for name in ("T12/L1", "L1/L2"):
        ras = examination.plane.ras_from_pixels(np.array(guides[name].anterior))[0]
        place_point(marking.node, ras)
        if name == "T12/L1":
            assert "the end of a plaque" in ui.markLabel.text()
    assert aac_cells(detected)[0][0] == "3 ▬"
    ui.markButton.click()
    assert ui.markLabel.text() == "" and detected.logic.placing is None
    ui.restZeroButton.click()
    assert aac_cells(detected) == [["3 ▬", "0", "0", "0"], ["0"] * 4]
    assert (ui.aac8AnteriorComboBox.currentText(), ui.aac8PosteriorComboBox.currentText()) == (
        "1",
        "0",
    )
    ui.clearMarksButton.click()
    assert aac_cells(detected)[0][0] == ""


def test_schousboes_scores_are_kept_once_both_are_chosen(detected):
    ui = detected.ui
    ui.aac8AnteriorComboBox.setCurrentText("2")
    assert detected.examination.review.aac.lengths8 is None
    assert ui.aac8AnteriorComboBox.currentText() == "2"
    ui.aac8PosteriorComboBox.setCurrentText("1")
    assert detected.examination.review.aac.lengths8 == (2, 1)
    ui.aac8PosteriorComboBox.setCurrentText("-")
    assert detected.examination.review.aac.lengths8 is None
    assert ui.aac8AnteriorComboBox.currentText() == "2"


def comparison(panel):
    table = panel.ui.comparisonTable
    count = table.columnCount()
    return [[table.item(r, c).text() for c in range(count)] for r in range(table.rowCount())]


def test_an_earlier_export_is_compared_live(detected, tmp_path, monkeypatch):
    from VerteNetSlicerLib import widget_compare
    from VerteNetSlicerLib.selftest import drag

    ui = detected.ui
    detected.logic.export(detected.volume, tmp_path)
    path = str(tmp_path / "selftest/report.json")
    monkeypatch.setattr(widget_compare.qt.QFileDialog, "getOpenFileName", lambda *a: path)
    assert comparison(detected) == []
    ui.openPriorButton.click()
    assert ui.priorComboBox.currentText() == "selftest/report.json"
    assert len(comparison(detected)) == 8
    assert "No incident fracture at 8 levels." in ui.comparisonLabel.text()
    node = detected.examination.nodes.points
    labels = [node.GetNthControlPointLabel(i) for i in range(48)]
    drag(node, labels.index("L4_AS"), (0.0, -6.0, 0.0))
    assert comparison(detected)[0][:2] == ["L4", "-6.0 mm (-25 %)"]
    assert ui.comparisonLabel.text().startswith("Incident fracture: L4")
    ui.priorComboBox.setCurrentIndex(0)
    assert comparison(detected) == [] and detected.examination.prior is None


def test_another_image_of_the_scene_is_compared(detected):
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    first = detected.volume
    detected.select(volume_from_image(made_image("second")))
    detected.ui.detectButton.click()
    names = [detected.ui.priorComboBox.itemText(i) for i in range(2)]
    assert names == ["nothing", "selftest"]
    detected.ui.priorComboBox.setCurrentIndex(1)
    assert detected.examination.prior.name == "selftest"
    assert detected.logic.examination(first).prior is None


class Run:
    """A batch that goes as the test says."""

    def __init__(self):
        from VerteNetSlicerLib.batch_run import BatchState

        self.state = BatchState()
        self.seconds = 3.0
        self.cancelled = False

    def poll(self):
        return self.state

    def cancel(self):
        from dataclasses import replace

        self.cancelled = True
        self.state = replace(self.state, running=False, text="Stopped.")


@pytest.fixture
def batch(panel):
    started = []

    def start(inputs, output, *, anterior):
        started.append((inputs, output, anterior))
        return Run()

    panel.batch._start = start
    panel.batch.started = started
    yield panel.batch
    panel.batch._timer.stop()


def test_a_batch_shows_how_far_it_is_and_can_be_stopped(panel, batch):
    from VerteNetSlicerLib.batch_run import BatchState

    ui = panel.ui
    ui.batchInputPathLineEdit.setText("/scans")
    ui.batchOutputPathLineEdit.setText("/tables")
    assert not ui.cancelBatchButton.isEnabled()
    ui.startBatchButton.click()
    assert batch.started == [(["/scans"], "/tables", "auto")]
    assert not ui.startBatchButton.isEnabled() and ui.cancelBatchButton.isEnabled()
    assert "Starting... (3 s)" in ui.batchLabel.text()
    batch.run.state = BatchState(True, 4, 10, "4 of 10 files")
    batch.on_poll()
    assert (ui.batchProgressBar.value(), ui.batchProgressBar.maximum()) == (4, 10)
    assert ui.batchLabel.text() == "4 of 10 files (3 s)"
    ui.cancelBatchButton.click()
    assert batch.run.cancelled and ui.batchLabel.text() == "Stopped."
    assert ui.startBatchButton.isEnabled() and not ui.cancelBatchButton.isEnabled()


def test_a_finished_batch_stops_asking(panel, batch):
    from VerteNetSlicerLib.batch_run import BatchState

    panel.ui.startBatchButton.click()
    assert batch._timer.isActive()
    batch.run.state = BatchState(False, 2, 2, "2 images.", None, {"images": 2})
    batch.on_poll()
    assert not batch._timer.isActive()
    assert panel.ui.batchLabel.text() == "2 images."


def test_closing_the_panel_ends_its_batch(widget):
    batch = widget.panel.batch
    batch._start = lambda inputs, output, *, anterior: Run()
    widget.panel.ui.startBatchButton.click()
    run = batch.run
    widget.panel.close()
    assert run.cancelled
    widget.panel.logic.on_change.append(widget.panel.refresh)
    widget.panel.logic.on_error.append(widget.panel.on_logic_error)


def test_a_batch_without_folders_is_a_sentence(panel):
    panel.ui.batchInputPathLineEdit.setText("")
    panel.ui.startBatchButton.click()
    assert "Expected a folder with images for the batch" in panel.ui.statusLabel.text()


def test_the_worklist_goes_on_where_it_was_left(panel, tmp_path):
    from vertenet.images import write_nrrd
    from VerteNetSlicerLib.selftest import made_image
    from VerteNetSlicerLib.widget_worklist import WorklistPart

    for name in ("a", "b", "c"):
        write_nrrd(made_image(), tmp_path / f"{name}.nrrd")
    ui = panel.ui
    ui.worklistPathLineEdit.setText(str(tmp_path))
    ui.startButton.click()
    ui.nextImageButton.click()
    ui.detectButton.click()
    ui.folderPathLineEdit.setText(str(tmp_path / "out"))
    ui.exportButton.click()
    assert ui.worklistLabel.text() == "2 of 3, 1 exported"
    # Another session: the settings alone are left.
    panel.worklist._list = None
    ui.startButton.click()
    assert (panel.volume.GetName(), ui.worklistLabel.text()) == ("b.nrrd", "2 of 3, 1 exported")
    from vertenet_lookalike import Settings

    kept = str([v for k, v in Settings.kept.items() if "worklist" in k])
    assert "nrrd" not in kept, "names of files may be names of patients"
    assert isinstance(panel.worklist, WorklistPart)


def test_an_export_of_another_image_is_not_counted(panel, tmp_path, volume):
    from vertenet.images import write_nrrd
    from VerteNetSlicerLib.selftest import made_image

    write_nrrd(made_image(), tmp_path / "a.nrrd")
    panel.ui.worklistPathLineEdit.setText(str(tmp_path))
    panel.ui.startButton.click()
    panel.select(volume)
    panel.ui.detectButton.click()
    panel.ui.folderPathLineEdit.setText(str(tmp_path / "out"))
    panel.ui.exportButton.click()
    assert panel.ui.worklistLabel.text() == "1 of 1, 0 exported"


def test_an_image_that_cannot_be_read_does_not_leave_the_last_one_standing(panel, tmp_path):
    from vertenet.images import write_nrrd
    from VerteNetSlicerLib.selftest import made_image

    for name in ("a", "c"):
        write_nrrd(made_image(), tmp_path / f"{name}.nrrd")
    (tmp_path / "b.png").write_bytes(b"no picture")
    ui = panel.ui
    ui.worklistPathLineEdit.setText(str(tmp_path))
    ui.startButton.click()
    ui.nextImageButton.click()
    assert panel.volume is None and "b.png" in ui.statusLabel.text()
    ui.nextImageButton.click()
    assert panel.volume.GetName() == "c.nrrd"


def test_unsaved_work_is_asked_about_before_the_next_image(panel, tmp_path, monkeypatch):
    from vertenet.images import write_nrrd
    from VerteNetSlicerLib.selftest import made_image

    for name in ("a", "b"):
        write_nrrd(made_image(), tmp_path / f"{name}.nrrd")
    ui = panel.ui
    ui.worklistPathLineEdit.setText(str(tmp_path))
    ui.startButton.click()
    ui.detectButton.click()
    ui.shiftUpButton.click()
    asked = answering(monkeypatch, False)
    ui.nextImageButton.click()
    assert panel.volume.GetName() == "a.nrrd" and len(asked) == 1
    answering(monkeypatch, True)
    ui.nextImageButton.click()
    assert panel.volume.GetName() == "b.nrrd"


def test_the_database_is_a_worklist(panel, monkeypatch):
    import slicer
    from VerteNetSlicerLib.samples import sample_files

    panel.ui.databaseButton.click()
    assert "none is open" in panel.ui.statusLabel.text()
    database = types.SimpleNamespace(
        isOpen=True,
        patients=lambda: ["1"],
        studiesForPatient=lambda patient: ["1.2"],
        seriesForStudy=lambda study: ["1.2.3"],
        filesForSeries=lambda series: [str(file) for file in sample_files()],
        fileForInstance=lambda uid: "",
    )
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    panel.ui.databaseButton.click()
    assert panel.ui.worklistLabel.text() == f"1 of {len(sample_files())}, 0 exported"
    assert panel.ui.dicomCheckBox.isEnabled()


def test_flip_says_the_patient_faces_the_other_way_and_shows_it(detected):
    ui = detected.ui
    assert ui.facingLabel.text() == "faces right"
    before = detected.examination.review.vertebra(Level.L1).points[PointName.AS]
    ui.flipButton.click()
    assert ui.facingLabel.text() == "faces left"
    assert detected.examination.review.vertebra(Level.L1).points[PointName.PS] == before
    ui.undoButton.click()
    assert ui.facingLabel.text() == "faces right"


def test_what_was_said_of_one_image_is_not_taken_for_the_next(detected):
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    detected.ui.anteriorComboBox.setCurrentIndex(1)
    assert detected.state.anterior == "left"
    detected.select(volume_from_image(made_image("second")))
    assert detected.state.anterior == "auto"
    assert detected.ui.anteriorComboBox.currentIndex() == 0


def test_choices_hold_in_any_language(detected):
    """A translated word is only shown: the place in the list is what counts."""
    ui = detected.ui
    for box, words in (
        (ui.deviceComboBox, ("selbst", "Prozessor", "Karte")),
        (ui.anteriorComboBox, ("selbst", "links", "rechts")),
        (ui.colourComboBox, ("Grad", "Wirbel")),
    ):
        for place, word in enumerate(words):
            box.setItemText(place, word)
    ui.deviceComboBox.setCurrentIndex(1)
    ui.anteriorComboBox.setCurrentIndex(2)
    ui.colourComboBox.setCurrentIndex(1)
    ui.detectButton.click()
    state = detected.state
    assert (state.device, state.anterior, state.colour_by) == ("cpu", "right", "vertebra")


def test_the_chosen_vertebra_is_explained_in_a_line(detected):
    assert detected.ui.detailLabel.text() == ""
    select(detected, "L2")
    text = detected.ui.detailLabel.text()
    assert text.startswith("L2: ") and "Look at: grade" in text
    select(detected, "L3")
    assert detected.ui.detailLabel.text().startswith("L3")
    assert "Look at" not in detected.ui.detailLabel.text()


class Slow:
    """A detector that looks as long as the test wants."""

    info = types.SimpleNamespace(name="slow", version="1", sha256="0" * 64)

    def __init__(self):
        import threading

        self.go_on = threading.Event()

    def detect(self, image, *, anterior=None):
        from VerteNetSlicerLib.selftest import made_spine

        assert self.go_on.wait(60)
        return made_spine()


def test_while_the_network_works_time_is_shown_and_nothing_else_can_be_done(panel, volume):
    panel.select(volume)
    panel.logic.detector, seen = Slow(), []
    tick = panel.detect._waiting._on_tick

    def watch(seconds):
        tick(seconds)
        ui = panel.ui
        seen.append((ui.statusLabel.text(), ui.detectButton.isEnabled(), ui.stopButton.isHidden()))
        seen.append(ui.reviewSection.isEnabled())
        ui.detectButton.click()
        if len(seen) > 4:
            panel.logic.detector.go_on.set()

    panel.detect._waiting._on_tick = watch
    panel.ui.detectButton.click()
    text, enabled, hidden = seen[0]
    assert re.fullmatch(r"Looking for the vertebrae\.\.\. \d+\.\d s", text)
    assert not enabled and not hidden and seen[1] is False
    assert len(rows(panel)) == 8 and panel.ui.detectButton.isEnabled()
    assert panel.ui.stopButton.isHidden() and panel.ui.detectProgressBar.isHidden()
    assert panel.ui.reviewSection.isEnabled()


def test_a_detection_can_be_stopped_and_leaves_everything_as_it_was(detected):
    before, slow = detected.examination.review, Slow()
    detected.logic.detector = slow
    detected.detect._waiting._on_tick = lambda seconds: detected.ui.stopButton.click()
    detected.ui.detectButton.click()
    slow.go_on.set()
    assert detected.ui.statusLabel.text() == "Stopped; nothing was changed."
    assert detected.examination.review == before
    assert detected.ui.detectButton.isEnabled() and not detected.detect.busy
    assert detected.logic.wait == detected.logic.at_once


def test_the_installations_log_is_shown_in_the_panel(panel, volume):
    from VerteNetSlicerLib.selftest import KnownSpine

    class Installing(KnownSpine):
        needs_install = True

        def install(self, log):
            log("Collecting torch")
            log("Successfully installed torch")
            type(self).needs_install = False

    panel.select(volume)
    panel.logic.detector = Installing()
    assert panel.ui.logTextEdit.isHidden()
    panel.ui.detectButton.click()
    assert not panel.ui.logTextEdit.isHidden()
    assert panel.ui.logTextEdit.toPlainText().splitlines() == [
        "Collecting torch",
        "Successfully installed torch",
    ]
    assert len(rows(panel)) == 8


def test_an_offline_machine_is_told_what_to_do(panel, volume):
    from VerteNetSlicerLib.selftest import KnownSpine
    from VerteNetSlicerLib.torch_install import PyTorchExtension

    class Offline(KnownSpine):
        needs_install = True

        def install(self, log):
            PyTorchExtension().install(log)

    panel.select(volume)
    panel.logic.detector = Offline()
    panel.ui.detectButton.click()
    text = panel.ui.statusLabel.text()
    assert "Extensions Manager" in text and "Without a network" in text
    assert "points can still be opened, corrected and measured" in text
    assert panel.ui.detectButton.isEnabled()


def test_a_defect_is_said_and_not_only_logged(detected, caplog):
    def broken(volume, steps):
        raise ZeroDivisionError("division by zero")

    detected.logic.shift = broken
    detected.ui.shiftUpButton.click()
    text = detected.ui.statusLabel.text()
    assert text.startswith("This is a defect of VerteNet: ZeroDivisionError")
    assert "Traceback" in caplog.text


def test_adding_is_given_up_by_a_second_press_and_undo_takes_a_point_back(detected):
    from VerteNetSlicerLib.selftest import place_point

    ui = detected.ui
    select(detected, "L3")
    ui.deleteButton.click()
    ui.levelComboBox.setCurrentText("L3")
    ui.addButton.click()
    assert ui.addButton.isChecked()
    node = detected.logic.placing.node
    place_point(node, (1.0, 2.0, 0.0))
    assert "mid superior" in ui.promptLabel.text()
    ui.undoButton.click()
    assert "posterior superior" in ui.promptLabel.text() and "L3" not in rows(detected)
    ui.addButton.click()
    assert not ui.addButton.isChecked() and ui.promptLabel.text() == ""
    assert detected.logic.placing is None and node.GetScene() is None
    ui.undoButton.click()
    assert "L3" in rows(detected), "undo is the reading's again"


def test_sex_and_age_are_the_images_until_others_are_chosen(detected, volume):
    ui = detected.ui
    assert (ui.sexComboBox.currentIndex(), ui.ageLineEdit.text()) == (0, "")
    assert ui.subjectLabel.text() == "sex not known, age not known"
    before = detected.examination.analysis
    ui.sexComboBox.setCurrentIndex(1)
    ui.ageLineEdit.setText("71,5")
    ui.ageLineEdit.editingFinished.emit()
    after = detected.examination.analysis
    assert (after.sex, after.age_years) == ("F", 71.5)
    assert after.vertebrae[0].z_scores != before.vertebrae[0].z_scores
    assert ui.subjectLabel.text() == "woman (given), 71.5 years (given)"
    ui.ageLineEdit.setText("")
    ui.ageLineEdit.editingFinished.emit()
    ui.sexComboBox.setCurrentIndex(0)
    assert detected.examination.analysis == before


@pytest.mark.parametrize("text", ["old", "-3", "131", "nan"])
def test_an_age_that_cannot_be_is_a_line_of_text_and_the_last_one_stays(detected, text):
    ui = detected.ui
    ui.ageLineEdit.setText("71")
    ui.ageLineEdit.editingFinished.emit()
    ui.ageLineEdit.setText(text)
    ui.ageLineEdit.editingFinished.emit()
    assert "Expected an age" in ui.statusLabel.text()
    assert ui.ageLineEdit.text() == "71"
    assert detected.examination.analysis.age_years == 71.0


def test_each_image_shows_its_own_sex_and_age(detected, volume):
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    ui = detected.ui
    ui.sexComboBox.setCurrentIndex(3)
    detected.select(volume_from_image(made_image("second")))
    assert ui.sexComboBox.currentIndex() == 0
    ui.sexComboBox.setCurrentIndex(2)
    detected.select(volume)
    assert ui.sexComboBox.currentIndex() == 3
    detected.select(None)
    assert not ui.sexComboBox.isEnabled() and not ui.ageLineEdit.isEnabled()
    assert ui.ageLineEdit.toolTip() == "Select an image first."


def test_an_opened_export_shows_the_sex_and_age_it_was_measured_by(detected, tmp_path, volume):
    logic, ui = detected.logic, detected.ui
    logic.give_subject(volume, sex="M", age_years=80.0)
    (report,) = (p for p in logic.export(volume, tmp_path) if p.name == "report.json")
    logic.give_subject(volume, sex=None, age_years=None)
    assert (ui.sexComboBox.currentIndex(), ui.ageLineEdit.text()) == (0, "")
    logic.open_landmarks(report, volume)
    assert (ui.sexComboBox.currentIndex(), ui.ageLineEdit.text()) == (2, "80")


def test_the_panel_says_where_the_pixel_size_is_entered(panel, scene):
    import slicer

    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    slicer.util.updateVolumeFromArray(volume, np.random.default_rng(0).random((1, 90, 70)))
    panel.select(volume)
    shown = panel.ui.imageLabel.text()
    assert "beside 'Calibrate'" in shown
    assert "ROW,COLUMN" not in shown
