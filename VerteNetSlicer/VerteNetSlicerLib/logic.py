"""Everything a reader can do in Slicer with one or many volumes; no qt.

Errors are :class:`vertenet.errors.VerteNetError` with a sentence for the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

import slicer
from vertenet.analysis import ModelIdentity
from vertenet.anatomy import Level, PointName, ReaderDecision, Side
from vertenet.errors import ImageError, LandmarkError, OutputError, VerteNetError
from vertenet.geometry import PixelScale
from vertenet.images import read_image
from vertenet.images.person import GIVEN
from vertenet.measure import Plaque, Wall
from vertenet.pipeline import analyse
from vertenet.report import LandmarkSet, read_landmarks

from . import nodes, scoring, spacing, subject, view
from .conversions import image_from_volume, volume_from_image
from .examination import Examination
from .exporting import (
    ExportOptions,
    Package,
    PackageInstaller,
    SlicerPip,
    missing_packages,
    remember_source,
    write_all,
)
from .placement import Placement, PlaqueMarking
from .plaques import readable_walls
from .prior import Prior, read_prior
from .review import Review
from .spine_detector import BundledDetector, SpineDetector
from .state import VerteNetState
from .unopened import review_of

Result = TypeVar("Result")


class VerteNetLogic(VTKObservationMixin):
    """Examinations by volume, and the actions on them.

    Attributes:
        detector: finds the spine; injected in tests.
        on_change: called with an examination whenever it shows something new, with
            None when one went away.
        on_error: called with an error that no caller is there to catch.
        installer: brings optional packages; injected in tests.
        capture: writes what the slice view shows as PNG.
        wait: runs what takes long and touches no scene; the panel does it in a thread.
    """

    def __init__(self, detector: SpineDetector | None = None) -> None:
        VTKObservationMixin.__init__(self)
        self.detector = detector or BundledDetector()
        self.on_change: list[Callable[[Examination | None], None]] = []
        self.on_error: list[Callable[[VerteNetError], None]] = []
        self.installer: PackageInstaller = SlicerPip()
        self.capture: Callable[[Path], bool] = view.capture
        self.wait: Callable = self.at_once
        self._examinations: dict[str, Examination] = {}
        self._placement: Placement | PlaqueMarking | None = None
        self._state: VerteNetState | None = None
        self._removing = False
        self._left_behind: list[object] = []
        self._observe_scene()

    @property
    def state(self) -> VerteNetState:
        """The typed parameter node of the present scene; the same object while it lasts."""
        node = self.getParameterNode()
        if self._state is None or self._state.parameterNode is not node:
            self._state = VerteNetState(node)
        return self._state

    # Images

    def load_image(self, path: str | Path, *, spacing_mm: tuple[float, float] | None = None):
        """Read an image file with VerteNet's own reader; returns the volume node."""
        volume = volume_from_image(read_image(path, spacing_mm=spacing_mm))
        remember_source(volume, path)
        return volume

    def open_image(self, path: str | Path, present=None):
        """Read the next image of a worklist; the present one goes, its nodes with it."""
        volume = self.load_image(path)
        if present is not None:
            nodes.remove_node(present)
        return volume

    def close_image(self, volume) -> None:
        """Take a volume out of the scene with all that belongs to it."""
        if volume is not None and volume.GetScene() is not None:
            nodes.remove_node(volume)

    def spacing_of(self, volume) -> spacing.VolumeSpacing:
        """The pixel spacing of a volume with its source and warnings."""
        return spacing.volume_spacing(volume)

    def calibrate(self, volume, *, row_mm: float, column_mm: float) -> None:
        """Give a volume its pixel spacing; points keep their pixels."""
        spacing.calibrate(volume, row_mm=row_mm, column_mm=column_mm)
        examination = self.examination(volume)
        if examination is not None:
            examination.refresh()

    def subject_of(self, volume) -> subject.Subject:
        """Sex and age of a volume's person, and who says so."""
        return subject.subject_of(volume)

    def give_subject(
        self, volume, *, sex: str | None, age_years: float | None,
        sources: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Measure a volume by another sex ("F", "M", "U" for not known) and age.

        None leaves what the image says.  `sources` are who says each; where None, the reader
        does what is new.

        Raises:
            ConfigurationError: if it is no sex, or no age from 0 to 110 years.
        """
        before = subject.subject_of(volume)
        said = sources or (
            before.given_sources[0] if sex == before.given_sex else GIVEN,
            before.given_sources[1] if age_years == before.given_age_years else GIVEN,
        )
        subject.give_subject(volume, sex=sex, age_years=age_years, sources=said)
        after, examination = subject.subject_of(volume), self.examination(volume)
        changed = (after.used, after.sources) != (before.used, before.sources)
        if examination is not None and changed:
            examination.exported = None  # the files have the numbers of another person
            examination.refresh()
        if after != before:
            self._changed(None)

    # Finding

    @staticmethod
    def at_once(work: Callable[[], Result]) -> Result:
        """Do it here and now."""
        return work()

    def detect(
        self,
        volume,
        *,
        anterior: Side | None = None,
        replace_edits: bool = False,
        progress: Callable[[str], None] = lambda stage: None,
    ) -> Examination:
        """Find the vertebrae of a volume and show them.

        Args:
            volume: one slice of an image.
            anterior: the side the patient faces, or None to find it.
            replace_edits: True to replace what a reader edited.
            progress: is told what is done now.

        Raises:
            LandmarkError: if there are edits and they are not to be replaced.
            ImageError: if the volume is not one slice of an image.
            VerteNetError: whatever the detector says.
        """
        present = self.examination(volume) if volume is not None else None
        if present is not None and present.review.edited and not replace_edits:
            raise LandmarkError(
                "Expected leave to replace the points that were edited or scored. "
                "Confirm it, or restore single vertebrae instead."
            )
        image = image_from_volume(volume)
        if not getattr(self.detector, "ready", True):
            progress(_("Loading the network, once"))
            # Here and not beside: much is imported, some of it only fit for this thread.
        getattr(self.detector, "prepare", lambda: None)()
        before = present and present.review
        progress(_("Looking for the vertebrae"))
        found = self.wait(lambda: analyse(image, self.detector, anterior=anterior))
        self._unchanged(volume, before)
        return self._show(volume, review_of(found, self.detector))

    @property
    def detector_needs_install(self) -> bool:
        """True where the network cannot run before torch is installed."""
        return bool(getattr(self.detector, "needs_install", False))

    def install_detector(self, log: Callable[[str], None] = lambda line: None) -> None:
        """Bring what the network needs, after asking; ``log`` gets what is written meanwhile.

        Raises:
            MissingDependencyError: if it was not installed.
        """
        install = getattr(self.detector, "install", None)
        if install is not None and self.detector_needs_install:
            install(log)

    def _unchanged(self, volume, before: Review | None) -> None:
        """Refuse what was found on an image that was closed or edited meanwhile."""
        if volume.GetScene() is None:
            raise ImageError("Expected the image to stay open, but it was closed. Open it again.")
        present = self.examination(volume)
        if (present and present.review) != before:
            raise LandmarkError(
                "Expected the points to stay as they were during the detection, but they were "
                "changed. They were kept: detect again to replace them."
            )

    def open_landmarks(self, path: str | Path, volume) -> Examination:
        """Show landmarks from an exported file on a volume.

        Raises:
            LandmarkError: if the file holds no landmarks, or those of other images.
        """
        image = image_from_volume(volume)
        sets = read_landmarks(path)
        stem = Path(image.name).stem
        chosen = [s for s in sets if Path(s.frame.file).stem == stem] or list(sets)
        if len(chosen) != 1:
            raise LandmarkError(
                f"Expected the landmarks of one image, got {len(chosen)} from "
                f"'{Path(path).name}'. Name the volume as the image in the file."
            )
        size = (chosen[0].frame.width, chosen[0].frame.height)
        if None not in size and size != (image.width, image.height):
            raise LandmarkError(
                f"Expected landmarks of an image of {image.width} x {image.height} pixels, got "
                f"{size[0]} x {size[1]}. Select the image they were placed on."
            )
        column, row, _ = volume.GetSpacing()
        # Slicer's own reader makes lengths of a picture's dots per inch, which are no spacing.
        scale = image.scale if image.scale.in_mm else PixelScale(row, column)
        found = chosen[0].in_pixels(scale)
        self._take_subject(volume, found)
        identity = found.model and ModelIdentity.of(found.model)
        shown = self._show(volume, Review.of(found.spine, identity, found.aac_reading))
        shown.exported = shown.review
        return shown

    def _take_subject(self, volume, found: LandmarkSet) -> None:
        """What a file of landmarks says of the person is measured by, as it was there.

        It does not stand over what the reader gave, nor say again what the image says.
        """
        known = subject.subject_of(volume)
        sex, sources = found.sex, list(known.given_sources)
        if sex is None and found.sex_source == GIVEN:
            sex = "U"  # given as not known, which is more than not given
        new_sex = sex != known.image_sex or found.sex_source == GIVEN
        new_age = found.age_years != known.image_age_years or found.age_source == GIVEN
        take_sex = new_sex and known.given_sex is None
        take_age = new_age and known.given_age_years is None
        if take_sex:
            sources[0] = found.sex_source
        if take_age:
            sources[1] = found.age_source
        self.give_subject(
            volume,
            sex=sex if take_sex else known.given_sex,
            age_years=found.age_years if take_age else known.given_age_years,
            sources=(sources[0], sources[1]),
        )

    def resume(self, volume, review: Review) -> Examination:
        """Show a review that was kept elsewhere, a reader's edits and scores with it."""
        return self._show(volume, review)

    def examination(self, volume) -> Examination | None:
        """The examination of a volume, or None."""
        if volume is None or volume.GetID() is None:
            return None
        return self._examinations.get(volume.GetID())

    def examinations(self) -> tuple[Examination, ...]:
        """All examinations of the scene."""
        return tuple(self._examinations.values())

    # Reviewing

    def relabel(self, volume, level: Level, new: Level) -> None:
        """Give one vertebra another name."""
        self._edit(volume, lambda review: review.relabelled(level, new))

    def shift(self, volume, steps: int) -> None:
        """Move all names by so many levels, footwards where positive."""
        self._edit(volume, lambda review: review.shifted(steps))

    def nudge(self, volume, level: Level, name: PointName, columns: float, rows: float) -> None:
        """Move one point by so many pixels to the right and down."""
        examination = self._required(volume)
        point = examination.review.vertebra(level).points[name]
        moved = examination.review.moved(level, name, point.x + columns, point.y + rows)
        examination.apply(moved, run=(level, name))

    def decide(self, volume, level: Level, decision: ReaderDecision | None) -> None:
        """Keep a reader's grade, reason or 'not evaluable' for one vertebra."""
        self._edit(volume, lambda review: review.decided(level, decision))

    def score(self, volume, wall: Wall, score: int | None) -> None:
        """Keep a reader's score of one wall of the aorta, 0 to 3, or None for not scored."""
        self._edit(volume, lambda review: review.scored(wall, score))

    def score_rest(self, volume, score: int = 0) -> int:
        """Score every wall that is in the image and has no score; returns how many."""
        examination = self._required(volume)
        known = examination.scored.reading.walls
        rest = [w for w in readable_walls(examination.analysis) if known[w] is None]
        self._edit(volume, lambda review: review.scored_all(rest, score))
        return len(rest)

    def score8(self, volume, lengths8: tuple[int, int] | None) -> None:
        """Keep a reader's AAC-8 lengths of the anterior and posterior wall, 0 to 4 each."""
        self._edit(volume, lambda review: review.scored8(lengths8))

    def mark(self, volume, plaque: Plaque) -> None:
        """Keep a calcified stretch that a reader marked; scores follow from its length."""
        self._edit(volume, lambda review: review.marked(plaque))

    def unmark(self, volume, wall: str | None = None) -> None:
        """Take the marks of the anterior or posterior wall away, or all."""
        self._edit(volume, lambda review: review.unmarked(wall))

    def start_marking(self, volume) -> PlaqueMarking:
        """Let the reader mark plaque on the wall that is read, two clicks each.

        Raises:
            LandmarkError: if no wall is read.
        """
        self.stop_placing()
        examination = self._required(volume)
        if examination.wall is None:
            raise LandmarkError("Expected a wall to mark, but none is chosen. Choose one first.")
        self._placement = PlaqueMarking(
            examination, examination.wall[1], lambda plaque: self.mark(volume, plaque)
        )
        return self._placement

    def look_at(self, volume, wall: Wall | None) -> Examination:
        """Show the region of one wall alone, to be read; None shows all again."""
        examination = self._required(volume)
        marking = self._placement
        if isinstance(marking, PlaqueMarking) and (wall is None or wall[1] != marking.wall):
            self.stop_placing()
        examination.look_at(wall)
        return examination

    def score_active(self, volume, score: int | None) -> Examination:
        """Score the wall that is read and go on to the next.

        Raises:
            LandmarkError: if no wall is read.
        """
        wall = self._required(volume).wall
        if wall is None:
            raise LandmarkError("Expected a wall to score, but none is chosen. Choose one first.")
        self.score(volume, wall, score)
        return self.look_at(volume, wall if score is None else scoring.next_wall(wall))

    def delete(self, volume, level: Level) -> None:
        """Delete one vertebra."""
        self._edit(volume, lambda review: review.without(level))

    def add(self, volume, level: Level, points: dict[PointName, tuple[float, float]]) -> None:
        """Add a vertebra by the pixels of its points."""
        self._edit(volume, lambda review: review.added(level, points))

    def restore(self, volume, level: Level | None = None) -> None:
        """Bring the automatic points of one vertebra back, or of all."""
        self._edit(volume, lambda review: review.restored(level))

    def face(self, volume, side: Side) -> None:
        """Say which side of the image the patient faces."""
        self._edit(volume, lambda review: review.facing(side))

    def undo(self, volume) -> bool:
        """Take back the last action, or the point that was placed last; False without one."""
        placing = self._placement
        if placing is not None and placing.take_back():
            return True
        return self._required(volume).undo()

    def can_undo(self, volume) -> bool:
        """True where there is something to take back."""
        examination, placing = self.examination(volume), self._placement
        placed = placing is not None and placing.placed > 0
        return placed or (examination is not None and examination.can_undo)

    def redo(self, volume) -> bool:
        """Do again what was taken back; False where there is nothing."""
        return self._required(volume).redo()

    def start_placing(self, volume, level: Level) -> Placement:
        """Let the reader place the points of a missing vertebra, one after the other.

        Raises:
            LandmarkError: if the level is there already.
        """
        self.stop_placing()
        examination = self._required(volume)
        if examination.review.spine.get(level) is not None:
            raise LandmarkError(
                f"Expected a level that is missing, but {level} is there. "
                "Select another level or delete that vertebra first."
            )
        self._placement = Placement(
            examination, level, lambda points: self._placed(volume, level, points)
        )
        return self._placement

    @property
    def placing(self) -> Placement | PlaqueMarking | None:
        """What the mouse places at present, or None."""
        return self._placement

    def stop_placing(self) -> None:
        """Give up placing a vertebra, or marking plaque."""
        if self._placement is not None:
            self._placement.close()
            self._placement = None

    # Keeping

    def export(
        self,
        volume,
        folder: str | Path,
        *,
        overwrite: bool = False,
        options: ExportOptions | None = None,
    ) -> tuple[Path, ...]:
        """Write report, page, markups, volume, tables and picture into ``folder/<name>``.

        Args:
            volume: whose results.
            folder: in which the image gets a folder of its own.
            overwrite: True to replace an earlier export.
            options: what is written beside: PDF, DICOM, screenshot.

        Raises:
            OutputError: if the folder holds a report already, or cannot be written.
            ConfigurationError: if DICOM is wanted of an image that came from no DICOM file.
            MissingDependencyError: if a package is missing; see :meth:`missing_packages`.
        """
        examination = self._required(volume)
        target = self.export_folder(volume, folder)
        if (target / "report.json").exists() and not overwrite:
            raise OutputError(
                f"Expected a folder without an earlier report, but '{target}' has one. "
                "Confirm that it is replaced, or choose another folder."
            )
        paths = write_all(examination, target, options or ExportOptions(), capture=self.capture)
        examination.exported = examination.review
        return paths

    def missing_packages(self, options: ExportOptions) -> tuple[Package, ...]:
        """What an export needs and Slicer lacks; the installer can bring it."""
        return missing_packages(options)

    # Comparing

    def compare_with(self, volume, path: str | Path) -> Examination:
        """Open an earlier examination from an export, its folder or a report beside this one.

        Raises:
            LandmarkError: if it holds no landmarks, or those of several images.
        """
        examination = self._required(volume)
        examination.compare_with(read_prior(path, name=examination.analysis.frame.file))
        return examination

    def compare_in_scene(self, volume, other) -> Examination:
        """Put another volume's examination, as it stands, beside this one; None takes it away."""
        examination = self._required(volume)
        prior = None
        if other is not None:
            prior = Prior(other.GetName(), self._required(other).analysis)
        examination.compare_with(prior)
        return examination

    def export_folder(self, volume, folder: str | Path) -> Path:
        """Where :meth:`export` writes: a folder named as the image."""
        return Path(folder) / Path(self._required(volume).analysis.frame.file).stem

    def close(self) -> None:
        """Stop following the scene and every node; nothing is removed from it."""
        self.removeObservers()
        self._forget_all()

    # Under it

    def _show(self, volume, review: Review) -> Examination:
        present = self.examination(volume)
        if present is not None:
            present.apply(review)
            return present
        made = nodes.make_nodes(volume, nodes.points_of(volume))
        return self._keep(Examination(made, review, **self._listeners()))

    def _keep(self, examination: Examination) -> Examination:
        self._examinations[examination.nodes.volume.GetID()] = examination
        self._changed(examination)
        return examination

    def _listeners(self) -> dict[str, Callable]:
        return {"on_change": self._changed, "on_error": self._failed}

    def _changed(self, examination: Examination | None) -> None:
        if examination is not None:
            # Only the image that is worked on is kept as an array.
            for other in self.examinations():
                if other is not examination:
                    other.release()
        for listener in tuple(self.on_change):
            listener(examination)

    def _failed(self, error: VerteNetError) -> None:
        for listener in tuple(self.on_error):
            listener(error)

    def _edit(self, volume, action: Callable[[Review], Review]) -> None:
        examination = self._required(volume)
        examination.apply(action(examination.review))

    def _required(self, volume) -> Examination:
        if volume is None:
            raise ImageError("Expected an image, but none is selected. Select one.")
        examination = self.examination(volume)
        if examination is None:
            raise LandmarkError(
                f"Expected landmarks on '{volume.GetName()}', but there are none. "
                "Detect them or open a file first."
            )
        return examination

    def _placed(self, volume, level: Level, points) -> None:
        self.stop_placing()
        try:
            self.add(volume, level, points)
        except VerteNetError as error:
            self._failed(error)

    # The scene

    def _observe_scene(self) -> None:
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(scene, scene.EndBatchProcessEvent, self.onSceneEndBatchProcess)
        self.addObserver(scene, scene.StartSaveEvent, self.onSceneStartSave)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        self.adopt()

    def adopt(self) -> None:
        """Take over the examinations that are in the scene already."""
        for points in nodes.all_points():
            volume = points.GetNodeReference(nodes.VOLUME)
            if volume is None or self.examination(volume) is not None:
                continue
            try:
                made = nodes.make_nodes(volume, points)
                self._keep(Examination.reopened(made, **self._listeners()))
            except VerteNetError as error:
                self._failed(error)

    def onSceneStartClose(self, caller, event) -> None:
        """Let go of all nodes before they vanish."""
        self._forget_all()

    def onSceneEndClose(self, caller, event) -> None:
        """All nodes are gone: whoever shows them shows nothing."""
        self._state = None
        self._changed(None)

    def onSceneEndImport(self, caller, event) -> None:
        """A scene was opened or added."""
        # Slicer's wrapper keeps what it read while the scene was half there.
        self._state = None
        self.adopt()
        self._changed(None)

    def onSceneEndBatchProcess(self, caller, event) -> None:
        """Slice views look for models again only once something of theirs changed."""
        if self._examinations:
            view.look_again()

    def onSceneStartSave(self, caller, event) -> None:
        """Whatever is kept beside the points is written onto the node."""
        for examination in self.examinations():
            examination.store()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node=None) -> None:
        """A node of an examination is deleted by hand."""
        for examination in self.examinations():
            made = examination.nodes
            if node is made.volume or node is made.points:
                self._forget(examination)
                # What is left would show points that are no more.
                self._removing = True
                made.remove(but=node)
                self._left_behind += nodes.companions_of(node)
                self._removing = False
            elif node in made.all():
                self._forget(examination)

    def onNodeRemoved(self, caller, event) -> None:
        """Clear up after a deleted volume; make a deleted table or drawing again."""
        left, self._left_behind = self._left_behind, []
        for node in left:
            caller.RemoveNode(node)
        if not (self._removing or caller.IsClosing() or caller.IsImporting()):
            self.adopt()

    def _forget(self, examination: Examination) -> None:
        if self._placement is not None and self._placement.examination is examination:
            self.stop_placing()
        examination.close()
        self._examinations.pop(examination.nodes.volume.GetID(), None)
        self._changed(None)

    def _forget_all(self) -> None:
        self.stop_placing()
        for examination in self.examinations():
            examination.close()
        self._examinations.clear()
