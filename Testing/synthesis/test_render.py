"""Synthetic scans: replay, truth, points on the cortex's outer edge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from vertenet.synthesis import (
    LOOKS,
    SyntheticScan,
    draw_parameters,
    render_scan,
    synthesise,
    synthesise_batch,
)
from vertenet.synthesis.bodies import BodyStyle, draw_body
from vertenet.synthesis.canvas import PolygonSheet, blur, smooth_noise, tube
from vertenet.synthesis.view import View

SIZE = (256, 128)
AS, AI, PS = 2, 3, 0


def _plain(seed: int, look: str = "bright", **changes: object) -> dict[str, object]:
    params = draw_parameters(np.random.default_rng(seed), look=look)
    params.update(mask="none", patches=0, marks=0, inverted=False, mirror=False)
    params.update(changes)
    return params


def test_the_same_seed_gives_the_same_scan() -> None:
    first, second = synthesise(7, size=SIZE), synthesise(7, size=SIZE)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.points, second.points, equal_nan=True)
    assert np.array_equal(first.visible, second.visible)


def test_another_seed_gives_another_scan() -> None:
    assert not np.array_equal(synthesise(7, size=SIZE).image, synthesise(8, size=SIZE).image)


def test_a_scan_is_replayed_from_its_parameters() -> None:
    scan = synthesise(11, size=SIZE)
    again = render_scan(scan.params, SIZE)
    assert np.array_equal(scan.image, again.image)


def test_parameters_are_plain_values() -> None:
    import json

    params = draw_parameters(np.random.default_rng(3))
    assert json.loads(json.dumps(params)) == params


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_is_finite_and_between_zero_and_one(look: str) -> None:
    scan = synthesise(5, size=SIZE, look=look)
    assert scan.image.dtype == np.float32 and scan.image.shape == SIZE
    assert np.isfinite(scan.image).all()
    assert scan.image.min() >= 0.0 and scan.image.max() <= 1.0
    assert scan.look == look


@pytest.fixture(scope="module")
def thirty_scans() -> list[SyntheticScan]:
    return synthesise_batch(range(100, 130), SIZE)


def test_thirty_seeds_render_with_consistent_truth(thirty_scans: list[SyntheticScan]) -> None:
    for scan in thirty_scans:
        assert scan.points.shape == (18, 6, 2) and scan.visible.shape == (18,)
        x, y = scan.points[scan.visible == 1].reshape(-1, 2).T
        assert ((x > -0.5) & (x < SIZE[1] - 0.5) & (y > -0.5) & (y < SIZE[0] - 0.5)).all()
        assert (scan.visible[np.isnan(scan.points).any(axis=(1, 2))] == 0).all()


def test_most_bodies_of_most_scans_can_be_measured(thirty_scans: list[SyntheticScan]) -> None:
    scans = thirty_scans
    shares = [np.mean(s.visible[s.visible > 0] == 1) for s in scans if (s.visible > 0).any()]
    assert np.median(shares) > 0.6


def test_a_mirrored_scan_has_its_front_at_the_left() -> None:
    params = draw_parameters(np.random.default_rng(1), look="bright")
    left = render_scan({**params, "mirror": True}, SIZE)
    right = render_scan({**params, "mirror": False}, SIZE)
    present = np.isfinite(left.points).all(axis=(1, 2))
    assert left.anterior == "left" and right.anterior == "right"
    assert (left.points[present, AS, 0] < left.points[present, PS, 0]).all()
    assert np.allclose(
        left.points[present, :, 0], SIZE[1] - 1 - right.points[present, :, 0], atol=1e-3
    )


def test_levels_run_from_head_to_foot() -> None:
    scan = render_scan(_plain(2), SIZE)
    centres = np.nanmean(scan.points[..., 1], axis=1)
    assert (np.diff(centres[np.isfinite(centres)]) > 0).all()


def test_a_covered_body_is_not_called_measurable() -> None:
    params = _plain(4, noise=0.02)
    clear = render_scan(params, SIZE)
    drowned = render_scan({**params, "noise": 3.0}, SIZE)
    assert (clear.visible == 1).sum() > (drowned.visible == 1).sum()


def _square(blur_sigma: float = 0.0) -> tuple[np.ndarray, float]:
    """A plain body, 60 x 48 px, its front wall at x = 70.3."""
    low, high, top, bottom = 10.0, 70.3, 20.0, 68.0
    u = np.linspace(0, 1, 16, endpoint=False)
    corner = np.array([[low, top], [high, top], [high, bottom], [low, bottom], [low, top]])
    outline = np.concatenate(
        [corner[k] + u[:, None] * (corner[k + 1] - corner[k]) for k in range(4)]
    )
    image, plateau = np.zeros((90, 90), np.float32), np.zeros((90, 90), np.float32)
    style = BodyStyle(0.6, (0.5, 0.5), (0.2, 0.2), (0.0, 0.1, 0.0), 3.0, 0.0, 0.0, 0.0, 0.0)
    draw_body(image, plateau, View((90, 90), np.eye(2), np.zeros(2)), outline, style)
    return blur(image, blur_sigma), high


@pytest.mark.parametrize("sigma", [0.0, 0.6, 1.0])
def test_the_grey_rises_to_half_at_the_outer_edge_of_the_front_wall(sigma: float) -> None:
    image, wall = _square(sigma)
    profile = image[40:50].mean(axis=0)[60:85]
    half = 0.5 * profile.max()
    last = np.nonzero(profile >= half)[0][-1]
    crossing = 60 + last + (profile[last] - half) / (profile[last] - profile[last + 1])
    assert abs(crossing - wall) < 0.75


def test_doubled_contours_keep_their_mid_line() -> None:
    base, _ = _square()
    u = np.linspace(0, 1, 16, endpoint=False)
    corner = np.array([[10, 20], [70.3, 20], [70.3, 68], [10, 68], [10, 20]], float)
    outline = np.concatenate(
        [corner[k] + u[:, None] * (corner[k + 1] - corner[k]) for k in range(4)]
    )
    image, plateau = np.zeros((90, 90), np.float32), np.zeros((90, 90), np.float32)
    style = BodyStyle(0.6, (0.0, 0.0), (0.0, 0.0), (0.0, 0.1, 0.0), 3.0, 4.0, 4.0, 0.0, 0.0)
    draw_body(image, plateau, View((90, 90), np.eye(2), np.zeros(2)), outline, style)
    assert plateau.sum() == pytest.approx(0.6 * 60.3 * 48, rel=0.02)
    assert ndimage.center_of_mass(plateau) == pytest.approx(ndimage.center_of_mass(base), abs=0.2)


def test_a_real_spine_edge_lies_on_its_points() -> None:
    """Without noise and neighbours, the steepest fall lies at the endplate's mid-point."""
    quiet: dict[str, object] = dict(  # noqa: C408
        noise=0.0,
        lines=0.0,
        grain=0.0,
        blur=0.0,
        highpass=0.0,
        sharpen=0.0,
        local=0.0,
        ribs=0.0,
        posterior=0.0,
        shoulder=0.0,
        sternum=0.0,
        tilt=0.0,
        twist=0.0,
        scoliosis=0.0,
        osteophytes=0.0,
        schmorl=0.0,
        uneven=0.0,
        tissue_noise=0.0,
        air=0.0,
        top_level=8.0,
        bottom_level=16.5,
        aspect=1.0,
        rotation=0.0,
        fracture_rate=0.0,
        high=0.0,
        low=0.0,
        gamma=1.0,
        levels=0,
        lead=False,
        wires=False,
        cement=False,
        screws=False,
        zip=False,
        spine_x=0.5,
        dome_line=0.0,
        dome_dark=0.0,
        folds=0,
        gas=0,
    )
    scan = render_scan(_plain(9, **quiet), (512, 256))
    offsets = []
    for level in range(12, 16):
        top, bottom = scan.points[level, 1].astype(float), scan.points[level, 4].astype(float)
        axis = (bottom - top) / np.linalg.norm(bottom - top)
        t = np.linspace(-4, 4, 81)
        line = ndimage.map_coordinates(
            scan.image, [top[1] + t * axis[1], top[0] + t * axis[0]], order=1
        )
        offsets.append(t[np.gradient(line).argmax()])
    assert np.abs(offsets).max() < 1.5 and abs(np.median(offsets)) < 0.75


