"""``overlay.png``: the image with bodies, grades, guides and AAC regions, for looking at."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import __version__
from ..analysis import Analysis
from ..anatomy import CORNERS, PointName, PointStatus, Side, Vertebra
from ..errors import MissingDependencyError
from ..measure import VertebraMeasures
from .atomic import output_errors
from .canvas import Canvas, Pen, Rgb, Strokes
from .description import clean
from .png import png_bytes

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from ..images import DxaImage

    _Words = tuple[tuple[float, float], str, Rgb, FreeTypeFont | ImageFont, str]

#: Colours that people with any colour vision tell apart.
#: Source: Okabe and Ito 2008, Color Universal Design, https://jfly.uni-koeln.de/color/
SKY: Rgb = (86, 180, 233)
YELLOW: Rgb = (240, 228, 66)
ORANGE: Rgb = (230, 159, 0)
VERMILION: Rgb = (232, 106, 23)
GREEN: Rgb = (0, 190, 140)
BLUE: Rgb = (0, 114, 178)
PURPLE: Rgb = (204, 121, 167)
GREY: Rgb = (170, 170, 170)
WHITE: Rgb = (235, 235, 235)
PAPER: Rgb = (18, 18, 20)
GRADE_COLOURS: dict[int | None, Rgb] = {0: SKY, 1: YELLOW, 2: ORANGE, 3: VERMILION, None: GREY}

TARGET_ROWS = 1400  # smaller images are enlarged to this height
LARGEST = 2600  # larger ones are reduced to this
GUTTER, FOOTER, LINE = 230, 78, 22
_BAR_MM = 50
_FAR = 1e6  # pixels; points beyond it are drawn at it, lest numbers overflow


@dataclass(frozen=True)
class _Layout:
    """Where the image lies on the picture: ``picture = image * scale + offset``."""

    scale_x: float
    scale_y: float
    left: int
    columns: int
    rows: int
    width: int
    gutter_x: int

    @property
    def bottom(self) -> int:
        """Rows of the picture with its footer."""
        return max(self.rows, 320) + FOOTER

    def at(self, points: ArrayLike) -> NDArray[np.float64]:
        """Image pixels ``(..., 2)`` as picture pixels; both pixel-centre."""
        scale = np.array([self.scale_x, self.scale_y])
        shift = np.array([self.left, 0.0]) - 0.5
        kept = np.clip(np.asarray(points, np.float64), -_FAR, _FAR)
        moved: NDArray[np.float64] = (kept + 0.5) * scale + shift
        return moved


def draw_overlay(analysis: Analysis, image: DxaImage) -> Image:
    """The annotated picture, RGB.

    Raises:
        MissingDependencyError: if Pillow is not installed.
    """
    _need_pillow()
    from PIL import Image

    layout = _layout(analysis, image)
    pixels = _ground(image, layout)
    _strokes(analysis, layout).draw(Canvas(pixels), 0, layout.bottom)
    return Image.fromarray(pixels)


def _need_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'pillow' for pictures, but it is not installed. "
            "Install it with: pip install pillow"
        ) from None


def _ground(image: DxaImage, layout: _Layout) -> NDArray[np.uint8]:
    """``(rows, columns, 3)``: the image on paper, on which nothing is drawn yet."""
    grey = _grey(image.pixels, layout)
    pixels = np.empty((layout.bottom, layout.width, 3), np.uint8)
    pixels[:] = np.tile(np.array(PAPER, np.uint8), (layout.width, 1))
    for colour in range(3):  # one after the other takes a third of the time
        pixels[: layout.rows, layout.left : layout.left + layout.columns, colour] = grey
    return pixels


def _strokes(analysis: Analysis, layout: _Layout) -> Strokes:
    """What is to be drawn on the image."""
    pen = Strokes()
    _draw_aac(pen, analysis, layout)
    for vertebra, measures in zip(analysis.spine, analysis.vertebrae, strict=True):
        _draw_body(pen, vertebra, measures, layout)
    _draw_bar(pen, analysis, layout)
    _write_words(pen, analysis, layout)
    return pen


def write_overlay(
    analysis: Analysis,
    image: DxaImage,
    path: Path,
    *,
    aside: Callable[[], None] | None = None,
    before: Callable[[], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Write the annotated picture as PNG.

    Args:
        analysis: what is drawn.
        image: on what.
        path: the file.
        aside: what else another thread can do, before there is something to pack.
        before: what else is to be done, while there is nothing yet to draw on.
        meanwhile: what else is to be done, while the last rows are packed.

    Raises:
        OutputError: if the file cannot be written.
        MissingDependencyError: if Pillow is not installed.
    """
    _need_pillow()
    layout = _layout(analysis, image)
    with ThreadPoolExecutor(1) as beside:
        ground = beside.submit(_ground, image, layout)
        others = beside.submit(aside or (lambda: None))
        strokes = _strokes(analysis, layout)
        if before is not None:
            before()
        pixels = ground.result()

        def finish(first: int, end: int) -> None:
            strokes.draw(Canvas(pixels, (first, end)), first, end)

        content = png_bytes(pixels, finish=finish, meanwhile=meanwhile, beside=beside)
        others.result()
    with output_errors(path):
        path.write_bytes(content)


