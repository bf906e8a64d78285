"""Slicer's own red slice view without Qt: offscreen, with its mouse events.

Displayable managers, markups widgets, picking and slice logic are Slicer's; the
few lines here stand for qMRMLSliceWidget.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

import slicer

_MANAGERS = ("vtkMRMLModelSliceDisplayableManager", "vtkMRMLMarkupsDisplayableManager")


_PROBE = """
import vtk
window = vtk.vtkRenderWindow()
window.SetOffScreenRendering(True)
window.AddRenderer(vtk.vtkRenderer())
window.Render()
print(window.GetClassName(), window.SupportsOpenGL())
"""


def can_render() -> bool:
    """True where offscreen rendering works; tried in a process of its own, as it may crash."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False, timeout=120
    )
    words = done.stdout.split()
    return done.returncode == 0 and len(words) == 2 and words[1] == "1"


class SliceView:
    """One axial slice view of a scene, ``width`` x ``height`` pixels."""

    def __init__(self, scene, *, width=500, height=800):
        self.size = (width, height)
        self._logic = _slice_logic(scene)
        self.node = self._logic.GetSliceNode()
        self.node.SetDimensions(width, height, 1)
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(True)
        self.window.SetSize(width, height)
        self._renderer = vtk.vtkRenderer()
        self.window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self.window)
        # The markups' manager asks for the interactor as soon as it is made.
        self._managers = self._displayable_managers()
        self._show_slice()
        self._take_mouse()

    def show(self, volume):
        """The volume in the background, turned to its plane and fitted."""
        volume.GetDisplayNode().SetAutoWindowLevel(True)
        self._logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        self.node.RotateToVolumePlane(volume)
        self._logic.FitSliceToBackground(*self.size)
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self.window.Render()

    def position(self, ras):
        """Where a point of the world is in the view, pixels from the bottom left."""
        to_xy = vtk.vtkMatrix4x4()
        to_xy.DeepCopy(self.node.GetXYToRAS())
        to_xy.Invert()
        return np.array(to_xy.MultiplyPoint((*ras, 1.0))[:2])

    def mouse(self, event, x, y):
        """One mouse event at a place of the view."""
        self._interactor.SetEventInformation(round(x), round(y), 0, 0, "\0", 0, None)
        self._interactor.InvokeEvent(event)

    def key(self, name):
        """One key at the place of the last mouse event."""
        self._interactor.SetKeySym(name)
        for event in ("KeyPressEvent", "KeyReleaseEvent"):
            self._interactor.InvokeEvent(event)

    def drag(self, start, end, *, button="Left", steps=4):
        """Press, move and release a mouse button."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        self.mouse("MouseMoveEvent", *start)
        self.mouse(f"{button}ButtonPressEvent", *start)
        for i in range(1, steps + 1):
            self.mouse("MouseMoveEvent", *(start + (end - start) * i / steps))
        self.mouse(f"{button}ButtonReleaseEvent", *end)

    def picture(self, path=None):
        """``(height, width, 3)`` what is seen, top row first; written as PNG on request."""
        self.window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.Update()
        if path is not None:
            writer = vtk.vtkPNGWriter()
            writer.SetInputData(grab.GetOutput())
            writer.SetFileName(str(path))
            writer.Write()
        width, height = self.size
        values = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars())
        return values.reshape(height, width, 3)[::-1].copy()

    def close(self):
        """Let go of the scene."""
        self._style.SetInteractor(None)
        self._managers.SetMRMLDisplayableNode(None)
        self.window.Finalize()

    def _displayable_managers(self):
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        for name in _MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        group = factory.InstantiateDisplayableManagers(self._renderer)
        group.SetMRMLDisplayableNode(self.node)
        return group

    def _show_slice(self):
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self._renderer.AddViewProp(actor)

    def _take_mouse(self):
        # VTK's default style would turn a camera and keep the mouse to itself.
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._interactor.Initialize()
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetInteractor(self._interactor)
        self._style.SetDisplayableManagers(self._managers)
        self._style.SetSliceLogic(self._logic)


def _slice_logic(scene):
    application = slicer.app.applicationLogic()
    if application.GetSliceLogics() is None:
        slicer.app.slice_logics = vtk.vtkCollection()
        application.SetSliceLogics(slicer.app.slice_logics)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    node = scene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    if node is None:
        node = scene.CreateNodeByClass("vtkMRMLSliceNode")
        node.SetName("Red")
        node.SetLayoutName("Red")
        node.SetSingletonTag("Red")
        node = scene.AddNode(node)
    node.SetOrientation("Axial")
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application)
    logic.SetMRMLScene(scene)
    logic.SetSliceNode(node)
    application.GetSliceLogics().AddItem(logic)
    return logic
