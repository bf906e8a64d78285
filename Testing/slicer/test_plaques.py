"""Marked plaque and the scores that follow from its length."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.anatomy import Level
from vertenet.errors import LandmarkError
from vertenet.measure import AAC_WALLS, Plaque

L1_FRONT, L2_FRONT = (Level.L1, "anterior"), (Level.L2, "anterior")


def stretch(examined, level, wall, share, *, start=0.0):
    """A mark over a share of one wall's region, from guide to guide."""
    guides = {g.name: g for g in examined.analysis.aac.guides}
    names = {Level.L1: ("T12/L1", "L1/L2"), Level.L2: ("L1/L2", "L2/L3")}[level]
    above, below = (np.array(guides[n].anterior) for n in names)
    a, b = (above + (below - above) * s for s in (start, start + share))
    return Plaque(wall, tuple(a.tolist()), tuple(b.tolist()))


@pytest.mark.parametrize(
    "share, score", [(0.05, 1), (0.33, 1), (0.34, 2), (0.66, 2), (0.67, 3), (1.0, 3)]
)
def test_the_length_decides_the_score(logic, examined, share, score):
    logic.mark(examined.nodes.volume, stretch(examined, Level.L1, "anterior", share))
    assert examined.analysis.aac_reading.walls[L1_FRONT] == score
    assert examined.scored.derived == {L1_FRONT}
    # What nobody looked at stays not scored.
    assert sum(s is None for s in examined.analysis.aac_reading.scores) == 7


def test_marks_that_overlap_count_once(logic, examined):
    volume = examined.nodes.volume
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 0.3))
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 0.25, start=0.05))
    assert examined.analysis.aac_reading.walls[L1_FRONT] == 1
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 0.3, start=0.6))
    assert examined.analysis.aac_reading.walls[L1_FRONT] == 2


def test_an_entered_score_stands_over_the_marks_until_it_is_taken_back(logic, examined):
    volume = examined.nodes.volume
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 1.0))
    logic.score(volume, L1_FRONT, 1)
    assert examined.analysis.aac_reading.walls[L1_FRONT] == 1
    assert not examined.scored.derived
    logic.score(volume, L1_FRONT, None)
    assert examined.analysis.aac_reading.walls[L1_FRONT] == 3


def test_scores_follow_when_the_points_move(logic, examined):
    from VerteNetSlicerLib.selftest import drag

    volume, node = examined.nodes.volume, examined.nodes.points
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 0.34))
    labels = [node.GetNthControlPointLabel(i) for i in range(48)]
    # L1 becomes longer at its lower end: the same mark is a smaller share.
    for name in ("L1_PI", "L1_MI", "L1_AI", "L2_PS", "L2_MS", "L2_AS"):
        drag(node, labels.index(name), (0.0, -6.0, 0.0))
    assert examined.analysis.aac_reading.walls[L1_FRONT] == 1


def test_the_rest_is_free_of_calcification_when_the_reader_says_so(logic, examined):
    from VerteNetSlicerLib.scoring import grid_of, total_text

    volume = examined.nodes.volume
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 1.0))
    logic.mark(volume, stretch(examined, Level.L2, "anterior", 0.4))
    assert examined.analysis.aac_scores.total8 is None
    assert logic.score_rest(volume) == 6
    scores = examined.analysis.aac_scores
    assert (scores.at_least, scores.anterior8, scores.posterior8) == (5, 2, 0)
    assert "AAC-8 (Schousboe): 2 (anterior 2, posterior 0)" in total_text(scores)
    grid = grid_of(examined.analysis, None, examined.scored.derived)
    assert grid.cells == (("3 ▬", "2 ▬", "0", "0"), ("0", "0", "0", "0"))
    assert logic.undo(volume)
    assert sum(s is None for s in examined.analysis.aac_reading.scores) == 6


def test_schousboes_lengths_can_be_entered_and_need_every_marked_wall(logic, examined):
    volume = examined.nodes.volume
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 1.0))
    for wall in AAC_WALLS[1:]:
        logic.score(volume, wall, 0)
    assert examined.analysis.aac_scores.total8 == 1
    # A scored wall without a mark: its length is not known.
    logic.score(volume, (Level.L3, "posterior"), 2)
    assert examined.analysis.aac_scores.total8 is None
    logic.score8(volume, (1, 2))
    assert examined.analysis.aac_scores.total8 == 3
    with pytest.raises(LandmarkError):
        logic.score8(volume, (5, 0))
    logic.score8(volume, None)
    assert examined.analysis.aac_scores.total8 is None


def test_marks_are_drawn_undone_cleared_and_kept_in_the_scene(logic, examined, scene, tmp_path):
    volume = examined.nodes.volume
    lines = examined.nodes.models["plaques"]
    logic.mark(volume, stretch(examined, Level.L1, "anterior", 0.5))
    logic.mark(volume, stretch(examined, Level.L1, "posterior", 0.5))
    assert lines.GetPolyData().GetNumberOfLines() == 2
    logic.unmark(volume, "posterior")
    assert lines.GetPolyData().GetNumberOfLines() == 1
    assert logic.undo(volume) and lines.GetPolyData().GetNumberOfLines() == 2
    analysis, review = examined.analysis, examined.review
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    (again,) = logic.examinations()
    assert (again.review, again.analysis) == (review, analysis)
    logic.unmark(again.nodes.volume)
    assert again.analysis.aac_reading is None
    assert again.nodes.models["plaques"].GetPolyData().GetNumberOfLines() == 0


def test_restoring_the_points_keeps_the_marks(logic, examined):
    mark = stretch(examined, Level.L1, "anterior", 0.5)
    logic.mark(examined.nodes.volume, mark)
    logic.restore(examined.nodes.volume)
    assert examined.review.plaques == (mark,)


def test_marking_goes_on_until_the_wall_is_left(logic, examined, scene):
    from VerteNetSlicerLib.selftest import place_point

    volume = examined.nodes.volume
    with pytest.raises(LandmarkError, match="Choose one first"):
        logic.start_marking(volume)
    logic.look_at(volume, L1_FRONT)
    marking = logic.start_marking(volume)
    assert marking.prompt == "start of a plaque on the anterior wall"
    for share in (0.2, 0.3):
        mark = stretch(examined, Level.L1, "anterior", 0.1, start=share)
        for xy in (mark.start, mark.end):
            ras = examined.plane.ras_from_pixels(np.array(xy))[0]
            place_point(marking.node, ras)
    assert len(examined.review.plaques) == 2
    assert examined.review.plaques[0].wall == "anterior"
    # Another segment of the same wall: it goes on.  The other wall: it ends.
    logic.look_at(volume, L2_FRONT)
    assert logic.placing is marking
    logic.look_at(volume, (Level.L2, "posterior"))
    assert logic.placing is None and marking.node.GetScene() is None


def test_closing_the_scene_while_marking_is_safe(logic, examined, scene):
    logic.look_at(examined.nodes.volume, L1_FRONT)
    logic.start_marking(examined.nodes.volume)
    scene.Clear(0)
    assert logic.examinations() == () and logic.placing is None


def test_exported_scores_of_marks_are_read_back(logic, examined, tmp_path):
    from VerteNetSlicerLib.conversions import volume_from_image

    logic.mark(examined.nodes.volume, stretch(examined, Level.L1, "anterior", 1.0))
    logic.score_rest(examined.nodes.volume)
    logic.export(examined.nodes.volume, tmp_path)
    other = volume_from_image(examined.image)
    again = logic.open_landmarks(tmp_path / "selftest/report.json", other)
    assert again.analysis.aac_reading == examined.analysis.aac_reading
