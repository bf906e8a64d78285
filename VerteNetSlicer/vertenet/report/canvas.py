"""Thin antialiased lines and translucent areas on an RGB picture, in plain numpy.

Pillow draws neither, and supersampling the whole picture would cost most of the
time.  Here each stroke touches only its own bounding box.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Rgb = tuple[int, int, int]
Xy = Sequence[float] | NDArray[np.float64]
_Box = tuple[int, int, int, int]
_Where = tuple[slice, slice] | tuple[NDArray[np.intp], NDArray[np.intp]]
_HALO: Rgb = (0, 0, 0)
_LARGE_BOX = 6_000  # pixels; smaller ones are drawn whole sooner than their band is found


class Pen(ABC):
    """What can be drawn; coordinates are ``(x, y)``, pixel centres at whole numbers."""

    @abstractmethod
    def line(
        self, start: Xy, end: Xy, colour: Rgb, *, width: float = 1.2, alpha: float = 1.0
    ) -> None:
        """A straight line with round ends, ``width`` pixels wide."""

    @abstractmethod
    def area(self, points: Sequence[Xy], colour: Rgb, *, alpha: float) -> None:
        """A filled polygon."""

    @abstractmethod
    def cross(self, point: Xy, colour: Rgb, *, arm: float, width: float, alpha: float) -> None:
        """A small upright cross, open in its middle so that the spot stays visible."""

    @abstractmethod
    def stamp(self, cover: NDArray[np.float32], x0: int, y0: int, colour: Rgb) -> None:
        """A colour where ``cover``, laid with its first pixel at a place, is above 0."""

    def path(
        self,
        points: Sequence[Xy],
        colour: Rgb,
        *,
        width: float = 1.2,
        alpha: float = 1.0,
        closed: bool = False,
    ) -> None:
        """Straight lines from point to point."""
        ends = [*points[1:], points[0]] if closed else points[1:]
        for start, end in zip(points, ends):
            self.line(start, end, colour, width=width, alpha=alpha)

    def dashes(
        self, start: Xy, end: Xy, colour: Rgb, *, width: float, alpha: float, dash: float = 6.0
    ) -> None:
        """A line of dashes as long as their gaps."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        count = max(1, round(float(np.hypot(*(b - a))) / (2 * dash)))
        for i in range(count):
            first, last = (i + 0.25) / count, (i + 0.75) / count
            self.line(a + (b - a) * first, a + (b - a) * last, colour, width=width, alpha=alpha)

    def text(
        self,
        texts: Sequence[tuple[Xy, str, Rgb, FreeTypeFont | ImageFont, str]],
        *,
        halo: int = 2,
    ) -> None:
        """Words ``((x, y), text, colour, font, anchor)``, with a dark rim of ``halo`` pixels.

        They are put at whole pixels, so that words that come back are drawn but once.
        """
        for (x, y), words, colour, font, anchor in texts:
            for stroke, ink in ((halo, _HALO), (0, colour)) if halo else ((0, colour),):
                cover, x0, y0 = _stamp(words, font, anchor, stroke)
                self.stamp(cover, round(float(x)) + x0, round(float(y)) + y0, ink)


