"""Images of two result sets belong together by name, never by guess."""

import pytest

from vertenet.training.pairing import pair_images


def pairs(predicted, true):
    found, doubtful = pair_images(predicted, true)
    return dict(found), doubtful


def test_equal_names_belong_together_whatever_else_fits():
    assert pairs(["a/x.dcm", "b/x.dcm"], ["b/x.dcm"]) == ({"b/x.dcm": "b/x.dcm"}, [])


def test_a_name_without_folder_and_ending_is_enough_where_it_fits_one():
    assert pairs(["run1/x.dcm"], ["x.png"]) == ({"x.png": "run1/x.dcm"}, [])


@pytest.mark.parametrize("mark", ["/", "\\"])
def test_of_several_the_one_in_the_same_folder_is_taken(mark):
    predicted = [f"new{mark}anna{mark}1.dcm", f"new{mark}bert{mark}1.dcm"]
    assert pairs(predicted, ["old/anna/1.dcm", "old/bert/1.dcm"])[0] == {
        "old/anna/1.dcm": predicted[0],
        "old/bert/1.dcm": predicted[1],
    }


def test_a_name_that_fits_two_is_left_out_and_told():
    assert pairs(["a/1.dcm", "b/1.dcm"], ["1.dcm"]) == ({}, ["1.dcm"])


def test_one_prediction_never_serves_two_images():
    assert pairs(["1.dcm"], ["a/1.dcm", "b/1.dcm"]) == ({}, ["a/1.dcm", "b/1.dcm"])


def test_an_image_without_a_namesake_has_no_prediction():
    assert pairs(["a.dcm"], ["b.dcm"]) == ({"b.dcm": None}, [])
