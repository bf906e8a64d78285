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
    graded = {m.level for m in examined.analysis.vertebrae if m.final_grade is not None}
    for vertebra in (v for v in examined.review.spine if v.level in graded - {Level.L2}):
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


def click(view, ras):
    """Press and release the left button over a place."""
    x, y = view.position(ras)
    view.mouse("MouseMoveEvent", x, y)
    view.mouse("LeftButtonPressEvent", x, y)
    view.mouse("LeftButtonReleaseEvent", x, y)


def at(examined, pixel):
    return examined.plane.ras_from_pixels(np.array(pixel))[0]


def test_a_missing_vertebra_is_placed_by_six_clicks(view, logic, examined):
    volume = examined.nodes.volume
    corners = examined.review.vertebra(Level.L3).array()
    logic.delete(volume, Level.L3)
    placement = logic.start_placing(volume, Level.L3)
    prompts = []
    placement.on_prompt = prompts.append
    for pixel in corners:
        click(view, at(examined, pixel))
    per_pixel = view.node.GetFieldOfView()[0] / view.size[0] / 0.5
    # Half a screen pixel, in pixels of the image: mouse events have whole numbers.
    placed = examined.review.vertebra(Level.L3).array()
    assert np.allclose(placed, corners, atol=per_pixel)
    assert prompts[0] == "L3 mid superior" and prompts[-1] == ""
    assert logic.placing is None
    click(view, at(examined, (20, 20)))
    assert examined.nodes.points.GetNumberOfControlPoints() == 48, "placing is over"
    # The view goes on: the new points can be dragged at once.
    labels = [examined.nodes.points.GetNthControlPointLabel(i) for i in range(48)]
    start = view.position(world(examined, labels.index("L3_AS")))
    view.drag(start, start + (12, 0))
    assert not np.allclose(examined.review.vertebra(Level.L3).array(), placed)


def test_plaque_is_marked_by_clicks_one_stretch_after_the_other(view, logic, examined, tmp_path):
    volume = examined.nodes.volume
    logic.look_at(volume, (Level.L1, "anterior"))
    marking = logic.start_marking(volume)
    guides = {g.name: g for g in examined.analysis.aac.guides}
    for above, below in (("T12/L1", "L1/L2"), ("L1/L2", "L2/L3")):
        for name in (above, below):
            # Beside the vertebra, where no control point is near.
            click(view, at(examined, np.array(guides[name].anterior) + (25.0, 0.0)))
    assert len(examined.review.plaques) == 2
    reading = examined.analysis.aac_reading.walls
    assert (reading[Level.L1, "anterior"], reading[Level.L2, "anterior"]) == (3, 3)
    logic.stop_placing()
    assert marking.node.GetScene() is None
    view.picture(tmp_path / "plaque.png")
    start = view.position(world(examined, 0))
    view.drag(start, start + (12, 0))
    assert examined.review.edited_points(Level.T10) == (PointName.PS,)


def test_a_click_on_a_point_selects_its_vertebra(view, examined):
    start = view.position(world(examined, 7))
    view.drag(start, start, steps=0)
    assert examined.touched is Level.T11
    assert examined.nodes.models["highlight"].GetPolyData().GetNumberOfLines() == 1


def test_a_point_dragged_in_another_slice_stays_on_the_image(view, examined):
    """The plane of the view was moved in front of the image, as scrolling does."""
    view.node.SetSliceOffset(view.node.GetSliceOffset() + 0.2)
    start = view.position(world(examined, 0))
    view.drag(start, start + (15, 10))
    assert world(examined, 0)[2] == 0.0
    assert examined.review.edited_points(Level.T10) == (PointName.PS,)


def test_the_keyboards_delete_over_a_point_removes_nothing(view, examined):
    x, y = view.position(world(examined, 0))
    view.mouse("MouseMoveEvent", x, y)
    view.key("Delete")
    assert examined.nodes.points.GetNumberOfControlPoints() == 48
    assert not examined.review.edited
    # The key does reach the point: a list that is not fixed loses it.
    examined.close()
    examined.nodes.points.SetFixedNumberOfControlPoints(False)
    view.mouse("MouseMoveEvent", x, y)
    view.key("Delete")
    assert examined.nodes.points.GetNumberOfControlPoints() == 47


def test_a_middle_drag_off_the_points_and_a_right_drag_do_no_harm(view, examined):
    before = [world(examined, i) for i in range(48)]
    for button in ("Middle", "Right"):
        view.drag((30, 30), (80, 90), button=button)
    assert np.allclose([world(examined, i) for i in range(48)], before)
    assert not examined.review.edited


