"""The vertebrae's names beside their bodies: a locked list of points that show text alone."""

from __future__ import annotations

import numpy as np

import slicer
from vertenet.anatomy import PointName, Side, Vertebra

from .examination import Examination

_TEXT_SCALE = 2.6
# Behind text: white letters on bright bone are not read.
_BACKGROUND = 0.55
# Of the body's depth behind the posterior wall: clear of the canal, and of the outline even
# where the whole spine is small.
_BESIDE = 0.62


class LevelNames:
    """One list for the whole scene; it shows the examination that was given last."""

    def __init__(self) -> None:
        self._node = None

    def show(self, examination: Examination | None, *, visible: bool = True) -> None:
        """Put the names of an examination beside its bodies; None takes them away."""
        if examination is None and (self._node is None or self._node.GetScene() is None):
            return  # nothing to take away, perhaps in a scene that is closing
        node = self._ready()
        spine = None if examination is None else examination.review.spine
        modified = node.StartModify()
        try:
            count = 0 if spine is None else len(spine)
            while node.GetNumberOfControlPoints() > count:
                node.RemoveNthControlPoint(node.GetNumberOfControlPoints() - 1)
            for index in range(count):
                vertebra = spine.vertebrae[index]
                xy = _place(vertebra, spine.anterior)
                ras = examination.plane.ras_from_pixels(xy)[0].tolist()
                if index == node.GetNumberOfControlPoints():
                    node.AddControlPointWorld(*ras)
                node.SetNthControlPointPositionWorld(index, *ras)
                node.SetNthControlPointLabel(index, vertebra.level.value)
            node.GetDisplayNode().SetVisibility(visible and count > 0)
        finally:
            node.EndModify(modified)

    def _ready(self):
        if self._node is None or self._node.GetScene() is None:
            node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Level names")
            node.SetSaveWithScene(False)
            node.SetHideFromEditors(True)
            node.SetLocked(True)
            node.CreateDefaultDisplayNodes()
            display = node.GetDisplayNode()
            display.SetGlyphScale(0.0)
            display.SetUseGlyphScale(True)
            display.SetTextScale(_TEXT_SCALE)
            display.SetPointLabelsVisibility(True)
            display.SetSelectedColor(1.0, 1.0, 1.0)
            text = display.GetTextProperty()
            text.SetShadow(False)
            text.SetBackgroundColor(0.0, 0.0, 0.0)
            text.SetBackgroundOpacity(_BACKGROUND)
            self._node = node
        return self._node


def _place(vertebra: Vertebra, anterior: Side) -> np.ndarray:
    """The pixel ``(x, y)`` where a name begins: text runs to the right of it."""
    points = vertebra.points
    wall = [np.array(points[n].xy) for n in (PointName.PS, PointName.PI)]
    front = [np.array(points[n].xy) for n in (PointName.AS, PointName.AI)]
    middle, depth = np.mean(wall, axis=0), np.mean(wall, axis=0) - np.mean(front, axis=0)
    return middle + depth * (_BESIDE if anterior is Side.RIGHT else 0.08)
