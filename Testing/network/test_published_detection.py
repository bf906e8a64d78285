"""A converted model goes through the same detector as ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vertenet.anatomy import CORNERS, Side
from vertenet.detection import Detector
from vertenet.images import image_from_array
from vertenet.network import load_model, write_model
from vertenet.network.published import LEVELS, build

SIZE = [256, 256]


class _Painted(torch.nn.Module):
    """Answers with bodies at known places, as the published network would."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        assert x.shape == (1, 3, *SIZE)
        assert x.min() >= -0.5
        assert x.max() <= 0.5
        hm, reg, wh = (torch.zeros(1, channels, 64, 64) for channels in (1, 2, 8))
        for i in range(5):
            hm[0, 0, 8 + 10 * i, 30] = 0.9 - 0.1 * i
            wh[0, :, 8 + 10 * i, 30] = torch.tensor([5.0, 4, -5, 4, 5, -4, -5, -4])
        return {"hm": hm, "reg": reg, "wh": wh}


@pytest.fixture(scope="module")
def a_published_model(tmp_path_factory):
    config, path = {"input_size": SIZE, "mean": 0.5}, tmp_path_factory.mktemp("model")
    write_model(path / "m", state_dict=build(config).state_dict(), name="p", version="1",
                architecture="published", config=config, card="", levels=LEVELS)  # fmt: skip
    return load_model(path / "m", "cpu")


@pytest.fixture
def an_image():
    rows = np.random.default_rng(0).uniform(0, 255, (512, 128)).astype(np.float32)
    return image_from_array(rows, name="noise")


def painted(model):
    return replace(model, module=_Painted())


def test_an_untrained_network_runs_to_a_spine(a_published_model, an_image):
    assert len(Detector(a_published_model, threshold=0.0).detect(an_image)) <= 6
    nothing = Detector(a_published_model, threshold=1.0).detect(an_image)
    assert len(nothing) == 0
    assert nothing.warnings


def test_bodies_are_named_from_the_top_and_lie_where_they_were_painted(a_published_model, an_image):
    spine = Detector(painted(a_published_model), threshold=0.3).detect(an_image)
    assert [v.level.value for v in spine] == ["T12", "L1", "L2", "L3", "L4"]
    assert spine.anterior is Side.RIGHT
    first = spine.vertebrae[0]
    assert tuple(first.points) == CORNERS
    # 256 columns stand for 128, 256 rows for 512; the resize maps pixel edges on each other
    assert first.centre == pytest.approx([(4 * 30 + 0.5) / 2 - 0.5, (4 * 8 + 0.5) * 2 - 0.5])


def test_the_threshold_leaves_faint_bodies_out(a_published_model, an_image):
    spine = Detector(painted(a_published_model), threshold=0.65).detect(an_image)
    assert len(spine) == 3


def test_a_patient_said_to_face_left_has_the_corners_exchanged(a_published_model, an_image):
    detector = Detector(painted(a_published_model), threshold=0.3)
    right, left = detector.detect(an_image), detector.detect(an_image, anterior=Side.LEFT)
    assert left.anterior is Side.LEFT
    a, b = right.vertebrae[0].array(), left.vertebrae[0].array()
    np.testing.assert_allclose(b[[0, 5]], a[[2, 3]])
