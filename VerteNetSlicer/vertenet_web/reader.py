"""What a reader can do on the page: actions by name, on the logic that Slicer's panel uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from vertenet.analysis import Analysis
from vertenet.anatomy import Level, ReaderDecision, Side
from vertenet.errors import ConfigurationError, ImageError, LandmarkError, VerteNetError
from vertenet.images import read_image
from vertenet.report.folder import PAGE
from VerteNetSlicerLib import view
from VerteNetSlicerLib.choices import SEXES
from VerteNetSlicerLib.examination import Examination
from VerteNetSlicerLib.exporting import ExportOptions, write_all
from VerteNetSlicerLib.level_names import LevelNames
from VerteNetSlicerLib.logic import VerteNetLogic
from VerteNetSlicerLib.record import review_from_text, review_to_text
from VerteNetSlicerLib.review import Review
from VerteNetSlicerLib.samples import sample_files
from VerteNetSlicerLib.subject import age_from_text
from VerteNetSlicerLib.table import rows_of
from VerteNetSlicerLib.words import said_here
from VerteNetSlicerLib.worklist import Worklist

from .aorta import Aorta
from .comparison import Comparison
from .drafts import Draft, Drafts, Key, Left, now
from .hand import GLYPH_SCALE, Hand
from .host import ParameterNodeLogic
from .listing import ImageList, Known
from .sight import Sight
from .slice_view import ImageView

NOT_EVALUABLE = "not evaluable"


class BrowserLogic(VerteNetLogic, ParameterNodeLogic):
    """Slicer's logic of the module, without Slicer's application."""


class Reader:
    """The images of a session, the one that is looked at, and what is done to it.

    Attributes:
        worklist: the images; those dropped onto the page come last.
        volume: the volume node of the present image, or None.
        message: the last that was said, and whether it is an error.
        offer: edits of an earlier session, until they are taken or refused.
        aorta, comparison: what can be done with the aorta, and beside an earlier image.
        sight, hand: what is seen of the image; its points by keys.
        images: how it stands with each image of the list.
        on_prompt: called when another point is to be placed than before.
    """

    def __init__(
        self,
        logic: VerteNetLogic,
        view: ImageView,
        drafts: Drafts,
        files: tuple[Path, ...],
        *,
        output: Path | None = None,
    ) -> None:
        self.logic = logic
        self.worklist = Worklist(files)
        self.volume: Any = None
        self.message = ("", False)
        self.offer: Left | None = None
        self.aorta = Aorta(self)
        self.comparison = Comparison(self)
        self.sight = Sight(self, view)
        self.hand = Hand(self)
        self.on_prompt: Callable[[], None] = lambda: None
        self._view = view
        self._output = output
        self._drafts = drafts
        self._key = Key("", "")
        self._kept: Draft | None = None
        self._names = LevelNames()
        self.images = ImageList(self.worklist, drafts)
        logic.capture = view.capture
        logic.on_change.append(self._on_change)
        logic.on_error.append(lambda error: self.say(str(error), error=True))

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        names = (
            "open", "detect", "select", "step", "relabel", "shift", "decide", "delete",
            "restore", "undo", "redo", "face", "calibrate", "take_offer", "refuse_offer",
            "turn", "export_folder", "give_subject", "tell_taken",
        )  # fmt: skip
        own = {name: getattr(self, name) for name in names}
        for part in (self.aorta, self.comparison, self.sight, self.hand):
            own |= part.actions
        return own

    @property
    def examination(self) -> Examination | None:
        """The examination of the present image, or None."""
        return self.logic.examination(self.volume)

    @property
    def level(self) -> Level | None:
        """The vertebra that is looked at, or None."""
        found = self.examination
        touched = None if found is None else found.touched
        there = touched is not None and found.review.spine.get(touched) is not None
        return touched if there else None

    def needed(self) -> Any:
        """The volume of the present image; an error where there is none."""
        if self.volume is None:
            raise ImageError("Expected an image, but none is open. Choose one or drop a file here.")
        return self.volume

    def examined(self) -> Examination:
        """The examination of the present image; an error where there is none."""
        found = self.examination
        if found is None:
            raise LandmarkError("Expected landmarks, but there are none. Detect them first.")
        return found

    def warm_up(self) -> None:
        """Load the network and let it look at a bundled scan; runs beside the page."""
        with suppress(VerteNetError):  # said at the click, to the reader who asked
            for path in sample_files()[:1]:
                self.logic.detector.detect(read_image(path))

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a line to the reader."""
        self.message = (said_here(text), error)

    # Images

    def open(self, index: int) -> None:
        """Look at another image of the list; its edits come back."""
        path = self._file(index)
        key = self.images.key(path)
        self.comparison.leave()
        volume = self.logic.open_image(path, self.volume)
        self.worklist.position, self._key, self.volume = index, key, volume
        self.logic.state.volume = volume
        self._kept, self.offer = None, None
        self._view.show(volume)
        self.say("")
        mine = self._drafts.mine(key)
        if mine is not None:
            self._take(mine)
        else:
            self.offer = self.images.left(key)
        self.images.accept(path)

    def add_file(self, path: Path) -> None:
        """Put a dropped image into the list and look at it."""
        self.worklist.files = (*self.worklist.files, path)
        try:
            self.open(len(self.worklist.files) - 1)
        except VerteNetError:
            self.worklist.files = self.worklist.files[:-1]
            raise

    def list_file(self, path: Path) -> None:
        """Put a dropped image into the list without looking at it.

        Raises:
            ImageError: if it is none.
        """
        read_image(path)
        self.worklist.files = (*self.worklist.files, path)

    def tell_taken(self, count: int, refused: list[str]) -> None:
        """Say what became of several files that were dropped together."""
        why = f" {len(refused)} refused: {' '.join(map(str, refused[:3]))}" if refused else ""
        self.say(f"{int(count)} files taken.{why}", error=bool(refused))

    def keep_found(self, path: Path, known: Known, review: Review, found: Analysis) -> None:
        """Keep what was found in an image of the list, unless it was read meanwhile."""
        draft = self.images.keep(path, known, review, found)
        if draft is None:
            return
        self.comparison.remember(path, found)
        if path == self.worklist.present and self.examination is None:
            self.offer = None
            self._take(draft)

    def open_landmarks(self, path: Path) -> None:
        """Show exported landmarks on the present image."""
        self.logic.open_landmarks(path, self.needed())
        self.say(f"Landmarks of {path.name} are shown.")

    def calibrate(self, row_mm: float, column_mm: float) -> None:
        """Use a pixel size that the reader knows."""
        self.logic.calibrate(self.needed(), row_mm=float(row_mm), column_mm=float(column_mm))
        self._view.show(self.volume)
        self._keep()

    def give_subject(self, sex: str, age: str) -> None:
        """Measure by another sex and age than the image's: "image" and "" leave its own."""
        volume = self.needed()
        before = self.logic.subject_of(volume)
        self.logic.give_subject(
            volume, sex=None if sex == SEXES[0] else sex, age_years=age_from_text(str(age))
        )
        if self.logic.subject_of(volume) != before:
            if self.worklist.present is not None:
                self.worklist.done.discard(self.worklist.present)
            self._keep()

    def take_offer(self) -> None:
        """Go on with the edits of an earlier session."""
        if self.offer is not None:
            self._take(self.offer.draft)
            self.images.forget_left(self._file(self.worklist.position), self._key)
            self.offer = None
            self.say("Your earlier edits are back.")

    def refuse_offer(self) -> None:
        """Begin anew; the earlier edits of this file are removed."""
        if self.offer is not None:
            path = self._file(self.worklist.position)
            self.images.forget_left(path, self._key, refused=True)
        self.offer = None

    # Points

    def detect(self, replace_edits: bool = False) -> None:
        """Find the vertebrae of the present image."""
        start = time.perf_counter()
        found = self.logic.detect(self.needed(), replace_edits=replace_edits)
        self.offer = None
        count, seconds = len(found.review.spine), time.perf_counter() - start
        after = "Look at every point." if count else "Is it a lateral spine? See the warnings."
        self.say(f"{count} vertebrae in {seconds:.1f} s. {after}")

    def select(self, level: str | None) -> None:
        """Go to a vertebra; None leaves it."""
        found = self.examined()
        found.touch(None if level is None else Level(level))
        found.point = None
        if found.touched is not None:
            view.zoom_to(found, found.touched)

    def turn(self, steps: int) -> None:
        """Open the next or previous image of the list, where there is one."""
        target = self.worklist.position + int(steps)
        if 0 <= target < len(self.worklist.files):
            self.open(target)

    def step(self, steps: int) -> None:
        """Go to the next or previous vertebra that needs a look."""
        levels = [r.level for r in rows_of(self.examined().analysis) if r.attention]
        if not levels:
            self.say("No vertebra needs a second look.")
            return
        at = levels.index(self.level) if self.level in levels else min(0, -steps)
        self.select(levels[(at + steps) % len(levels)].value)

    def relabel(self, new: str) -> None:
        """Give the vertebra another name."""
        target = Level(new)
        self.logic.relabel(self.volume, self._level(), target)
        self.examined().touch(target)

    def shift(self, steps: int) -> None:
        """Move all names."""
        self.logic.shift(self.needed(), int(steps))

    def decide(self, grade: str, reason: str) -> None:
        """Keep the reader's grade and reason, or take them back where both are empty."""
        why = reason.strip() or None
        decision = None
        if grade == NOT_EVALUABLE:
            decision = ReaderDecision(None, why, evaluable=False)
        elif grade or why:
            decision = ReaderDecision(int(grade) if grade else None, why)
        self.logic.decide(self.volume, self._level(), decision)

    def delete(self) -> None:
        """Delete the vertebra."""
        self.logic.delete(self.volume, self._level())

    def restore(self, everything: bool = False) -> None:
        """Bring the automatic points back."""
        self.logic.restore(self.needed(), None if everything else self._level())

    def undo(self) -> None:
        """Take back the last change."""
        if not self.logic.undo(self.needed()):
            self.say("There is nothing to undo.")

    def redo(self) -> None:
        """Do again what was taken back."""
        if not self.logic.redo(self.needed()):
            self.say("There is nothing to redo.")

    def face(self, side: str) -> None:
        """Say which side the patient faces."""
        self.logic.face(self.needed(), Side(side))

    # Keeping

    def export(self, folder: Path, options: ExportOptions) -> Path:
        """Write all files of the present image, over earlier ones; returns their folder."""
        self.logic.export(self.needed(), folder, overwrite=True, options=options)
        self.worklist.exported()
        self._keep(exported=True)
        return self.logic.export_folder(self.volume, folder)

    def export_folder(
        self, pdf: bool = False, dicom: bool = False, screenshot: bool = False,
        identity: bool = False,
    ) -> None:  # fmt: skip
        """Write all files into the folder that the server was started with."""
        folder, options = self.results(pdf, dicom, screenshot, identity)
        self.say(f"Written into {self.export(folder, options)}.")

    def results(
        self, pdf: bool, dicom: bool, screenshot: bool, identity: bool
    ) -> tuple[Path, ExportOptions]:
        """The folder that the server was started with, and what to write into it."""
        if self._output is None:
            raise ConfigurationError(
                "Expected a folder for exports, but the server was started without one. "
                "Download the files, or start it with --output."
            )
        options = ExportOptions(
            pdf=bool(pdf), dicom=bool(dicom), screenshot=bool(screenshot), identity=bool(identity)
        )
        return self._output, options

    def write(self, folder: Path) -> Path:
        """The report's page, to be looked at; that does not count as an export."""
        found = self.examined()
        target = self.logic.export_folder(self.volume, folder)
        write_all(found, target, ExportOptions())
        return target / PAGE

    def close(self) -> None:
        """Let go of everything; the edits are in the drafts."""
        self.logic.close()
        self._drafts.close()

    def offer_text(self) -> str:
        """What is offered, in a sentence."""
        if self.offer is None:
            return ""
        draft, elsewhere = self.offer.draft, self.offer.elsewhere
        when = datetime.fromtimestamp(draft.saved_at).strftime("%d %b %Y, %H:%M")
        if not draft.edited:
            return f"Its landmarks were found on {when}, and not edited. Go on with them?"
        state = "exported" if draft.exported else "not exported"
        what = "The same image, as another file," if elsewhere else "This image"
        return f"{what} was edited on {when} and {state}. Go on with those edits?"

    def _take(self, draft: Draft) -> None:
        if draft.calibration is not None:
            row_mm, column_mm = draft.calibration
            self.logic.calibrate(self.volume, row_mm=row_mm, column_mm=column_mm)
            self._view.show(self.volume)
        if draft.subject is not None:
            sex, age_years, *sources = draft.subject
            said = {"sources": (sources[0], sources[1])} if len(sources) == 2 else {}
            self.logic.give_subject(self.volume, sex=sex, age_years=age_years, **said)
        if draft.review:
            self.logic.resume(self.volume, review_from_text(draft.review))
        self._keep(exported=draft.exported)

    def _keep(self, *, exported: bool = False) -> None:
        """Write down what was done, as soon as it is done."""
        found = self.examination
        known = self.logic.spacing_of(self.volume)
        calibration = known.scale.spacing_mm if known.source == "user" else None
        person = self.logic.subject_of(self.volume)
        given = (person.given_sex, person.given_age_years)
        subject = None if given == (None, None) else (*given, *person.given_sources)
        edited = found is not None and found.review.edited
        if found is None and calibration is None and subject is None and self._kept is None:
            return
        text = review_to_text(found.review) if found is not None else ""
        draft = Draft(text, now(), calibration, exported, subject, edited or found is None)
        before = self._kept
        if before is None or replace(before, saved_at=draft.saved_at) != draft:
            self._drafts.keep(self._key, draft)
            self._kept = draft

    def _on_change(self, examination: Examination | None) -> None:
        self.apply_layers()
        if examination is None or examination is not self.examination:
            return
        try:
            kept = self._kept
            same = kept is not None and kept.review == review_to_text(examination.review)
            self._keep(exported=same and kept.exported)
            self.images.note(self.worklist.files[self.worklist.position], examination)
            if examination.unsaved and self.worklist.present is not None:
                self.worklist.done.discard(self.worklist.present)
        except VerteNetError as error:
            self.say(f"Your edits cannot be kept: {error}", error=True)

    def apply_layers(self) -> None:
        """Draw what was chosen to be drawn."""
        found, bare = self.examination, self.sight.bare
        self._names.show(found, visible=self.logic.state.show_names and not bare)
        if found is not None:
            view.apply_layers(found, self.logic.state, bare=bare)
            found.nodes.points.GetDisplayNode().SetGlyphScale(GLYPH_SCALE)
        self._view.render()

    def _file(self, index: int) -> Path:
        if not 0 <= index < len(self.worklist.files):
            raise ImageError("Expected an image of the list, got another. Choose one of the list.")
        return self.worklist.files[index]

    def _level(self) -> Level:
        if self.level is None:
            raise LandmarkError("Expected a vertebra, but none is selected. Select one.")
        return self.level
