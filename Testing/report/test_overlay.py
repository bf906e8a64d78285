"""overlay.png: right places, colours by grade, any image."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vertenet.analysis import Analysis, ImageFrame
from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage, image_from_array
from vertenet.pipeline import measure
from vertenet.report import canvas, overlay, png
from vertenet.report.canvas import Canvas, Pen, Strokes
from vertenet.report.png import png_bytes


def test_a_small_image_is_enlarged_to_be_read(an_analysis: Analysis, an_image: DxaImage) -> None:
    picture = overlay.draw_overlay(an_analysis, an_image)
    assert picture.mode == "RGB"
    assert picture.height == overlay.TARGET_ROWS + overlay.FOOTER


def test_pixels_are_square_on_the_picture(an_analysis: Analysis, an_image: DxaImage) -> None:
    layout = overlay._layout(an_analysis, an_image)
    assert layout.rows / (600 * 0.3) == pytest.approx(layout.columns / (400 * 0.25), rel=1e-3)


def test_the_gutter_lies_behind_the_patient(an_analysis: Analysis, an_image: DxaImage) -> None:
    assert overlay._layout(an_analysis, an_image).left == overlay.GUTTER
    turned = replace(an_analysis, spine=replace(an_analysis.spine, anterior=Side.LEFT))
    assert overlay._layout(turned, an_image).left == 0


def test_a_pixels_centre_stays_its_centre(an_analysis: Analysis, an_image: DxaImage) -> None:
    layout = overlay._layout(an_analysis, an_image)
    corners = layout.at([(-0.5, -0.5), (399.5, 599.5)])
    expected = [(layout.left - 0.5, -0.5), (layout.left + layout.columns - 0.5, layout.rows - 0.5)]
    assert corners == pytest.approx(np.array(expected))


def test_a_wall_has_the_colour_of_its_grade(an_analysis: Analysis, an_image: DxaImage) -> None:
    values = np.zeros((600, 400))
    values[0, 0] = 1.0  # the rest is dark
    dark = image_from_array(values, name="d", spacing_mm=(0.3, 0.25))
    pixels = np.asarray(overlay.draw_overlay(an_analysis, dark), float)
    layout = overlay._layout(an_analysis, dark)
    wedge = an_analysis.spine.vertebrae[3]
    x, y = layout.at((wedge.array()[0] + wedge.array()[5]) / 2)
    found = pixels[round(y), round(x) - 1 : round(x) + 2]
    brightest = found[found.sum(axis=1).argmax()]
    wanted = np.array(overlay.GRADE_COLOURS[an_analysis.vertebrae[3].final_grade], float)
    assert brightest.max() > 100
    # antialiasing dims a colour but keeps its hue; 0.02 is three steps of 1/255 of rounding
    assert brightest / brightest.max() == pytest.approx(wanted / wanted.max(), abs=0.02)


@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (64, 3000), (3000, 64), (1800, 600)])
def test_an_image_of_any_shape_is_drawn(rows: int, columns: int) -> None:
    image = image_from_array(np.arange(rows * columns).reshape(rows, columns) % 251, name="x")
    analysis = measure(Spine(), ImageFrame("x", columns, rows), image=image)
    picture = overlay.draw_overlay(analysis, image)
    assert max(picture.size) <= overlay.LARGEST + overlay.GUTTER + overlay.FOOTER


def test_points_far_outside_do_no_harm(an_analysis: Analysis) -> None:
    image = image_from_array(np.arange(4096).reshape(64, 64), name="x")
    analysis = measure(an_analysis.spine, ImageFrame("x", 64, 64), image=image)
    overlay.draw_overlay(analysis, image)


@pytest.mark.parametrize("factor", [1e-320, 1e12, 1e300])
def test_points_of_any_size_are_drawn(an_image: DxaImage, factor: float) -> None:
    places = {"PS": (1, 1), "AS": (2, 1), "AI": (2, 2), "PI": (1, 2)}
    points = {PointName(n): Landmark(x * factor, y * factor) for n, (x, y) in places.items()}
    spine = Spine((Vertebra(Level.L1, points),))
    overlay.draw_overlay(measure(spine, ImageFrame("x", 400, 600), image=an_image), an_image)


def test_the_scale_bar_needs_millimetres(an_analysis: Analysis, an_image: DxaImage) -> None:
    layout = overlay._layout(an_analysis, an_image)
    length = overlay._bar_px(an_analysis, layout)
    assert length == pytest.approx(50 / 0.3 * 1400 / 600)
    unknown = replace(an_analysis, frame=replace(an_analysis.frame, scale=PixelScale()))
    assert overlay._bar_px(unknown, layout) is None


def test_the_picture_is_a_png(an_analysis: Analysis, an_image: DxaImage, tmp_path: Path) -> None:
    overlay.write_overlay(an_analysis, an_image, tmp_path / "o.png")
    with Image.open(tmp_path / "o.png") as picture:
        assert picture.format == "PNG"
        drawn = overlay.draw_overlay(an_analysis, an_image)
        assert (np.asarray(picture) == np.asarray(drawn)).all()


def test_a_line_covers_its_width_and_no_more() -> None:
    canvas = Canvas(np.zeros((21, 21, 3), np.uint8))
    canvas.line((5, 10), (15, 10), (255, 255, 255), width=3.0)
    # pixel centres 1 px away are covered whole, 2 px away not at all
    assert canvas.pixels[:, 10, 0].tolist() == [0] * 9 + [255] * 3 + [0] * 9


@pytest.mark.parametrize("end", [(590, 180), (590, 210.5), (120, 395), (700, -90), (-50, 330)])
def test_a_long_line_is_the_same_drawn_within_its_band(
    end: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = []
    for limit in (0, 10**9):
        monkeypatch.setattr(canvas, "_LARGE_BOX", limit)
        drawn = Canvas(np.full((400, 600, 3), 90, np.uint8))
        drawn.line((10.3, 20.7), end, (255, 0, 40), width=2.0, alpha=0.8)
        pictures.append(drawn.pixels)
    assert (pictures[0] != 90).any()
    assert (pictures[0] == pictures[1]).all()


def test_words_cut_by_the_border_are_drawn_in_part() -> None:
    inside, cut = (Canvas(np.zeros((60, 90, 3), np.uint8)) for _ in range(2))
    font = overlay._font(17)
    inside.text([((30, 30), "L1", (255, 255, 255), font, "lm")])
    cut.text([((80, 30), "L1", (255, 255, 255), font, "lm")])
    assert inside.pixels[:, 30:40].max() > 200
    assert (cut.pixels[:, 75:] == inside.pixels[:, 25:40]).all()


def test_an_area_mixes_by_its_opacity() -> None:
    canvas = Canvas(np.full((9, 9, 3), 100, np.uint8))
    canvas.area([(2, 2), (6, 2), (6, 6), (2, 6)], (200, 200, 200), alpha=0.5)
    assert canvas.pixels[4, 4, 0] == 150
    assert canvas.pixels[0, 0, 0] == 100


def _drawn_with(pen: Pen) -> None:
    """One of each, over and beyond the borders of rows that are drawn apart."""
    pen.area([(-4.6, -7.2), (70.3, 20.8), (50.5, 97.4)], (200, 0, 90), alpha=0.2)
    pen.line((3.2, 4.9), (88.7, 93.1), (0, 200, 90), width=2.3, alpha=0.8)
    pen.dashes((80, 5), (80, 85), (0, 0, 250), width=1.1, alpha=0.6)
    pen.cross((40.4, 30.2), (240, 240, 240), arm=4.5, width=1.2, alpha=0.95)
    pen.text([((10, 45), "T12", (255, 255, 255), overlay._font(22), "lm")])
    pen.path([(5, 60), (45, 59.5), (60, 72)], (255, 255, 0), closed=True)


@pytest.mark.parametrize("rows", [1, 7, 30, 45, 90])
def test_a_picture_drawn_in_strips_is_the_same(rows: int) -> None:
    ground = np.random.default_rng(0).integers(0, 256, (90, 100, 3)).astype(np.uint8)
    whole, parts, strokes = Canvas(ground.copy()), ground.copy(), Strokes()
    _drawn_with(whole)
    _drawn_with(strokes)
    for first in range(0, 90, rows):
        strokes.draw(Canvas(parts, (first, first + rows)), first, first + rows)
    assert (whole.pixels != ground).any()
    assert (parts == whole.pixels).all()


@pytest.fixture(params=["isal", "zlib"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What packs pictures."""
    if request.param == "isal":
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)  # as where it is not installed
    png._library.cache_clear()
    yield request.param
    png._library.cache_clear()


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 100])
def test_a_picture_is_packed_while_it_is_drawn(rows: int, library: str) -> None:
    assert png._library()[0].__name__.endswith(f"{library}_zlib" if library == "isal" else library)
    pixels = np.random.default_rng(0).integers(0, 256, (rows, 40, 3)).astype(np.uint8)
    wanted, drawn = pixels.copy(), np.zeros_like(pixels)

    def finish(first: int, end: int) -> None:
        drawn[first:end] = wanted[first:end]

    content = png_bytes(drawn, finish=finish)
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        assert (np.asarray(picture) == wanted).all()
    assert content == png_bytes(wanted)
    assert len(content) < wanted.nbytes * 1.02 + 400  # nothing of it can be packed


def test_a_scan_is_packed_as_small_as_pillow_does_whatever_packs_it(library: str) -> None:
    rng = np.random.default_rng(0)
    scan = np.linspace(20, 230, 400)[None, :] + rng.normal(0, 3, (600, 400))
    picture = Image.fromarray(scan.clip(0, 255).astype(np.uint8)).resize((900, 1350)).convert("RGB")
    by_pillow = io.BytesIO()
    picture.save(by_pillow, "PNG", compress_level=1)
    assert len(png_bytes(np.asarray(picture))) < 1.1 * len(by_pillow.getvalue())


def test_itk_reads_the_picture(
    library: str, tmp_path: Path, an_analysis: Analysis, an_image: DxaImage
) -> None:
    sitk = pytest.importorskip("SimpleITK")
    overlay.write_overlay(an_analysis, an_image, tmp_path / "overlay.png")
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "overlay.png")))
    assert (found == np.asarray(overlay.draw_overlay(an_analysis, an_image))).all()
