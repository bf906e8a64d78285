"""Placing, by mouse or keys: the six points of a missing vertebra, or the ends of a plaque."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

import slicer
from vertenet.anatomy import POINT_NAMES, Level, PointName, point_label
from vertenet.measure import Plaque

from .conversions import pixel_of
from .examination import Examination
from .nodes import EDITED_COLOUR, as_precise_as_the_points

SPOKEN = {
    PointName.PS: _("posterior superior"),
    PointName.MS: _("mid superior"),
    PointName.AS: _("anterior superior"),
    PointName.AI: _("anterior inferior"),
    PointName.MI: _("mid inferior"),
    PointName.PI: _("posterior inferior"),
}


class Placing(VTKObservationMixin):
    """A node of its own that takes the clicks, or places that keys chose, until it is closed.

    Slicer ends placing at a right click and at a double click: it is paused then, and
    can be gone on with.  What was placed is handed over when Slicer leaves its mode for
    placing, and not in the midst of a click: only then may a node be taken away.

    Attributes:
        examination: where the result will be.
        node: the markups node that takes the clicks.
        needed: how many clicks.
        on_prompt: called with the prompt whenever it may have changed.
    """

    needed = 0

    def __init__(self, examination: Examination, class_name: str, name: str) -> None:
        VTKObservationMixin.__init__(self)
        self.examination = examination
        self.on_prompt: Callable[[str], None] = lambda text: None
        self.node = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
        self.node.SetSaveWithScene(False)
        self.node.CreateDefaultDisplayNodes()
        as_precise_as_the_points(self.node)
        self.node.GetDisplayNode().SetActiveColor(*EDITED_COLOUR)
        self.addObserver(self.node, self.node.PointPositionDefinedEvent, self.onPointPlaced)
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        if interaction is not None:
            changed = interaction.InteractionModeChangedEvent
            self.addObserver(interaction, changed, self.onModeChanged)
        self.resume()

    @property
    def prompt(self) -> str:
        """What to click now."""
        raise NotImplementedError

    @property
    def paused(self) -> bool:
        """True where a click places nothing at present."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        return (
            interaction is not None and interaction.GetCurrentInteractionMode() != interaction.Place
        )

    def resume(self) -> None:
        """Let the next click place a point."""
        set_place_mode(self.node)

    @property
    def placed(self) -> int:
        """How many points stand; the one that hangs at the mouse does not."""
        return int(self.node.GetNumberOfDefinedControlPoints())

    @property
    def missing(self) -> int:
        """How many points are still to be placed."""
        return self.needed - self.placed

    def place(self, xy: tuple[float, float]) -> None:
        """Place the next point at a pixel ``(x, y)``, as a click there would."""
        node = self.node
        # The point that hangs at the mouse would stay before this one.
        for index in reversed(range(self.placed, node.GetNumberOfControlPoints())):
            node.RemoveNthControlPoint(index)
        (ras,) = self.examination.plane.ras_from_pixels(np.array(xy))
        node.AddControlPointWorld(*ras.tolist())
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        if self.missing > 0:
            self.resume()
        elif interaction is None or self.paused:
            self.hand_over()
        else:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def take_back(self) -> bool:
        """Forget the point that was placed last; False where there is none."""
        if not self.placed:
            return False
        self.node.RemoveNthControlPoint(self.placed - 1)
        self.resume()
        self.on_prompt(self.prompt)
        return True

    def onModeChanged(self, caller, event) -> None:
        """Slicer's mouse does something else now, or places again."""
        if self.paused and self.missing <= 0:
            self.hand_over()
        self.on_prompt(self.prompt)

    def onPointPlaced(self, caller, event) -> None:
        """A click placed a point; Slicer leaves its mode by itself after the last."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        if interaction is not None and self.missing <= 0:
            interaction.SetPlaceModePersistence(0)
        self.on_prompt(self.prompt)

    def hand_over(self) -> None:
        """All points are there."""
        raise NotImplementedError

    def close(self) -> None:
        """Take the node away; what was made of it stays."""
        self.removeObservers()
        set_place_mode(None)
        self.on_prompt("")
        if self.node.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(self.node)


class Placement(Placing):
    """The points of a missing vertebra; ends with all six, or when closed.

    Attributes:
        level: its name.
    """

    needed = len(POINT_NAMES)

    def __init__(
        self,
        examination: Examination,
        level: Level,
        on_done: Callable[[dict[PointName, tuple[float, float]]], None],
    ) -> None:
        self.level = level
        self._on_done = on_done
        super().__init__(examination, "vtkMRMLMarkupsFiducialNode", f"New {level}")
        self.node.SetMaximumNumberOfControlPoints(self.needed)

    @property
    def prompt(self) -> str:
        """What to click now: ``L3 anterior superior``."""
        if self.missing <= 0:
            return ""
        return f"{self.level} {SPOKEN[POINT_NAMES[-self.missing]]}"

    def onPointPlaced(self, caller, event) -> None:
        """Name the new point."""
        for index in range(caller.GetNumberOfDefinedControlPoints()):
            caller.SetNthControlPointLabel(index, point_label(self.level, POINT_NAMES[index]))
        super().onPointPlaced(caller, event)

    def hand_over(self) -> None:
        """The vertebra is whole."""
        plane = self.examination.plane
        xy = {name: pixel_of(self.node, i, plane) for i, name in enumerate(POINT_NAMES)}
        self._on_done(xy)


class PlaqueMarking(Placing):
    """A line of two clicks for each calcified stretch of one wall; goes on until closed.

    Attributes:
        wall: ``anterior`` or ``posterior``.
    """

    needed = 2

    def __init__(
        self, examination: Examination, wall: str, on_marked: Callable[[Plaque], None]
    ) -> None:
        self.wall = wall
        self._on_marked = on_marked
        super().__init__(examination, "vtkMRMLMarkupsLineNode", f"Plaque {wall}")
        self.node.GetDisplayNode().SetPropertiesLabelVisibility(False)

    @property
    def prompt(self) -> str:
        """What to click now."""
        end = _("end") if self.missing == 1 else _("start")
        return _("{end} of a plaque on the {wall} wall").format(end=end, wall=self.wall)

    def hand_over(self) -> None:
        """A line is whole; wait for the next."""
        plane = self.examination.plane
        start, end = (pixel_of(self.node, i, plane) for i in (0, 1))
        self.node.RemoveAllControlPoints()
        self.resume()
        self._on_marked(Plaque(self.wall, start, end))


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
