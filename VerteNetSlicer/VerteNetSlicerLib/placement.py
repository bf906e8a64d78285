"""Placing the six points of a missing vertebra, guided one by one."""

from __future__ import annotations

from collections.abc import Callable

from slicer.util import VTKObservationMixin

import slicer
from vertenet.anatomy import POINT_NAMES, Level, PointName, point_label

from .conversions import pixel_of
from .examination import Examination

SPOKEN = {
    PointName.PS: "posterior superior",
    PointName.MS: "mid superior",
    PointName.AS: "anterior superior",
    PointName.AI: "anterior inferior",
    PointName.MI: "mid inferior",
    PointName.PI: "posterior inferior",
}


class Placement(VTKObservationMixin):
    """A list of its own for the new points; ends with all six, or when closed.

    Attributes:
        examination: where the vertebra will be added.
        level: its name.
        node: the fiducial node that takes the clicks.
        on_prompt: called with the next prompt after each point.
    """

    def __init__(
        self,
        examination: Examination,
        level: Level,
        on_done: Callable[[dict[PointName, tuple[float, float]]], None],
    ) -> None:
        VTKObservationMixin.__init__(self)
        self.examination = examination
        self.level = level
        self._on_done = on_done
        self.on_prompt: Callable[[str], None] = lambda text: None
        self.node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"New {level}")
        self.node.SetSaveWithScene(False)
        self.node.CreateDefaultDisplayNodes()
        self.node.SetMaximumNumberOfControlPoints(len(POINT_NAMES))
        self.addObserver(self.node, self.node.PointPositionDefinedEvent, self.onPointPlaced)
        self._set_place_mode(True)

    @property
    def prompt(self) -> str:
        """What to click now: ``L3 anterior superior``."""
        placed = self.node.GetNumberOfDefinedControlPoints()
        if placed >= len(POINT_NAMES):
            return ""
        return f"{self.level} {SPOKEN[POINT_NAMES[placed]]}"

    def onPointPlaced(self, caller, event) -> None:
        """Name the new point; hand all over when it was the last."""
        placed = caller.GetNumberOfDefinedControlPoints()
        for index in range(placed):
            caller.SetNthControlPointLabel(index, point_label(self.level, POINT_NAMES[index]))
        self.on_prompt(self.prompt)
        if placed == len(POINT_NAMES):
            plane = self.examination.plane
            xy = {name: pixel_of(caller, i, plane) for i, name in enumerate(POINT_NAMES)}
            self._on_done(xy)

    def close(self) -> None:
        """Take the list away."""
        self.removeObservers()
        self._set_place_mode(False)
        self.on_prompt("")
        if self.node.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(self.node)

    def _set_place_mode(self, placing: bool) -> None:
        """Let the mouse place points of our list, one after the other, or nothing."""
        application = slicer.app.applicationLogic()
        selection, interaction = application.GetSelectionNode(), application.GetInteractionNode()
        if selection is None or interaction is None:
            return
        if not placing:
            interaction.SetPlaceModePersistence(0)
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
            return
        selection.SetReferenceActivePlaceNodeClassName(self.node.GetClassName())
        selection.SetReferenceActivePlaceNodeID(self.node.GetID())
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)
