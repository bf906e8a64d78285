"""A place in the image that keys move, shown by Slicer's crosshair; no qt."""

from __future__ import annotations

import numpy as np
import slicer.util

import slicer

from .conversions import ImagePlane

_COLOUR = (0.0, 1.0, 1.0)  # that of what is chosen; no finding has it
# Of the view: what is nearer to its border is brought into the middle.
_MARGIN = 0.04


def point_out(plane: ImagePlane, xy: tuple[float, float] | None) -> None:
    """Let the crosshair stand on a pixel ``(x, y)``; None takes it away."""
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    if node is None:
        return
    if xy is None:
        node.SetCrosshairMode(node.NoCrosshair)
        return
    node.SetCrosshairColor(*_COLOUR)
    node.SetCrosshairToMedium()
    node.SetCrosshairRAS(*plane.ras_from_pixels(np.array(xy))[0].tolist())
    node.SetCrosshairMode(node.ShowSmallBasic)


def centre_of_view(plane: ImagePlane) -> tuple[float, float] | None:
    """The pixel in the middle of the red slice view; None where there is no such view."""
    node = _slice_node()
    if node is None:
        return None
    matrix = node.GetSliceToRAS()
    middle = np.array([matrix.GetElement(row, 3) for row in range(3)])
    x, y = plane.pixels_from_ras(middle)[0]
    return float(x), float(y)


def moved(
    xy: tuple[float, float], columns: float, rows: float, size: tuple[int, int]
) -> tuple[float, float]:
    """A pixel moved to the right and down, kept within an image of ``(width, height)``."""
    x, y = np.clip(np.add(xy, (columns, rows)), 0, np.subtract(size, 1))
    return float(x), float(y)


def bring_into_sight(plane: ImagePlane, xy: tuple[float, float]) -> None:
    """Move the red slice view to a pixel that lies outside it or at its border."""
    node = _slice_node()
    if node is None:
        return
    ras = plane.ras_from_pixels(np.array(xy))[0]
    to_view = np.linalg.inv(slicer.util.arrayFromVTKMatrix(node.GetXYToRAS()))
    place = (to_view @ [*ras, 1.0])[:2] / node.GetDimensions()[:2]
    if not np.all((place > _MARGIN) & (place < 1 - _MARGIN)):
        node.JumpSliceByCentering(*ras.tolist())


def pan(columns: float, rows: float) -> None:
    """Move the red slice view to the right and down, by shares of what it shows."""
    node = _slice_node()
    if node is None:
        return
    axes = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
    width, height, _depth = node.GetFieldOfView()
    ras = axes[:3, 3] + axes[:3, 0] * columns * width - axes[:3, 1] * rows * height
    node.JumpSliceByCentering(*ras.tolist())


def _slice_node():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