def test_the_prior_is_drawn_over_the_scan(view, logic, examined, tmp_path):
    from VerteNetSlicerLib.prior import Prior

    examined.compare_with(Prior("before", examined.analysis))
    review = examined.review
    for name in (PointName.AS, PointName.MS):
        point = review.vertebra(Level.L4).points[name]
        review = review.moved(Level.L4, name, point.x, point.y + 12)
    examined.apply(review)
    examined.nodes.points.GetDisplayNode().SetVisibility(False)
    shown = view.picture(tmp_path / "prior.png").astype(int)
    examined.nodes.models["prior"].GetDisplayNode().SetVisibility(False)
    difference = np.abs(shown - view.picture().astype(int)).max(axis=2) > 3
    # Where L4 came down the old end plate stands above it.
    old = examined.prior.analysis.spine.get(Level.L4).points[PointName.AS].xy
    x, y = view.position(at(examined, np.array(old) - (6.0, 0.0)))
    row, column = round(view.size[1] - y), round(x)
    assert difference[row - 3 : row + 4, column - 3 : column + 4].any()


def test_nothing_drawn_makes_vtk_complain(view, logic, examined, capfd):
    """In Slicer each complaint is a red mark in the status bar."""
    logic.look_at(examined.nodes.volume, (Level.L2, "anterior"))
    examined.colour(by_vertebra=True)
    start = view.position(world(examined, 0))
    view.drag(start, start + (15, 5))
    view.picture()
    for vertebra in examined.review.spine:
        logic.delete(examined.nodes.volume, vertebra.level)
    view.picture()
    told = capfd.readouterr()
    assert "ERR|" not in told.err + told.out
    assert "vtkMRMLModelDisplayNode" not in told.err + told.out


def test_a_right_click_pauses_placing_and_nothing_is_lost(view, logic, examined):
    volume = examined.nodes.volume
    corners = examined.review.vertebra(Level.L3).array()
    logic.delete(volume, Level.L3)
    placement = logic.start_placing(volume, Level.L3)
    for pixel in corners[:2]:
        click(view, at(examined, pixel))
    x, y = view.position(at(examined, corners[2]))
    for event in ("MouseMoveEvent", "RightButtonPressEvent", "RightButtonReleaseEvent"):
        view.mouse(event, x, y)
    assert placement.paused and placement.prompt == "L3 anterior superior"
    click(view, at(examined, corners[2]))
    assert examined.review.spine.get(Level.L3) is None
    placement.resume()
    for pixel in corners[2:]:
        click(view, at(examined, pixel))
    assert len(examined.review.vertebra(Level.L3).points) == 6


def test_a_scene_that_was_reopened_shows_its_drawings_at_once(view, logic, scene, tmp_path):
    def drawn(picture):
        return int((np.ptp(picture.astype(int), axis=2) > 60).sum())

    before = drawn(view.picture())
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    assert drawn(view.picture()) == 0
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    assert drawn(view.picture(tmp_path / "again.png")) == before > 1000


def test_keys_place_points_among_the_mouses(view, logic, examined):
    volume = examined.nodes.volume
    corners = examined.review.vertebra(Level.L3).array()
    logic.delete(volume, Level.L3)
    placement = logic.start_placing(volume, Level.L3)
    asked = [placement.prompt]
    for index, pixel in enumerate(corners):
        if index == 2:
            click(view, at(examined, pixel))
        else:
            # A point hangs at the mouse, which must not become one of them.
            view.mouse("MouseMoveEvent", 250 + 9 * index, 300)
            placement.place(tuple(pixel))
        asked.append(placement.prompt)
    assert asked[:3] == ["L3 posterior superior", "L3 mid superior", "L3 anterior superior"]
    assert asked[-1] == "" and len(set(asked)) == 7
    per_pixel = view.node.GetFieldOfView()[0] / view.size[0] / 0.5
    placed = examined.review.vertebra(Level.L3).array()
    keyed = [i for i in range(6) if i != 2]
    assert placed[keyed] == pytest.approx(corners[keyed], abs=1e-6)
    assert placed[2] == pytest.approx(corners[2], abs=per_pixel)
    assert logic.placing is None
    assert examined.nodes.points.GetNumberOfControlPoints() == 48


@pytest.mark.parametrize("paused", [False, True])
def test_keys_mark_plaque_whether_or_not_the_mouse_does(view, logic, examined, paused):
    volume = examined.nodes.volume
    logic.look_at(volume, (Level.L1, "anterior"))
    marking = logic.start_marking(volume)
    guides = {g.name: np.array(g.anterior) + (25.0, 0.0) for g in examined.analysis.aac.guides}
    if paused:
        for event in ("MouseMoveEvent", "RightButtonPressEvent", "RightButtonReleaseEvent"):
            view.mouse(event, 250, 300)
        assert marking.paused
    marking.place(tuple(guides["T12/L1"]))
    assert marking.prompt.startswith("end of")
    marking.place(tuple(guides["L1/L2"]))
    (plaque,) = examined.review.plaques
    assert (*plaque.start, *plaque.end) == pytest.approx(
        (*guides["T12/L1"], *guides["L1/L2"]), abs=1e-6
    )
    assert marking.prompt.startswith("start of"), "the next stretch can be marked"
    logic.stop_placing()


