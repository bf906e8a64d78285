"""VerteNet in 3D Slicer: vertebral landmarks, grades and AAC regions on lateral DXA.

Only registration lives here; what the module does is in ``VerteNetSlicerLib``, what
is computed in ``vertenet``.  Nothing at file scope needs torch or qt.
"""

from pathlib import Path

from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

import slicer
from VerteNetSlicerLib.logic import VerteNetLogic


class VerteNetSlicer(ScriptedLoadableModule):
    """How the module appears in Slicer."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("VerteNet")
        parent.categories = [_("Quantification")]
        parent.dependencies = []
        parent.contributors = ["VerteNetSlicer contributors"]
        parent.helpText = _(
            "<p>Finds the vertebrae T4 to L5 on a lateral spine DXA image as points that can be "
            "dragged, measures their heights, suggests a Genant grade, and draws the guides and "
            "regions for scoring aortic calcification (AAC-24).</p>"
            "<p>Load an image, press <b>Detect landmarks</b>, correct the points, "
            "press <b>Export</b>.</p>"
            "<p><b>For research use only.</b> Not a medical device; every grade is a suggestion "
            "that a reader confirms or changes.</p>"
        )
        parent.acknowledgementText = _(
            "<p>After VerteNet: a multi-context hybrid CNN-transformer for vertebral landmark "
            "localization in lateral spine DXA images (arXiv:2502.02097). The network and the "
            "code here are an independent implementation.</p>"
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the bundled synthetic scans in the Sample Data module."""
    from VerteNetSlicerLib.samples import register

    register()


class VerteNetSlicerWidget(ScriptedLoadableModuleWidget):
    """The module's panel; built by :mod:`VerteNetSlicerLib.widget`."""

    def __init__(self, parent=None):
        self.panel = None
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def setup(self):
        """Build the panel when the module is opened for the first time."""
        ScriptedLoadableModuleWidget.setup(self)
        from VerteNetSlicerLib.widget import VerteNetPanel

        self.logic = VerteNetSlicerLogic()
        ui = slicer.util.loadUI(self.resourcePath("UI/VerteNetSlicer.ui"))
        self.layout.addWidget(ui)
        ui.setMRMLScene(slicer.mrmlScene)
        self.panel = VerteNetPanel(ui, self.logic)

    def enter(self):
        """The module was opened."""
        if self.panel is not None:
            self.panel.enter()

    def exit(self):
        """Another module was opened."""
        if self.panel is not None:
            self.panel.leave()

    def cleanup(self):
        """The module goes away: every observer with it."""
        if self.panel is not None:
            self.panel.close()
            self.panel = None
            self.logic.close()


class VerteNetSlicerLogic(VerteNetLogic, ScriptedLoadableModuleLogic):
    """The module's logic, for its panel, for scripts and for other modules.

    The bases stand in this order so that each is set up once, the first by us and
    Slicer's by the observation mixin between them.
    """


class VerteNetSlicerTest(ScriptedLoadableModuleTest):
    """The module's own test: Slicer's runner and ours in ``Testing`` call it."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        """Load, detect, drag, save, reopen."""
        self.setUp()
        self.test_the_whole_path()

    def test_the_whole_path(self):
        from VerteNetSlicerLib.selftest import whole_path

        whole_path(self, VerteNetSlicerLogic, Path(slicer.app.temporaryPath))
        self.delayDisplay(_("Test passed"))
