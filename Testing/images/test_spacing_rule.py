"""The spacing rule: order of sources, what is withheld, row before column."""

from __future__ import annotations

import pytest

from vertenet.errors import ConfigurationError
from vertenet.images import SpacingTags, dicom_spacing, header_spacing
from vertenet.images.spacing import check_field, speaks_of_spacing, unknown_spacing, user_spacing

PIXEL = ("0.5", "0.25")
IMAGER = ("0.6", "0.3")
NOMINAL = ("0.8", "0.4")


def all_tags(**changes: tuple[str, ...]) -> SpacingTags:
    tags = {
        "pixel_spacing": PIXEL,
        "imager_pixel_spacing": IMAGER,
        "nominal_scanned_pixel_spacing": NOMINAL,
        "pixel_aspect_ratio": ("2", "1"),
        **changes,
    }
    return SpacingTags(**tags)


def test_the_first_usable_source_wins() -> None:
    tags = all_tags()
    assert dicom_spacing(tags, user_mm=(0.7, 0.35)).source == "user"
    assert dicom_spacing(tags).source == "PixelSpacing"
    tags = all_tags(pixel_spacing=())
    assert dicom_spacing(tags).source == "ImagerPixelSpacing"
    tags = all_tags(pixel_spacing=(), imager_pixel_spacing=())
    assert dicom_spacing(tags).source == "NominalScannedPixelSpacing"
    tags = SpacingTags(pixel_aspect_ratio=("2", "1"))
    assert dicom_spacing(tags).source == "PixelAspectRatio"
    assert dicom_spacing(SpacingTags()).source == "unknown"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (SpacingTags(pixel_spacing=PIXEL), (0.5, 0.25)),
        (SpacingTags(imager_pixel_spacing=IMAGER), (0.6, 0.3)),
        (SpacingTags(nominal_scanned_pixel_spacing=NOMINAL), (0.8, 0.4)),
    ],
)
def test_rows_come_before_columns_in_every_source(
    tags: SpacingTags, expected: tuple[float, float]
) -> None:
    scale = dicom_spacing(tags).scale
    assert (scale.row, scale.column) == expected
    assert scale.in_mm


def test_an_aspect_ratio_alone_gives_a_shape_and_no_millimetres() -> None:
    spacing = dicom_spacing(SpacingTags(pixel_aspect_ratio=("3", "2")))
    assert (spacing.scale.row, spacing.scale.column) == (1.5, 1.0)
    assert spacing.scale.spacing_mm is None
    assert "not millimetres" in spacing.warnings[0]


@pytest.mark.parametrize(
    "values",
    [("0", "0"), ("-0.5", "0.5"), ("0,5", "0.5"), ("0.5",), ("nan", "0.5"), ("inf", "1"),
     ("0.5", "0.5", "0.5"), ("1", "1"), ("1.0", "1.000"), ("0.04", "0.5"), ("0.5", "2.5"),
     ("1.9", "0.4"), ("abc", "")],
)  # fmt: skip
def test_an_unusable_value_is_named_and_the_next_source_is_asked(values: tuple[str, ...]) -> None:
    spacing = dicom_spacing(SpacingTags(pixel_spacing=values, imager_pixel_spacing=IMAGER))
    assert spacing.source == "ImagerPixelSpacing"
    assert spacing.warnings[0].startswith("PixelSpacing")
    alone = dicom_spacing(SpacingTags(pixel_spacing=values))
    assert alone.source == "unknown"
    assert alone.scale.spacing_mm is None


@pytest.mark.parametrize(
    ("millimetres", "usable"),
    [(0.0499, False), (0.05, True), (0.0501, True), (1.99, True), (2.0, True), (2.01, False)],
)
def test_the_range_of_pixel_sizes_has_these_ends(millimetres: float, usable: bool) -> None:
    text = str(millimetres)
    assert (dicom_spacing(SpacingTags(pixel_spacing=(text, text))).source != "unknown") is usable


@pytest.mark.parametrize(("row", "usable"), [("1.59", True), ("1.6", True), ("1.61", False)])
def test_sides_may_be_four_to_one_apart(row: str, usable: bool) -> None:
    spacing = dicom_spacing(SpacingTags(pixel_spacing=(row, "0.4")))
    assert (spacing.source == "PixelSpacing") is usable