def test_undo_takes_back_what_was_placed_last_before_it_takes_back_anything_else(
    view, logic, examined
):
    volume = examined.nodes.volume
    corners = examined.review.vertebra(Level.L3).array()
    assert not logic.can_undo(volume)
    logic.delete(volume, Level.L3)
    placement = logic.start_placing(volume, Level.L3)
    for pixel in corners[:2]:
        placement.place(tuple(pixel))
    for left in (1, 0):
        assert logic.undo(volume)
        assert placement.placed == left
        assert examined.review.spine.get(Level.L3) is None
    assert logic.can_undo(volume) and logic.undo(volume)
    assert examined.review.spine.get(Level.L3) is not None
    logic.stop_placing()


def test_the_cross_stands_at_a_pixel_and_the_view_follows_it(view, scene, examined):
    from VerteNetSlicerLib import cursor

    plane, node = examined.plane, scene.AddNewNodeByClass("vtkMRMLCrosshairNode")
    width, height, _ = examined.nodes.volume.GetImageData().GetDimensions()
    middle = cursor.centre_of_view(plane)
    assert middle == pytest.approx(((width - 1) / 2, (height - 1) / 2), abs=1.0)
    cursor.point_out(plane, (12.0, 34.0))
    assert node.GetCrosshairMode() == node.ShowSmallBasic
    assert node.GetCrosshairRAS() == pytest.approx(at(examined, (12.0, 34.0)))
    cursor.point_out(plane, None)
    assert node.GetCrosshairMode() == node.NoCrosshair

    # Kept within the image, whole pixels of which the last is one less than the size.
    assert cursor.moved((1.0, 2.0), -5, 4, (100, 200)) == (0.0, 6.0)
    assert cursor.moved((98.0, 198.0), 5, 5, (100, 200)) == (99.0, 199.0)

    # What is in sight moves nothing; what is not comes into the middle.
    before = view.node.GetSliceToRAS().GetElement(1, 3)
    cursor.bring_into_sight(plane, middle)
    assert view.node.GetSliceToRAS().GetElement(1, 3) == before
    view.node.SetFieldOfView(20.0, 32.0, 1.0)
    cursor.bring_into_sight(plane, (10.0, 10.0))
    assert cursor.centre_of_view(plane) == pytest.approx((10.0, 10.0), abs=1e-6)
    # Half of what is seen (0.5 mm columns, 0.6 mm rows) to the right, and down.
    cursor.pan(0.5, 0.0)
    assert cursor.centre_of_view(plane) == pytest.approx((10.0 + 10.0 / 0.5, 10.0), abs=1e-6)
    cursor.pan(0.0, 0.25)
    assert cursor.centre_of_view(plane) == pytest.approx((30.0, 10.0 + 8.0 / 0.6), abs=1e-6)


def test_a_point_that_is_pressed_is_the_one_that_keys_move(view, examined):
    start = view.position(world(examined, 7))
    view.drag(start, start, steps=0)
    assert (examined.touched, examined.point) == (Level.T11, PointName.MS)
    examined.touch(Level.L1)
    assert examined.point is None


def test_light_changes_what_is_seen_and_comes_back(view, examined):
    from VerteNetSlicerLib.light import Light, light_of, set_light

    volume = examined.nodes.volume
    for role in examined.nodes.models.values():
        role.GetDisplayNode().SetVisibility(False)
    examined.nodes.points.GetDisplayNode().SetVisibility(False)
    usual = view.picture().astype(float)
    assert light_of(volume) == Light()
    window = volume.GetDisplayNode().GetWindow()
    set_light(volume, Light(brightness=40.0))
    assert view.picture().mean() > usual.mean() + 5
    set_light(volume, Light(contrast=100.0))
    assert volume.GetDisplayNode().GetWindow() == pytest.approx(window / 5)
    set_light(volume, Light(-30.0, -50.0, inverted=True))
    known = light_of(volume)
    assert (known.brightness, known.contrast) == pytest.approx((-30.0, -50.0))
    assert known.inverted
    set_light(volume, Light(1000.0, -1000.0))
    known = light_of(volume)
    assert (known.brightness, known.contrast) == pytest.approx((100.0, -100.0))
    set_light(volume, Light())
    assert np.abs(view.picture() - usual).max() <= 1


def test_a_bare_image_has_nothing_drawn_over_it(view, logic, examined):
    from VerteNetSlicerLib.view import apply_layers

    def drawn():
        return int((np.ptp(view.picture().astype(int), axis=2) > 60).sum())

    assert drawn() > 1000
    apply_layers(examined, logic.state, bare=True)
    assert drawn() == 0
    apply_layers(examined, logic.state)
    assert drawn() > 1000