def _layout(analysis: Analysis, image: DxaImage) -> _Layout:
    """Square pixels on the picture, tall enough to read, the gutter on the posterior side."""
    stretch = image.scale.column / image.scale.row
    rows, columns = float(image.height), image.width * stretch
    factor = TARGET_ROWS / rows if rows < TARGET_ROWS else 1.0
    factor *= min(1.0, LARGEST / (max(rows, columns) * factor))
    height, width = max(1, round(rows * factor)), max(1, round(columns * factor))
    posterior_left = analysis.spine.anterior is Side.RIGHT
    return _Layout(
        scale_x=width / image.width,
        scale_y=height / image.height,
        left=GUTTER if posterior_left else 0,
        columns=width,
        rows=height,
        width=max(width + GUTTER, 640),
        gutter_x=20 if posterior_left else width + 20,
    )


def _grey(pixels: NDArray[np.floating], layout: _Layout) -> NDArray[np.uint8]:
    """The windowed image, enlarged where it is small."""
    from PIL import Image

    step = max(1, pixels.shape[0] // 400)
    low, high = (float(v) for v in np.percentile(pixels[::step, ::step], (0.5, 99.7)))
    if high <= low:  # nearly all pixels alike
        low, high = float(pixels.min()), float(pixels.max())
    scaled = pixels - np.float32(low)
    scaled *= np.float32(255 / max(high - low, 1e-30))
    grey = np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)
    size = (layout.columns, layout.rows)
    if grey.shape[::-1] == size:
        return grey
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))


def _draw_aac(pen: Pen, analysis: Analysis, layout: _Layout) -> None:
    aac = analysis.aac
    for segment in aac.segments:
        for polygon, colour in ((segment.posterior, BLUE), (segment.anterior, PURPLE)):
            if polygon:
                pen.area(layout.at(polygon).tolist(), colour, alpha=0.20)
    for line, alpha in [(t, 0.35) for t in aac.thirds] + [(g, 0.8) for g in aac.guides]:
        posterior, anterior, end = layout.at((line.posterior, line.anterior, line.end))
        pen.line(anterior, end, GREEN, width=1.1, alpha=alpha)
        if line in aac.guides:
            pen.dashes(posterior, anterior, GREEN, width=1.1, alpha=0.6)


def _draw_body(pen: Pen, vertebra: Vertebra, measures: VertebraMeasures, layout: _Layout) -> None:
    """Full lines along the walls, faint ones along the endplates, an open cross per point."""
    colour = GRADE_COLOURS[measures.final_grade]
    places = layout.at([point.xy for point in vertebra.points.values()]).tolist()
    at = dict(zip(vertebra.points, places, strict=True))
    fractured = bool(measures.final_grade)
    strong = 0.9 if fractured else 0.7
    for wall in ((PointName.PS, PointName.PI), (PointName.AS, PointName.AI)):
        pen.line(at[wall[0]], at[wall[1]], colour, width=1.3, alpha=strong)
    for plate in (("PS", "MS", "AS"), ("PI", "MI", "AI")):
        points = [at[PointName(name)] for name in plate if PointName(name) in at]
        pen.path(points, colour, width=1.0, alpha=0.75 if fractured else 0.5)
    for name, point in vertebra.points.items():
        edited = point.status is PointStatus.EDITED
        pen.cross(at[name], WHITE if edited else colour, arm=4.5, width=1.2, alpha=0.95)


def _bar_px(analysis: Analysis, layout: _Layout) -> float | None:
    spacing = analysis.frame.scale.spacing_mm
    return None if spacing is None else _BAR_MM / spacing[0] * layout.scale_y


def _draw_bar(pen: Pen, analysis: Analysis, layout: _Layout) -> None:
    length = _bar_px(analysis, layout)
    if length is None or length > layout.width / 2:
        return
    y, right = layout.bottom - 18.0, layout.width - 14.0
    pen.line((right - length, y), (right, y), WHITE, width=2)
    for x in (right - length, right):
        pen.line((x, y - 5), (x, y + 5), WHITE, width=2)


