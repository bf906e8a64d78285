"""Slicer's slice view as a part of the page: trame-slicer renders and takes the mouse."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from trame_slicer.core import SlicerApp
from trame_slicer.rca_view import RemoteViewFactory
from trame_slicer.views import SliceView, ViewLayoutDefinition, ViewType
from trame_slicer.views.render_scheduler import NoScheduleRendering

from VerteNetSlicerLib.view import write_picture

#: Name of the view; Slicer's own code finds the slice node by it.
RED = "Red"
_FRAMES_PER_SECOND = 25.0
_QUALITY_WHILE_MOVING = 70
_EVENT_EVERY_S = 0.02


class ImageView:
    """One slice view that shows one image at a time."""

    def __init__(self, server: Any, slicer_app: SlicerApp) -> None:
        slicer_app.view_manager.register_factory(
            RemoteViewFactory(
                server,
                # While it is built it would be drawn sixty times, at a size that nobody sees.
                partial(SliceView, scheduled_render_strategy=NoScheduleRendering()),
                ViewType.SLICE_VIEW,
                rca_encoder="jpeg",
                target_fps=_FRAMES_PER_SECOND,
                blur_fps=_FRAMES_PER_SECOND,
                interactive_quality=_QUALITY_WHILE_MOVING,
                rca_event_throttle_s=_EVENT_EVERY_S,
            )
        )
        self._view = slicer_app.view_manager.create_view(ViewLayoutDefinition.axial_view(RED))
        slicer_app.view_manager.set_current_view_ids([RED])
        # Software rendering pays for every sample, and the lines are drawn smooth anyway.
        self._view.render_window().SetMultiSamples(0)
        self._size = (0, 0)
        self._view.interactor().AddObserver("WindowResizeEvent", self._resized)

    def show(self, volume: Any) -> None:
        """The volume in the background, turned to its plane; None for nothing."""
        self._view.set_background_volume_id(None if volume is None else volume.GetID())
        if volume is not None:
            self._view.get_view_node().RotateToVolumePlane(volume)
            self.fit()

    def fit(self) -> None:
        """The whole image."""
        self._view.fit_view_to_content()
        self._view.schedule_render()

    def zoom(self, factor: float) -> None:
        """Closer where positive, farther where negative."""
        self._view.zoom(factor)
        self._view.schedule_render()

    def capture(self, path: Path) -> bool:
        """Write what is seen as PNG."""
        write_picture(self._view.render_window(), path)
        return True

    def _resized(self, *_: Any) -> None:
        """The page gave the view its size: what was fitted to none is fitted now."""
        before, self._size = self._size, tuple(self._view.render_window().GetSize())
        if before != self._size:
            self.fit()

    def render(self) -> None:
        """Draw again soon."""
        self._view.schedule_render()
