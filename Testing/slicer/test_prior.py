"""An earlier examination beside the present one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vertenet.anatomy import Level, PointName, Side
from vertenet.errors import LandmarkError


@pytest.fixture
def exported(logic, examined, tmp_path):
    """The folder of an export of the known spine, in which L2 has lost 14 of 40 rows."""
    logic.export(examined.nodes.volume, tmp_path)
    return tmp_path / "selftest"


def collapse(logic, examined, level, rows):
    """Let the upper anterior and middle points come down by so many rows."""
    review = examined.review
    for name in (PointName.AS, PointName.MS):
        point = review.vertebra(level).points[name]
        review = review.moved(level, name, point.x, point.y + rows)
    examined.apply(review)


def test_the_same_examination_shows_no_change(logic, examined, exported):
    logic.compare_with(examined.nodes.volume, exported)
    from VerteNetSlicerLib.prior import compared_rows, headline

    rows = compared_rows(examined.follow_up)
    assert [row.level for row in rows] == [v.level for v in examined.review.spine]
    assert all(row.cells[1] == "+0.0 mm (+0 %)" and row.incident is False for row in rows)
    text = headline(examined.prior, examined.analysis, examined.follow_up)
    assert text == "No incident fracture at 8 levels."
    assert examined.prior.name == "selftest/report.json"


def test_a_loss_of_height_is_an_incident_fracture_and_stands_first(logic, examined, exported):
    from VerteNetSlicerLib.prior import compared_rows, headline

    logic.compare_with(examined.nodes.volume, exported)
    collapse(logic, examined, Level.L4, 10)
    (first, *others) = compared_rows(examined.follow_up)
    # 10 of 40 rows of 0.6 mm.
    assert first.cells == (
        "L4", "-6.0 mm (-25 %)", "-6.0 mm (-25 %)", "+0.0 mm (+0 %)", first.cells[4], "yes"
    )  # fmt: skip
    assert not any(row.incident for row in others)
    assert headline(examined.prior, examined.analysis, examined.follow_up).startswith(
        "Incident fracture: L4 (Ha changed by -6.0 mm (-25 %))"
    )


@pytest.mark.parametrize("rows, incident", [(13.3, False), (13.4, True)])
def test_twenty_per_cent_and_four_millimetres_decide(logic, volume, scene, rows, incident):
    """Of 40 rows: 8 rows are 20 %; with 0.3 mm a row, 4 mm are 13.33 rows."""
    examined = logic.detect(volume)
    logic.calibrate(volume, row_mm=0.3, column_mm=0.3)
    from VerteNetSlicerLib.prior import Prior

    examined.compare_with(Prior("before", examined.analysis))
    collapse(logic, examined, Level.L4, rows)
    assert (Level.L4 in examined.follow_up.incident) is incident


def test_it_follows_a_drag(logic, examined, exported):
    from VerteNetSlicerLib.selftest import drag

    logic.compare_with(examined.nodes.volume, exported)
    drag(examined.nodes.points, 2, (0.0, -6.0, 0.0))
    (change,) = (c for c in examined.follow_up.changes if c.level is Level.T10)
    assert change.change["Ha"] == pytest.approx(-6.0, abs=1e-9)


def test_other_volumes_of_the_scene_can_be_the_prior(logic, examined):
    from VerteNetSlicerLib.conversions import volume_from_image
    from VerteNetSlicerLib.selftest import made_image

    other = volume_from_image(made_image("before"))
    logic.detect(other)
    logic.compare_in_scene(examined.nodes.volume, other)
    assert examined.prior.name == "before"
    logic.compare_in_scene(examined.nodes.volume, None)
    assert examined.prior is None and examined.follow_up is None


def test_without_millimetres_only_grades_are_compared(logic, examined):
    from vertenet.geometry import PixelScale
    from vertenet.pipeline import measure
    from VerteNetSlicerLib.prior import Prior, compared_rows, headline

    frame = replace(examined.analysis.frame, scale=PixelScale())
    examined.compare_with(Prior("px", measure(examined.review.spine, frame)))
    rows = compared_rows(examined.follow_up)
    assert {row.cells[1:4] for row in rows} == {("", "", "")}
    text = headline(examined.prior, examined.analysis, examined.follow_up)
    assert "only grades are compared" in text


def test_levels_of_one_examination_alone_are_named(logic, examined, exported):
    from VerteNetSlicerLib.prior import headline

    logic.compare_with(examined.nodes.volume, exported)
    logic.delete(examined.nodes.volume, Level.L5)
    text = headline(examined.prior, examined.analysis, examined.follow_up)
    assert "only before: L5" in text


@pytest.mark.parametrize(
    ("incidents", "text"),
    [
        ((None,), "Not known at 1 level."),
        ((None, None), "Not known at 2 levels."),
        ((False,), "No incident fracture at 1 level."),
        ((False, False, None), "No incident fracture at 2 levels.\nNot known at 1 level."),
    ],
)
def test_levels_are_counted_in_words_that_fit(examined, incidents, text):
    from VerteNetSlicerLib.prior import Prior, follow_up, headline

    prior = Prior("x", examined.analysis)
    found = follow_up(prior, examined.analysis)
    changes = tuple(replace(c, incident=i) for c, i in zip(found.changes, incidents))
    found = replace(found, changes=changes, incident=(), only_before=(), only_after=())
    assert headline(prior, examined.analysis, found).startswith(text)


def test_another_sex_or_a_later_age_is_doubted(examined):
    from VerteNetSlicerLib.prior import Prior, follow_up, headline

    present = replace(examined.analysis, sex="F", age_years=60.0)
    prior = Prior("x", replace(examined.analysis, sex="M", age_years=61.0))
    text = headline(prior, present, follow_up(prior, present))
    assert "sex differs" in text and "later age" in text


def test_outlines_lie_on_the_lower_end_plates_in_true_proportion(logic, examined, exported):
    from VerteNetSlicerLib.prior import prior_outlines

    logic.compare_with(examined.nodes.volume, exported)
    before = examined.review.vertebra(Level.L4).array()
    collapse(logic, examined, Level.L4, 10)
    outlines = prior_outlines(examined.prior, examined.analysis)
    index = [v.level for v in examined.review.spine].index(Level.L4)
    # 1e-9 px: rounding of a turn and a shift.
    assert np.allclose(outlines[index][:-1], before, atol=1e-9)
    drawn = examined.nodes.models["prior"].GetPolyData()
    assert drawn.GetNumberOfLines() == 8


@pytest.mark.parametrize("mirrored", [False, True])
def test_outlines_bear_other_pixels_a_turn_and_the_other_side(examined, mirrored):
    """The same body, in pixels half as large, turned by 30 degrees and perhaps mirrored."""
    from vertenet.geometry import PixelScale
    from vertenet.pipeline import measure
    from VerteNetSlicerLib.prior import Prior, prior_outlines

    spine, turn = examined.review.spine, np.deg2rad(30.0)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flip = np.array([-1.0 if mirrored else 1.0, 1.0])

    def moved(point):
        x, y = (np.array(point.xy) * (0.5, 0.6) * flip) @ matrix.T / 0.25 + (700.0, 40.0)
        return replace(point, x=float(x), y=float(y))

    vertebrae = tuple(replace(v, points={n: moved(p) for n, p in v.points.items()}) for v in spine)
    side = Side.LEFT if mirrored else Side.RIGHT
    there = replace(spine, vertebrae=vertebrae, anterior=side)
    frame = replace(examined.analysis.frame, scale=PixelScale(0.25, 0.25, True))
    prior = Prior("turned", measure(there, frame))
    for outline, vertebra in zip(prior_outlines(prior, examined.analysis), spine, strict=True):
        assert np.allclose(outline[:-1], vertebra.array(), atol=1e-9)


def test_a_saved_scene_keeps_the_prior(logic, examined, exported, scene, tmp_path):
    logic.compare_with(examined.nodes.volume, exported)
    collapse(logic, examined, Level.L4, 10)
    before = examined.prior, examined.follow_up
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    (again,) = logic.examinations()
    assert (again.prior, again.follow_up) == before


def test_the_export_has_the_comparison_as_a_table(logic, examined, exported, tmp_path):
    logic.compare_with(examined.nodes.volume, exported)
    collapse(logic, examined, Level.L4, 10)
    logic.export(examined.nodes.volume, tmp_path / "now")
    lines = (tmp_path / "now/selftest/followup.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("level,Ha_change_mm")
    (row,) = (line.split(",") for line in lines if line.startswith("L4"))
    assert float(row[1]) == pytest.approx(-6.0) and row[9] == "1"


def test_a_wrong_file_and_a_damaged_scene_are_refused(logic, examined, tmp_path):
    from VerteNetSlicerLib.prior import prior_from_text

    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(LandmarkError):
        logic.compare_with(examined.nodes.volume, tmp_path / "x.json")
    with pytest.raises(LandmarkError, match="cannot be read"):
        logic.compare_with(examined.nodes.volume, tmp_path / "nowhere")
    with pytest.raises(LandmarkError, match="Open it again"):
        prior_from_text("{")
    assert prior_from_text("") is None
