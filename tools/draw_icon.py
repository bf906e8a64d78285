"""Draw the module's icon: vertebral bodies with their points, one of them wedged.

python tools/draw_icon.py VerteNetSlicer/Resources/Icons/VerteNetSlicer.png
"""

from __future__ import annotations

import sys

from PIL import Image, ImageDraw

SIZE, OVERSAMPLING = 128, 8
BACKGROUND, BONE, EDGE = (18, 26, 38, 255), (222, 228, 236, 255), (120, 140, 165, 255)
POINT, WEDGED, GUIDE = (240, 228, 66, 255), (230, 159, 0, 255), (86, 180, 233, 255)

# Corners PS, AS, AI, PI of four bodies on a 128 px square, the third one wedged.
BODIES = (
    ((30, 6), (72, 10), (70, 30), (28, 28)),
    ((27, 36), (70, 38), (70, 60), (27, 58)),
    ((27, 66), (71, 74), (73, 89), (28, 89)),
    ((29, 97), (75, 97), (79, 121), (34, 122)),
)


def draw() -> Image.Image:
    """The icon at its final size."""
    side = SIZE * OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), 20 * OVERSAMPLING, fill=BACKGROUND)
    for above, below in zip(BODIES, BODIES[1:], strict=False):
        _guide(pen, above, below)
    for index, body in enumerate(BODIES):
        outline = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in body]
        pen.polygon(outline, fill=BONE)
        colour = WEDGED if index == 2 else EDGE
        pen.line([*outline, outline[0]], fill=colour, width=3 * OVERSAMPLING, joint="curve")
        for x, y in outline:
            r = 4 * OVERSAMPLING
            pen.ellipse((x - r, y - r, x + r, y + r), fill=POINT)
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _guide(pen: ImageDraw.ImageDraw, above, below) -> None:
    """The line through the disc, on into the aorta's place."""
    (px, py), (ax, ay) = (
        ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        for a, b in ((above[3], below[0]), (above[2], below[1]))
    )
    far = (ax + 40, ay + 40 * (ay - py) / (ax - px))
    ends = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in ((px, py), far)]
    pen.line(ends, fill=GUIDE, width=2 * OVERSAMPLING)


if __name__ == "__main__":
    draw().save(sys.argv[1], optimize=True)
