"""What the slice view shows: the whole image, or one vertebra; nothing without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

import slicer
from vertenet.anatomy import Level
from vertenet.report.atomic import write_bytes

from .drawing import wall_outline
from .examination import Examination
from .state import VerteNetState

# Bodies above and below the chosen one that stay in sight, in its own heights.
_SURROUNDINGS = 2.5


def has_window() -> bool:
    """True where there are slice views."""
    return slicer.app.layoutManager() is not None


def fit(volume) -> None:
    """One slice view, turned into the image's plane, with the whole image."""
    if volume is None or not has_window():
        return
    manager = slicer.app.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    slicer.util.setSliceViewerLayers(background=volume, rotateToVolumePlane=True, fit=True)


def look_again() -> None:
    """Let slice views show the models that came with a scene.

    Their manager (vtkMRMLModelSliceDisplayableManager) only notes that there are some,
    and looks for them at the next event of its slice node.
    """
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        node.Modified()


def apply_layers(examination: Examination, state: VerteNetState, *, bare: bool = False) -> None:
    """Draw of an examination what was chosen to be drawn; nothing where ``bare``."""
    made = examination.nodes
    made.points.GetDisplayNode().SetPointLabelsVisibility(state.show_labels)
    made.points.GetDisplayNode().SetVisibility(not bare)
    for role, shown in (
        ("outlines", state.show_outlines),
        ("guides", state.show_guides),
        ("regions", state.show_regions),
        ("prior", state.show_prior),
        ("highlight", True),
        ("plaques", True),
    ):
        made.models[role].GetDisplayNode().SetVisibility(shown and not bare)
    examination.colour(by_vertebra=state.colour_by == "vertebra")


def capture(path: Path) -> bool:
    """Write what the red slice view shows as PNG; False where there is no such view."""
    if not has_window():
        return False
    widget = slicer.app.layoutManager().sliceWidget("Red")
    if widget is None:
        return False
    write_picture(widget.sliceView().renderWindow(), path)
    return True


def write_picture(window: vtk.vtkRenderWindow, path: Path) -> None:
    """Write what a render window shows as PNG.

    Raises:
        OutputError: if the file cannot be written.
    """
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    writer = vtk.vtkPNGWriter()
    writer.SetInputConnection(grab.GetOutputPort())
    writer.WriteToMemoryOn()
    writer.Write()
    write_bytes(path, vtk_to_numpy(writer.GetResult()).tobytes())


def zoom_to(examination: Examination, level: Level) -> None:
    """Bring one vertebra into the middle of the red slice view."""
    slice_node = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    if slice_node is None:
        return
    zoom_slice(slice_node, examination, level)


def zoom_slice(slice_node, examination: Examination, level: Level) -> None:
    """Set a slice node's field of view around one vertebra."""
    array = examination.review.vertebra(level).array()
    _centre(slice_node, examination, array[~np.isnan(array[:, 0])])


def zoom_to_wall(examination: Examination) -> None:
    """Bring the wall that is read into the middle of the red slice view."""
    slice_node = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    if slice_node is None or examination.wall is None:
        return
    for outline, _colour in wall_outline(examination.analysis, examination.wall):
        _centre(slice_node, examination, outline)


def _centre(slice_node, examination: Examination, xy: np.ndarray) -> None:
    ras = examination.plane.ras_from_pixels(xy)
    slice_node.JumpSliceByCentering(*ras.mean(axis=0).tolist())
    extent = np.linalg.norm(ras.max(axis=0) - ras.min(axis=0)) * _SURROUNDINGS
    width, height, depth = slice_node.GetFieldOfView()
    slice_node.SetFieldOfView(extent * width / height, extent, depth)
