"""The second look: once at every body, once more at those that it moved far."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vertenet.detection import detector as detection
from vertenet.detection.detector import Detector
from vertenet.detection.prepare import Resize
from vertenet.network.bundle import LoadedModel, ModelInfo
from vertenet.network.coding import Candidates
from vertenet.network.refiner import BODY_PX

SIDE = 40.0
"""Of the square bodies, pixels: small enough that the image is not reduced."""

CORNERS = np.array([(-1, -1), (0, -1), (1, -1), (1, 1), (0, 1), (-1, 1)]) / 2
SHIFT_OF_GREY = 0.25
"""Share of the side by which a body on white is moved; on black it stays."""


class Nudge(nn.Module):
    """Sees each square body where it is, and moved down by as much as its crop is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        scale = detection._SECOND_LOOKS[len(self.seen)]
        self.seen.append(len(crops))
        uv = torch.from_numpy(CORNERS).float() * BODY_PX / scale
        down = crops.mean((1, 2, 3)) * SHIFT_OF_GREY * BODY_PX / scale
        moved = uv + torch.stack((torch.zeros_like(down), down), 1)[:, None]
        return {"uv": moved, "scale": torch.zeros(len(crops), 6)}


def looked_at(greys: list[float]) -> tuple[list[int], Candidates]:
    """How many crops each look saw, and where bodies on backgrounds of so bright lay then."""
    module = nn.Module()
    module.refiner = Nudge()
    info = ModelInfo(
        name="n", version="1", sha256="0", architecture="compact", weights="w", card="c",
        directory=Path(), config={}, levels=(),
    )  # fmt: skip
    finder = Detector(LoadedModel(info, module, torch.device("cpu")))
    height = 100 * len(greys)
    pixels = torch.tensor(greys).repeat_interleave(100)[None, None, :, None].expand(1, 1, -1, 100)
    centres = np.array([(50.0, 50.0 + 100 * i) for i in range(len(greys))])
    points = centres[:, None] + CORNERS * SIDE
    count = len(greys)
    found = Candidates(points, np.ones((count, 6)), np.ones(count), None, np.ones(count))
    whole = Resize(height, 100, height, 100)
    with torch.inference_mode():
        after = finder._second_look(pixels.contiguous(), whole, found, 1.0)
    return finder._module.refiner.seen, after


@pytest.mark.parametrize(
    ("share", "looks"), [(0.0, [2]), (0.095, [2]), (0.105, [2, 2]), (0.2, [2, 2])]
)
def test_a_body_that_moves_by_more_than_a_tenth_is_looked_at_again(
    share: float, looks: list[int]
) -> None:
    seen, after = looked_at([share / SHIFT_OF_GREY] * 2)
    assert seen == looks
    # crops end within the body's own background: each look moves it by the same share
    moved = after.points[0, :, 1] - (50 + CORNERS[:, 1] * SIDE)
    assert moved == pytest.approx(len(looks) * share * SIDE, abs=0.01)


def test_the_other_bodies_are_not_looked_at_again() -> None:
    seen, after = looked_at([0.0, 0.2 / SHIFT_OF_GREY, 0.0])
    assert seen == [3, 1]
    moved = after.points[:, 0, 1] - np.array([50.0, 150.0, 250.0]) + SIDE / 2
    assert moved == pytest.approx([0.0, 0.4 * SIDE, 0.0], abs=0.01)
    assert np.isfinite(after.sigma).all()
