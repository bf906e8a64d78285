"""What a user is told is a sentence, whatever a damaged file holds."""

from __future__ import annotations

from vertenet.errors import LONGEST, LandmarkError


def test_a_long_message_keeps_what_was_expected_and_what_to_do() -> None:
    said = str(LandmarkError(f"Expected a level, got '{'x' * 200_000}'. Correct the level."))
    assert len(said) <= LONGEST
    assert said.startswith("Expected a level, got 'xxx") and said.endswith("Correct the level.")


def test_a_message_of_the_greatest_length_is_left_alone() -> None:
    assert str(LandmarkError("x" * LONGEST)) == "x" * LONGEST
    assert len(str(LandmarkError("x" * (LONGEST + 1)))) < LONGEST
