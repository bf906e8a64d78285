"""Normal noise that belongs to a scan, whatever batch or device it is drawn in.

`StreamNoise` draws the very numbers of the single-scan renderer, on the CPU.
`CounterNoise` hashes (seed, layer, part, place) on the device itself; its pictures
differ from the former in their noise only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from ..canvas import Shape
from ..display import stream

_MASK = 0xFFFFFFFF
# odd factors below 2^31, so that no product leaves 63 bits
_MIX = ((16, 0x7FEB352D), (15, 0x31848BAB), (14, 0x5F356495))


class Noise(Protocol):
    """Where the pictures of one batch take their noise from."""

    def field(self, layer: int, part: int, shapes: Sequence[Shape]) -> torch.Tensor:
        """Normal numbers of unit variance, (B, rows, columns) of the largest shape.

        Args:
            layer: the layer's number.
            part: counts the fields of a layer; they are asked for in order.
            shapes: what each picture needs; the rest may hold anything finite.
        """


class StreamNoise:
    """The single-scan renderer's own streams, brought to the device."""

    def __init__(self, params: Sequence[dict[str, Any]], device: torch.device) -> None:
        """For the scans of these parameters."""
        self._params = params
        self._device = device
        self._streams: dict[int, list[np.random.Generator]] = {}

    def field(self, layer: int, part: int, shapes: Sequence[Shape]) -> torch.Tensor:
        """See `Noise.field`."""
        if part == 0:
            self._streams[layer] = [stream(p, layer) for p in self._params]
        rows, columns = np.max(np.asarray(shapes), axis=0)
        out = np.zeros((len(shapes), rows, columns), np.float32)
        for k, (rng, shape) in enumerate(zip(self._streams[layer], shapes, strict=True)):
            out[k, : shape[0], : shape[1]] = rng.standard_normal(shape, dtype=np.float32)
        return torch.from_numpy(out).to(self._device)


class CounterNoise:
    """A hash of seed, layer, part, row and column, turned into normal numbers."""

    def __init__(self, params: Sequence[dict[str, Any]], device: torch.device) -> None:
        """For the scans of these parameters."""
        self._seeds = [int(p["seed"]) for p in params]
        self._device = device

    def field(self, layer: int, part: int, shapes: Sequence[Shape]) -> torch.Tensor:
        """See `Noise.field`."""
        rows, columns = (int(v) for v in np.max(np.asarray(shapes), axis=0))
        keys = [[_key(seed, layer, part, half) for half in (0, 1)] for seed in self._seeds]
        key = torch.tensor(keys, dtype=torch.int64, device=self._device)[..., None, None]
        row = torch.arange(rows, device=self._device)[:, None]
        pair = torch.arange((columns + 1) // 2, device=self._device)
        place = (row << 16) + pair
        first = _mix(_mix(place ^ key[:, 0]) ^ key[:, 1])
        second = _mix(first ^ 0x68E31DA4)
        # 24 bits: every one of them survives in a float32
        reach = ((first >> 8).to(torch.float32) + 0.5).mul_(2.0**-24).log_().mul_(-2.0).sqrt_()
        turn = (second >> 8).to(torch.float32).mul_(2.0 * np.pi * 2.0**-24)
        both = torch.stack([reach * torch.cos(turn), reach * torch.sin(turn)], dim=-1)
        return both.flatten(2)[:, :, :columns]


def _mix(x: torch.Tensor) -> torch.Tensor:
    """Scatter 32-bit numbers, one to one."""
    for shift, factor in _MIX:
        x = ((x ^ (x >> shift)) * factor) & _MASK
    return x ^ (x >> 16)


def _key(seed: int, layer: int, part: int, half: int) -> int:
    """32 bits from a scan's seed and a field's number."""
    key = 0
    for word in (seed & _MASK, seed >> 32, layer * 8 + part, half):
        key ^= word
        for shift, factor in _MIX:
            key = ((key ^ (key >> shift)) * factor) & _MASK
        key ^= key >> 16
    return key