def test_a_polygon_covers_its_area() -> None:
    sheet = PolygonSheet((40, 40), sub=4)
    sheet.add(np.array([[4.5, 5.5], [24.5, 5.5], [24.5, 20.5], [4.5, 20.5]]), 2.0)
    image = sheet.draw()
    assert image.sum() == pytest.approx(2.0 * 20 * 15, rel=1e-3)
    assert image[10, 10] == pytest.approx(2.0) and image[30, 30] == pytest.approx(0.0, abs=1e-5)


def test_polygons_reach_beyond_the_picture_without_harm() -> None:
    sheet = PolygonSheet((20, 20))
    sheet.add(np.array([[-50.0, -50.0], [60.0, -50.0], [60.0, 60.0], [-50.0, 60.0]]), 1.0)
    assert np.allclose(sheet.draw(), 1.0, atol=1e-5)


def test_a_tube_is_as_wide_as_asked() -> None:
    outline = tube(np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]), 4.0)
    assert outline[:, 1].min() == -2.0 and outline[:, 1].max() == 2.0


@pytest.mark.parametrize("sigma", [0.5, 3.0, 12.0])
def test_a_blur_keeps_the_mean(sigma: float) -> None:
    image = np.zeros((101, 101), np.float32)
    image[40:61, 40:61] = 1.0
    assert blur(image, sigma).sum() == pytest.approx(image.sum(), rel=0.02)


def test_smooth_noise_fills_the_shape() -> None:
    for scale in (1.0, 1.4, 5.0, 70.0):
        field = smooth_noise(np.random.default_rng(0), (64, 33), scale)
        assert field.shape == (64, 33) and np.isfinite(field).all()


def test_the_aorta_is_marked_cropped_where_the_field_ends() -> None:
    params = _plain(6, field="thoracic", top_level=0.0, bottom_level=11.0)
    scan = render_scan(params, SIZE)
    assert scan.aorta.cropped == {"L1": True, "L2": True, "L3": True, "L4": True}
    whole = render_scan(
        _plain(6, top_level=0.0, bottom_level=18.0, spine_x=0.4, rotation=0.0, aspect=0.8), SIZE
    )
    assert not any(whole.aorta.cropped.values())
