"""The published VerteNet, for checkpoints that its authors' code writes.

Its own words ``hm``, ``reg`` and ``wh`` appear only here and where they are decoded.
Rebuilt from the facts in the paper; no code or weights of the authors are part of
this project.

Source: VerteNet, arXiv 2502.02097.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..errors import ModelError
from .attention import GRID, NormFactory, SpatialNorm
from .bundle import ModelInfo, write_model
from .efficientnet import EfficientNetFeatures
from .fusion import FusionBlock
from .reproducible import pin_rounding
from .weights import load_strictly, parse_state_dict, read_file

INPUT_SIZE = (1024, 512)
# Six vertebrae, four corners each.
LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
# Pixels are divided by 255 and this is taken off.
MEAN = 0.5
# The attention needs maps of a whole number of cells at half of stride 16.
SIZE_STEP = 16 * 2 * GRID
HIDDEN_CHANNELS = 256
# Bias of the heat map before training: sigmoid(-2.19) = 0.1.
# Source: Lin et al., Focal loss for dense object detection, 2017, section 3.3.
PRIOR_BIAS = -2.19
CONFIG: Mapping[str, Any] = {
    "input_size": list(INPUT_SIZE),
    "mean": MEAN,
    "stride": 4,
    "reproducible": True,
}


def _spatial_norm(_channels: int, *, positions: int) -> SpatialNorm:
    return SpatialNorm(positions)


def _norm_at(input_size: tuple[int, int], stride: int) -> NormFactory:
    rows, columns = input_size
    return partial(_spatial_norm, positions=(rows // stride) * (columns // stride))


def _head(channels_in: int, channels_out: int, kernel: int, last_kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, HIDDEN_CHANNELS, kernel, padding=kernel // 2),
        nn.ReLU(inplace=True),
        nn.Conv2d(HIDDEN_CHANNELS, channels_out, last_kernel, padding=last_kernel // 2),
    )


class Decoder(nn.Module):
    """Three fusion blocks from stride 32 to stride 4, then the three heads."""

    def __init__(self, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.dec_c2 = FusionBlock(64, 48, norm=_norm_at(input_size, 4))
        self.dec_c3 = FusionBlock(160, 64, norm=_norm_at(input_size, 8))
        self.dec_c4 = FusionBlock(256, 160, norm=_norm_at(input_size, 16))
        self.hm = _head(48, 1, 3, 1)
        self.reg = _head(48, 2, 3, 1)
        self.wh = _head(48, 8, 7, 7)
        nn.init.constant_(self.hm[2].bias, PRIOR_BIAS)

    def forward(self, features: list[Tensor]) -> dict[str, Tensor]:
        """Features at strides 2 to 32 to the three maps at stride 4."""
        _, skip2, skip3, skip4, x = features
        x = self.dec_c4(x, skip4)
        x = self.dec_c3(x, skip3)
        x = self.dec_c2(x, skip2)
        return {"hm": self.hm(x).sigmoid(), "reg": self.reg(x), "wh": self.wh(x)}


class VerteNet(nn.Module):
    """The published network.

    Args:
        input_size: ``(rows, columns)``, multiples of 256; the weights fit one size only.

    Raises:
        ModelError: if the size is no such pair.
    """

    def __init__(self, input_size: tuple[int, int] = INPUT_SIZE) -> None:
        super().__init__()
        if any(side <= 0 or side % SIZE_STEP for side in input_size):
            raise ModelError(
                f"Expected an input size in multiples of {SIZE_STEP} for the published "
                f"architecture, got {tuple(input_size)}. Use {INPUT_SIZE}."
            )
        self.input_size = input_size
        self.base_network = EfficientNetFeatures()
        self.dec_net = Decoder(input_size)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Run the network.

        Args:
            x: ``(N, 3, rows, columns)``, grey in all three channels, ``pixel / 255 - 0.5``.

        Returns:
            Maps at stride 4: ``hm`` ``(N, 1, ...)`` centre probability, ``reg``
            ``(N, 2, ...)`` offset of the centre, ``wh`` ``(N, 8, ...)`` centre minus corner.

        Raises:
            ModelError: if the input has another shape.
        """
        if x.ndim != 4 or x.shape[1:] != (3, *self.input_size):
            raise ModelError(
                f"Expected an input of shape (N, 3, {self.input_size[0]}, "
                f"{self.input_size[1]}), got {tuple(x.shape)}. Resize the image first."
            )
        maps: dict[str, Tensor] = self.dec_net(self.base_network(x))
        return maps


def build(config: Mapping[str, Any]) -> VerteNet:
    """The untrained network.

    Args:
        config: ``input_size`` ``[rows, columns]``, by default 1024 x 512; ``reproducible``
            for answers that do not depend on the number of cores, by default False.
    """
    rows, columns = config.get("input_size", INPUT_SIZE)
    network = VerteNet((int(rows), int(columns)))
    if config.get("reproducible", False):
        pin_rounding(network)
    return network


def _read(path: Path) -> tuple[VerteNet, str]:
    """The network in eval mode, and the SHA-256 of its file."""
    data = read_file(path)
    state = parse_state_dict(data, source=str(path))
    network = build(CONFIG)
    load_strictly(network, state, source=str(path))
    return network.eval(), hashlib.sha256(data).hexdigest()


def load_published(file: str | Path) -> VerteNet:
    """Load a checkpoint of the authors' format, every tensor used and none left over.

    Args:
        file: ``{"epoch": ..., "state_dict": ...}`` or a bare state dictionary.

    Returns:
        The network in eval mode on the CPU.

    Raises:
        ModelError: if the file is missing, damaged, holds code, or does not fit.
    """
    return _read(Path(file))[0]


_CARD = """# {name}

A model of the published VerteNet architecture (arXiv 2502.02097), converted by
`vertenet convert-checkpoint`.

- **Weights:** from a file given by the user, SHA-256 `{digest}`. VerteNetSlicer does not
  know who trained them, on which images, under which licence, or how well they work.
  Measure them on your own images before you rely on them.
- **Finds:** four corners of six vertebrae, T12 to L5, in a lateral-spine DXA image that
  shows all six. It names vertebrae by their order alone and gives neither mid-endplate
  points nor an uncertainty.
- **Input:** {rows} x {columns} pixels; the image is resized without keeping its aspect ratio.
- **Use:** research only; not a medical device.
"""


def convert_checkpoint(file: str | Path, output_dir: str | Path) -> ModelInfo:
    """Turn a checkpoint of the authors' format into a model directory (about 97 MB).

    Raises:
        ModelError: as :func:`load_published`, or if the directory cannot be written.
    """
    network, digest = _read(Path(file))
    card = _CARD.format(
        name="vertenet-published", digest=digest, rows=INPUT_SIZE[0], columns=INPUT_SIZE[1]
    )
    return write_model(
        output_dir,
        state_dict=network.state_dict(),
        name="vertenet-published",
        version=f"converted-{digest[:12]}",
        architecture="published",
        config=CONFIG,
        card=card,
        levels=LEVELS,
    )
