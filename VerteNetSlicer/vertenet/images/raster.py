"""PNG, JPEG, TIFF, BMP, NRRD, NIfTI and MetaImage with one slice, read by SimpleITK."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .grey import grey_from_colour
from .header_axes import axes_remark, nrrd_units
from .libraries import DAMAGED_JPEG, is_damage, quiet_decoders, simpleitk
from .limits import DECODER_ERRORS, check_size, reason
from .orientation import asks_to_be_turned, orientation
from .png_alpha import is_grey_alpha, read_grey_alpha, without_transparent_grey
from .raster_checks import check_whole, is_min_white
from .spacing import (
    Spacing,
    check_field,
    header_spacing,
    other_unit,
    unknown_spacing,
    user_spacing,
)
from .tiff_tags import ORIENTATION, with_first_page_number
from .types import DxaImage, build_image

_READERS = {
    "PNG": ("PNGImageIO", ".png"),
    "JPEG": ("JPEGImageIO", ".jpg"),
    "TIFF": ("TIFFImageIO", ".tif"),
    "BMP": ("BMPImageIO", ".bmp"),
    "NRRD": ("NrrdImageIO", ".nrrd"),
    "NIfTI": ("NiftiImageIO", ".nii"),
    "MetaImage": ("MetaImageIO", ".mha"),
}
_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tif", ".tiff"),
    "NRRD": (".nrrd", ".nhdr"),
    "MetaImage": (".mha", ".mhd"),
}
_WITH_SPACING = ("NRRD", "NIfTI", "MetaImage")


def read_raster(
    path: Path, data: bytes, kind: str, spacing_mm: Sequence[float] | None = None
) -> DxaImage:
    """Read a file of a kind that :func:`sniff` named.

    The spacing in an NRRD, NIfTI or MetaImage header goes through the spacing rule; the dots
    per inch of the others never do.

    Args:
        path: the file.
        data: its bytes.
        kind: what the bytes are.
        spacing_mm: the user's (row, column).

    Raises:
        ImageError: truncated, damaged, or not one slice of real numbers.
        ConfigurationError: if `spacing_mm` is not two numbers above 0.
    """
    try:
        check_whole(data, kind, path)
        if kind == "PNG" and is_grey_alpha(data):
            grey = read_grey_alpha(data, path.name)
            spacing = check_field(_picture_spacing(spacing_mm), grey.shape[0])
            image = build_image(grey, path.name, spacing, history=("alpha ignored",))
            return _warned(image, asks_to_be_turned(data, kind))
        with (
            tempfile.TemporaryDirectory(prefix="vertenet-") as folder,
            quiet_decoders(also_stdout=kind == "JPEG") as said,
        ):
            source = _with_suffix(path, data, kind, Path(folder))
            image = _read(source, path, data, kind, spacing_mm)
        image = _warned(image, DAMAGED_JPEG if is_damage(said) else "")
        return _warned(image, asks_to_be_turned(data, kind))
    except DECODER_ERRORS as error:
        raise ImageError(
            f"{path.name}: expected a {kind} image, got one that is damaged or of a variant that "
            f"is not read ({reason(error)})."
        ) from error


def _warned(image: DxaImage, sentence: str) -> DxaImage:
    return replace(image, warnings=(*image.warnings, sentence)) if sentence else image


def _read(
    source: Path, path: Path, data: bytes, kind: str, spacing_mm: Sequence[float] | None
) -> DxaImage:
    sitk = simpleitk()
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[kind][0])
    reader.SetFileName(str(source))
    reader.ReadImageInformation()
    axes = _slice_axes(reader.GetSize(), path.name)
    components = reader.GetNumberOfComponents()
    if components not in (1, 3, 4) or "complex" in sitk.GetPixelIDValueAsString(
        reader.GetPixelID()
    ):
        raise ImageError(
            f"{path.name}: expected grey or colour pixels, got {components} numbers a pixel "
            f"({sitk.GetPixelIDValueAsString(reader.GetPixelID())})."
        )
    spacing = _spacing(reader, axes, kind, data, spacing_mm)
    volume = reader.Execute()
    # A view: `volume` owns the memory until build_image has copied it.
    values = np.asarray(sitk.GetArrayViewFromImage(volume))
    rows, columns = reader.GetSize()[axes[1]], reader.GetSize()[axes[0]]
    values = values.reshape((rows, columns, components) if components > 1 else (rows, columns))
    grey, history = _to_grey(values, kind, data)
    image = build_image(
        grey,
        path.name,
        check_field(spacing, rows),
        history=history,
        warnings=_axes_remark(reader, axes) if kind in _WITH_SPACING else (),
    )
    column, row = (float(reader.GetSpacing()[axis]) for axis in axes)
    if kind in _WITH_SPACING or (row, column) == (1.0, 1.0):
        return image
    return replace(image, density_mm=(row, column))


def _with_suffix(path: Path, data: bytes, kind: str, folder: Path) -> Path:
    """The file under a name that its library accepts; a copy where the user's does not fit."""
    if kind == "NIfTI":
        wanted = ".nii.gz" if data[:2] == b"\x1f\x8b" else ".nii"
        fits = path.name.lower().endswith(wanted)
    else:
        wanted = _READERS[kind][1]
        fits = path.suffix.lower() in _SUFFIXES.get(kind, (wanted,))
    opaque = without_transparent_grey(data) if kind == "PNG" else None
    if opaque is not None:
        (folder / "image.png").write_bytes(opaque)
        return folder / "image.png"
    if kind == "TIFF" and orientation(data, kind) != 1:
        # ITK obeys the tag by half: it mirrors rows and columns and never turns.
        upright = with_first_page_number(data, ORIENTATION, 1)
        (folder / "image.tif").write_bytes(upright)
        return folder / "image.tif"
    # ITK ends the whole process over a name that is not valid UTF-8.
    if fits and str(path).isascii():
        return path
    copy = folder / f"image{wanted}"
    shutil.copyfile(path, copy)
    return copy


