"""A reader's eight wall scores: kept, written down, renamed; never 0 where not scored."""

from __future__ import annotations

import pytest

from vertenet.anatomy import Level
from vertenet.errors import LandmarkError
from vertenet.measure import AAC_WALLS, AacReading

FULL = AacReading.parse("00123012", "2,4")


def test_a_new_reading_has_no_scores():
    reading = AacReading()
    assert reading.is_empty
    assert set(reading.walls.values()) == {None}
    assert reading.text == "--------"


def test_walls_are_read_from_the_head_the_anterior_one_first():
    assert AAC_WALLS[:3] == (
        (Level.L1, "anterior"),
        (Level.L1, "posterior"),
        (Level.L2, "anterior"),
    )
    assert FULL.walls[Level.L2, "posterior"] == 2


def test_a_score_is_set_and_taken_back():
    reading = AacReading().scored((Level.L3, "posterior"), 0)
    assert not reading.is_empty
    assert reading.text == "-----0--"
    assert reading.scored((Level.L3, "posterior"), None) == AacReading()


@pytest.mark.parametrize("text", ["--------", "0-1-2-3-", "33333333"])
@pytest.mark.parametrize("text8", ["", "0,4"])
def test_the_text_reads_back_as_the_same_reading(text, text8):
    reading = AacReading.parse(text, text8)
    assert (reading.text, reading.text8) == (text, text8)
    assert AacReading.of(reading.walls, reading.lengths8) == reading


@pytest.mark.parametrize(
    ("scores", "lengths"),
    [("0000000", ""), ("000000004", ""), ("0000000x", ""), ("00000004", ""), ("00000000", "1"),
     ("00000000", "5,0"), ("00000000", "0,-1")],
)  # fmt: skip
def test_what_is_no_reading_is_refused(scores, lengths):
    with pytest.raises(LandmarkError, match="Expected"):
        AacReading.parse(scores, lengths)


@pytest.mark.parametrize("score", [-1, 4, 1.0, True, "1"])
def test_a_score_that_is_no_whole_number_from_0_to_3_is_refused(score):
    with pytest.raises(LandmarkError, match="0, 1, 2 or 3"):
        AacReading().scored((Level.L1, "anterior"), score)


@pytest.mark.parametrize("wall", [(Level.L5, "anterior"), (Level.L1, "left")])
def test_another_wall_is_refused(wall):
    with pytest.raises(LandmarkError, match="L1 to L4"):
        AacReading().scored(wall, 1)


def test_scores_go_with_their_vertebrae_when_these_are_renamed():
    names = dict(zip(list(Level)[1:], list(Level)))
    shifted = FULL.renamed(names)
    assert shifted.text == "123012--"
    assert shifted.lengths8 == (2, 4)
    assert FULL.renamed({}) == FULL
