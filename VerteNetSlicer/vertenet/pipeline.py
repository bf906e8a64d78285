"""From an image, or from points, to everything that is computed: one path for every host."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from . import measure as measures
from .analysis import Analysis, ImageFrame, ModelIdentity, NamedModel
from .anatomy import Level, Side, Spine
from .beside import beside
from .images.person import GIVEN, UNKNOWN, said_by, source_of
from .images.spacing import ASPECT, SHAPE_ONLY
from .images.spacing import UNKNOWN as NO_SPACING
from .measure.aac_mask import masked_pixels
from .measure.quality_image import noise_of

if TYPE_CHECKING:
    from .detection import Detector
    from .images import DxaImage

__all__ = ["Analysis", "ImageFrame", "ModelIdentity", "analyse", "by_rules", "frame_of", "measure"]

#: Pixels; larger than any image that is read.
_UNBOUNDED = 1_000_000


def frame_of(image: DxaImage) -> ImageFrame:
    """The image's name, size and pixel spacing, without its pixels."""
    return ImageFrame(image.name, image.width, image.height, image.scale, image.spacing_source)


def measure(
    spine: Spine,
    frame: ImageFrame,
    *,
    image: DxaImage | None = None,
    model: NamedModel | None = None,
    sex: str | None = None,
    age_years: float | None = None,
    aac_reading: measures.AacReading | None = None,
    rule: str = "default",
    norms: measures.NormTable | None = None,
    sources: tuple[str, str] | None = None,
) -> Analysis:
    """Compute everything from points, without the network.

    Args:
        spine: the points, pixels of the stored image.
        frame: the image's name, size and pixel spacing.
        image: the pixels, which only the check of a cropped aorta needs.
        model: the network that placed the points, if any.
        sex: ``"M"``, ``"F"`` or None; taken from the image where it is None.
        age_years: age in years or None; taken from the image where it is None.
        aac_reading: the reader's scores of the aorta's walls, or None.
        rule: one of :data:`vertenet.measure.RULES` by which vertebrae are graded.
        norms: the user's own table, or None for the shipped one.
        sources: who says sex and age, of :data:`vertenet.images.person.SOURCES`; where None,
            what is not None is given by the caller.  What was given as not known stays so,
            whatever the image says.

    Returns:
        The analysis; fast enough to be called while a point is dragged.

    Raises:
        ConfigurationError: if the rule is not known.
    """
    said = sources or (said_by(sex, UNKNOWN), said_by(age_years, UNKNOWN))
    sex_source, age_source = source_of(sex, said[0]), source_of(age_years, said[1])
    if image is not None and sex is None and sex_source != GIVEN:
        sex, sex_source = image.sex, image.sex_source
    if image is not None and age_years is None and age_source != GIVEN:
        age_years, age_source = image.age_years, image.age_source
    quality = measures.check_quality(
        spine, frame.scale, image=image, width=frame.width, height=frame.height
    )
    doubt = quality.implausible
    aac = _aac(spine, frame, image, _unconfirmed(spine, quality))
    if aac_reading is not None and aac_reading.is_empty:
        aac_reading = None
    vertebrae = measures.measure_vertebrae(
        spine, frame.scale, sex=sex, age_years=age_years, rule=rule, norms=norms,
        implausible=doubt,
    )  # fmt: skip
    return Analysis(
        frame=frame,
        spine=spine,
        model=None if model is None else ModelIdentity.of(model),
        vertebrae=vertebrae,
        aac=aac,
        warnings=_warnings(spine, frame, quality),
        sex=sex,
        age_years=age_years,
        alignment=measures.measure_alignment(spine, frame.scale, implausible=doubt),
        quality=quality,
        summary=measures.summarise(vertebrae),
        aac_reading=aac_reading,
        aac_scores=_scores(aac_reading, aac.crop.status, sex, age_years),
        sex_source=sex_source,
        age_source=age_source,
    )


def by_rules(
    analysis: Analysis, *, norms: measures.NormTable | None = None
) -> dict[str, tuple[measures.Genant, ...]]:
    """The vertebrae of an analysis graded by each rule, side by side.

    Args:
        analysis: of one image.
        norms: the user's own table, or None for the shipped one.

    Returns:
        By rule one grade per vertebra, in the order of the spine; no reader's decision.
    """
    doubt = None if analysis.quality is None else analysis.quality.implausible
    return {
        rule: tuple(
            m.genant
            for m in measures.measure_vertebrae(
                analysis.spine, analysis.frame.scale, sex=analysis.sex,
                age_years=analysis.age_years, rule=rule, norms=norms, implausible=doubt,
            )
        )
        for rule in measures.RULES
    }  # fmt: skip


def _scores(
    reading: measures.AacReading | None, crop: str, sex: str | None, age_years: float | None
) -> measures.AacScore | None:
    """Totals of a reader's scores; None where there are none."""
    if reading is None:
        return None
    return measures.score_aac(
        reading.walls, crop_status=crop, lengths8=reading.lengths8, sex=sex, age_years=age_years
    )


def _warnings(spine: Spine, frame: ImageFrame, quality: measures.Quality) -> tuple[str, ...]:
    """The points' own warnings, then what the check of quality found; each once."""
    found = [finding.text for finding in quality.findings if finding.code != "coverage"]
    if not frame.scale.in_mm:  # points alone come without the warnings of their image
        shaped = frame.spacing_source == ASPECT or frame.scale.row != frame.scale.column
        found.insert(0, SHAPE_ONLY if shaped else NO_SPACING)
    return tuple(dict.fromkeys((*spine.warnings, *found)))


def _unconfirmed(spine: Spine, quality: measures.Quality) -> dict[Level, str]:
    """Levels whose points cannot be right, unless a reader has looked at them."""
    read = {v.level for v in spine if v.reader is not None and v.reader.evaluable}
    return {level: why for level, why in quality.misplaced.items() if level not in read}


def _aac(
    spine: Spine, frame: ImageFrame, image: DxaImage | None, doubtful: Mapping[Level, str]
) -> measures.AacGeometry:
    """The AAC frame; where only points are known it is not clipped and its crop unknown."""
    if frame.width is not None and frame.height is not None:
        return measures.aac_geometry(
            spine, image, frame.width, frame.height, scale=frame.scale, doubtful=doubtful
        )
    aac = measures.aac_geometry(spine, None, _UNBOUNDED, _UNBOUNDED, scale=frame.scale)
    reason = "The image's size is not known, so a cut aorta cannot be excluded."
    return replace(aac, crop=measures.CropStatus("unknown", reason))


def analyse(image: DxaImage, detector: Detector, *, anterior: Side | None = None) -> Analysis:
    """Find the vertebrae in an image and compute everything from them.

    Args:
        image: the image as read.
        detector: a loaded detector.
        anterior: the side the patient faces, or None to let the detector find it.
    """
    # Masks and noise need no points, and are remembered for `measure`.
    with ThreadPoolExecutor(1) as other:
        looked = other.submit(_look_at, image)
        with beside(looked):
            spine = detector.detect(image, anterior=anterior)
        looked.result()
    # The image's warnings travel with the points, so that files made from the
    # points alone repeat them.
    spine = replace(spine, warnings=(*image.warnings, *spine.warnings))
    return measure(spine, frame_of(image), image=image, model=detector.info)


def _look_at(image: DxaImage) -> None:
    masked_pixels(image.pixels)
    noise_of(image.pixels)
