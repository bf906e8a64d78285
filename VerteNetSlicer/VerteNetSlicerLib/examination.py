"""One volume's points, drawings and table, kept in step while points are dragged."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import vtk
from slicer.util import VTKObservationMixin

import slicer
from vertenet.analysis import Analysis
from vertenet.anatomy import Level, PointName, PointStatus, parse_label
from vertenet.errors import LandmarkError, VerteNetError
from vertenet.images import DxaImage
from vertenet.measure import FollowUp, Wall

from .conversions import (
    ImagePlane,
    image_from_volume,
    pixel_of,
    read_positions,
    write_points,
)
from .drawing import Extras, update_drawing, update_extras
from .nodes import ExaminationNodes
from .plaques import EffectiveReading, measured
from .prior import RECORD as PRIOR
from .prior import Prior, follow_up, prior_from_text, prior_outlines, prior_to_text
from .record import review_from_text, review_to_text
from .review import Review
from .table import update_table

RECORD = "VerteNet.review"
# World units: what rounding of coordinates leaves, far below a pixel.
_SAME_PLACE = 1e-6
_HISTORY = 200
# Presses of a key that follow one another sooner are one step of undo.
RUN_SECONDS = 1.0


class Examination(VTKObservationMixin):
    """The review of one volume and the nodes that show it.

    Attributes:
        nodes: the volume and what was made for it.
        review: the points as they stand; set by :meth:`apply`.
        analysis: everything computed from them.
        touched: the level that was selected or moved last, or None.
        point: the point of it that was chosen or pressed last, or None.
        wall: the wall of the aorta that is read now, or None.
        exported: the review that was written to files, or read from one, last; or None.
        prior: an earlier examination that is compared, or None.
        scored: which wall scores come from marks.
        by_vertebra: True where outlines tell the vertebra, not the grade.
    """

    def __init__(
        self,
        nodes: ExaminationNodes,
        review: Review,
        *,
        on_change: Callable[[Examination], None] = lambda examination: None,
        on_error: Callable[[VerteNetError], None] = lambda error: None,
    ) -> None:
        VTKObservationMixin.__init__(self)
        self.nodes = nodes
        self.review = review
        self.touched: Level | None = None
        self.point: PointName | None = None
        self.wall: Wall | None = None
        self.exported: Review | None = None
        self.prior: Prior | None = None
        self.scored = EffectiveReading(review.aac)
        self.by_vertebra = False
        self._follow_up: tuple[Analysis, FollowUp] | None = None
        self._on_change = on_change
        self._on_error = on_error
        self._image: DxaImage | None = None
        self.clock: Callable[[], float] = time.monotonic
        self._run: tuple[object, float] = (None, 0.0)
        self._undo: list[Review] = []
        self._redo: list[Review] = []
        self._writing = False
        self._dragging = False
        self._dragged: set[int] = set()
        self.plane = ImagePlane.of(nodes.volume)
        self.analysis: Analysis = self._measured()
        self._show(points=True)
        self._observe()

    @classmethod
    def reopened(cls, nodes: ExaminationNodes, **listeners) -> Examination:
        """The examination of a scene that was opened: record and points compared.

        A point that stands elsewhere than the record says was moved without us.

        Raises:
            LandmarkError: if the node's record or its labels cannot be read.
        """
        review = review_from_text(nodes.points.GetAttribute(RECORD) or "")
        plane = ImagePlane.of(nodes.volume)
        for (level, name), (x, y) in read_positions(nodes.points, plane).items():
            vertebra = review.spine.get(level)
            old = vertebra.points.get(name) if vertebra is not None else None
            if vertebra is None:
                raise LandmarkError(
                    f"Expected the points of the saved review, got a point of {level} as well. "
                    "Delete it, or open the exported landmarks instead."
                )
            if old is None or np.hypot(old.x - x, old.y - y) > _SAME_PLACE:
                review = review.moved(level, name, x, y)
        made = cls(nodes, review, **listeners)
        prior = prior_from_text(nodes.points.GetAttribute(PRIOR) or "")
        if prior is not None:
            made.compare_with(prior)
        return made

    @property
    def image(self) -> DxaImage:
        """The volume as the core's image; kept until :meth:`release`."""
        if self._image is None:
            self._image = image_from_volume(self.nodes.volume)
        return self._image

    @property
    def unsaved(self) -> bool:
        """True where a reader's work is in no file yet."""
        return self.review.edited and self.review != self.exported

    @property
    def extras(self) -> Extras:
        """What is drawn beside the analysis."""
        touched = None if self.touched is None else self.review.spine.get(self.touched)
        outlines = () if self.prior is None else prior_outlines(self.prior, self.analysis)
        return Extras(tuple(outlines), self.review.plaques, touched)

    def release(self) -> None:
        """Forget the pixels; they are read again when needed."""
        self._image = None

    def refresh(self) -> None:
        """Look at the volume again: its pixels, spacing or transform changed."""
        self.release()
        self.plane = ImagePlane.of(self.nodes.volume)
        self._recompute(points=True)

    def apply(self, review: Review, *, run: object = None) -> None:
        """Make another review the present one; can be undone.

        Args:
            review: the new one.
            run: names what goes on; what follows of the same name within a second, as the
                presses of an arrow key do, is one step of undo.
        """
        if review == self.review:
            return
        now = self.clock()
        before, self._run = self._run, (run, now)
        if run is None or before[0] != run or now - before[1] > RUN_SECONDS:
            self._remember()
        self._set(review)

    def look_at(self, wall: Wall | None) -> None:
        """Show one wall's region alone, or all of them again."""
        self.wall = wall
        self._show(points=False)
        self._on_change(self)

    def compare_with(self, prior: Prior | None) -> None:
        """Keep an earlier examination beside this one, or none."""
        self.prior, self._follow_up = prior, None
        points = self.nodes.points
        if prior is None:
            points.RemoveAttribute(PRIOR)
        else:
            points.SetAttribute(PRIOR, prior_to_text(prior))
        self._show(points=False)
        self._on_change(self)

    @property
    def follow_up(self) -> FollowUp | None:
        """What changed since the prior, as the points stand; None without a prior."""
        if self.prior is None:
            return None
        if self._follow_up is None or self._follow_up[0] is not self.analysis:
            self._follow_up = (self.analysis, follow_up(self.prior, self.analysis))
        return self._follow_up[1]

    def touch(self, level: Level | None) -> None:
        """Make a vertebra the one that is worked on: it stands out."""
        if level is not self.touched:
            self.touched, self.point = level, None
            self._show(points=False)

    def colour(self, *, by_vertebra: bool) -> None:
        """Let the outlines tell the vertebra, or the grade."""
        if by_vertebra is not self.by_vertebra:
            self.by_vertebra = by_vertebra
            self._show(points=False)

    @property
    def dragging(self) -> bool:
        """True while the mouse holds a point."""
        return self._dragging

    @property
    def can_undo(self) -> bool:
        """True where there is an action to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """True where an action was taken back."""
        return bool(self._redo)

    def undo(self) -> bool:
        """Take back the last action; False where there is none."""
        return self._step(self._undo, self._redo)

    def redo(self) -> bool:
        """Do again what was taken back; False where there is nothing."""
        return self._step(self._redo, self._undo)

    def store(self) -> None:
        """Write the record onto the node, where a saved scene keeps it."""
        text = review_to_text(self.review)
        if self.nodes.points.GetAttribute(RECORD) != text:
            self.nodes.points.SetAttribute(RECORD, text)

    def close(self) -> None:
        """Stop following the nodes; they stay in the scene."""
        self.removeObservers()
        self.release()

    def _measured(self) -> Analysis:
        found, self.scored = measured(self.image, self.review)
        return found

    def _set(self, review: Review) -> None:
        self.review = review
        self._recompute(points=True)

    def _step(self, source: list[Review], target: list[Review]) -> bool:
        self._run = (None, 0.0)
        if not source:
            return False
        target.append(self.review)
        self._set(source.pop())
        return True

    def _remember(self) -> None:
        self._undo = [*self._undo[-_HISTORY:], self.review]
        self._redo = []

    def _recompute(self, *, points: bool) -> None:
        self.analysis = self._measured()
        self._show(points=points)
        self._on_change(self)

    def _show(self, *, points: bool) -> None:
        self._writing = True
        try:
            if points:
                write_points(self.nodes.points, self.review.spine, self.plane)
            update_drawing(
                self.nodes.models,
                self.analysis,
                self.plane,
                self.wall,
                by_vertebra=self.by_vertebra,
            )
            update_extras(self.nodes.models, self.extras, self.plane)
            update_table(self.nodes.table, self.analysis)
            if not self._dragging:
                self.store()
        finally:
            self._writing = False

    def _observe(self) -> None:
        node = self.nodes.points
        self.addObserver(node, node.PointModifiedEvent, self.onPointModified)
        self.addObserver(node, node.PointStartInteractionEvent, self.onDragStarted)
        self.addObserver(node, node.PointEndInteractionEvent, self.onDragEnded)
        volume = self.nodes.volume
        moved = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
        self.addObserver(volume, moved, self.onVolumeMoved)

    @vtk.calldata_type(vtk.VTK_INT)
    def onPointModified(self, caller, event, index: int = -1) -> None:
        """A control point moved: keep it on the plane, mark it, recompute."""
        if self._writing:
            return
        try:
            # A change of many points at once comes without an index.
            every = index < 0 or self._dragging
            self._take(range(caller.GetNumberOfControlPoints()) if every else (index,))
        except VerteNetError as error:
            self._show(points=True)
            self._on_error(error)

    def onDragStarted(self, caller, event) -> None:
        """One drag is one step of undo, however many moves it has."""
        self._remember()
        self._run = (None, 0.0)
        self._dragging = True
        self._dragged.clear()
        display = caller.GetDisplayNode()
        index = display.GetActiveControlPoint() if display is not None else -1
        if 0 <= index < caller.GetNumberOfControlPoints():
            self._grasped(caller.GetNthControlPointLabel(index))

    def _grasped(self, label: str) -> None:
        """A point was pressed: it is chosen, whether it moves or not."""
        try:
            level, name = parse_label(label)
        except LandmarkError:
            return
        if (level, name) != (self.touched, self.point):
            self.touch(level)
            self.point = name
            self._on_change(self)

    def onDragEnded(self, caller, event) -> None:
        """Write down what the drag did."""
        self._dragging = False
        if self._undo and self._undo[-1] == self.review:
            self._undo.pop()
        self.store()
        self._on_change(self)

    def onVolumeMoved(self, caller, event) -> None:
        """The volume's geometry changed under the points."""
        try:
            self.refresh()
        except VerteNetError as error:
            self._on_error(error)

    def _take(self, indices) -> None:
        node, review = self.nodes.points, self.review
        moved = []
        for index in self._elsewhere(indices):
            status = node.GetNthControlPointPositionStatus(index)
            if status == node.PositionPreview:
                continue
            label = node.GetNthControlPointLabel(index)
            if status != node.PositionDefined:
                raise LandmarkError(
                    f"Expected {label} to keep a position; it was put back. "
                    "Delete the whole vertebra if it is not there."
                )
            level, name = parse_label(label)
            old = review.vertebra(level).points[name]
            x, y = self._on_plane(index)
            if np.hypot(old.x - x, old.y - y) > _SAME_PLACE:
                review = review.moved(level, name, x, y)
                moved.append(index)
        if moved:
            self._accept(review, moved)

    def _elsewhere(self, indices) -> list[int]:
        """Those of the control points that do not stand where the review has them."""
        node = self.nodes.points
        indices = list(indices)
        landmarks = [p for v in self.review.spine for p in v.points.values()]
        if len(indices) < 2 or len(landmarks) != node.GetNumberOfControlPoints():
            return indices
        known = self.plane.ras_from_pixels(np.array([p.xy for p in landmarks]))
        seen = slicer.util.arrayFromMarkupsControlPoints(node, world=True)
        off = np.abs(seen - known).max(axis=1) > _SAME_PLACE
        defined, status = node.PositionDefined, node.GetNthControlPointPositionStatus
        return [i for i in indices if off[i] or status(i) != defined]

    def _accept(self, review: Review, moved: list[int]) -> None:
        if self._dragging:
            # Slicer's middle button drags the whole list, which is never meant here.
            self._dragged.update(moved)
            if len(self._dragged) > 1:
                self.review = self._undo[-1]
                self._recompute(points=True)
                return
        else:
            self._remember()
        self.review = review
        last = self.nodes.points.GetNthControlPointLabel(moved[-1])
        self.touched, self.point = parse_label(last)
        self._mark(moved)
        self._recompute(points=False)

    def _on_plane(self, index: int) -> tuple[float, float]:
        """The pixel under a control point, which is put back onto the plane."""
        node = self.nodes.points
        xy = pixel_of(node, index, self.plane)
        place = np.array(node.GetNthControlPointPositionWorld(index))
        flat = self.plane.ras_from_pixels(np.array(xy))[0]
        if np.linalg.norm(place - flat) > _SAME_PLACE:
            self._quietly(lambda: node.SetNthControlPointPositionWorld(index, *flat.tolist()))
        return xy

    def _mark(self, indices) -> None:
        """Edited points are the unselected ones, with Slicer's second colour."""
        node = self.nodes.points

        def mark() -> None:
            for index in indices:
                node.SetNthControlPointSelected(index, False)
                node.SetNthControlPointDescription(index, PointStatus.EDITED.value)

        self._quietly(mark)

    def _quietly(self, action: Callable[[], None]) -> None:
        self._writing = True
        try:
            action()
        finally:
            self._writing = False
