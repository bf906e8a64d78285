"""Mouse and picture in Slicer's own slice view, rendered offscreen."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.anatomy import Level, PointName


@pytest.fixture(scope="session")
def red_view(host):
    """The view lives as long as the scene: Slicer, too, makes its views once."""
    import slice_view

    import slicer

    if not slice_view.can_render():
        pytest.skip("no offscreen rendering here: libegl1 or libosmesa6 is missing")
    view = slice_view.SliceView(slicer.mrmlScene)
    yield view
    view.close()


@pytest.fixture
def view(red_view, examined):
    red_view.show(examined.nodes.volume)
    return red_view


def world(examined, index):
    return np.array(examined.nodes.points.GetNthControlPointPositionWorld(index))


def test_the_image_is_seen_as_it_is_stored(view, examined):
    """Column to the right, row down: not turned, not mirrored."""
    left, right = (
        view.position(examined.plane.ras_from_pixels(np.array(p))[0]) for p in ((0, 0), (100, 0))
    )
    low = view.position(examined.plane.ras_from_pixels(np.array((0, 100)))[0])
    assert right[0] > left[0] and right[1] == pytest.approx(left[1])
    assert low[1] < left[1] and low[0] == pytest.approx(left[0])


def test_a_mouse_drag_moves_one_point_by_the_right_millimetres(view, examined):
    start = view.position(world(examined, 0))
    before = world(examined, 0)
    view.drag(start, start + (20, -10))
    moved = world(examined, 0) - before
    per_pixel = view.node.GetFieldOfView()[0] / view.size[0]
    # Half a screen pixel: mouse events have whole numbers.
    assert moved[:2] == pytest.approx((-20 * per_pixel, -10 * per_pixel), abs=0.5 * per_pixel)
    assert moved[2] == 0.0
    assert examined.review.edited_points(Level.T10) == (PointName.PS,)
    assert sum(len(examined.review.edited_points(v.level)) for v in examined.review.spine) == 1
    assert examined.nodes.table.GetTable().GetValueByName(0, "state").ToString() == "edited"


def test_one_undo_takes_back_a_whole_mouse_drag(view, logic, examined):
    before = world(examined, 0)
    start = view.position(before)
    view.drag(start, start + (15, 5), steps=7)
    assert logic.undo(examined.nodes.volume)
    assert np.allclose(world(examined, 0), before)
    assert not logic.undo(examined.nodes.volume)


def test_a_drag_with_the_middle_button_moves_nothing(view, examined):
    before = [world(examined, i) for i in range(48)]
    start = view.position(before[10])
    view.drag(start, start + (20, 10), button="Middle")
    assert np.allclose([world(examined, i) for i in range(48)], before, atol=1e-9)
    assert not examined.review.edited


def test_a_click_without_a_move_is_no_edit(view, examined):
    start = view.position(world(examined, 5))
    view.drag(start, start, steps=0)
    assert not examined.review.edited


def test_the_wheel_leaves_a_single_slice_in_sight(view, examined):
    x, y = view.position(world(examined, 0))
    for event in ("MouseWheelForwardEvent", "MouseWheelBackwardEvent"):
        view.mouse(event, x, y)
    assert np.allclose(view.node.GetSliceOffset(), 0.0)
    assert not examined.review.edited


def test_going_to_a_vertebra_brings_it_into_the_middle(view, examined):
    from VerteNetSlicerLib.view import zoom_to

    zoom_to(examined, Level.L3)
    centre = examined.plane.ras_from_pixels(examined.review.vertebra(Level.L3).centre)[0]
    assert view.position(centre) == pytest.approx(np.array(view.size) / 2, abs=5)
    corners = examined.review.vertebra(Level.L3).array()
    seen = [view.position(r) for r in examined.plane.ras_from_pixels(corners)]
    assert np.ptp(seen, axis=0).max() > 150, "the vertebra is large in the view"


def test_outlines_lie_on_the_bright_bodies(view, examined, tmp_path):
    for role in ("guides", "regions"):
        examined.nodes.models[role].GetDisplayNode().SetVisibility(False)
    examined.nodes.points.GetDisplayNode().SetVisibility(False)
    picture = view.picture(tmp_path / "outlines.png").astype(int)
    # Saturated pixels are drawn, grey ones are the scan.
    drawn = np.ptp(picture, axis=2) > 60
    # L2 is wedged: its upper line runs through the box around it.
    for vertebra in (v for v in examined.review.spine if v.level is not Level.L2):
        ras = examined.plane.ras_from_pixels(vertebra.array())
        at = np.array([view.position(r) for r in ras])
        x0, x1 = at[:, 0].min(), at[:, 0].max()
        y0, y1 = view.size[1] - at[:, 1].max(), view.size[1] - at[:, 1].min()
        outer = drawn[int(y0) - 4 : int(y1) + 5, int(x0) - 4 : int(x1) + 5]
        inner = drawn[int(y0) + 12 : int(y1) - 12, int(x0) + 6 : int(x1) - 6]
        assert outer.sum() > 100, f"{vertebra.level} has no outline"
        assert not inner.any(), f"{vertebra.level} has lines inside"
        grey = picture[int(y0) + 14 : int(y1) - 14, int(x0) + 8 : int(x1) - 8]
        assert grey.mean() > 150, f"the outline of {vertebra.level} is not on its body"


def test_regions_are_tinted_where_the_analysis_says(view, examined):
    examined.nodes.points.GetDisplayNode().SetVisibility(False)
    with_regions = view.picture().astype(int)
    examined.nodes.models["regions"].GetDisplayNode().SetVisibility(False)
    difference = np.abs(with_regions - view.picture().astype(int)).max(axis=2) > 3
    for segment in examined.analysis.aac.segments:
        for wall in (segment.anterior, segment.posterior):
            middle = np.mean(wall[:-1], axis=0)
            x, y = view.position(examined.plane.ras_from_pixels(middle)[0])
            row, column = round(view.size[1] - y), round(x)
            assert difference[row - 2 : row + 3, column - 2 : column + 3].any()


def test_the_wall_that_is_read_is_outlined_and_nothing_covers_it(view, logic, examined, tmp_path):
    from VerteNetSlicerLib.drawing import wall_outline
    from VerteNetSlicerLib.view import zoom_to_wall

    zoom_to_wall(logic.look_at(examined.nodes.volume, (Level.L2, "anterior")))
    nodes = examined.nodes
    nodes.points.GetDisplayNode().SetVisibility(False)
    shown = view.picture(tmp_path / "wall.png").astype(int)
    nodes.models["regions"].GetDisplayNode().SetVisibility(False)
    difference = np.abs(shown - view.picture().astype(int)).max(axis=2) > 3

    def drawn(pixel):
        x, y = view.position(examined.plane.ras_from_pixels(np.array(pixel))[0])
        row, column = round(view.size[1] - y), round(x)
        return difference[row - 3 : row + 4, column - 3 : column + 4].any()

    ((outline, _colour),) = wall_outline(examined.analysis, (Level.L2, "anterior"))
    assert all(drawn(p) for p in (outline[:-1] + outline[1:]) / 2)
    assert not drawn(outline[:-1].mean(axis=0))
    ((other, _colour),) = wall_outline(examined.analysis, (Level.L2, "posterior"))
    assert not drawn(other[:-1].mean(axis=0))
