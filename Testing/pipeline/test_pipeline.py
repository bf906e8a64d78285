"""One path from an image, or from points, to everything that is computed."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vertenet.analysis import ImageFrame, ModelIdentity
from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage, image_from_array
from vertenet.measure import AacReading, score_aac
from vertenet.pipeline import analyse, frame_of, measure

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}


def make_spine(count: int = 14) -> Spine:
    vertebrae = [
        Vertebra(
            level,
            {PointName(n): Landmark(100 + 80 * x, 20 + 80 * i + 60 * y, 0.5)
             for n, (x, y) in PLACES.items()},
        )
        for i, level in enumerate(list(Level)[-count:])
    ]  # fmt: skip
    return Spine(tuple(vertebrae), Side.RIGHT, ("from the points",))


@pytest.fixture
def an_image() -> DxaImage:
    image = image_from_array(
        np.random.default_rng(0).integers(0, 255, (1200, 400)), name="a.dcm", spacing_mm=(0.3, 0.2),
        sex="F", age_years=70.0,
    )  # fmt: skip
    return replace(image, warnings=("from the image",))


class PointsThere:
    """A detector that always finds the same spine: the port through which the network comes."""

    info = SimpleNamespace(name="n", version="1", sha256="ab")

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        return replace(make_spine(), anterior=anterior or Side.RIGHT)


def test_a_frame_is_the_image_without_its_pixels(an_image: DxaImage) -> None:
    frame = frame_of(an_image)
    assert frame == ImageFrame("a.dcm", 400, 1200, PixelScale(0.3, 0.2, True), "user")


def test_every_vertebra_is_measured_in_order() -> None:
    analysis = measure(make_spine(), ImageFrame("a", 400, 1200))
    assert [v.level for v in analysis.vertebrae] == list(Level)
    assert analysis.vertebrae[0].heights.Hp == pytest.approx(60)
    assert analysis.vertebrae[0].heights.unit == "px"


def test_sex_and_age_come_from_the_image_unless_given(an_image: DxaImage) -> None:
    frame = frame_of(an_image)
    assert measure(make_spine(), frame, image=an_image).sex == "F"
    given = measure(make_spine(), frame, image=an_image, sex="M", age_years=50.0)
    assert (given.sex, given.age_years) == ("M", 50.0)


def test_analysing_carries_the_images_warnings_and_the_model(an_image: DxaImage) -> None:
    analysis = analyse(an_image, PointsThere(), anterior=Side.LEFT)
    assert analysis.warnings[:2] == ("from the image", "from the points")
    assert analysis.model == ModelIdentity("n", "1", "ab")
    assert analysis.spine.anterior is Side.LEFT


def test_what_the_check_of_quality_finds_becomes_a_warning() -> None:
    analysis = measure(make_spine(), ImageFrame("a", 120, 1200))
    assert analysis.quality is not None
    outside = [f.text for f in analysis.quality.findings if f.code == "outside"]
    assert outside
    assert set(outside) <= set(analysis.warnings)
    assert all(v.genant.grade is None for v in analysis.vertebrae)


def test_angles_are_measured() -> None:
    alignment = measure(make_spine(), ImageFrame("a", 400, 1200)).alignment
    assert alignment is not None
    assert alignment.kyphosis_t4_t12.value == pytest.approx(0, abs=1e-9)


def test_measuring_the_analysed_points_gives_the_same_analysis(an_image: DxaImage) -> None:
    first = analyse(an_image, PointsThere())
    second = measure(
        first.spine, first.frame, image=an_image, model=first.model, sex=first.sex,
        age_years=first.age_years,
    )  # fmt: skip
    assert second == first


def test_an_unknown_size_leaves_the_crop_unknown() -> None:
    aac = measure(make_spine(), ImageFrame("a", None, None)).aac
    assert aac.crop.status == "unknown"
    assert "size is not known" in aac.crop.reason
    assert len(aac.guides) == 5


def test_the_pipeline_loads_no_torch() -> None:
    code = "import sys, vertenet.pipeline, vertenet.report; sys.exit('torch' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "VerteNetSlicer"), "PATH": ""},
    )  # fmt: skip


def test_fourteen_vertebrae_are_measured_while_a_point_is_dragged(an_image: DxaImage) -> None:
    spine, frame = make_spine(), frame_of(an_image)
    measure(spine, frame, image=an_image)
    best = min(_timed(spine, frame, an_image) for _ in range(20))
    # seconds of processor time; 3 ms is wanted, three times that still follows the mouse
    assert best < 9e-3


def _timed(spine: Spine, frame: ImageFrame, image: DxaImage) -> float:
    start = time.process_time()
    measure(spine, frame, image=image)
    return time.process_time() - start


def test_a_readers_wall_scores_are_totalled(an_image: DxaImage) -> None:
    reading = AacReading.parse("0011--00")
    analysis = measure(make_spine(), frame_of(an_image), image=an_image, aac_reading=reading)
    assert analysis.aac_reading == reading
    assert analysis.aac_scores == score_aac(
        reading.walls, crop_status=analysis.aac.crop.status, sex="F", age_years=70.0
    )
    assert analysis.aac_scores.total24 is None


def test_no_wall_scored_is_no_score_at_all() -> None:
    analysis = measure(make_spine(), ImageFrame("a", 400, 1200), aac_reading=AacReading())
    assert (analysis.aac_reading, analysis.aac_scores) == (None, None)
