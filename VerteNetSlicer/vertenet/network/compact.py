"""The bundled network: encoder, dual-resolution attention, fusion, dense heads.

One pass over the whole image gives, on a grid of stride 4, everything that a spine
is decoded from.  Sizes are written only in :class:`CompactConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from .blocks import DualResolutionAttention, FusedMBConv, FusionBlock, PlainJoin, conv_bn
from .intensity import contrast_channels
from .refiner import Refiner

BODY_CLASSES: tuple[str, ...] = (
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
    "S1",
)
"""What the level head tells apart: the labelled levels and the neighbours beyond them."""

STRIDE = 4
VECTOR_UNIT_PX = 16.0


@dataclass(frozen=True)
class CompactConfig:
    """Widths and depths of the network.

    Attributes:
        widths: channels at stride 2, 4, 8, 16, 32.
        depths: blocks at stride 4, 8, 16, 32.
        decoder: channels of the fused maps at stride 16, 8, 4.
        head: channels of the shared head.
        attention: whether the coarse maps use dual-resolution attention.
        refiner: channels of the second look, empty for none.
        fusion: whether maps are joined by fusion blocks, or by a plain sum.
    """

    widths: tuple[int, ...] = (16, 32, 64, 96, 128)
    depths: tuple[int, ...] = (1, 3, 4, 3)
    decoder: tuple[int, ...] = (96, 64, 48)
    head: int = 64
    attention: bool = True
    refiner: tuple[int, ...] = (24, 48, 72)
    fusion: bool = True

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CompactConfig:
        """Read what :meth:`to_dict` wrote; other keys of a model's config are left alone."""
        known = {f.name for f in fields(cls)}
        read: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
        }
        return cls(**read)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class CompactVerteNet(nn.Module):
    """Dense prediction of vertebrae at stride 4.

    ``forward`` takes grey images (N, 1, H, W), H and W multiples of 32, any intensity
    scale, and returns maps of size (N, C, H / 4, W / 4):

    * ``heat`` (1) logit of a vertebra's centre;
    * ``offset`` (2) from the cell to the centre, in cells: taught beside the vectors, which
      alone are read, since they reach the points from any cell;
    * ``points`` (12) from the cell to PS, MS, AS, AI, MI, PI as x, y, in units of 16 px;
    * ``scale`` (6) log of each point's Laplace scale, relative to the body's height;
    * ``level`` (18) logits of T1 ... L5, S1;
    * ``measurable`` (1) logit that a reader would measure this vertebra.
    """

    HEADS: ClassVar[dict[str, int]] = {
        "heat": 1,
        "offset": 2,
        "points": 12,
        "scale": 6,
        "level": 18,
        "measurable": 1,
    }

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.config = config
        w, d = config.widths, config.depths
        self.stem = conv_bn(2, w[0], 3, 2)
        stages = []
        for i in range(4):
            blocks: list[nn.Module] = [FusedMBConv(w[i], w[i + 1], 2, stride=2)]
            blocks += [FusedMBConv(w[i + 1], w[i + 1], 2) for _ in range(d[i] - 1)]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.context = (
            nn.Sequential(*(DualResolutionAttention(w[4]) for _ in range(2)))
            if config.attention
            else nn.Identity()
        )
        c = config.decoder
        self.fuse16 = _join(w[4], w[3], c[0], config.fusion, config.attention)
        self.fuse8 = _join(c[0], w[2], c[1], config.fusion, attention=False)
        self.fuse4 = _join(c[1], w[1], c[2], config.fusion, attention=False)
        self.head = conv_bn(c[2], config.head, 3)
        self.predict = nn.Conv2d(config.head, sum(self.HEADS.values()), 1)
        self.refiner = Refiner(config.refiner) if config.refiner else None
        with torch.no_grad():
            self.predict.bias[0] = -2.19  # focal loss starts from a heat of 0.1
            self.predict.bias[15:21] = -2.5

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(N, 1, H, W) to the maps named in the class's docstring."""
        x = self.stem(contrast_channels(image))
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        x = self.context(x)
        x = self.fuse16(x, skips[2])
        x = self.fuse8(x, skips[1])
        x = self.fuse4(x, skips[0])
        maps = self.predict(self.head(x)).float()
        return dict(zip(self.HEADS, maps.split(list(self.HEADS.values()), 1)))


def _join(low: int, skip: int, outputs: int, fusion: bool, attention: bool) -> nn.Module:
    if fusion:
        return FusionBlock(low, skip, outputs, attention=attention)
    return PlainJoin(low, skip, outputs)


def build(config: Mapping[str, Any]) -> CompactVerteNet:
    """The network of a model directory's ``config``."""
    return CompactVerteNet(CompactConfig.from_dict(config))
