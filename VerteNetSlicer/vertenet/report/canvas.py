"""Thin antialiased lines and translucent areas on an RGB picture, in plain numpy.

Pillow draws neither, and supersampling the whole picture would cost most of the
time.  Here each stroke touches only its own bounding box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Rgb = tuple[int, int, int]
Xy = Sequence[float] | NDArray[np.float64]
_HALO: Rgb = (0, 0, 0)


class Canvas:
    """A picture being drawn; coordinates are ``(x, y)``, pixel centres at whole numbers.

    Attributes:
        pixels: ``(rows, columns, 3)`` uint8.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels

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
        left, top, right, bottom = box
        dx, dy = x1 - x0, y1 - y0
        x = np.arange(left, right, dtype=np.float32)[None, :] - x0
        y = np.arange(top, bottom, dtype=np.float32)[:, None] - y0
        square = dx * dx + dy * dy
        along = (x * dx + y * dy) / (square or 1.0)
        along = np.minimum(np.maximum(along, 0), 1)
        away = np.hypot(x - along * dx, y - along * dy)
        self._blend(box, width / 2 + 0.5 - away, colour, alpha)

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

    def area(self, points: Sequence[Xy], colour: Rgb, *, alpha: float) -> None:
        """A filled polygon."""
        from PIL import Image, ImageDraw

        outline = np.asarray(points, float)
        if len(outline) < 3:
            return
        box = self._box(*outline.min(axis=0), *(outline.max(axis=0) + 1))
        if box is None:
            return
        left, top, right, bottom = box
        mask = Image.new("L", (right - left, bottom - top))
        local = [(x - left, y - top) for x, y in outline.tolist()]
        ImageDraw.Draw(mask).polygon(local, fill=255)
        self._blend(box, np.asarray(mask, np.float32) / 255, colour, alpha)

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
        self._blend(box, width / 2 + 0.5 - away, colour, alpha)

    def text(
        self,
        texts: Sequence[tuple[Xy, str, Rgb, FreeTypeFont | ImageFont, str]],
        *,
        halo: int = 2,
    ) -> None:
        """Words ``((x, y), text, colour, font, anchor)``, with a dark rim of ``halo`` pixels."""
        for at, words, colour, font, anchor in texts:
            for stroke, ink in ((halo, _HALO), (0, colour)) if halo else ((0, colour),):
                self._words(at, words, ink, font, anchor, stroke)

    def _words(
        self,
        at: Xy,
        words: str,
        colour: Rgb,
        font: FreeTypeFont | ImageFont,
        anchor: str,
        stroke: int,
    ) -> None:
        """Drawn on a small sheet and blended: Pillow would copy the whole picture twice."""
        from PIL import Image, ImageDraw

        x, y = float(at[0]), float(at[1])
        draw = ImageDraw.Draw(Image.new("L", (1, 1)))
        edges = draw.textbbox((x, y), words, font=font, anchor=anchor, stroke_width=stroke)
        x0, y0, x1, y1 = (math.floor(edges[0]) - 1, math.floor(edges[1]) - 1,
                          math.ceil(edges[2]) + 1, math.ceil(edges[3]) + 1)  # fmt: skip
        box = self._box(x0, y0, x1 - 1, y1 - 1)
        if box is None:
            return
        left, top, right, bottom = box
        sheet = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(sheet).text(
            (x - left, y - top), words, fill=255, font=font, anchor=anchor, stroke_width=stroke
        )
        self._blend(box, np.asarray(sheet, np.float32) / 255, colour, 1.0)

    def _box(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[int, int, int, int] | None:
        """The part of a rectangle that lies on the picture, or None."""
        rows, columns = self.pixels.shape[:2]
        x0, y0 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
        x1 = min(columns, int(np.ceil(min(right, columns))) + 1)
        y1 = min(rows, int(np.ceil(min(bottom, rows))) + 1)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _blend(
        self,
        box: tuple[int, int, int, int],
        cover: NDArray[np.floating],
        colour: Rgb,
        alpha: float,
    ) -> None:
        """Mix a colour in where ``cover``, cut at 0 and 1, says how much of a pixel it takes."""
        left, top, right, bottom = box
        part = self.pixels[top:bottom, left:right]
        kept = np.minimum(np.maximum(cover, 0), 1)
        weight = (alpha * kept).astype(np.float32)[..., None]
        mixed = part + weight * (np.array(colour, np.float32) - part)
        part[...] = (mixed + 0.5).astype(np.uint8)
