"""Two examinations of anybody, against the rule written a second time in exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vertenet.anatomy import LEVELS, Level, ReaderDecision, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.measure import compare, measure_vertebrae

NAMES = ("Ha", "Hm", "Hp")
EPSILON = Fraction(1, 10**6)
READERS = (None, ReaderDecision(evaluable=False), *(ReaderDecision(grade) for grade in range(4)))
SPACINGS = (Fraction(1), Fraction(1, 2), Fraction(3, 8), Fraction(5, 4))


@dataclass(frozen=True)
class Body:
    """One vertebra of an examination: heights in mm or pixels, None where not placed."""

    heights: tuple[Fraction | None, Fraction | None, Fraction | None]
    reader: ReaderDecision | None
    implausible: bool

    @property
    def known(self) -> tuple[Fraction | None, ...]:
        """Heights that are measured: not of coinciding points, not of what is withheld."""
        confirmed = self.reader is not None and self.reader.evaluable
        if self.implausible and not confirmed:
            return (None, None, None)
        return tuple(h or None for h in self.heights)


@dataclass(frozen=True)
class Exam:
    """All vertebrae, and millimetres of a row or None."""

    bodies: dict[Level, Body]
    row: Fraction | None


some_height = st.one_of(
    st.integers(24, 400).map(lambda n: Fraction(n, 8)),
    st.just(Fraction(0)),
    st.sampled_from([Fraction(16), Fraction(20)]),
)


@st.composite
def later_height(draw, before):
    """At, a hair below and above each limit, or anything."""
    if before is None or draw(st.integers(0, 4)) == 0:
        return draw(some_height)
    limit = draw(st.sampled_from([before * Fraction(4, 5), before - 4, before]))
    return max(Fraction(0), limit + draw(st.sampled_from([-EPSILON, Fraction(0), EPSILON])))


@st.composite
def bodies(draw, heights):
    """A body of these heights, sometimes without its mid points, or in doubt."""
    anterior, middle, posterior = heights
    middle = None if draw(st.integers(0, 5)) == 0 else middle
    reader = draw(st.sampled_from(READERS)) if draw(st.booleans()) else None
    return Body((anterior, middle, posterior), reader, draw(st.integers(0, 7)) == 0)


@st.composite
def examinations(draw):
    """Two of one person; levels and millimetres may lack in either."""
    levels = st.sets(st.sampled_from(LEVELS), max_size=5)
    both, only_first, only_second = draw(levels), draw(levels), draw(levels)
    first, second = {}, {}
    for level in LEVELS:
        if level not in both | only_first | only_second:
            continue
        heights = [draw(some_height) for _ in NAMES]
        if level in both | only_first:
            first[level] = draw(bodies(heights))
        if level in both | only_second:
            second[level] = draw(bodies([draw(later_height(h)) for h in heights]))
    rows = [None if draw(st.integers(0, 3)) == 0 else draw(st.sampled_from(SPACINGS)) for _ in "ab"]
    return Exam(first, rows[0]), Exam(second, rows[1])


def measured(build, exam: Exam, rule: str):
    """What the program makes of an examination."""
    row = exam.row or Fraction(1)
    spine = []
    for i, (level, body) in enumerate(exam.bodies.items()):
        ha, hm, hp = (None if h is None else float(h / row) for h in body.heights)
        made = build.vertebra(level, y=float(i * 200), ha=ha, hm=hm, hp=hp)
        spine.append(Vertebra(level, made.points, reader=body.reader))
    scale = PixelScale(float(row), 0.7, exam.row is not None)
    doubted = {level: "in doubt" for level, body in exam.bodies.items() if body.implausible}
    return measure_vertebrae(Spine(tuple(spine)), scale, rule=rule, implausible=doubted)


def grade(body: Body, found) -> int | None:
    """The reader's word, else what was computed."""
    if body.reader is not None:
        return body.reader.grade if body.reader.evaluable else None
    return found.genant.grade


def expected(before: Body, after: Body, in_mm: bool, grades) -> bool | None:
    """The rule: 20 % and 4 mm of one and the same height, else a rise of the grade."""
    if any(b.reader is not None and not b.reader.evaluable for b in (before, after)):
        return None
    if in_mm:
        pairs = [(a, b) for a, b in zip(before.known, after.known, strict=True) if a and b]
        if not pairs:
            return None
        return any((a - b) / a >= Fraction(1, 5) and a - b >= 4 for a, b in pairs)
    return None if None in grades else grades[1] > grades[0]


@settings(max_examples=400, deadline=None)
@given(examinations(), st.sampled_from(["default", "plain"]))
def test_incident_fractures_are_those_of_the_rule(build, exams, rule):
    first, second = exams
    before, after = (measured(build, exam, rule) for exam in exams)
    found = compare(before, after)
    shared = [level for level in second.bodies if level in first.bodies]
    assert [change.level for change in found.changes] == shared
    assert set(found.only_before) == set(first.bodies) - set(shared)
    assert set(found.only_after) == set(second.bodies) - set(shared)
    earlier, later = ({m.level: m for m in exam} for exam in (before, after))
    in_mm = first.row is not None and second.row is not None
    for change in found.changes:
        a, b = first.bodies[change.level], second.bodies[change.level]
        grades = grade(a, earlier[change.level]), grade(b, later[change.level])
        assert (change.grade_before, change.grade_after) == grades
        assert change.incident is expected(a, b, in_mm, grades)
        assert change.reason
        there = [n for n, x, y in zip(NAMES, a.known, b.known, strict=True) if x and y and in_mm]
        assert list(change.change) == list(change.change_percent) == there
        for name in there:
            x, y = a.known[NAMES.index(name)], b.known[NAMES.index(name)]
            # Rounding of pixels near 3,000, in mm and in per cent of 3 mm or more.
            assert change.change[name] == pytest.approx(float(y - x), abs=1e-10)
            assert change.change_percent[name] == pytest.approx(float(100 * (y - x) / x), abs=1e-8)
    assert found.incident == tuple(c.level for c in found.changes if c.incident)


@settings(max_examples=60, deadline=None)
@given(examinations())
def test_nobody_breaks_between_an_examination_and_itself(build, exams):
    found = measured(build, exams[0], "default")
    again = compare(found, found)
    assert again.incident == again.only_before == again.only_after == ()
    assert all(not any(change.change.values()) for change in again.changes)
    for change in again.changes:
        body = exams[0].bodies[change.level]
        unclear = body.reader is not None and not body.reader.evaluable
        assert ("not evaluable at both" in change.reason) == unclear


@pytest.mark.parametrize(
    ("before", "after", "incident"),
    [
        (Fraction(20), Fraction(16), True),
        (Fraction(20), Fraction(16) + EPSILON, False),
        (Fraction(20), Fraction(16) - EPSILON, True),
        (Fraction(24), Fraction(96, 5), True),
        (Fraction(24), Fraction(96, 5) + EPSILON, False),
        (Fraction(16), Fraction(12), True),
        (Fraction(16), Fraction(12) + EPSILON, False),
        (Fraction(15), Fraction(11) + EPSILON, False),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_each_height_alone_can_be_an_incident_fracture(build, name, before, after, incident):
    def exam(height: Fraction) -> Exam:
        heights = tuple(height if n == name else Fraction(30) for n in NAMES)
        return Exam({Level.L1: Body(heights, None, False)}, Fraction(1, 2))

    found = compare(*(measured(build, exam(height), "plain") for height in (before, after)))
    assert found.changes[0].incident is incident
    assert (found.incident == (Level.L1,)) is incident
