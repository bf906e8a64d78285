"""Draw the pictures of the docs from our own views: ``.venv/bin/python tools/draw_screenshots.py``.

``Resources/Screenshots/overlay.png`` is the overlay of the bundled scan, ``slice_view.png``
the same scan after "Detect landmarks" in Slicer's own slice view, rendered offscreen, and
``VerteNetSlicer/Resources/Icons/<sample>.png`` are the thumbnails of Sample Data.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "Resources" / "SampleData"
SCREENSHOTS = ROOT / "Resources" / "Screenshots"
ICONS = ROOT / "VerteNetSlicer" / "Resources" / "Icons"
THUMBNAIL = (260, 280)


def draw_overlay() -> None:
    """The overlay that ``vertenet detect`` writes, with fewer colours to be small."""
    from vertenet.cli import main

    with tempfile.TemporaryDirectory() as folder:
        main(["detect", str(SAMPLES / "synthetic_bright.dcm"), "--output", folder])
        picture = Image.open(Path(folder) / "synthetic_bright" / "overlay.png")
        picture.convert("RGB").quantize(192).save(SCREENSHOTS / "overlay.png", optimize=True)


def draw_thumbnails() -> None:
    """The upper part of each sample, 260 x 280."""
    from vertenet.images import read_image

    for path in sorted(SAMPLES.glob("*.dcm")):
        pixels = read_image(path).pixels
        low, high = float(pixels.min()), float(pixels.max())
        grey = Image.fromarray(((pixels - low) * (255 / (high - low))).astype("uint8"))
        height = round(grey.width * THUMBNAIL[1] / THUMBNAIL[0])
        top = (grey.height - height) // 2
        crop = grey.crop((0, top, grey.width, top + height)).resize(THUMBNAIL)
        crop.save(ICONS / f"{path.stem}.png", optimize=True)


def draw_slice_view() -> None:
    """The points, outlines, guides and regions in Slicer's slice view."""
    sys.path.insert(0, str(ROOT / "Testing" / "slicer" / "host"))
    import vertenet_host

    vertenet_host.boot()
    vertenet_host.load_scripted_module()
    import slice_view

    import slicer
    import VerteNetSlicer
    from VerteNetSlicerLib.samples import load_sample

    logic = VerteNetSlicer.VerteNetSlicerLogic()
    logic.detector.device = "cpu"
    view = slice_view.SliceView(slicer.mrmlScene, width=520, height=1240)
    volume = load_sample(SAMPLES / "synthetic_bright.dcm")
    view.show(volume)
    logic.detect(volume)
    with tempfile.TemporaryDirectory() as folder:
        view.picture(Path(folder) / "view.png")
        picture = Image.open(Path(folder) / "view.png").convert("RGB")
        picture.quantize(192).save(SCREENSHOTS / "slice_view.png", optimize=True)
    logic.close()
    view.close()


if __name__ == "__main__":
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    draw_overlay()
    draw_thumbnails()
    draw_slice_view()
