"""``vertenet view``: what was asked for is looked at, then the server listens."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import os
import secrets
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from vertenet.errors import ConfigurationError, ImageError, MissingDependencyError

from .session import Session
from .settings import Settings, drafts_folder, is_loopback

_NEEDED = ("aiohttp", "slicer", "trame", "trame_slicer", "vtk")


def view(
    places: Sequence[Path],
    *,
    host: str,
    port: int,
    token: str | None = None,
    output: Path | None = None,
    model: Path | None = None,
    drafts: Path | None = None,
    sessions: int = 4,
    browser: bool = False,
    tell: Callable[[str], None],
) -> None:
    """Show images in a browser until interrupted.

    Args:
        places: files and folders with images; none of them, and images are dropped.
        host: address to listen on; beyond the loopback only with a token.
        port: 0 for any that is free.
        token: what a browser must show; made where it is needed and not given.
        output: folder for exports, or None for downloads only.
        model: model folder, or None for the bundled one.
        drafts: folder where edits are kept, or None for the user's own.
        sessions: how many readers at the same time.
        browser: whether to open one.
        tell: called with what the user is told.

    Raises:
        MissingDependencyError: if the packages of the viewer are not installed.
        ImageError: if a place holds no image.
        ConfigurationError: if the address cannot be listened on.
        OutputError: if edits or exports cannot be written.
    """
    _check_packages()
    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    if token is not None and len(token) < 16:
        raise ConfigurationError(
            "Expected a token of at least 16 characters, got a shorter one. "
            "Leave --token out to have one made."
        )
    settings = Settings(
        files=_files_of(places),
        host=host,
        port=port,
        token=token,
        output=output,
        model=model,
        drafts=drafts or drafts_folder(),
        most_sessions=sessions,
    )

    def ready(address: str) -> None:
        tell(f"VerteNet is at {address}")
        tell("Research use only. End it with Ctrl-C; edits are kept.")
        if not settings.local:
            tell("Whoever has this address can see the images. It is not encrypted: see the docs.")
        if browser:
            webbrowser.open(address)

    asyncio.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Start the first reader's process, and listen while it loads Slicer."""
    first = Session(settings)
    try:
        await first.begun()
        _check_folders(settings)
        from .server import serve

        await serve(settings, first, ready)
    finally:
        await first.end()


def _check_folders(settings: Settings) -> None:
    """Say now, not when the first edit or export is to be written, that it cannot be."""
    from vertenet.report.atomic import output_errors

    for folder in filter(None, (settings.drafts, settings.output)):
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, "", str(folder))


def _check_packages() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"Expected the packages of the browser viewer, but {missing[0]} is not installed. "
            "Install them with: pip install 'vertenet[view]'"
        )


def _files_of(places: Sequence[Path]) -> tuple[Path, ...]:
    from VerteNetSlicerLib.worklist import Worklist

    files: list[Path] = []
    for place in places:
        if place.is_file():
            files.append(place.resolve())
        elif place.is_dir():
            files += (path.resolve() for path in Worklist.of(place).files)
        else:
            raise ImageError(
                f"Expected an image or a folder of images, but '{place}' does not exist. "
                "Correct the path."
            )
    return tuple(dict.fromkeys(files))
