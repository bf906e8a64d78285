"""The whole spine at once, and two examinations of it."""

from __future__ import annotations

import pytest

from vertenet.anatomy import LEVELS, Level, ReaderDecision, Spine
from vertenet.geometry import PixelScale
from vertenet.measure import compare, measure_vertebrae, summarise

MM = PixelScale(1.0, 1.0, True)


def measured(build, *, scale=MM, levels=LEVELS, readers=None, **changed):
    spine = build.spine(levels, changed=changed)
    for level, decision in (readers or {}).items():
        body = spine.get(Level(level))
        spine = spine.replacing(type(body)(body.level, body.points, reader=decision))
    return measure_vertebrae(spine, scale)


def test_a_normal_spine_is_summed_up(build):
    summary = summarise(measured(build))
    assert (summary.fractured, summary.worst_grade, summary.deformity_index) == ((), 0, 0)
    assert (len(summary.evaluable), summary.lower_bound) == (13, False)
    assert summary.wording[0] == "13 of 13 vertebrae from T4 to L4 were evaluable."
    assert "No deformity" in summary.wording[1]


def test_grades_add_up_and_the_reader_counts(build):
    readers = {"T8": ReaderDecision(2, "fracture"), "L1": ReaderDecision(1)}
    summary = summarise(measured(build, readers=readers))
    assert summary.fractured == (Level.T8, Level.L1)
    assert (summary.worst_grade, summary.deformity_index) == (2, 3)
    assert "T8 grade 2 (reader, fracture)" in summary.wording[1]
    assert not any("suggestions" in text for text in summary.wording)


def test_a_computed_grade_is_called_a_suggestion(build):
    summary = summarise(measured(build, T12={"ha": 12.0}))
    assert summary.fractured == (Level.T12,)
    assert any("suggestions" in text for text in summary.wording)


def test_what_is_not_evaluable_makes_the_index_a_lower_bound(build):
    readers = {"T5": ReaderDecision(evaluable=False), "T9": ReaderDecision(2)}
    summary = summarise(measured(build, readers=readers, levels=LEVELS[1:]))
    assert summary.not_evaluable == (Level.T4, Level.T5)
    assert (summary.deformity_index, summary.lower_bound) == (2, True)
    assert any("at least 2" in text for text in summary.wording)


def test_l5_counts_as_fractured_but_not_in_the_index(build):
    summary = summarise(measured(build, readers={"L5": ReaderDecision(3)}))
    assert (summary.fractured, summary.deformity_index) == ((Level.L5,), 0)


def test_nothing_measured_gives_no_index():
    summary = summarise(())
    assert (summary.worst_grade, summary.deformity_index) == (None, None)


def examined(build, ha, scale=MM):
    body = build.vertebra("L1", ha=ha, hm=24, hp=25)
    return measure_vertebrae(Spine((body,)), scale, rule="plain")


@pytest.mark.parametrize(
    ("before", "after", "incident"),
    [(25, 20.0, True), (25, 20.1, False), (25, 19.9, True),  # 20 % and 5 mm
     (18, 14.01, False), (20, 16.0, True), (19, 15.1, False)],  # 4 mm is the other limit
)  # fmt: skip
def test_an_incident_fracture_needs_twenty_per_cent_and_four_millimetres(
    build, before, after, incident
):
    found = compare(examined(build, before), examined(build, after)).changes[0]
    assert found.incident is incident
    assert found.change["Ha"] == pytest.approx(after - before)
    assert "Ha changed" in found.reason


def test_twenty_per_cent_of_a_small_vertebra_is_not_enough(build):
    found = compare(examined(build, 15), examined(build, 11.5)).changes[0]
    assert found.change_percent["Ha"] < -20
    assert found.incident is False


def test_without_millimetres_the_grade_decides(build):
    px = PixelScale()
    found = compare(examined(build, 25, px), examined(build, 15, px))
    assert found.incident == (Level.L1,)
    assert dict(found.changes[0].change) == {}
    assert "no millimetres" in found.changes[0].reason
    assert compare(examined(build, 25, px), examined(build, 25, px)).incident == ()


def test_levels_of_one_examination_only_are_listed(build):
    first, second = measured(build, levels=LEVELS[:3]), measured(build, levels=LEVELS[1:4])
    found = compare(first, second)
    assert [c.level for c in found.changes] == [Level.T5, Level.T6]
    assert (found.only_before, found.only_after) == ((Level.T4,), (Level.T7,))
