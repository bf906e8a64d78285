"""The mirror is looked at where names are unsure, and only there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vertenet.detection.assemble import CERTAIN, Named
from vertenet.detection.detector import Detector
from vertenet.images import image_from_array
from vertenet.network.bundle import LoadedModel, ModelInfo
from vertenet.network.compact import STRIDE, VECTOR_UNIT_PX, CompactVerteNet

BODY_PX = 28.0
CORNERS = np.array([(-1, -1), (0, -1), (1, -1), (1, 1), (0, 1), (-1, 1)]) / 2
BODIES = 6


class Column(nn.Module):
    """Bodies at the brightest column, named as surely as that is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.sides: list[bool] = []
        self.first = 9

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        rows, columns = (n // STRIDE for n in image.shape[2:])
        bright = image[0, 0].mean(0)
        self.sides.append(bool(bright.argmax() >= image.shape[3] / 2))
        maps = {k: torch.zeros(1, n, rows, columns) for k, n in CompactVerteNet.HEADS.items()}
        maps["heat"] -= 9.0
        facing = np.array([-1 if self.sides[-1] else 1, 1])
        vectors = torch.from_numpy(CORNERS * facing * BODY_PX).float() / VECTOR_UNIT_PX
        maps["points"] += vectors.reshape(1, 12, 1, 1)
        for i in range(BODIES):
            cell = (i + 1) * round(1.28 * BODY_PX / STRIDE), int(bright.argmax()) // STRIDE
            maps["heat"][0, 0][cell] = 4.0
            maps["level"][0, self.first + i][cell[0] - 1 : cell[0] + 2] = 40.0 * float(bright.max())
        return maps


def detector() -> tuple[Detector, Column]:
    info = ModelInfo(
        name="n", version="1", sha256="0", architecture="compact", weights="w", card="c",
        directory=Path(), config={}, levels=(),
    )  # fmt: skip
    made = Detector(LoadedModel(info, Column(), torch.device("cpu")))
    return made, made._module


def scan(bright: float) -> np.ndarray:
    """A bright column at the left, and one white pixel and one black one for the range."""
    pixels = np.zeros((512, 256))
    pixels[:, 40:48] = bright
    pixels[0, 0] = 1.0
    return pixels


@pytest.mark.parametrize(("bright", "sides"), [(1.0, [False]), (0.05, [False, True])])
def test_the_mirror_is_looked_at_where_names_are_unsure(bright: float, sides: list[bool]) -> None:
    finder, network = detector()
    spine = finder.detect(image_from_array(scan(bright), name="a", spacing_mm=(1.0, 1.0)))
    assert network.sides == sides
    assert [v.level.value for v in spine] == ["T10", "T11", "T12", "L1", "L2", "L3"]
    assert spine.vertebrae[0].array()[:, 0].mean() == pytest.approx(43.5, abs=STRIDE)


def test_both_chains_are_given_for_fitting() -> None:
    finder, network = detector()
    alone, both = finder.chains(image_from_array(scan(1.0), name="a", spacing_mm=(1.0, 1.0)))
    assert network.sides == [False, True]
    assert len(alone) == len(both) == BODIES
    np.testing.assert_allclose(alone.points, both.points, atol=STRIDE)  # one sees either edge


@pytest.mark.parametrize(
    ("confidence", "certain"),
    [([CERTAIN, 1.0], True), ([CERTAIN - 1e-6, 1.0], False), ([1.0, None], False), ([], False)],
)
def test_names_are_certain_where_each_is(confidence: list[float | None], certain: bool) -> None:
    assert Named(["L1", "L2"][: len(confidence)], confidence, []).certain is certain


def test_bodies_beyond_the_labelled_levels_are_not_looked_at_in_crops() -> None:
    """They only help to count: their points are the first look's."""
    finder, network = detector()
    crops: list[int] = []

    class Shift(nn.Module):
        def forward(self, grey: Tensor) -> dict[str, Tensor]:
            crops.append(len(grey))
            return {"uv": torch.zeros(len(grey), 6, 2), "scale": torch.zeros(len(grey), 6)}

    network.refiner = Shift()
    network.first = 1
    spine = finder.detect(image_from_array(scan(1.0), name="a", spacing_mm=(1.0, 1.0)))
    assert [v.level.value for v in spine] == ["T4", "T5", "T6", "T7"]  # below T2 and T3
    assert crops == [4, 4]