class Canvas(Pen):
    """A picture being drawn, or some rows of it.

    Attributes:
        pixels: ``(rows, columns, 3)`` uint8.
    """

    def __init__(self, pixels: NDArray[np.uint8], rows: tuple[int, int] | None = None) -> None:
        self.pixels = pixels
        first, end = (0, len(pixels)) if rows is None else rows
        self._first, self._end = max(first, 0), min(end, len(pixels))

    def line(
        self, start: Xy, end: Xy, colour: Rgb, *, width: float = 1.2, alpha: float = 1.0
    ) -> None:
        """A straight line with round ends, ``width`` pixels wide."""
        x0, y0, x1, y1 = (float(v) for v in (*start, *end))
        reach = width / 2 + 1
        box = self._box(min(x0, x1) - reach, min(y0, y1) - reach, max(x0, x1) + reach,
                        max(y0, y1) + reach)  # fmt: skip
        if box is None:
            return
        dx, dy = x1 - x0, y1 - y0
        where, across, down = _places(box, (x0, y0), (dx, dy), reach)
        x, y = across - x0, down - y0
        square = dx * dx + dy * dy
        along = (x * dx + y * dy) / (square or 1.0)
        along = np.minimum(np.maximum(along, 0), 1)
        away = np.hypot(x - along * dx, y - along * dy)
        self._blend(where, width / 2 + 0.5 - away, colour, alpha)

    def area(self, points: Sequence[Xy], colour: Rgb, *, alpha: float) -> None:
        """A filled polygon."""
        from PIL import Image, ImageDraw

        outline = np.floor(np.asarray(points, float))  # Pillow knows whole pixels only
        if len(outline) < 3:
            return
        box = self._box(*outline.min(axis=0), *(outline.max(axis=0) + 1))
        if box is None:
            return
        left, top, right, bottom = box
        mask = Image.new("L", (right - left, bottom - top))
        local = [(x - left, y - top) for x, y in outline.tolist()]
        ImageDraw.Draw(mask).polygon(local, fill=255)
        self._blend(_slices(box), np.asarray(mask, np.float32) / 255, colour, alpha)

    def cross(self, point: Xy, colour: Rgb, *, arm: float, width: float, alpha: float) -> None:
        """A small upright cross, open in its middle so that the spot stays visible."""
        x0, y0 = (float(v) for v in point)
        reach = arm + width / 2 + 1
        box = self._box(x0 - reach, y0 - reach, x0 + reach, y0 + reach)
        if box is None:
            return
        left, top, right, bottom = box
        x = np.abs(np.arange(left, right, dtype=np.float32) - x0)[None, :]
        y = np.abs(np.arange(top, bottom, dtype=np.float32) - y0)[:, None]
        gap = arm / 3
        level = np.hypot(np.maximum(gap - x, np.maximum(x - arm, 0)), y)
        upright = np.hypot(x, np.maximum(gap - y, np.maximum(y - arm, 0)))
        away = np.minimum(level, upright)
        self._blend(_slices(box), width / 2 + 0.5 - away, colour, alpha)

    def stamp(self, cover: NDArray[np.float32], x0: int, y0: int, colour: Rgb) -> None:
        """A colour where ``cover``, laid with its first pixel at a place, is above 0."""
        rows, columns = cover.shape
        box = self._box(x0, y0, x0 + columns - 1, y0 + rows - 1)
        if box is not None:
            left, top, right, bottom = box
            part = cover[top - y0 : bottom - y0, left - x0 : right - x0]
            self._blend(_slices(box), part, colour, 1.0)

    def _box(self, left: float, top: float, right: float, bottom: float) -> _Box | None:
        """The part of a rectangle that lies on the rows that are drawn, or None."""
        columns = self.pixels.shape[1]
        x0, y0 = max(0, math.floor(left)), max(self._first, math.floor(top))
        x1 = min(columns, math.ceil(min(right, columns)) + 1)
        y1 = min(self._end, math.ceil(min(bottom, self._end)) + 1)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _blend(self, where: _Where, cover: NDArray[np.floating], colour: Rgb, alpha: float) -> None:
        """Mix a colour in where ``cover``, cut at 0 and 1, says how much of a pixel it takes."""
        part = self.pixels[where].astype(np.float32)
        weight = np.minimum(np.maximum(cover, 0), 1)
        weight = (alpha * weight).astype(np.float32, copy=False)
        mixed = np.array(colour, np.float32) - part
        mixed *= weight[..., None]
        mixed += part
        mixed += 0.5
        self.pixels[where] = mixed.astype(np.uint8)


