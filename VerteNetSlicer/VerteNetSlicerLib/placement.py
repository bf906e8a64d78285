"""Placing by mouse: the six points of a missing vertebra, or the ends of a plaque."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

import slicer
from vertenet.anatomy import POINT_NAMES, Level, PointName, point_label
from vertenet.measure import Plaque

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
        set_place_mode(self.node if placing else None)


class PlaqueMarking(VTKObservationMixin):
    """A line of two clicks for each calcified stretch of one wall; goes on until closed.

    Attributes:
        examination: where the marks will be.
        wall: ``anterior`` or ``posterior``.
        node: the line node that takes the clicks.
        on_prompt: called with the next prompt after each click.
    """

    def __init__(
        self, examination: Examination, wall: str, on_marked: Callable[[Plaque], None]
    ) -> None:
        VTKObservationMixin.__init__(self)
        self.examination = examination
        self.wall = wall
        self.on_prompt: Callable[[str], None] = lambda text: None
        self._on_marked = on_marked
        self.node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", f"Plaque {wall}")
        self.node.SetSaveWithScene(False)
        self.node.CreateDefaultDisplayNodes()
        self.node.GetDisplayNode().SetPropertiesLabelVisibility(False)
        self.addObserver(self.node, self.node.PointPositionDefinedEvent, self.onPointPlaced)
        set_place_mode(self.node)

    @property
    def prompt(self) -> str:
        """What to click now."""
        end = _("start") if self.node.GetNumberOfDefinedControlPoints() == 0 else _("end")
        return _("{end} of a plaque on the {wall} wall").format(end=end, wall=self.wall)

    def onPointPlaced(self, caller, event) -> None:
        """Hand over a line that is whole, and wait for the next."""
        if caller.GetNumberOfDefinedControlPoints() < 2:
            self.on_prompt(self.prompt)
            return
        plane = self.examination.plane
        start, end = (pixel_of(caller, i, plane) for i in (0, 1))
        caller.RemoveAllControlPoints()
        set_place_mode(caller)
        self._on_marked(Plaque(self.wall, start, end))
        self.on_prompt(self.prompt)

    def close(self) -> None:
        """Take the line away; the marks stay."""
        self.removeObservers()
        set_place_mode(None)
        if self.node.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(self.node)


def set_place_mode(node) -> None:
    """Let the mouse place points of a node, one after the other; None: of nothing."""
    application = slicer.app.applicationLogic()
    selection, interaction = application.GetSelectionNode(), application.GetInteractionNode()
    if selection is None or interaction is None:
        return
    if node is None:
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        return
    selection.SetReferenceActivePlaceNodeClassName(node.GetClassName())
    selection.SetReferenceActivePlaceNodeID(node.GetID())
    interaction.SetPlaceModePersistence(1)
    interaction.SetCurrentInteractionMode(interaction.Place)
