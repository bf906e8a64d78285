"""Wide empty margins are left out of the first look."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.detection import load_detector
from vertenet.detection.exposed import Part, exposed_part
from vertenet.images import image_from_array
from vertenet.synthesis import synthesise


def _busy(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1000, (rows, columns)).astype(np.float32)


def _within(rows: int, columns: int, top: int, left: int, inner: np.ndarray) -> np.ndarray:
    picture = np.full((rows, columns), 7.0, np.float32)
    picture[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return picture


def test_margins_are_left_out_but_for_a_twentieth_of_the_shorter_side():
    picture = _within(600, 400, 150, 80, _busy(300, 200))
    assert exposed_part(picture) == Part(140, 460, 70, 290)


def test_a_picture_without_margins_and_one_without_anything_stay_whole():
    assert exposed_part(_busy(300, 200)) is None
    assert exposed_part(np.full((300, 200), 5.0, np.float32)) is None


@pytest.mark.parametrize(("rows", "cut"), [(232, False), (233, True), (234, True)])
def test_margins_of_less_than_15_percent_of_the_picture_stay(rows: int, cut: bool):
    # 180 rows and twice 9 are kept: 198 of 232 rows are over 85 %, of 233 just under
    picture = _within(rows, 200, 20, 0, _busy(180, 200))
    part = exposed_part(picture)
    assert (part is not None) == cut
    assert part is None or (part.top, part.bottom, part.left, part.right) == (11, 209, 0, 200)


@pytest.mark.parametrize(("grey", "cut"), [(9.0, True), (10.0, True), (11.0, False)])
def test_a_line_whose_grey_differs_by_more_than_a_hundredth_is_no_margin(grey: float, cut: bool):
    picture = np.zeros((400, 200), np.float32)
    picture[100:200] = _busy(100, 200)
    picture[150, 0] = 1000.0
    picture[399, 5] = grey
    part = exposed_part(picture)
    assert part is not None and part.bottom == (205 if cut else 400)


@pytest.mark.parametrize(("size", "cut"), [(57, False), (58, True), (59, True)])
def test_a_part_smaller_than_64_pixels_is_not_cut_out(size: int, cut: bool):
    # a twentieth of 57 to 59 is 3 pixels on each side
    picture = _within(300, 300, 100, 100, _busy(size, size))
    assert (exposed_part(picture) is not None) == cut


def test_letters_in_a_margin_keep_it():
    picture = _within(600, 400, 150, 80, _busy(300, 200))
    picture[10:20, 10:60] = 1000.0
    part = exposed_part(picture)
    assert part is not None and part.top == 0 and part.left == 0


def _both(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    part = exposed_part(picture)
    assert part is not None
    return picture, np.ascontiguousarray(part.of(picture))


def test_points_are_those_of_the_part_moved_to_where_it_lies_in_the_stored_image():
    detector = load_detector(device="cpu")
    scan = synthesise(3, size=(352, 176), look="bright").image * 255
    picture = np.zeros((500, 420), np.float32)
    picture[60:412, 150:326] = scan
    part = exposed_part(picture)
    assert part is not None
    whole = detector.detect(image_from_array(picture, name="whole"))
    alone = detector.detect(image_from_array(np.ascontiguousarray(part.of(picture)), name="part"))
    assert len(whole) > 5
    assert [v.level for v in whole] == [v.level for v in alone]
    for a, b in zip(whole, alone, strict=True):
        assert np.allclose(a.array(), b.array() + part.shift, atol=1e-9)
    # what names are fitted on is what is detected
    for a, b in zip(*(detector.chains(image_from_array(p, name="x")) for p in _both(picture))):
        assert np.allclose(a.points, b.points + part.shift, atol=1e-9)
