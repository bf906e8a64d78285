"""The panel: buttons to logic, analysis to labels; no arithmetic, no measuring."""

from __future__ import annotations

import qt
import slicer.util
from slicer.i18n import tr as _

from vertenet.anatomy import Side
from vertenet.errors import VerteNetError

from . import view
from .choices import COLOURS, DEVICES, SIDES, choose, chosen
from .examination import Examination
from .level_names import LevelNames
from .widget_aac import AacPart
from .widget_batch import BatchPart
from .widget_compare import ComparePart
from .widget_detect import DetectPart
from .widget_export import ExportPart
from .widget_part import PanelPart, shown_errors
from .widget_review import ReviewPart
from .widget_subject import SubjectPart
from .widget_worklist import WorklistPart
from .words import said_here

_SHOW_BOXES = {
    "namesCheckBox": "show_names",
    "labelsCheckBox": "show_labels",
    "outlinesCheckBox": "show_outlines",
    "guidesCheckBox": "show_guides",
    "regionsCheckBox": "show_regions",
    "priorCheckBox": "show_prior",
}
_IMAGE_FILES = "Images (*.dcm *.png *.jpg *.jpeg *.tif *.tiff *.bmp *.nrrd *.nii *.nii.gz *.mha *)"


class VerteNetPanel(PanelPart):
    """Connects the widgets of the .ui file with the logic."""

    def __init__(self, widget, logic) -> None:
        super().__init__(slicer.util.childWidgetVariables(widget), logic, self.show_status)
        self.detect = DetectPart(self.ui, logic, self.show_status)
        self.subject = SubjectPart(self.ui, logic, self.show_status)
        self.review = ReviewPart(self.ui, logic, self.show_status)
        self.aac = AacPart(self.ui, logic, self.show_status)
        self.compare = ComparePart(self.ui, logic, self.show_status)
        self.worklist = WorklistPart(self.ui, logic, self.show_status, self.select)
        self.export = ExportPart(self.ui, logic, self.show_status, self.worklist.exported)
        self.batch = BatchPart(self.ui, logic, self.show_status)
        self.names = LevelNames()
        window = slicer.util.mainWindow()
        if window is not None:
            self.review.make_shortcuts(window)
            self.aac.make_shortcuts(window)
            self.worklist.make_shortcuts(window)
        self._connect()
        logic.on_change.append(self.refresh)
        logic.on_error.append(self.on_logic_error)
        self.enter()

    def enter(self) -> None:
        """The module is shown: a scene may have come or gone since."""
        self._read_state()
        self._enable_shortcuts(True)
        self.refresh()

    def leave(self) -> None:
        """Another module is shown."""
        self._enable_shortcuts(False)
        self.logic.stop_placing()

    def close(self) -> None:
        """Disconnect from the logic; the widgets are deleted by Slicer."""
        self.logic.on_change.remove(self.refresh)
        self.logic.on_error.remove(self.on_logic_error)
        self.batch.close()
        self.detect.on_stop()
        self._enable_shortcuts(False)

    def show_status(self, text: str) -> None:
        """One line below the detect button."""
        self.ui.statusLabel.text = said_here(text)

    def on_logic_error(self, error: VerteNetError) -> None:
        """An error without a button that caused it."""
        self.say(str(error))

    def refresh(self, changed: Examination | None = None) -> None:
        """Bring every widget to the state of the logic."""
        volume, examination = self.volume, self.examination
        if changed is not None and changed is not examination:
            return
        if changed is None:
            self._show_image(volume)
            self.subject.refresh(volume)
        self._show_facing(examination)
        self.review.refresh(examination)
        self.aac.refresh(examination)
        self.compare.refresh(examination)
        self.export.refresh(examination)
        names, missing = ("calibrateButton", "fitButton"), _("Select an image first.")
        self.allow(names, volume is not None, missing)
        why = _("The network is working.") if self.detect.busy else missing
        self.allow(("detectButton",), volume is not None and not self.detect.busy, why)
        self.names.show(examination, visible=self.state.show_names)
        if examination is not None:
            view.apply_layers(examination, self.state)

    def select(self, volume) -> None:
        """Make a volume the present one."""
        if volume is not self.state.volume:
            # What a reader said of one image is not known of the next.
            self.state.anterior = SIDES[0]
        self.state.volume = volume
        self._read_state()
        view.fit(volume)
        self.refresh()

    @shown_errors
    def on_volume(self) -> None:
        """Another image was selected."""
        if not self.filling:
            self.select(self.ui.volumeSelector.currentNode())

    @shown_errors
    def on_load(self) -> None:
        """Read a file with our own reader."""
        path = qt.QFileDialog.getOpenFileName(None, _("Load image"), "", _IMAGE_FILES)
        if path:
            self.select(self.logic.load_image(path))

    @shown_errors
    def on_calibrate(self) -> None:
        """Use the pixel size in the two boxes."""
        row_mm, column_mm = self.ui.rowSpinBox.value, self.ui.columnSpinBox.value
        self.logic.calibrate(self.volume, row_mm=row_mm, column_mm=column_mm)
        self.refresh()

    @shown_errors
    def on_facing(self) -> None:
        """The reader says which side the patient faces: points change their names."""
        if self.filling:
            return
        self.state.anterior = chosen(SIDES, self.ui.anteriorComboBox)
        if self.examination is not None and self.state.anterior != "auto":
            self.logic.face(self.volume, Side(self.state.anterior))

    @shown_errors
    def on_flip(self) -> None:
        """The patient faces the other way than is shown."""
        present = self.examination.review.spine.anterior
        self.logic.face(self.volume, Side.LEFT if present is Side.RIGHT else Side.RIGHT)

    @shown_errors
    def on_fit(self) -> None:
        """Show the whole image again."""
        view.fit(self.volume)

    @shown_errors
    def on_show(self) -> None:
        """What is drawn was chosen."""
        if self.filling:
            return
        for box, field in _SHOW_BOXES.items():
            setattr(self.state, field, bool(getattr(self.ui, box).checked))
        self.state.colour_by = chosen(COLOURS, self.ui.colourComboBox)
        self.names.show(self.examination, visible=self.state.show_names)
        if self.examination is not None:
            view.apply_layers(self.examination, self.state)

    def _enable_shortcuts(self, enabled: bool) -> None:
        self.review.enable_shortcuts(enabled)
        self.aac.enable_shortcuts(enabled)
        self.worklist.enable_shortcuts(enabled)

    def _connect(self) -> None:
        self.ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.on_volume)
        self.ui.anteriorComboBox.connect("currentIndexChanged(int)", self.on_facing)
        self.connect_clicks(
            {
                "loadButton": self.on_load,
                "calibrateButton": self.on_calibrate,
                "fitButton": self.on_fit,
                "flipButton": self.on_flip,
            }
        )
        for box in _SHOW_BOXES:
            getattr(self.ui, box).connect("toggled(bool)", self.on_show)
        self.ui.colourComboBox.connect("currentIndexChanged(int)", self.on_show)

    def _read_state(self) -> None:
        self.filling = True
        try:
            state = self.state
            self.ui.volumeSelector.setCurrentNode(state.volume)
            choose(DEVICES, self.ui.deviceComboBox, state.device)
            choose(SIDES, self.ui.anteriorComboBox, state.anterior)
            choose(COLOURS, self.ui.colourComboBox, state.colour_by)
            self.export.read_state()
            for box, field in _SHOW_BOXES.items():
                getattr(self.ui, box).checked = getattr(state, field)
        finally:
            self.filling = False

    def _show_facing(self, examination: Examination | None) -> None:
        """Which side the points say the patient faces, whoever decided it."""
        self.allow(("flipButton",), examination is not None, _("Detect landmarks first."))
        side = None if examination is None else examination.review.spine.anterior
        words = {None: "", Side.LEFT: _("faces left"), Side.RIGHT: _("faces right")}
        self.ui.facingLabel.text = words[side]

    def _show_image(self, volume) -> None:
        if volume is None or volume.GetImageData() is None:
            self.ui.imageLabel.text = _("No image.")
            return
        known = self.logic.spacing_of(volume)
        columns, rows, _slices = volume.GetImageData().GetDimensions()
        self.ui.imageLabel.text = "\n".join(
            (f"{columns} x {rows} px, {known.text}", *map(said_here, known.warnings))
        )
        self.ui.rowSpinBox.value = known.scale.row
        self.ui.columnSpinBox.value = known.scale.column
