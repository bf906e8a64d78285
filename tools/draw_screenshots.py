"""Draw the pictures of the docs from our own views: ``.venv/bin/python tools/draw_screenshots.py``.

``Resources/Screenshots/overlay.png`` is the overlay of the bundled scan, ``slice_view.png``
the same scan after "Detect landmarks" in Slicer's own slice view, rendered offscreen,
``panel.png`` the panel beside that view in the middle of a reading (PySide6 with look-alikes
of Slicer's widgets: in Slicer it has Slicer's style), and
``VerteNetSlicer/Resources/Icons/<sample>.png`` are the thumbnails of Sample Data.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "Resources" / "SampleData"
SCREENSHOTS = ROOT / "Resources" / "Screenshots"
ICONS = ROOT / "VerteNetSlicer" / "Resources" / "Icons"
THUMBNAIL = (260, 280)
WIDTH = 560  # of the panel: Slicer's is as wide as its user makes it


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
    """What a reader sees: the view after the detection, and the panel in a reading."""
    for place in ("host", "lookalike"):
        sys.path.insert(0, str(ROOT / "Testing" / "slicer" / place))
    import vertenet_host

    vertenet_host.boot()
    vertenet_host.load_scripted_module()
    import slice_view
    import vertenet_lookalike

    vertenet_lookalike.install()
    import slicer

    view = slice_view.SliceView(slicer.mrmlScene, width=520, height=1240)
    widget, window = _panel()
    widget.logic.detector.device = "cpu"
    volume = widget.logic.load_image(SAMPLES / "synthetic_bright.dcm")
    view.show(volume)
    widget.panel.select(volume)
    widget.panel.ui.detectButton.click()
    _save(_picture(view), SCREENSHOTS / "slice_view.png")
    _read_a_little(widget)
    panel = Image.fromarray(_grabbed(window))
    size = (panel.width + view.size[0], max(panel.height, view.size[1]))
    both = Image.new("RGB", size, panel.getpixel((2, 2)))
    both.paste(panel, (0, 0))
    both.paste(_picture(view), (panel.width, 0))
    _save(both, SCREENSHOTS / "panel.png")
    widget.cleanup()
    view.close()


def _panel():
    """The module's widget in a window, as Slicer would make it."""
    import types

    from PySide6 import QtWidgets

    import VerteNetSlicer

    window = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(window)
    widget = VerteNetSlicer.VerteNetSlicerWidget(types.SimpleNamespace(layout=lambda: layout))
    widget.setup()
    window.setFixedWidth(WIDTH)
    return widget, window


def _read_a_little(widget) -> None:
    """A prior in which one body was higher, two marked plaques, a wall that is read."""
    from dataclasses import replace

    import slicer
    from vertenet.anatomy import Level, PointName
    from vertenet.measure import Plaque
    from VerteNetSlicerLib.prior import Prior

    logic, panel = widget.logic, widget.panel
    (found,) = logic.examinations()
    volume, higher = found.nodes.volume, found.review
    for name in (PointName.MS, PointName.AS):
        point = higher.vertebra(Level.L1).points[name]
        higher = higher.moved(Level.L1, name, point.x, point.y - 16)
    now = found.review
    found.apply(higher)
    prior = Prior("2023/report.json", found.analysis)
    found.apply(replace(now))
    found.compare_with(prior)
    for segment in (s for s in found.analysis.aac.segments if s.level in (Level.L2, Level.L3)):
        wall = np.array(segment.anterior[:-1])
        top, bottom = wall.min(axis=0), wall.max(axis=0)
        x, rows = (top[0] + bottom[0]) / 2, bottom[1] - top[1]
        mark = Plaque("anterior", (x, top[1] + 0.2 * rows), (x, top[1] + 0.6 * rows))
        logic.mark(volume, mark)
    logic.look_at(volume, (Level.L4, "anterior"))
    # How long it took says something of this machine only.
    panel.ui.statusLabel.hide()
    table = panel.ui.reviewTable
    levels = [table.item(row, 0).text() for row in range(table.rowCount())]
    table.selectRow(levels.index("L2"))
    panel.ui.compareSection.collapsed = False
    node = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    node.SetFieldOfView(*(1.7 * v for v in node.GetFieldOfView()[:2]), 1.0)


def _grabbed(window):
    """A Qt window as an array, top row first."""
    from PySide6 import QtGui, QtWidgets

    window.show()
    for _ in range(3):  # what is folded away gives its room back one event later
        QtWidgets.QApplication.processEvents()
        window.resize(WIDTH, window.sizeHint().height())
    picture = window.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1)
    return rows[:, : 3 * picture.width()].reshape(picture.height(), picture.width(), 3).copy()


def _picture(view):
    return Image.fromarray(view.picture())


def _save(picture, path: Path) -> None:
    # Octree: it keeps the few drawn colours beside all the grey.
    few = picture.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    draw_overlay()
    draw_thumbnails()
    draw_slice_view()
