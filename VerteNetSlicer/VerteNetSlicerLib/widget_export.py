"""The export section: one button for all files, and the table on the clipboard."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

import slicer
from vertenet.errors import VerteNetError

from .examination import Examination
from .exporting import ExportOptions, dicom_source, has_database
from .memory import PREFIX
from .table import rows_of, table_text
from .widget_part import PanelPart, agreed, settings, shown_errors

_BOXES = {
    "pdfCheckBox": "export_pdf",
    "dicomCheckBox": "export_dicom",
    "databaseCheckBox": "export_database",
    "screenshotCheckBox": "export_screenshot",
    "identityCheckBox": "export_identity",
}
_FOLDER = f"{PREFIX}exportFolder"
_LANDMARK_FILES = "Landmarks (*.json *.csv *.dcm)"


class ExportPart(PanelPart):
    """Writes files, asks before it replaces any or installs anything."""

    def __init__(self, ui, logic, say, exported: Callable[[], None]) -> None:
        super().__init__(ui, logic, say)
        self._exported = exported
        self.connect_clicks(
            {
                "exportButton": self.on_export,
                "openButton": self.on_open,
                "copyButton": self.on_copy,
            }
        )
        for box in _BOXES:
            getattr(ui, box).connect("toggled(bool)", self.on_choose)

    def read_state(self) -> None:
        """Take the choices of the scene; the folder of the last session where it has none."""
        self.filling = True
        try:
            state = self.state
            folder = state.export_folder or settings().value(_FOLDER, "") or ""
            self.ui.folderPathLineEdit.currentPath = folder
            for box, field in _BOXES.items():
                getattr(self.ui, box).checked = getattr(state, field)
        finally:
            self.filling = False

    def refresh(self, examination: Examination | None) -> None:
        """Allow what is possible, say why the rest is not."""
        there, volume = examination is not None, self.volume
        missing = _("Detect landmarks first.")
        self.allow(("exportButton", "copyButton"), there, missing)
        self.allow(("openButton",), volume is not None, _("Select an image first."))
        source = dicom_source(volume)
        why = _("Only for an image from a DICOM file: patient and study come from it.")
        self.allow(("dicomCheckBox", "identityCheckBox"), source, why)
        chosen = source is not None and self.ui.dicomCheckBox.checked
        self.allow(
            ("databaseCheckBox",),
            chosen and has_database(),
            _("Choose DICOM first.") if has_database() else _("No DICOM database is open."),
        )

    def options(self) -> ExportOptions:
        """What is chosen and possible."""

        def chosen(name: str) -> bool:
            box = getattr(self.ui, name)
            return bool(box.checked and box.enabled)

        return ExportOptions(
            pdf=chosen("pdfCheckBox"),
            dicom=chosen("dicomCheckBox"),
            database=chosen("databaseCheckBox"),
            screenshot=chosen("screenshotCheckBox"),
            identity=chosen("identityCheckBox"),
        )

    @shown_errors
    def on_choose(self) -> None:
        """What is exported beside was chosen."""
        if self.filling:
            return
        for box, field in _BOXES.items():
            setattr(self.state, field, bool(getattr(self.ui, box).checked))
        self.refresh(self.examination)

    @shown_errors
    def on_export(self) -> None:
        """Write all files; an earlier report is only replaced after a question."""
        folder = self.ui.folderPathLineEdit.currentPath
        if not folder:
            self.say(_("Choose a folder for the files first."))
            return
        self.state.export_folder = folder
        settings().setValue(_FOLDER, folder)
        target = self.logic.export_folder(self.volume, folder)
        exists = (target / "report.json").exists()
        if exists and not agreed(_("Replace the earlier report of this image?")):
            return
        options = self.options()
        if not self._have_packages(options):
            return
        self.say(_("Writing..."))
        slicer.app.processEvents()
        paths = self.logic.export(self.volume, folder, overwrite=exists, options=options)
        self._exported()
        self.say(_("{count} files in {folder}").format(count=len(paths), folder=target))

    @shown_errors
    def on_open(self) -> None:
        """Show exported landmarks on the present image."""
        path = qt.QFileDialog.getOpenFileName(None, _("Open landmarks"), "", _LANDMARK_FILES)
        present = self.examination
        edited = present is not None and present.unsaved
        if path and (not edited or agreed(_("Replace what you edited and scored?"))):
            self.logic.open_landmarks(path, self.volume)

    @shown_errors
    def on_copy(self) -> None:
        """Put the table on the clipboard, for a spreadsheet."""
        slicer.app.clipboard().setText(table_text(rows_of(self.examination.analysis)))
        self.say(_("The table is on the clipboard."))

    def _have_packages(self, options: ExportOptions) -> bool:
        """Install what is missing, after asking; False where the reader declines."""
        missing = self.logic.missing_packages(options)
        if not missing:
            return True
        names = ", ".join(f"{p.requirement} ({p.purpose})" for p in missing)
        question = _("This needs packages from the internet: {names}. Install them?")
        if not agreed(question.format(names=names)):
            self.say(_("Nothing was written: choose other files, or let it install."))
            return False
        self.say(_("Installing {names}...").format(names=names))
        slicer.app.processEvents()
        self.logic.installer.install(missing)
        left = self.logic.missing_packages(options)
        if left:
            needed = ", ".join(p.requirement for p in left)
            raise VerteNetError(
                _("Expected {names} after installing, but it is not there. Restart Slicer.").format(
                    names=needed
                )
            )
        return True
