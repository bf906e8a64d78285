"""One DXA image in memory, and the checks each image passes wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ImageError
from ..geometry import PixelScale
from .limits import check_size
from .person import UNKNOWN, believed_age, said_by, source_of
from .spacing import Spacing, user_spacing

Pixels = NDArray[np.float32]
_SINGLE, _FINE = 2.0**-24, 2.0**-16
"""Relative rounding of single precision, and the share of the range that it may reach."""


@dataclass(frozen=True, eq=False)
class DxaImage:
    """A lateral DXA scan: pixels, their size, where the size comes from, what was done.

    Attributes:
        pixels: (rows, columns) float32, C-contiguous, finite; bright is dense bone.  Neither
            flipped nor resized: ``pixels[y, x]`` is the stored pixel (x, y).
        scale: size of a pixel; ``in_mm`` is False where millimetres are unknown.
        spacing_source: ``"user"``, ``"PixelSpacing"``, ``"ImagerPixelSpacing"``,
            ``"NominalScannedPixelSpacing"``, ``"PixelAspectRatio"``, ``"file header"`` or
            ``"unknown"``; a host may give a word of its own.
        name: file name without its folder; never a patient's name.
        history: what was done to the stored values, in order.
        warnings: sentences for the reader.
        sex: ``"M"`` or ``"F"`` where the DICOM file says so, or it was given.
        age_years: age at the study in years, where the DICOM file says so, or it was given.
        sex_source: who says the sex, one of :data:`vertenet.images.person.SOURCES`.
        age_source: who says the age.
        density_mm: (row, column) that other programs give a pixel by a picture's dots per
            inch; never a spacing, it only tells whether lengths were placed by it.
    """

    pixels: Pixels
    scale: PixelScale
    spacing_source: str
    name: str
    history: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sex: str | None = None
    age_years: float | None = None
    sex_source: str = UNKNOWN
    age_source: str = UNKNOWN
    density_mm: tuple[float, float] | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0])

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """``(row, column)`` in millimetres, or None where unknown."""
        return self.scale.spacing_mm


def image_from_array(
    pixels: ArrayLike,
    *,
    name: str = "image",
    spacing_mm: tuple[float, float] | None = None,
    spacing_source: str | None = None,
    scale: PixelScale | None = None,
    history: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    sex: str | None = None,
    age_years: float | None = None,
    sources: tuple[str, str] | None = None,
) -> DxaImage:
    """An image from numbers that a host or a test already holds.

    Args:
        pixels: (rows, columns), any real numbers, bright = dense bone; copied to float32.
        name: a word for messages and reports.
        spacing_mm: (row, column) in mm, or None where unknown.
        spacing_source: where the spacing comes from; ``"user"`` when a spacing is given
            without it, ``"unknown"`` when none is.
        scale: instead of `spacing_mm`, for pixels of which only the ratio is known.
        history: what was done to the values before.
        warnings: sentences for the reader.
        sex: ``"M"``, ``"F"`` or None.
        age_years: age at the study.
        sources: who says sex and age; where None, both are given by the caller.

    Raises:
        ImageError: if the array is not one slice of real numbers, is too small or too large,
            holds no finite number, or is constant.
        ConfigurationError: if `spacing_mm` is not two numbers above 0.
    """
    values = np.asarray(pixels)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise ImageError(
            f"{name}: expected one slice of (rows, columns) real numbers, got shape "
            f"{values.shape} of {values.dtype}."
        )
    if scale is not None and spacing_mm is None:
        default = "file header" if scale.in_mm else "unknown"
        spacing = Spacing(scale, spacing_source or default)
    elif spacing_mm is None:
        spacing = Spacing(PixelScale(), spacing_source or "unknown")
    else:
        spacing = Spacing(user_spacing(spacing_mm).scale, spacing_source or "user")
    if sources is None:
        sources = said_by(sex, UNKNOWN), said_by(age_years, UNKNOWN)
    return build_image(
        values, name, spacing, history=history, warnings=warnings, sex=sex, age_years=age_years,
        sources=sources,
    )  # fmt: skip


def build_image(
    values: NDArray[np.generic],
    name: str,
    spacing: Spacing,
    *,
    history: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    sex: str | None = None,
    age_years: float | None = None,
    sources: tuple[str, str] = (UNKNOWN, UNKNOWN),
) -> DxaImage:
    """Check (rows, columns) values and wrap them; every reader ends here.

    Raises:
        ImageError: too small, too large, without a finite number, or constant.
    """
    check_size(values.shape[0], values.shape[1], name)
    values, lowered = _without_offset(values)
    pixels, notes = _finite(values, name)
    age_years, doubts = believed_age(age_years)
    if float(pixels.min()) == float(pixels.max()):
        raise ImageError(
            f"{name}: expected a scan, got an empty image in which every pixel has the same value."
        )
    return DxaImage(
        pixels=pixels,
        scale=spacing.scale,
        spacing_source=spacing.source,
        name=name,
        history=history + lowered + notes,
        warnings=warnings + notes + doubts + spacing.warnings,
        sex=sex,
        age_years=age_years,
        sex_source=source_of(sex, sources[0]),
        age_source=source_of(age_years, sources[1]),
    )


def _without_offset(
    values: NDArray[np.generic],
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Values whose differences single precision can hold: less their lowest where they are high.

    Of 32 bits and more alone; the network and all that is measured ask for differences only.
    """
    if values.dtype.kind not in "iuf" or values.dtype.itemsize < 4:
        return values, ()
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if known.size == 0:
        return values, ()
    low, high = known.min().item(), known.max().item()
    if max(abs(low), abs(high)) * _SINGLE <= (high - low) * _FINE:
        return values, ()
    note = f"{low:g} taken off every value, which are too large for single precision"
    if values.dtype.kind == "f":
        return np.asarray(values, np.float64) - low, (note,)
    # Modulo 2**64 the difference is right whatever the sign.
    return values.astype(np.uint64) - np.uint64(low % 2**64), (note,)


def _finite(values: NDArray[np.generic], name: str) -> tuple[Pixels, tuple[str, ...]]:
    """float32 copy in which NaN and infinity became the darkest value, with a note."""
    with np.errstate(over="ignore", invalid="ignore"):
        pixels = np.array(values, dtype=np.float32, order="C", copy=True)
    if values.dtype.kind != "f":
        return pixels, ()
    good = np.isfinite(pixels)
    if good.all():
        return pixels, ()
    bad = pixels.size - int(good.sum())
    if bad == pixels.size:
        raise ImageError(f"{name}: expected numbers, got an image without one finite value.")
    # Dark is what lies outside a scan's field; bright would be taken for bone.
    pixels[~good] = pixels[good].min()
    return pixels, (f"{bad} pixels that are not finite numbers were set to the darkest value.",)