class Strokes(Pen):
    """What is to be drawn, kept in order, so that some rows can be drawn before others."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, float, Callable[[Canvas], None]]] = []

    def draw(self, canvas: Canvas, first: int, end: int) -> None:
        """Draw what touches the rows from ``first`` to before ``end``."""
        for top, bottom, stroke in self._kept:
            if top < end and bottom >= first:
                stroke(canvas)

    def line(
        self, start: Xy, end: Xy, colour: Rgb, *, width: float = 1.2, alpha: float = 1.0
    ) -> None:
        """A straight line with round ends, ``width`` pixels wide."""
        stroke = partial(Canvas.line, start=start, end=end, colour=colour, width=width, alpha=alpha)
        self._keep(min(start[1], end[1]), max(start[1], end[1]), width / 2 + 2, stroke)

    def area(self, points: Sequence[Xy], colour: Rgb, *, alpha: float) -> None:
        """A filled polygon."""
        down = [point[1] for point in points]
        stroke = partial(Canvas.area, points=points, colour=colour, alpha=alpha)
        self._keep(min(down), max(down), 2, stroke)

    def cross(self, point: Xy, colour: Rgb, *, arm: float, width: float, alpha: float) -> None:
        """A small upright cross, open in its middle so that the spot stays visible."""
        stroke = partial(
            Canvas.cross, point=point, colour=colour, arm=arm, width=width, alpha=alpha
        )
        self._keep(point[1], point[1], arm + width / 2 + 2, stroke)

    def stamp(self, cover: NDArray[np.float32], x0: int, y0: int, colour: Rgb) -> None:
        """A colour where ``cover``, laid with its first pixel at a place, is above 0."""
        stroke = partial(Canvas.stamp, cover=cover, x0=x0, y0=y0, colour=colour)
        self._keep(y0, y0 + len(cover), 1, stroke)

    def _keep(
        self, top: float, bottom: float, margin: float, stroke: Callable[[Canvas], None]
    ) -> None:
        self._kept.append((top - margin, bottom + margin, stroke))


def _slices(box: _Box) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _places(
    box: _Box, start: tuple[float, float], way: tuple[float, float], reach: float
) -> tuple[_Where, NDArray[np.float32], NDArray[np.float32]]:
    """The pixels of a box that a line can touch, and their x and y.

    Of a long slanting line that is a band, some pixels deep, in place of the whole box.
    """
    left, top, right, bottom = box
    x = np.arange(left, right, dtype=np.float32)[None, :]
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    (x0, y0), (dx, dy) = start, way
    if (right - left) * (bottom - top) < _LARGE_BOX or not (dx and dy):
        return _slices(box), x, y
    if abs(dx) >= abs(dy):
        depth = math.ceil(2 * reach * math.hypot(1, dy / dx)) + 2
        middle = y0 + np.clip((x - x0) / dx, 0, 1) * dy
        y = _band(middle, depth, top, bottom, axis=0)
        x = np.broadcast_to(x, y.shape)
    else:
        depth = math.ceil(2 * reach * math.hypot(1, dx / dy)) + 2
        middle = x0 + np.clip((y - y0) / dy, 0, 1) * dx
        x = _band(middle, depth, left, right, axis=1)
        y = np.broadcast_to(y, x.shape)
    return (y.astype(np.intp), x.astype(np.intp)), x, y


def _band(
    middle: NDArray[np.floating], depth: int, first: int, end: int, *, axis: int
) -> NDArray[np.float32]:
    """Pixels around the middles, from ``first`` up to ``end``; those cut off repeat the last."""
    steps = np.expand_dims(np.arange(depth), 1 - axis)
    found = np.floor(middle - depth / 2 + 1) + steps
    band: NDArray[np.float32] = np.clip(found, first, end - 1).astype(np.float32)
    return band


@lru_cache(maxsize=512)
def _stamp(
    words: str, font: FreeTypeFont | ImageFont, anchor: str, stroke: int
) -> tuple[NDArray[np.float32], int, int]:
    """How words cover pixels, and where their top-left pixel lies from their anchor."""
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    edges = draw.textbbox((0, 0), words, font=font, anchor=anchor, stroke_width=stroke)
    x0, y0 = math.floor(edges[0]), math.floor(edges[1])
    sheet = Image.new("L", (math.ceil(edges[2]) - x0 + 1, math.ceil(edges[3]) - y0 + 1))
    ImageDraw.Draw(sheet).text(
        (-x0, -y0), words, fill=255, font=font, anchor=anchor, stroke_width=stroke
    )
    return np.asarray(sheet, np.float32) / np.float32(255), x0, y0