def _slice_axes(size: Sequence[int], name: str) -> tuple[int, int]:
    """The (column, row) axes of an image of which all other axes have length one."""
    if len(size) == 2 or (len(size) > 2 and math.prod(size[2:]) == 1):
        axes = (0, 1)
    else:
        long = [axis for axis, length in enumerate(size) if length != 1]
        if len(long) != 2:
            shape = " x ".join(str(length) for length in size)
            slices = math.prod(size[2:])
            raise ImageError(
                f"{name}: expected one slice, got {slices} ({shape}). Export the one lateral image."
            )
        axes = (long[0], long[1])
    check_size(size[axes[1]], size[axes[0]], name)
    return axes


def _spacing(
    reader: Any,
    axes: tuple[int, int],
    kind: str,
    data: bytes,
    spacing_mm: Sequence[float] | None,
) -> Spacing:
    if kind not in _WITH_SPACING:
        return _picture_spacing(spacing_mm)
    column, row = (float(reader.GetSpacing()[axis]) for axis in axes)
    if kind == "NIfTI":
        # Its header holds single precision: 0.3 comes as 0.30000001192092896.
        column, row = float(f"{column:.7g}"), float(f"{row:.7g}")
    if kind == "NRRD":
        factor, unit = nrrd_units(data)
        if factor is None:
            return other_unit(unit, user_mm=spacing_mm)
        column, row = (float(f"{factor * value:.12g}") for value in (column, row))
    recorded = _meta(reader, "vertenet_spacing_source")
    exact = _meta(reader, "vertenet_spacing").split()
    if len(exact) == 2 and all(
        math.isclose(float(text), value, rel_tol=1e-9)
        for text, value in zip(exact, (row, column), strict=True)
    ):
        row, column = float(exact[0]), float(exact[1])
    return header_spacing(row, column, user_mm=spacing_mm, recorded=recorded)


def _picture_spacing(spacing_mm: Sequence[float] | None) -> Spacing:
    """A picture's dots per inch say how to print it: only the user knows its spacing."""
    return unknown_spacing() if spacing_mm is None else user_spacing(spacing_mm)


def _meta(reader: Any, key: str) -> str:
    return str(reader.GetMetaData(key)).strip() if reader.HasMetaDataKey(key) else ""


def _to_grey(values: NDArray[Any], kind: str, data: bytes) -> tuple[NDArray[Any], tuple[str, ...]]:
    history: tuple[str, ...] = ()
    if values.ndim == 3:
        history = ("RGB to grey",) if values.shape[2] == 3 else ("RGBA to grey, alpha ignored",)
        values = grey_from_colour(values[..., :3])
    elif kind == "TIFF" and is_min_white(data):
        values = _ends(values) - values.astype(np.float64)
        history = ("inverted (TIFF MinIsWhite)",)
    return values, history


def _ends(values: NDArray[Any]) -> float:
    """Lowest and highest code together; of real numbers no limits are known but those there."""
    if values.dtype.kind in "ui":
        limits = np.iinfo(values.dtype)
        return float(limits.max + limits.min)
    known = values[np.isfinite(values)]
    return float(known.max() + known.min()) if known.size else 0.0


def _axes_remark(reader: Any, axes: tuple[int, int]) -> tuple[str, ...]:
    """A warning where the header says that the head is not at the upper edge."""
    size = len(reader.GetSize())
    direction = np.asarray(reader.GetDirection(), dtype=np.float64).reshape(size, size)
    return axes_remark(direction, axes)
