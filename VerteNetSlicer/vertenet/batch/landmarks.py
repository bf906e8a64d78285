"""Landmarks that were read from a file, measured on their image where that is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ..analysis import Analysis
from ..anatomy import spine_arrays
from ..errors import ConfigurationError, LandmarkError
from ..geometry import PixelScale
from ..images.lengths import check_lengths
from ..images.person import given_or_known, said_by
from ..images.spacing import AGREEMENT, SHAPE_ONLY, UNKNOWN
from ..pipeline import frame_of, measure
from ..report import LandmarkSet

if TYPE_CHECKING:
    from ..images import DxaImage
    from ..measure import NormTable

_Item = TypeVar("_Item", "DxaImage", LandmarkSet)


def of_person(item: _Item, sex: str | None, age_years: float | None) -> _Item:
    """The same with the sex and age that were given, where they were.

    Raises:
        ConfigurationError: if what is given is no sex or no age.
    """
    used = given_or_known(item.sex, item.age_years, sex=sex, age_years=age_years)
    return replace(
        item, sex=used[0], age_years=used[1],
        sex_source=said_by(sex, item.sex_source), age_source=said_by(age_years, item.age_source),
    )  # fmt: skip


def measure_set(
    landmarks: LandmarkSet,
    image: DxaImage | None = None,
    *,
    spacing_mm: tuple[float, float] | None = None,
    rule: str = "default",
    norms: NormTable | None = None,
) -> Analysis:
    """Measure what was read from a landmarks file, on its image where that is given.

    Raises:
        LandmarkError: if the image is not the size of the one the points were placed on, or
            is needed to tell what the points' positions mean.
    """
    landmarks = _alone(landmarks, spacing_mm) if image is None else _on_image(landmarks, image)
    if spacing_mm is not None:
        scale = PixelScale(*spacing_mm, in_mm=True)
        frame = replace(landmarks.frame, scale=scale, spacing_source="user")
        # that the size of a pixel was not known is no longer true
        kept = tuple(w for w in landmarks.spine.warnings if w not in (UNKNOWN, SHAPE_ONLY))
        spine = replace(landmarks.spine, warnings=kept)
        landmarks = replace(landmarks, frame=frame, spine=spine)
    return measure(
        landmarks.spine,
        landmarks.frame,
        image=image,
        model=landmarks.model,
        sex=landmarks.sex,
        age_years=landmarks.age_years,
        sources=(landmarks.sex_source, landmarks.age_source),
        aac_reading=landmarks.aac_reading,
        rule=rule,
        norms=norms,
    )


def check_spacing(spacing: str | None) -> tuple[float, float] | None:
    """Read ``ROW,COLUMN`` in millimetres.

    Raises:
        ConfigurationError: if it is not two numbers above 0.
    """
    if spacing is None:
        return None
    try:
        row, column = (float(part) for part in spacing.replace(";", ",").split(","))
    except ValueError:
        raise ConfigurationError(
            f"Expected a spacing of two numbers ROW,COLUMN in millimetres, got '{spacing}'. "
            "Give it for example as 0.25,0.25."
        ) from None
    scale = PixelScale(row, column, in_mm=True)
    return scale.row, scale.column


_LENGTHS = (
    "The markups do not say how large a pixel was: their positions are taken for pixels, and may "
    "be millimetres. Give the image on which they were placed."
)


def _alone(landmarks: LandmarkSet, spacing_mm: tuple[float, float] | None) -> LandmarkSet:
    """Points without their image: a spacing must not be applied to millimetres again."""
    if not landmarks.in_lengths or not len(landmarks.spine):
        return landmarks
    if spacing_mm is not None:
        raise LandmarkError(
            f"Expected markups that say how large a pixel was, got '{landmarks.frame.file}' "
            "without it: its positions may be millimetres already. Give the image on which they "
            "were placed as well."
        )
    spine = replace(landmarks.spine, warnings=(*landmarks.spine.warnings, _LENGTHS))
    return replace(landmarks, spine=spine)


def _on_image(landmarks: LandmarkSet, image: DxaImage) -> LandmarkSet:
    """Check, or complete, the frame by the image on which the points lie."""
    if landmarks.in_lengths and not image.scale.in_mm:
        xy = spine_arrays(landmarks.spine)[0].reshape(-1, 2)
        check_lengths(xy, (image.width, image.height), image.density_mm, image.name)
    landmarks = landmarks.in_pixels(image.scale)
    frame = landmarks.frame
    if frame.width is None or frame.height is None:
        own = frame_of(image)
        scale = frame.scale if frame.scale.in_mm else own.scale
        source = frame.spacing_source if frame.scale.in_mm else own.spacing_source
        frame = replace(own, file=frame.file, scale=scale, spacing_source=source)
        warnings = tuple(dict.fromkeys((*image.warnings, *landmarks.spine.warnings)))
        spine = replace(landmarks.spine, warnings=warnings)
        return replace(landmarks, frame=frame, spine=spine)
    if (frame.width, frame.height) != (image.width, image.height):
        raise LandmarkError(
            f"Expected the image of {frame.width} x {frame.height} pixels on which the points "
            f"were placed, got {image.width} x {image.height}. Choose the image they belong to."
        )
    return _with_size(landmarks, image)


def _with_size(landmarks: LandmarkSet, image: DxaImage) -> LandmarkSet:
    """The points' own size of a pixel, or the image's where they have none; said if they differ."""
    frame, spine = landmarks.frame, landmarks.spine
    if not image.scale.in_mm:
        return landmarks
    if not frame.scale.in_mm and frame.spacing_source == "unknown":
        frame = replace(frame, scale=image.scale, spacing_source=image.spacing_source)
        kept = tuple(w for w in spine.warnings if w not in (UNKNOWN, SHAPE_ONLY))
        return replace(landmarks, frame=frame, spine=replace(spine, warnings=kept))
    own, other = frame.scale, image.scale
    off = max(abs(own.row / other.row - 1), abs(own.column / other.column - 1))
    if frame.scale.in_mm and off > AGREEMENT and frame.spacing_source != "user":
        said = (
            f"The points were measured with pixels of {own.row:g} x {own.column:g} mm, the image "
            f"says {other.row:g} x {other.column:g} mm: the points' are used."
        )
        spine = replace(spine, warnings=tuple(dict.fromkeys((*spine.warnings, said))))
    return replace(landmarks, spine=spine)