@pytest.mark.parametrize("values", [("0", "1"), ("1", "0"), ("x", "y"), ("1",), ("5", "1")])
def test_an_unusable_aspect_ratio_leaves_square_pixels(values: tuple[str, ...]) -> None:
    spacing = dicom_spacing(SpacingTags(pixel_aspect_ratio=values))
    assert spacing.source == "unknown"
    assert (spacing.scale.row, spacing.scale.column) == (1.0, 1.0)
    assert "PixelAspectRatio" in spacing.warnings[0]


def test_magnification_is_told() -> None:
    both = dicom_spacing(
        SpacingTags(PIXEL, IMAGER, calibration_type="GEOMETRY", pixel_aspect_ratio=("2", "1"))
    )
    assert both.source == "PixelSpacing"
    (sentence,) = both.warnings
    assert sentence == (
        "PixelSpacing 0.5 x 0.25 mm and ImagerPixelSpacing 0.6 x 0.3 mm differ "
        "(calibrated: geometry); PixelSpacing is used."
    )
    assert "detector" in dicom_spacing(SpacingTags(imager_pixel_spacing=IMAGER)).warnings[0]


def test_sources_that_agree_within_one_per_cent_say_nothing() -> None:
    assert dicom_spacing(SpacingTags(PIXEL, ("0.502", "0.251"))).warnings == ()
    assert dicom_spacing(SpacingTags(PIXEL, ("0.506", "0.253"))).warnings != ()


def test_a_contradicting_aspect_ratio_is_told() -> None:
    spacing = dicom_spacing(SpacingTags(PIXEL, pixel_aspect_ratio=("1", "1")))
    assert "contradicts PixelSpacing" in spacing.warnings[0]


def test_the_user_is_believed_and_told_of_a_difference() -> None:
    spacing = dicom_spacing(all_tags(), user_mm=(0.25, 0.25))
    assert spacing.scale.spacing_mm == (0.25, 0.25)
    assert "in place of the file's PixelSpacing, 0.5 x 0.25 mm" in spacing.warnings[0]
    assert dicom_spacing(all_tags(), user_mm=(0.5, 0.25)).warnings == ()
    unlikely = dicom_spacing(SpacingTags(), user_mm=(25.0, 25.0))
    assert unlikely.scale.spacing_mm == (25.0, 25.0)
    assert "check it" in unlikely.warnings[0]
    assert dicom_spacing(SpacingTags(), user_mm=(1.0, 1.0)).warnings == ()


@pytest.mark.parametrize("value", [(0.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0), (1.0,), "ab", 3])
def test_a_users_spacing_that_is_no_pair_above_zero_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="Expected"):
        dicom_spacing(SpacingTags(), user_mm=value)  # type: ignore[arg-type]


def test_one_by_one_in_a_header_is_unknown_unless_it_was_measured() -> None:
    assert header_spacing(1.0, 1.0).source == "unknown"
    assert header_spacing(0.6, 0.3).scale.spacing_mm == (0.6, 0.3)
    assert header_spacing(1.0, 1.0, recorded="user").scale.spacing_mm == (1.0, 1.0)
    assert header_spacing(0.6, 0.3, recorded="unknown").scale.spacing_mm is None
    shape = header_spacing(1.5, 1.0, recorded="PixelAspectRatio")
    assert (shape.source, shape.scale.row, shape.scale.in_mm) == ("PixelAspectRatio", 1.5, False)
    withheld = header_spacing(50.0, 50.0)
    assert withheld.source == "unknown"
    assert "50 x 50 mm" in withheld.warnings[0]


def test_sentences_on_the_size_of_a_pixel_are_told_from_others() -> None:
    from vertenet.images.spacing import SHAPE_ONLY

    odd = SpacingTags(
        pixel_spacing=("1", "1"), imager_pixel_spacing=("0.5", "0.5"), pixel_aspect_ratio=("3", "1")
    )
    long = check_field(user_spacing((2.0, 1.9)), 700)
    said = [*unknown_spacing().warnings, SHAPE_ONLY, *long.warnings]
    said += [*dicom_spacing(odd).warnings, *dicom_spacing(odd, user_mm=(0.3, 0.3)).warnings]
    said += [*header_spacing(9, 9).warnings, *user_spacing((9, 9)).warnings]
    assert len(said) >= 9
    assert all(speaks_of_spacing(sentence) for sentence in said)
    assert not speaks_of_spacing("The file's Modality LUT is damaged and was not applied.")
