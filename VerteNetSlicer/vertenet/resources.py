"""Finds the files that ship with the code: models, schemas, sample scans.

They stand in the repository's top-level ``Resources`` folder.  ``pip`` and the
Slicer extension both install that folder as ``vertenet/_resources``, so that
two places are all there is to look at.  Standard library only.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent


def resource_roots() -> tuple[Path, ...]:
    """Folders that may hold the resources, the first that exists wins.

    An installed copy comes before the checkout's: a folder named ``Resources``
    two levels above an installed package would belong to somebody else.
    """
    return (_PACKAGE / "_resources", _PACKAGE.parents[1] / "Resources")


def resource_path(relative: str) -> Path:
    """Path of a shipped file or folder.

    Args:
        relative: its place below ``Resources``, parts separated by ``/``,
            for example ``"Schemas/report-v1.schema.json"``.

    Raises:
        ConfigurationError: if it leads out of ``Resources`` or is not there.
    """
    wanted = PurePosixPath(relative)
    if not wanted.parts or wanted.is_absolute() or ".." in wanted.parts:
        raise ConfigurationError(
            f"Expected a path below Resources such as 'Schemas', got '{relative}'. "
            "Give it relative, without '..'."
        )
    for root in resource_roots():
        found = root / wanted
        if found.exists():
            return found
    raise ConfigurationError(
        f"Expected the shipped file '{relative}', but it is in neither of "
        f"{', '.join(str(root) for root in resource_roots())}. "
        "Install the package again, or fetch the whole repository."
    )
