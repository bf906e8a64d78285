"""The page's server side: what is clicked becomes an action, what changed becomes state."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trame.app import get_server
from trame.ui.html import DivLayout
from trame_slicer.core import SlicerApp

from vertenet.errors import VerteNetError

from . import host
from .drafts import Drafts
from .settings import ChildSettings

_SERVED = Path(__file__).parent / "serve"
_SCRIPTS = ("page", "light", "files", "lost")
_HERE = "Nothing is sent anywhere: the images stay on this computer."
_SERVER = "Images that you open go to the computer that serves this page, and nowhere else."
_WRITING = "The files of all images are being written: wait, or cancel that first."
_NO_ACTION = "Expected an action of this page, got another. Load the page again."
_ODD_ACTION = "Expected values that fit this action, got others. Load the page again."


class App:
    """One reader's page: scene, view, reading, and what is shown of it.

    Attributes:
        reader: what a reader can do; None until it is known who reads.
    """

    def __init__(self, settings: ChildSettings) -> None:
        self._settings = settings
        self.server = get_server("vertenet-view", client_type="vue3")
        self.state = self.server.state
        self.server.enable_module(
            {
                "serve": {"vertenet": str(_SERVED)},
                "scripts": [f"vertenet/{name}.js" for name in _SCRIPTS],
                "styles": ["vertenet/page.css"],
            }
        )
        self._slicer = SlicerApp()
        host.lend(self._slicer.scene, self._slicer.app_logic)
        # Only now can anything of VerteNetSlicerLib be imported.
        from . import reader, rounds, routes, screen, slice_view

        self._screen, self._reader_module, self._rounds = screen, reader, rounds
        self.view = slice_view.ImageView(self.server, self._slicer)
        self.reader: Any = None
        self.round: Any = None
        self._scheduled = False
        self._loading: asyncio.Future[None] | None = None
        # Where a server keeps its files is nobody's business but its owner's.
        kept_in = str(settings.drafts) if settings.local else "the computer that serves this page"
        named = {"output_named": settings.output is not None, "kept_in": kept_in}
        named["images_stay"] = _HERE if settings.local else _SERVER
        self.state.update({**screen.fixed(), **screen.empty(), **named})
        self.routes = routes.Routes(self, settings)
        self.server.controller.on_server_bind.add(
            lambda bound: self.routes.add_to(bound.app, settings.secret)
        )
        self.server.trigger("act")(self.act)
        self.state.change("tab")(lambda **_: self.refresh())
        with DivLayout(self.server, classes="page") as layout:
            layout.root.add_child((_SERVED / "page.html").read_text(encoding="utf-8"))

    def belong_to(self, name: str) -> None:
        """Open the first image, for a reader who is known now."""
        from VerteNetSlicerLib.spine_detector import BundledDetector

        known = self._settings
        drafts = Drafts(known.drafts, name, known.session, local=known.local)
        logic = self._reader_module.BrowserLogic(BundledDetector(model_dir=known.model))
        self.reader = self._reader_module.Reader(
            logic, self.view, drafts, known.files, output=known.output
        )
        self.round = self._rounds.Round(self.reader, self.refresh_soon)
        logic.on_change.append(lambda _: self.refresh_soon())
        self.reader.on_prompt = self.refresh_soon
        if known.files:
            self._try("open", [0])
        self.refresh()

    async def act(self, name: str, args: Any = (), **_: Any) -> None:
        """What the page asks for, by the action's name."""
        if self.reader is None:
            return
        if name == "shown":
            # Not before the reader sees the image: it would come later.
            self._warm_up()
            return
        if self.round.writing and name != "cancel_round":
            self.reader.say(_WRITING, error=True)
            self.refresh()
            return
        if name == "detect":
            await self._before_detecting()
        try:
            self._try(name, args)
        finally:
            self.state.busy = ""
            self.refresh()

    async def _before_detecting(self) -> None:
        """The page says what it waits for, before the processor is busy."""
        self._warm_up()
        if self._loading is not None and not self._loading.done():
            await self._tell_busy("Loading the network…")
            await asyncio.wait((self._loading,))
        await self._tell_busy("Detecting…")

    async def _tell_busy(self, text: str) -> None:
        self.state.busy = text
        self.state.flush()
        await asyncio.sleep(0.03)

    def refresh(self) -> None:
        """Bring the page to the state of the reading."""
        self._scheduled = False
        if self.reader is not None:
            self.reader.hand.point_out()
            with self.state:
                angles = self.state.tab == "angles"
                self.state.update(self._screen.shown(self.reader, angles=angles))
                self.state.round = dataclasses.asdict(self.round.state)

    def refresh_soon(self) -> None:
        """Bring the page up to date after the event that is handled now."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.refresh)

    def _warm_up(self) -> None:
        """Load the network, so that no detection waits for it."""
        if self._loading is None:
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(None, self.reader.warm_up)

    def _actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        over_all = {
            "detect_all": self._detect_all,
            "write_all": self._write_all,
            "cancel_round": self.round.cancel,
        }
        return {**self.reader.actions, **over_all}

    def _detect_all(self) -> None:
        self._warm_up()
        self.round.detect()

    def _write_all(self, *wanted: bool) -> None:
        """The files of all images that were read, into the folder of the command."""
        folder, options = self.reader.results(*wanted)
        self.round.write(folder, options)

    def close(self) -> None:
        """Let go of the scene; edits are kept already."""
        if self.reader is not None:
            self.round.cancel()
            self.reader.close()

    def _try(self, name: str, args: Any) -> None:
        """The edge: errors on purpose are shown as they are, all others are defects."""
        action = self._actions().get(name)
        if action is None:
            self.reader.say(_NO_ACTION, error=True)
            return
        if name != "step":
            self.reader.say("")
        try:
            action(*args)
        except VerteNetError as error:
            self.reader.say(str(error), error=True)
        except (TypeError, ValueError, KeyError):
            logging.exception("Action %s failed", name)
            self.reader.say(_ODD_ACTION, error=True)
