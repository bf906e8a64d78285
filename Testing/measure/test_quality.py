"""What cannot be right is flagged; what can be is left alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.images import image_from_array
from vertenet.measure import check_quality

PX = PixelScale()
DATA = Path(__file__).parents[3] / "shared" / "data" / "nhanes_vfa_2013_14_dev.npz"


def codes(quality):
    return {f.code for f in quality.findings}


def checked(spine, **more):
    return check_quality(spine, PX, **{"width": 600, "height": 900, **more})


def test_a_normal_spine_has_nothing_to_remark(build):
    quality = checked(build.spine())
    assert quality.findings == ()
    assert dict(quality.implausible) == {}
    assert quality.missing == ()


def test_missing_levels_are_named(build):
    quality = checked(build.spine(["T12", "L1", "L2", "L3", "L4", "L5"]))
    assert codes(quality) == {"coverage"}
    assert [lv.value for lv in quality.missing] == [f"T{i}" for i in range(4, 12)]


def test_a_severe_fracture_is_plausible(build):
    quality = checked(build.spine(changed={"T12": {"ha": 8.0, "hm": 12.0}}))
    assert dict(quality.implausible) == {}


@pytest.mark.parametrize(
    ("point", "place", "code"),
    [
        (PointName.AS, (-5.0, 300.0), "outside"),
        (PointName.AS, (90.0, 390.0), "shape"),
        (PointName.MS, (98.0, 300.0), "shape"),
        (PointName.AS, (250.0, 300.0), "size"),
    ],
)
def test_a_point_astray_makes_its_vertebra_implausible(build, point, place, code):
    spine = build.spine()
    body = spine.get(Level.T12)
    y = body.points[point].y if code != "shape" or point is PointName.MS else place[1]
    quality = checked(spine.replacing(body.with_point(point, Landmark(place[0], y))))
    assert code in codes(quality)
    assert Level.T12 in quality.implausible


def test_swapped_vertebrae_are_out_of_order(build):
    spine = build.spine()
    a, b = spine.get(Level.L1), spine.get(Level.L2)
    swapped = spine.replacing(Vertebra(Level.L1, b.points)).replacing(Vertebra(Level.L2, a.points))
    quality = checked(swapped)
    assert "order" in codes(quality)
    assert {Level.L1, Level.L2} <= set(quality.implausible)


def test_vertebrae_inside_one_another_overlap(build):
    spine = build.spine()
    moved = build.moved(Spine((spine.get(Level.L2),)), lambda x, y: (x, y - 18))
    assert "overlap" in codes(checked(spine.replacing(next(iter(moved)))))


def test_a_skipped_vertebra_makes_the_labels_doubtful(build):
    spine = build.spine()
    shifted = [v for v in spine if v.level is not Level.T10]
    renamed = [
        Vertebra(
            Level[f"T{int(v.level.value[1:]) + 1}"] if v.level.order < 6 else v.level, v.points
        )
        for v in shifted
    ]
    quality = checked(Spine(tuple(renamed)))
    assert "gap" in codes(quality)
    assert dict(quality.implausible) == {}


@pytest.mark.parametrize(("confidence", "flagged"), [(0.49, True), (0.5, False), (None, False)])
def test_an_uncertain_level_is_said(build, confidence, flagged):
    body = build.vertebra("L1", level_confidence=confidence)
    assert ("label" in codes(checked(Spine((body,))))) is flagged


@pytest.mark.parametrize(("sigma", "flagged"), [(2.59, False), (2.7, True)])
def test_points_that_do_not_settle_suggest_a_tilt(build, sigma, flagged):
    quality = checked(Spine((build.vertebra("L1", hp=26.0, sigma=sigma),)))
    assert ("tilt" in codes(quality)) is flagged
    assert dict(quality.implausible) == {}


def test_the_image_that_ends_below_l4_is_said(build):
    spine = build.spine(["L1", "L2", "L3", "L4"])
    lowest = max(p.y for p in spine.get(Level.L4).points.values())
    assert "field" in codes(checked(spine, height=int(lowest) + 20))
    assert "field" not in codes(checked(spine, height=int(lowest) + 200))


def test_a_wrong_side_is_said(build):
    spine = build.spine()
    assert "side" in codes(checked(Spine(spine.vertebrae, Side.LEFT)))


def test_no_vertebra_is_no_error():
    quality = checked(Spine())
    assert (quality.covered, len(quality.missing)) == ((), 13)


def test_faint_endplates_are_said_and_clear_ones_are_not(build):
    spine = build.spine()
    rng = np.random.default_rng(0)
    noise = rng.normal(100, 10, (900, 600)).astype(np.float32)
    clear = noise.copy()
    for vertebra in spine:
        for name in (PointName.MS, PointName.MI):
            row = round(vertebra.points[name].y)
            clear[row - 1 : row + 2, 95:140] += 80
    faint = check_quality(spine, PX, image=image_from_array(noise))
    sharp = check_quality(spine, PX, image=image_from_array(clear))
    assert sharp.image.contrast_to_noise > 4 > faint.image.contrast_to_noise
    assert sharp.image.remark is None
    assert 0.5 < faint.image.noise * (np.percentile(noise, 99) - np.percentile(noise, 1)) / 10 < 1.5


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason="the private data is not here")
def test_real_spines_are_plausible():
    with np.load(DATA) as data:
        points = data["six_x10"][::20].astype(float)
        levels = [str(level) for level in data["levels"]]
    points[points == -32768] = np.nan
    names, bodies, doubtful = ("PS", "MS", "AS", "AI", "MI", "PI"), 0, 0
    for person in points / 10:
        spine = Spine(tuple(
            Vertebra(Level(lv), {PointName(n): Landmark(*p) for n, p in zip(names, six)})
            for lv, six in zip(levels, person) if np.isfinite(six).all()
        ))  # fmt: skip
        bodies += len(spine)
        doubtful += len(check_quality(spine, PX).implausible)
    assert doubtful <= 0.001 * bodies


@pytest.mark.parametrize(("share", "withheld"), [(0.119, False), (0.12, False), (0.121, True)])
def test_points_that_the_network_guessed_are_not_measured(share, withheld):
    corners = {"PS": (0, 0), "MS": (15, 0), "AS": (30, 0), "AI": (30, 30), "MI": (15, 30),
               "PI": (0, 30)}  # fmt: skip
    sigma = math.nextafter(share * 30, 0.0)
    points = {PointName(k): Landmark(x + 50, y + 50, sigma) for k, (x, y) in corners.items()}
    quality = check_quality(Spine((Vertebra(Level.L2, points),)), PixelScale())
    assert (Level.L2 in quality.implausible) is withheld


@pytest.mark.parametrize(("rows", "code"), [(79, "outside"), (80, "outside"), (81, "cut"),
                                           (82, None), (83, None)])  # fmt: skip
def test_a_body_cut_by_the_border_is_not_measured(rows, code):
    corners = {"PS": (0, 0), "MS": (15, 0), "AS": (30, 0), "AI": (30, 30), "MI": (15, 30),
               "PI": (0, 30)}  # fmt: skip
    points = {PointName(k): Landmark(x + 50, y + 50) for k, (x, y) in corners.items()}
    spine = Spine((Vertebra(Level.L5, points),))
    # a twentieth of its height, 1.5 px, between the lower corners and the border at 81.5
    quality = check_quality(spine, PX, width=100, height=rows)
    assert codes(quality) - {"coverage"} == ({code} if code else set())
    assert (Level.L5 in quality.implausible) is (code is not None)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (lambda x, y: (x, y), False),
        (lambda x, y: (y, x), True),
        (lambda x, y: (600 - x, 900 - y), True),
        (lambda x, y: (300 + x * 0.51 - y * 0.86, x * 0.86 + y * 0.51), False),
        (lambda x, y: (300 + x * 0.49 - y * 0.872, x * 0.872 + y * 0.49), True),
    ],
    ids=["upright", "x and y exchanged", "upside down", "just below 60 degrees", "just above"],
)
def test_a_spine_that_does_not_run_down_the_image_is_said(build, where, said):
    quality = check_quality(build.moved(build.spine(), where), PX)
    assert ("turned" in codes(quality)) == said


@pytest.mark.parametrize(
    ("depth_mm", "said"), [(17.9, True), (18.1, False), (54.9, False), (55.1, True)]
)
def test_a_pixel_spacing_that_makes_no_person_is_said(build, depth_mm, said):
    spine = build.spine()
    depths = [math.dist(v.points[PointName.PS].xy, v.points[PointName.AS].xy) for v in spine]
    size = depth_mm / float(np.median(depths))
    quality = check_quality(spine, PixelScale(size, size, in_mm=True))
    assert ("spacing" in codes(quality)) == said
    assert "spacing" not in codes(check_quality(spine, PixelScale(size, size)))
