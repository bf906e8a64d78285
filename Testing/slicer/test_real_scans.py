"""The whole click path on real scans, where they are at hand; mouse events throughout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vertenet.measure import AAC_WALLS

SCANS = Path(__file__).parents[3] / "shared" / "data" / "real" / "dxa"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SCANS.is_dir(), reason="the private scans are not at hand"),
]


@pytest.fixture
def view(host, scene):
    import slice_view

    if not slice_view.can_render():
        pytest.skip("no offscreen rendering here: libegl1 or libosmesa6 is missing")
    made = slice_view.SliceView(scene, width=600, height=900)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["dxa_a.png", "dxa_c.png"])
def test_detect_drag_undo_mark_score_export_save_and_reopen(view, scene, tmp_path, name):
    pytest.importorskip("torch")
    import VerteNetSlicer
    from vertenet.report import report_json

    logic = VerteNetSlicer.VerteNetSlicerLogic()
    logic.detector.device = "cpu"
    volume = logic.load_image(SCANS / name)
    view.show(volume)
    found = logic.detect(volume)
    assert len(found.review.spine) >= 4
    view.picture(tmp_path / "detected.png")

    node, before = found.nodes.points, found.review
    index = node.GetNumberOfControlPoints() // 2
    start = np.array(node.GetNthControlPointPositionWorld(index))
    at = view.position(start)
    view.drag(at, at + (14, -9))
    moved = np.array(node.GetNthControlPointPositionWorld(index)) - start
    per_pixel = view.node.GetFieldOfView()[0] / view.size[0]
    # Half a screen pixel: mouse events have whole numbers.
    assert moved == pytest.approx((-14 * per_pixel, -9 * per_pixel, 0), abs=0.51 * per_pixel)
    assert logic.undo(volume) and found.review == before
    assert logic.redo(volume)

    if found.analysis.aac.guides:
        logic.look_at(volume, AAC_WALLS[0])
        logic.start_marking(volume)
        guide = found.analysis.aac.guides[0]
        for shift in (5.0, 25.0):
            place = np.array(guide.anterior) + (10.0, shift)
            x, y = view.position(found.plane.ras_from_pixels(place)[0])
            for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
                view.mouse(event, x, y)
        assert len(found.review.plaques) == 1
        logic.look_at(volume, None)
        assert logic.placing is None
    logic.score_rest(volume)
    view.picture(tmp_path / "read.png")
    paths = logic.export(volume, tmp_path / "out")
    report = report_json(found.analysis)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    (again,) = logic.examinations()
    assert report_json(again.analysis) == report
    # The export is a prior in which nothing changed.
    logic.compare_with(again.nodes.volume, paths[0].parent)
    assert not again.follow_up.incident and again.follow_up.changes
    logic.close()
