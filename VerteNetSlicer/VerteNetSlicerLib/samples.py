"""The synthetic scans that come with the extension, offered in Sample Data."""

from __future__ import annotations

from pathlib import Path

import slicer
from vertenet.errors import ConfigurationError
from vertenet.images import read_image
from vertenet.resources import resource_path

from .conversions import volume_from_image

CATEGORY = "VerteNet"
FOLDER = "SampleData"
_SUFFIXES = (".dcm", ".png", ".nrrd")


def sample_files() -> tuple[Path, ...]:
    """The bundled scans, in the order of their names."""
    try:
        folder = resource_path(FOLDER)
    except ConfigurationError:
        return ()
    return tuple(sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES))


def load_sample(path: Path):
    """A bundled scan as a volume node, read by VerteNet's own reader."""
    return volume_from_image(read_image(path), name=path.stem)


def register() -> None:
    """Add the bundled scans to Slicer's Sample Data module."""
    import SampleData

    for path in sample_files():
        thumbnail = _thumbnail(path)
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=path.stem,
            thumbnailFileName=str(thumbnail) if thumbnail else None,
            # Bundled: the file is here already, and our reader knows its spacing.
            customDownloader=lambda source, path=path: [load_sample(path)],
        )


def _thumbnail(path: Path) -> Path | None:
    icons = Path(slicer.modules.vertenetslicer.path).parent / "Resources" / "Icons"
    found = icons / f"{path.stem}.png"
    return found if found.is_file() else None