def _write_words(pen: Pen, analysis: Analysis, layout: _Layout) -> None:
    small, normal, large = (_font(size) for size in (14, 17, 22))
    words: list[_Words] = []
    beside: list[_Words] = []
    last = -math.inf
    for vertebra, measures in zip(analysis.spine, analysis.vertebrae, strict=True):
        centre = layout.at(vertebra.centre)
        colour = GRADE_COLOURS[measures.final_grade]
        y = min(max(centre[1], last + 2.1 * LINE, LINE), layout.rows - LINE)
        last = y
        words += [
            ((layout.gutter_x, y), vertebra.level.value, WHITE, large, "lm"),
            ((layout.gutter_x + 48, y - 9), _grade_words(measures), colour, normal, "lm"),
            *(((layout.gutter_x + x, y + 11), text, GREY, small, "lm")
              for x, text in _ratio_words(measures)),
        ]  # fmt: skip
        anchor = "rm" if analysis.spine.anterior is Side.RIGHT else "lm"
        place = _beside(vertebra, analysis.spine.anterior, layout)
        beside.append((place, vertebra.level.value, colour, normal, anchor))
        if measures.final_grade:
            x = layout.gutter_x - 10
            pen.line((x, y - 16), (x, y + 16), colour, width=6)
    beside += _guide_names(analysis, layout, small)
    for row, (text, colour) in enumerate(_footer(analysis)):
        words.append(((12, layout.bottom - FOOTER + 16 + row * LINE), text, colour, small, "lm"))
    length = _bar_px(analysis, layout)
    if length is not None and length <= layout.width / 2:
        middle = (layout.width - 14 - length / 2, layout.bottom - 30)
        words.append((middle, f"{_BAR_MM} mm", WHITE, small, "mm"))
    pen.text(beside)
    pen.text(words, halo=0)  # beside the image, on dark paper


@lru_cache(maxsize=4)
def _font(size: int) -> FreeTypeFont | ImageFont:
    """Pillow's own font; unpacking it takes as long as ten words."""
    from PIL import ImageFont as Fonts

    return Fonts.load_default(size)


def _guide_names(
    analysis: Analysis, layout: _Layout, font: FreeTypeFont | ImageFont
) -> list[_Words]:
    """The names of the five guides at their far ends, as far as these are on the image."""
    margin = 24.0  # half a name's width
    names = []
    for guide in analysis.aac.guides:
        x, y = layout.at(guide.end).tolist()
        x = min(max(x, layout.left + margin), layout.left + layout.columns - margin)
        if 0 < y < layout.rows:
            names.append(((x, y - 10), guide.name, GREEN, font, "mm"))
    return names


def _beside(vertebra: Vertebra, anterior: Side, layout: _Layout) -> tuple[float, float]:
    """A place just behind the posterior wall."""
    corners = layout.at([vertebra.points[name].xy for name in CORNERS])
    x = corners[:, 0].min() - 14 if anterior is Side.RIGHT else corners[:, 0].max() + 14
    wall = layout.at([vertebra.points[PointName(name)].xy for name in ("PS", "PI")])
    return float(x), float(wall[:, 1].mean())


def _grade_words(measures: VertebraMeasures) -> str:
    reader = measures.reader
    if reader is not None and not reader.evaluable:
        return "not evaluable"
    grade = measures.final_grade
    if grade is None:
        return "not graded"
    if reader is not None and reader.grade is not None:
        return f"grade {grade} (reader)"
    return "normal" if grade == 0 else f"grade {grade}  {measures.genant.type or ''}".rstrip()


def _ratio_words(measures: VertebraMeasures) -> list[tuple[int, str]]:
    """Words and where they begin in the gutter; numbers apart, for most come back."""
    pairs = (("a/p", measures.ratios.Ha_Hp), ("m/p", measures.ratios.Hm_Hp))
    known = [(name, f"{value:.2f}") for name, value in pairs if value is not None]
    columns = zip(known, ((48, 73), (106, 135)))
    return [at for pair, begins in columns for at in zip(begins, pair, strict=True)]


def _footer(analysis: Analysis) -> list[tuple[str, Rgb]]:
    crop = analysis.aac.crop
    colour = VERMILION if crop.status == "cropped" else GREY
    model = analysis.model
    source = "points given" if model is None else f"{model.name} {model.version}"
    found = f"{len(analysis.spine)} vertebrae" if len(analysis.spine) else "no spine found"
    return [
        (f"RESEARCH USE ONLY   {clean(analysis.frame.file)[:60]}", WHITE),
        (f"Aorta in the image: {crop.status}   AAC regions: anterior wall purple, posterior blue",
         colour),
        (f"{found}   {source}   VerteNet {__version__}", GREY),
    ]  # fmt: skip
