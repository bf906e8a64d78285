"""Which nodes belong to the examination of one volume: found, made, removed.

The fiducial node is the examination: it refers to its volume, table and drawings
by node references, which Slicer keeps right when a scene is saved and opened.
"""

from __future__ import annotations

from dataclasses import dataclass

import slicer.util

import slicer

from .drawing import ROLES, colour, make_model

KIND = "VerteNet.examination"
VOLUME = "VerteNetVolume"
TABLE = "VerteNetTable"
MODEL = "VerteNet_"

AUTOMATIC_COLOUR = (0.94, 0.89, 0.26)
EDITED_COLOUR = (0.34, 0.71, 0.91)


@dataclass(frozen=True)
class ExaminationNodes:
    """The nodes of one examination."""

    volume: slicer.vtkMRMLVolumeNode
    points: slicer.vtkMRMLMarkupsFiducialNode
    table: slicer.vtkMRMLTableNode
    models: dict[str, slicer.vtkMRMLModelNode]

    def all(self) -> tuple[object, ...]:
        """Everything but the volume."""
        return (self.points, self.table, *self.models.values())

    def remove(self, *, but: object = None) -> None:
        """Take everything out of the scene, except the volume and ``but``."""
        for node in self.all():
            if node is not but and node.GetScene() is not None:
                remove_node(node)


def companions_of(node) -> list[object]:
    """A node's display and storage nodes that no other node uses."""
    found = [node.GetStorageNode()]
    # A table has no display node.
    if node.IsA("vtkMRMLDisplayableNode"):
        found += [node.GetNthDisplayNode(i) for i in range(node.GetNumberOfDisplayNodes())]
    others = [o for o in slicer.util.getNodesByClass("vtkMRMLStorableNode") if o is not node]
    used = {id(o.GetStorageNode()) for o in others}
    for other in others:
        if other.IsA("vtkMRMLDisplayableNode"):
            used |= {id(other.GetNthDisplayNode(i)) for i in range(other.GetNumberOfDisplayNodes())}
    return [c for c in found if c is not None and id(c) not in used]


def remove_node(node) -> None:
    """Take a node out of the scene with its display and storage nodes.

    Slicer leaves those behind, and a volume's display node keeps the pixels.
    """
    companions = companions_of(node)
    slicer.mrmlScene.RemoveNode(node)
    for companion in companions:
        slicer.mrmlScene.RemoveNode(companion)


def points_of(volume) -> slicer.vtkMRMLMarkupsFiducialNode | None:
    """The fiducial node that holds a volume's examination, or None."""
    return next((p for p in all_points() if p.GetNodeReference(VOLUME) is volume), None)


def all_points() -> list[slicer.vtkMRMLMarkupsFiducialNode]:
    """The fiducial nodes of all examinations in the scene."""
    # The scene's own GetNodesByClass would leak its list, and the nodes with it.
    found = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")
    return [node for node in found if node.GetAttribute(KIND)]


def make_nodes(volume, points=None) -> ExaminationNodes:
    """The nodes of a volume's examination; those that are missing are made."""
    name = volume.GetName() or "image"
    if points is None:
        points = slicer.mrmlScene.AddNewNodeByClass(
            "vtkMRMLMarkupsFiducialNode", f"{name} landmarks"
        )
        points.SetAttribute(KIND, "1")
        points.SetNodeReferenceID(VOLUME, volume.GetID())
        _set_display(points)
    table = points.GetNodeReference(TABLE)
    if table is None:
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} grades")
        points.SetNodeReferenceID(TABLE, table.GetID())
    models = {}
    for role in ROLES:
        model = points.GetNodeReference(MODEL + role)
        if model is None:
            model = make_model(role, f"{name} {role}")
            points.SetNodeReferenceID(MODEL + role, model.GetID())
        else:
            colour(model)
        models[role] = model
    return ExaminationNodes(volume, points, table, models)


def as_precise_as_the_points(node) -> None:
    """Show points that a reader places as small as those that are there already."""
    display = node.GetDisplayNode()
    # A cross shows what lies under the point; a sphere hides it.
    display.SetGlyphTypeFromString("CrossDot2D")
    display.SetGlyphScale(1.2)
    display.SetTextScale(1.6)
    display.SetSelectedColor(*EDITED_COLOUR)
    display.SetSnapMode(display.SnapModeUnconstrained)


def _set_display(points) -> None:
    points.CreateDefaultDisplayNodes()
    as_precise_as_the_points(points)
    display = points.GetDisplayNode()
    display.SetPointLabelsVisibility(False)
    display.SetSelectedColor(*AUTOMATIC_COLOUR)
    display.SetColor(*EDITED_COLOUR)
