"""What the page fetches or sends beside its messages: dropped files, the report, the exports."""

from __future__ import annotations

import asyncio
import hmac
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from vertenet.errors import ImageError, OutputError, VerteNetError
from VerteNetSlicerLib.exporting import ExportOptions
from VerteNetSlicerLib.words import said_here

from .settings import LARGEST_UPLOAD, SECRET_HEADER, ChildSettings

#: What can be written beside the usual files.
EXTRAS = ("pdf", "dicom", "screenshot", "identity")
_LANDMARKS = {".json", ".csv"}
_LONGEST_NAME = 120


class Routes:
    """Routes of one reader's process; each asks for the secret of the listening one.

    Args:
        app: whose reader and page they serve.
        settings: where dropped files and exports go.
    """

    def __init__(self, app: Any, settings: ChildSettings) -> None:
        self._app = app
        self._dropped = settings.work / "dropped"
        self._made = settings.work / "made"
        self._count = 0

    @property
    def _reader(self) -> Any:
        if self._app.reader is None:
            raise web.HTTPServiceUnavailable
        return self._app.reader

    def _refresh(self) -> None:
        self._app.refresh()

    def add_to(self, application: web.Application, secret: str) -> None:
        """Put the routes and the guard before all others."""

        @web.middleware
        async def guard(request: web.Request, handler: Callable) -> web.StreamResponse:  # type: ignore[type-arg]
            given = request.headers.get(SECRET_HEADER, "")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                raise web.HTTPForbidden
            return await handler(request)  # type: ignore[no-any-return]

        application.middlewares.append(guard)
        application.router.add_post("/drop", self.drop)
        application.router.add_get("/report", self.report)
        application.router.add_get("/export.zip", self.export_zip)
        application.router.add_get("/export-all.zip", self.export_all)

    async def drop(self, request: web.Request) -> web.Response:
        """Take a file: an image, landmarks of the present one, or an earlier examination."""
        try:
            path = await self._receive(request)
            self._alone()
            if request.query.get("as") == "prior":
                self._reader.comparison.open_file(path)
            elif path.suffix.lower() in _LANDMARKS:
                self._reader.open_landmarks(path)
            elif request.query.get("look") == "0":
                await asyncio.to_thread(self._reader.list_file, path)
            else:
                self._reader.add_file(path)
        except VerteNetError as error:
            self._reader.say(str(error), error=True)
            why = said_here(str(error))
        else:
            why = ""
        self._refresh()
        return web.json_response({"error": why})

    async def report(self, request: web.Request) -> web.Response:
        """The report's page of the present image."""
        try:
            self._alone()
            page = self._reader.write(self._fresh()).read_text(encoding="utf-8")
        except VerteNetError as error:
            return web.Response(text=said_here(str(error)), status=409)
        return web.Response(text=page, content_type="text/html", headers=_UNKEPT)

    async def export_zip(self, request: web.Request) -> web.StreamResponse:
        """All files of the present image, as one."""
        try:
            self._alone()
            folder = self._reader.export(self._fresh(), _wanted(request))
        except VerteNetError as error:
            return self._refused(error)
        return await self._zipped([folder], folder.name)

    async def export_all(self, request: web.Request) -> web.StreamResponse:
        """All files of all images that were read, as one."""
        try:
            self._alone(of_any=True)
            options = replace(_wanted(request), screenshot=False)
            folders = await self._app.round.written(self._fresh(), options)
        except VerteNetError as error:
            return self._refused(error)
        return await self._zipped(folders, "VerteNet")

    def _alone(self, *, of_any: bool = False) -> None:
        """Refuse while the files of all images are written, or while anything is done with all."""
        if self._app.round.writing or (of_any and self._app.round.state.running):
            raise OutputError(
                "Expected no other work on the list of images. Wait for it, or cancel it."
            )

    def _refused(self, error: VerteNetError) -> web.Response:
        self._reader.say(str(error), error=True)
        self._refresh()
        return web.Response(text=said_here(str(error)), status=409)

    async def _zipped(self, folders: list[Path], title: str) -> web.StreamResponse:
        packed = self._made / ".zip"
        await asyncio.to_thread(_pack, folders, packed)
        name = re.sub(r"[^\w.\- ]", "_", title)
        self._reader.say(f"{name}.zip is downloaded.")
        self._refresh()
        kept = {"Content-Disposition": f'attachment; filename="{name}.zip"', **_UNKEPT}
        # Sent as it is read: the files of many images are more than belongs into memory.
        return web.FileResponse(packed, headers={**kept, "Content-Type": "application/zip"})

    async def _receive(self, request: web.Request) -> Path:
        name = _safe_name(request.query.get("name", ""))
        self._count += 1
        folder = self._dropped / str(self._count)
        folder.mkdir(parents=True)
        size = 0
        try:
            with (folder / name).open("wb") as stream:
                async for block in request.content.iter_chunked(1 << 16):
                    size += len(block)
                    if size > LARGEST_UPLOAD:
                        raise ImageError(
                            f"Expected a file of at most {LARGEST_UPLOAD >> 20} MB, got a larger "
                            "one. Start 'vertenet view' with the file instead."
                        )
                    stream.write(block)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder / name

    def _fresh(self) -> Path:
        shutil.rmtree(self._made, ignore_errors=True)
        self._made.mkdir(parents=True)
        return self._made


_UNKEPT = {"Cache-Control": "no-store"}


def _safe_name(given: str) -> str:
    """The last part of a name, without what a file's name cannot hold."""
    name = re.sub(r"[\x00-\x1f\x7f/\\:]", "_", re.split(r"[/\\]", given)[-1]).strip(" .")
    return name[-_LONGEST_NAME:] or "dropped"


def _wanted(request: web.Request) -> ExportOptions:
    return ExportOptions(**{name: request.query.get(name) == "1" for name in EXTRAS})


def _pack(folders: list[Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for path in sorted(folder.iterdir()):
                archive.write(path, f"{folder.name}/{path.name}")
