"""The crop check never says ok for what was not seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from vertenet.anatomy import Level, Side, Spine
from vertenet.images import image_from_array
from vertenet.measure import aac_geometry, aac_mask_noise, aac_mask_regions
from vertenet.measure.aac_mask import find_masks

ROWS, COLUMNS, DEPTH = 400, 300, 40
FRONT = 140  # the spine's anterior edge
LUMBAR = ("T12", "L1", "L2", "L3", "L4", "L5")
KINDS = ("black", "white", "grey", "padding", "noisy", "jpeg")
VALUES = {"black": 0, "white": 255, "grey": 128, "padding": -2000, "noisy": 40, "jpeg": 200}


def tissue(seed=0):
    rng = np.random.default_rng(seed)
    slope = np.linspace(60, 140, COLUMNS)[None, :] + np.linspace(0, 30, ROWS)[:, None]
    return slope + rng.normal(0, 6, (ROWS, COLUMNS))


def paint(pixels, kind, where):
    noise = np.random.default_rng(1).normal(
        0, {"noisy": 1.0, "jpeg": 0.7}.get(kind, 0), pixels.shape
    )
    painted = VALUES[kind] + (np.round(noise) if kind == "jpeg" else noise)
    return np.where(where, painted, pixels)


def spine(build):
    bodies = [
        build.vertebra(lv, y=60 + 45 * i, ha=30, hm=30, hp=30, depth=DEPTH)
        for i, lv in enumerate(LUMBAR)
    ]
    return Spine(tuple(bodies))


def crop(build, pixels, **more):
    return aac_geometry(spine(build), image_from_array(pixels), COLUMNS, ROWS, **more).crop


def right_of(depths):
    return np.broadcast_to(np.arange(COLUMNS) > FRONT + depths * DEPTH, (ROWS, COLUMNS))


def test_a_corridor_in_open_tissue_is_ok(build):
    found = crop(build, tissue())
    assert found.status == "ok"
    assert [s.status for s in found.per_segment] == ["ok"] * 4
    assert all(s.visible == 1.0 for s in found.per_segment)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("depths", "status"), [(0.3, "cropped"), (0.7, "cropped"), (0.95, "ok")])
def test_a_mask_of_any_value_crops_the_aorta(build, kind, depths, status):
    found = crop(build, paint(tissue(), kind, right_of(depths)))
    assert found.status == status, found.reason
    rooms = [s.room for s in found.per_segment]
    assert rooms == pytest.approx([depths] * 4, abs=0.08)  # 3 px: the mask's blurred rim


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_over_one_segment_is_named(build, kind):
    low = np.arange(ROWS)[:, None] > 60 + 45 * 4 + 10
    found = crop(build, paint(tissue(), kind, right_of(0.5) & low))
    status = {s.level: s.status for s in found.per_segment}
    assert status[Level.L1] == "ok"
    assert status[Level.L4] == "cropped"
    assert "L4" in found.reason


@pytest.mark.parametrize("kind", KINDS)
def test_slanted_collimation_is_a_mask(build, kind):
    x, y = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    found = crop(build, paint(tissue(), kind, x > 190 - 0.1 * y))
    assert found.status == "cropped"


@pytest.mark.parametrize("columns", [140 + 20, 140 + 30])
def test_the_border_of_the_image_crops_without_pixels(build, columns):
    found = aac_geometry(spine(build), None, columns, ROWS).crop
    assert found.status == "cropped"
    assert found.per_segment[0].room == pytest.approx((columns - 140) / DEPTH, abs=0.04)


def test_without_pixels_nothing_is_ok(build):
    found = aac_geometry(spine(build), None, COLUMNS, ROWS).crop
    assert found.status == "unknown"
    assert "masks were not checked" in found.reason


def test_without_the_images_size_nothing_is_ok(build):
    geometry = aac_geometry(spine(build), None, None, None)
    assert geometry.crop.status == "unknown"
    assert geometry.segments[0].anterior != ()


def test_pixels_of_another_size_are_not_taken_for_these(build):
    image = image_from_array(tissue()[:200])
    assert aac_geometry(spine(build), image, COLUMNS, ROWS).crop.status == "unknown"


def test_a_missing_vertebra_is_unknown_not_ok(build):
    without = Spine(tuple(v for v in spine(build) if v.level is not Level.L3))
    found = aac_geometry(without, image_from_array(tissue()), COLUMNS, ROWS).crop
    assert found.status == "unknown"
    assert [s.status for s in found.per_segment] == ["ok", "unknown", "unknown", "unknown"]


def test_an_image_of_one_grey_shows_nothing():
    assert find_masks(np.full((ROWS, COLUMNS), 7.0, np.float32)).all()


def test_crossing_guides_are_unknown(build):
    bodies = list(spine(build))
    bodies[2] = build.vertebra("L2", y=60 + 45 * 2, ha=1, hm=30, hp=200, depth=DEPTH)
    found = aac_geometry(Spine(tuple(bodies)), image_from_array(tissue()), COLUMNS, ROWS).crop
    assert found.status != "ok"


def test_the_needed_room_decides_at_its_value(build):
    pixels = paint(tissue(), "black", right_of(0.7))
    assert crop(build, pixels, needed_depths=0.6).status == "ok"
    assert crop(build, pixels, needed_depths=0.8).status == "cropped"


@pytest.mark.parametrize(
    ("columns", "room", "status"),
    [(172, 0.78, "cropped"), (173, 0.80, "unknown"), (174, 0.82, "unknown")],
)
def test_the_room_is_enough_from_its_limit_on(build, columns, room, status):
    # without pixels what is not cropped is not known; samples are 0.02 depths apart
    found = aac_geometry(spine(build), None, columns, ROWS).crop
    assert [s.room for s in found.per_segment] == pytest.approx([room] * 4, abs=1e-9)
    assert {s.status for s in found.per_segment} == {status}


@pytest.mark.parametrize(
    ("depths", "told"),
    [(1.2, "L1: 1.20 vert"), (1.4, "L1: 1.40 vert"), (1.7, "L1: at least 1.50 vert")],
)
def test_room_that_is_not_followed_to_its_end_is_told_as_at_least_so_much(build, depths, told):
    first = crop(build, paint(tissue(), "black", right_of(depths))).per_segment[0]
    assert first.status == "ok"
    assert first.reason.startswith(told)


def test_a_left_facing_spine_is_checked_on_its_left(build):
    mirrored = build.moved(spine(build), lambda x, y: (COLUMNS - 1 - x, y), Side.LEFT)
    pixels = paint(tissue(), "white", right_of(0.65))
    right = aac_geometry(mirrored, image_from_array(pixels), COLUMNS, ROWS).crop
    left = aac_geometry(mirrored, image_from_array(pixels[:, ::-1]), COLUMNS, ROWS).crop
    assert (right.status, left.status) == ("ok", "cropped")


def test_quiet_tissue_at_the_border_is_no_mask():
    assert find_masks(tissue().astype(np.float32)).mean() == 0.0


def test_a_block_inside_the_image_is_no_mask():
    pixels = tissue().astype(np.float32)
    pixels[150:200, 100:150] = 255
    assert find_masks(pixels).mean() == 0.0


def test_a_slow_shade_is_no_mask():
    shade = np.broadcast_to(np.linspace(0, 255, COLUMNS), (ROWS, COLUMNS)).astype(np.float32)
    assert find_masks(shade).mean() < 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("noise", [0.5, 2.0, 20.0])
def test_a_mask_is_found_whatever_the_noise_of_the_image(build, kind, noise):
    rng = np.random.default_rng(4)
    slope = np.linspace(60, 140, COLUMNS)[None, :] + np.linspace(0, 30, ROWS)[:, None]
    pixels = paint(slope + rng.normal(0, noise, (ROWS, COLUMNS)), kind, right_of(0.5))
    assert crop(build, pixels).status == "cropped"


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_beside_saturated_tissue_is_one_too(build, kind):
    # both are flat and touch: together they have two values
    saturated = np.arange(ROWS)[:, None] > 150
    pixels = np.where(right_of(0.5) & saturated, 0.0, tissue())
    found = crop(build, paint(pixels, kind, right_of(0.5) & ~saturated))
    assert {s.status for s in found.per_segment} == {"cropped"}


def test_guides_of_a_vertebra_that_cannot_be_right_are_never_ok(build):
    doubt = {Level.L3: "L3: its corners do not form a convex body."}
    found = crop(build, tissue(), doubtful=doubt)
    assert [s.status for s in found.per_segment] == ["ok", "unknown", "unknown", "unknown"]
    assert found.status == "unknown"
    assert "cannot be right" in found.reason
    cut = crop(build, paint(tissue(), "black", right_of(0.5)), doubtful=doubt)
    assert {s.status for s in cut.per_segment} == {"cropped"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mask_cuts_off_from_the_border_shows_nothing_either(build, kind):
    # an arm of one grey, 30 px wide, and a mask that covers it towards the border
    arm = np.where(right_of(0.4), 250.0, tissue())
    found = crop(build, paint(arm, kind, right_of(0.4 + 30 / DEPTH)))
    assert [s.room for s in found.per_segment] == pytest.approx([0.4] * 4, abs=0.08)


@pytest.mark.parametrize("size", [5, 21])
def test_the_largest_value_around_a_pixel_is_what_scipy_finds(size):
    from scipy import ndimage

    from vertenet.measure.aac_mask_regions import largest

    values = np.random.default_rng(0).random((61, 47)).astype(np.float32)
    for array in (values, values > 0.97):
        found = ndimage.maximum_filter(array, size, mode="nearest")
        assert np.array_equal(largest(array, size), found)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (23, 37), (60, 60)])
def test_regions_are_told_apart_as_scipy_does(share, shape):
    flat = np.random.default_rng(1).random(shape) < share
    wanted, count = ndimage.label(flat)
    regions = aac_mask_regions.Regions(flat)
    found = regions._labels
    assert found.max() == count
    pairs = np.unique(np.stack((wanted.ravel(), found.ravel())), axis=1)
    assert pairs.shape[1] == len(np.unique(wanted))
    for number, place in enumerate(ndimage.find_objects(found), start=1):
        assert regions._box(number) == place


def exactly_white(greys):
    """Of each pixel by plain windows, as the rule says it, in double precision."""
    values = greys.part((slice(None), slice(None))).astype(float)
    laplacian = np.outer([1, -2, 1], [1, -2, 1]).astype(float)
    rough = np.abs(ndimage.convolve(values, laplacian, mode="nearest"))
    noise = ndimage.uniform_filter(rough, 9, mode="nearest") * np.sqrt(np.pi / 2) / 6
    means = ndimage.uniform_filter(values, 9, mode="nearest")
    mean = ndimage.uniform_filter(means, 15, mode="nearest")
    scatter = ndimage.uniform_filter((means - 100) ** 2, 15, mode="nearest") - (mean - 100) ** 2
    return (scatter <= (0.22 * noise + 0.02) ** 2) & (noise <= 4)


def a_noisy_mask(shape, seed):
    """Tissue, a mask with white noise along two sides or more, and now and then a dark frame."""
    rng = np.random.default_rng(seed)
    rows, columns = shape
    down, across = np.mgrid[:rows, :columns]
    pixels = 60 + 0.2 * across + 0.1 * down + rng.normal(0, rng.choice([0.4, 2, 6]), shape)
    inside = (across > 9 + 5 * seed) & (down > 20) & (across + 0.4 * down < 0.9 * columns)
    inside &= down < rows - 9 * (seed % 3)
    noise = rng.normal(0, rng.choice([0.3, 1.0, 2.0]), shape)
    mask = rng.integers(-20, 250) + (np.round(noise) if seed % 2 else noise)
    return np.where(inside, pixels, mask).astype(np.float32)


@pytest.mark.parametrize("shape", [(96, 90), (97, 200), (230, 97), (340, 211), (350, 500)])
@pytest.mark.parametrize("seed", range(6))
def test_no_pixel_of_white_noise_lies_in_a_block_that_is_passed_over(shape, seed):
    greys = aac_mask_noise.Greys(a_noisy_mask(shape, seed), 40.0, 180.0)
    white = exactly_white(greys)
    most = aac_mask_noise._scatter_of_blocks(greys) <= aac_mask_noise._most_scatter(4.0)
    rows, columns = (np.minimum(np.arange(n) // 3, n // 3 - 1) for n in shape)
    assert white.any()
    assert not (white & ~most[np.ix_(rows, columns)]).any()


@pytest.mark.parametrize("shape", [(97, 90), (230, 98), (340, 211)])
@pytest.mark.parametrize("seed", range(6))
def test_a_part_of_an_image_is_looked_at_as_the_whole_would_be(shape, seed):
    greys = aac_mask_noise.Greys(a_noisy_mask(shape, seed), 40.0, 180.0)
    wanted = exactly_white(greys)
    rows, columns = shape
    for box in (
        (slice(0, rows), slice(0, columns)),
        (slice(0, 30), slice(3, columns)),
        (slice(33, 60), slice(12, 51)),
        (slice(rows - 1, rows), slice(0, columns)),
        (slice(6, rows - 2), slice(0, 1)),
    ):
        found, _ = aac_mask_noise._white(greys, box, aac_mask_noise._noise(greys, box))
        assert (found != wanted[box]).mean() < 0.001  # rounding at the limit itself


@pytest.mark.parametrize("shape", [(30, 30), (31, 44), (47, 32)])
def test_of_each_block_the_largest_value_is_told(shape):
    values = np.random.default_rng(2).random(shape).astype(np.float32)
    found = aac_mask_noise._most_in_blocks(values)
    rows, columns = shape[0] // 3, shape[1] // 3
    ends = [*range(3, 3 * rows, 3), shape[0]], [*range(3, 3 * columns, 3), shape[1]]
    for i in range(rows):
        for j in range(columns):
            assert found[i, j] == values[3 * i : ends[0][i], 3 * j : ends[1][j]].max()


def test_all_candidates_lie_in_the_boxes_that_are_looked_at():
    shape = (401, 332)
    candidates = np.random.default_rng(3).random((133, 110)) < 0.004
    candidates[-1, -1] = True
    seen = np.zeros(shape, dtype=bool)
    for box, blocks in aac_mask_noise._tiles(candidates, shape):
        assert not seen[box].any()
        seen[box] = True
        assert seen[box].shape == (
            (blocks[0].stop - blocks[0].start) * 3 + 2 * (blocks[0].stop == 133),
            (blocks[1].stop - blocks[1].start) * 3 + 2 * (blocks[1].stop == 110),
        )
    rows, columns = np.minimum(np.arange(401) // 3, 132), np.minimum(np.arange(332) // 3, 109)
    assert seen[candidates[np.ix_(rows, columns)]].all()
    assert not seen.all()
