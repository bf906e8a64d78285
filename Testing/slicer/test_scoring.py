"""Scoring the aorta on Slicer's real scene: walls one by one, undo, save, open."""

from __future__ import annotations

import json

import pytest

from vertenet.anatomy import Level
from vertenet.errors import LandmarkError
from vertenet.measure import AAC_WALLS, AacReading

L1A, L1P, L2A = AAC_WALLS[:3]


def drag(node, index, step):
    from VerteNetSlicerLib.selftest import drag as mouse_drag

    mouse_drag(node, index, step)


def regions(examined):
    data = examined.nodes.models["regions"].GetPolyData()
    return data.GetNumberOfPolys(), data.GetNumberOfLines()


def grid(examined):
    from VerteNetSlicerLib.scoring import grid_of

    return grid_of(examined.analysis, examined.wall)


def test_a_score_is_in_the_analysis_and_unscored_is_not_zero(logic, examined):
    assert examined.analysis.aac_scores is None
    logic.score(examined.nodes.volume, L2A, 2)
    scores = examined.analysis.aac_scores
    assert (scores.total24, scores.at_least, scores.walls[L1A]) == (None, 2, None)
    assert grid(examined).cells == (("", "2", "", ""), ("", "", "", ""))
    assert "at least 2" in grid(examined).total
    assert "7 of 8 walls not scored" in grid(examined).total


def test_the_keys_go_from_wall_to_wall_in_the_order_of_reading(logic, examined):
    volume = examined.nodes.volume
    logic.look_at(volume, L1A)
    for score in (0, 1, 2, 3, 0, 1, 2, 3):
        logic.score_active(volume, score)
    assert examined.review.aac.text == "01230123"
    assert examined.wall == AAC_WALLS[-1]
    logic.score_active(volume, None)
    assert examined.review.aac.text == "0123012-"


def test_while_a_wall_is_read_only_its_outline_is_drawn(logic, examined):
    volume = examined.nodes.volume
    display = examined.nodes.models["regions"].GetDisplayNode()
    assert regions(examined) == (8, 0)
    logic.look_at(volume, L1P)
    assert regions(examined) == (0, 1)
    assert display.GetSliceIntersectionOpacity() == 1.0
    drag(examined.nodes.points, 0, (1.0, 0.0, 0.0))
    assert regions(examined) == (0, 1)
    logic.look_at(volume, None)
    assert regions(examined) == (8, 0)
    assert display.GetSliceIntersectionOpacity() == pytest.approx(0.3)


def test_without_a_chosen_wall_a_key_scores_nothing(logic, examined):
    with pytest.raises(LandmarkError, match="Choose one first"):
        logic.score_active(examined.nodes.volume, 1)
    assert examined.review.aac.is_empty


def test_undo_takes_scores_back_one_by_one(logic, examined):
    volume = examined.nodes.volume
    logic.score(volume, L1A, 1)
    logic.score(volume, L1A, 3)
    assert logic.undo(volume) and examined.review.aac.walls[L1A] == 1
    assert logic.undo(volume) and examined.review.aac.is_empty
    assert examined.analysis.aac_scores is None
    assert logic.redo(volume) and examined.analysis.aac_scores.at_least == 1


@pytest.mark.parametrize("text", ["00123012", "3-------"])
def test_a_saved_scene_opens_with_the_identical_scores(logic, examined, tmp_path, text):
    import slicer
    from vertenet.report import report_json

    for wall, score in AacReading.parse(text).walls.items():
        logic.score(examined.nodes.volume, wall, score)
    logic.look_at(examined.nodes.volume, L2A)
    review, analysis = examined.review, examined.analysis
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(0)
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    (again,) = logic.examinations()
    assert again.review == review
    assert again.analysis == analysis
    assert report_json(again.analysis) == report_json(analysis)
    assert regions(again) == (8, 0)


def test_exported_scores_are_opened_again_and_count_as_kept(logic, examined, tmp_path):
    from vertenet.report import report_json
    from VerteNetSlicerLib.conversions import volume_from_image

    logic.score(examined.nodes.volume, L1A, 2)
    assert examined.unsaved
    paths = logic.export(examined.nodes.volume, tmp_path)
    assert not examined.unsaved
    for name in ("landmarks.mrk.json", "report.json", "vertebrae.csv"):
        path = next(p for p in paths if p.name == name)
        again = logic.open_landmarks(path, volume_from_image(examined.image))
        assert again.review.aac == examined.review.aac
        assert not again.unsaved
        aac = report_json(again.analysis)["aac"]["scores"]
        assert aac == report_json(examined.analysis)["aac"]["scores"]


def test_detecting_again_asks_before_scores_are_lost(logic, examined):
    volume = examined.nodes.volume
    logic.score(volume, L1A, 2)
    with pytest.raises(LandmarkError, match="scored"):
        logic.detect(volume)
    logic.detect(volume, replace_edits=True)
    assert examined.review.aac.is_empty
    assert logic.undo(volume) and examined.review.aac.walls[L1A] == 2


def test_scores_go_with_their_vertebra_when_it_is_renamed(logic, examined):
    volume = examined.nodes.volume
    logic.score(volume, (Level.L2, "posterior"), 3)
    logic.shift(volume, -1)
    assert examined.review.aac.walls[Level.L1, "posterior"] == 3
    assert examined.review.aac.walls[Level.L2, "posterior"] is None
    logic.restore(volume)
    assert examined.review.aac.walls[Level.L2, "posterior"] == 3


def test_the_crop_status_and_a_withheld_segment_stand_beside_the_total(logic, examined):
    volume = examined.nodes.volume
    logic.delete(volume, Level.L5)
    assert examined.analysis.aac.crop.status != "ok"
    assert examined.analysis.aac.crop.reason in grid(examined).warning
    logic.look_at(volume, (Level.L4, "anterior"))
    assert "L4 is withheld" in grid(examined).warning
    assert regions(examined) == (0, 0)


def test_a_whole_reading_shows_total_category_and_percentile(host):
    from vertenet.measure import score_aac
    from VerteNetSlicerLib.scoring import total_text

    walls = AacReading.parse("00110000").walls
    whole = score_aac(walls, crop_status="ok", sex="F", age_years=70, lengths8=(1, 1))
    assert total_text(whole).startswith("AAC-24: 2; moderate (2 to 5); percentile ")
    assert total_text(whole).endswith("AAC-8 (Schousboe): 2 (anterior 1, posterior 1)")
    cropped = score_aac(walls, crop_status="cropped", sex="F", age_years=70)
    assert total_text(cropped) == "AAC-24: at least 2"


def test_a_scene_of_an_earlier_version_has_no_scores(examined):
    from VerteNetSlicerLib.record import review_from_text, review_to_text

    content = json.loads(review_to_text(examined.review))
    del content["aac"]
    assert review_from_text(json.dumps(content)) == examined.review


def test_scores_of_another_form_are_refused(examined):
    from VerteNetSlicerLib.record import review_from_text, review_to_text

    content = json.loads(review_to_text(examined.review))
    for bad in (["0000", ""], ["00000009", ""], 3):
        with pytest.raises(LandmarkError):
            review_from_text(json.dumps(content | {"aac": bad}))
