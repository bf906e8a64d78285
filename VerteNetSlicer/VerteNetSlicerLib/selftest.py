"""The module's own test, the same in Slicer and on the slicer-core wheel.

With torch installed the network really runs; without it a spine of known shape
stands in for it, and everything after the detection is tested all the same.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np

import slicer
from vertenet.analysis import ModelIdentity
from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.errors import ConfigurationError
from vertenet.images import DxaImage, image_from_array
from vertenet.measure import AAC_WALLS
from vertenet.pipeline import frame_of, measure
from vertenet.resources import resource_path

from .conversions import volume_from_image
from .samples import load_sample, sample_files

SIZE = (360, 640)  # columns, rows
LEVELS = tuple(Level)[6:]  # T10 to L5


class KnownSpine:
    """A detector that always finds the spine of :func:`made_spine`."""

    info = ModelIdentity("known-spine", "1", "0" * 64)

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        """The known spine, whatever the image."""
        return made_spine()


def made_spine() -> Spine:
    """T10 to L5 one below the other, 60 px deep, 40 px high, L2 wedged by 35 %."""
    vertebrae = []
    for row, level in enumerate(LEVELS):
        top, left = 60.25 + 58 * row, 140.5 - 3 * row
        loss = 14.0 if level is Level.L2 else 0.0
        x = {"P": left, "M": left + 30, "A": left + 60}
        y = {"S": top, "I": top + 40}
        points = {
            name: Landmark(
                x[name.value[0]],
                y[name.value[1]] + (loss if name is PointName.AS else 0.0),
                0.8,
            )
            for name in PointName
        }
        vertebrae.append(Vertebra(level, points, 0.9, 0.95))
    return Spine(tuple(vertebrae), Side.RIGHT)


def made_image(name: str = "selftest") -> DxaImage:
    """Bright boxes where :func:`made_spine` has its vertebrae, anisotropic pixels."""
    columns, rows = SIZE
    pixels = np.random.default_rng(1).normal(100, 5, (rows, columns)).astype(np.float32)
    for vertebra in made_spine():
        (x0, y0), (x1, y1) = vertebra.array().min(0), vertebra.array().max(0)
        pixels[int(y0) : int(y1), int(x0) : int(x1)] += 120
    return image_from_array(pixels, name=name, spacing_mm=(0.6, 0.5))


def whole_path(test, logic_class, folder: Path) -> None:
    """Load, detect, drag, undo, relabel, save, reopen; ``test`` is a unittest.TestCase."""
    logic = _detect_something(test, logic_class)
    examination = logic.examinations()[0]
    volume, points = examination.nodes.volume, examination.nodes.points
    test.assertFalse(points.GetLocked())
    test.assertTrue(points.GetFixedNumberOfControlPoints())

    level = examination.review.spine.vertebrae[0].level
    before = examination.review
    drag(points, 0, (4.0, 3.0, 7.0))
    test.assertEqual(examination.review.edited_points(level), (PointName.PS,))
    test.assertAlmostEqual(float(examination.plane.distance(_place(points, 0))[0]), 0, places=6)
    expected = measure(
        examination.review.spine,
        frame_of(examination.image),
        image=examination.image,
        model=examination.review.model,
    )
    test.assertEqual(examination.analysis, expected)
    test.assertTrue(logic.undo(volume))
    test.assertEqual(examination.review, before)
    test.assertTrue(logic.redo(volume))

    logic.score(volume, AAC_WALLS[0], 2)
    report = examination.analysis
    test.assertEqual(report.aac_scores.at_least, 2)
    bundle = folder / "VerteNetSelfTest.mrb"
    test.assertTrue(slicer.mrmlScene.WriteToMRB(str(bundle)))
    slicer.mrmlScene.Clear(0)
    test.assertEqual(logic.examinations(), ())
    test.assertTrue(slicer.mrmlScene.ReadFromMRB(str(bundle)))
    test.assertEqual([e.analysis for e in logic.examinations()], [report])
    logic.close()


def drag(points, index: int, step: tuple[float, float, float]) -> None:
    """Move a control point as the mouse does: with the events of an interaction."""
    position = _place(points, index) + np.array(step)
    points.GetDisplayNode().SetActiveControlPoint(index)
    points.InvokeEvent(points.PointStartInteractionEvent)
    points.SetNthControlPointPositionWorld(index, *position.tolist())
    points.InvokeEvent(points.PointEndInteractionEvent)


def place_point(node, position) -> None:
    """Place a point as a click does: after the last Slicer leaves its mode for placing."""
    node.AddControlPointWorld(*(float(c) for c in position))
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    if not interaction.GetPlaceModePersistence():
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)


def _place(points, index: int) -> np.ndarray:
    return np.array(points.GetNthControlPointPositionWorld(index))


def _detect_something(test, logic_class):
    """A logic that has found vertebrae: with the network where torch is installed."""
    samples = sample_files()
    if samples and _network_can_run():
        logic = logic_class()
        examination = logic.detect(load_sample(samples[0]))
        test.assertGreaterEqual(len(examination.review.spine), 4)
        return logic
    logic = logic_class(KnownSpine())
    examination = logic.detect(volume_from_image(made_image()))
    heights = examination.analysis.vertebrae[0].heights
    test.assertTrue(math.isclose(heights.Ha, 40 * 0.6, rel_tol=1e-12))
    return logic


def _network_can_run() -> bool:
    try:
        resource_path("Models/vertenet-compact/model.json")
    except ConfigurationError:
        return False
    return importlib.util.find_spec("torch") is not None
