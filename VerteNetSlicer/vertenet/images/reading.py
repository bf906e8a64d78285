"""The one door through which image files come in."""

from __future__ import annotations

from pathlib import Path

from ..errors import ImageError
from .dicom import read_dicom
from .limits import MAX_FILE_BYTES
from .raster import read_raster
from .sniff import sniff
from .spacing import user_spacing
from .types import DxaImage


def read_image(path: str | Path, *, spacing_mm: tuple[float, float] | None = None) -> DxaImage:
    """Read one lateral DXA image from a file of any kind that is read.

    The kind is found from the content: an extension is neither needed nor believed.

    Args:
        path: DICOM, PNG, JPEG, TIFF, BMP, NRRD, NIfTI or MetaImage with one slice.
        spacing_mm: (row, column) in mm, in place of what the file says.

    Raises:
        ImageError: one sentence on why the file is not one lateral slice.
        ConfigurationError: if `spacing_mm` is not two numbers above 0.
    """
    if spacing_mm is not None:
        user_spacing(spacing_mm)
    file = Path(path)
    data = _read_bytes(file)
    kind = sniff(data, file.name)
    if kind == "DICOM":
        return read_dicom(data, file.name, spacing_mm)
    return read_raster(file, data, kind, spacing_mm)


def _read_bytes(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise ImageError(f"{file.name or file}: expected an image file, got a folder.")
        if not file.exists():
            raise ImageError(f"{file.name}: expected an image file, but there is no such file.")
        if not file.is_file():
            raise ImageError(f"{file.name}: expected an image file, got a device or a pipe.")
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImageError(
                f"{file.name}: expected an image of at most {MAX_FILE_BYTES >> 20} MB, got "
                f"{size >> 20} MB."
            )
        return file.read_bytes()
    except PermissionError as error:
        raise ImageError(f"{file.name}: expected a readable file, got no permission.") from error
    except (OSError, ValueError, MemoryError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{file.name[:80]}: expected a readable file ({why}).") from error
