"""Many display lists to pictures with their truth, in tensors of one device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..canvas import Shape
from ..display import BODY_GRAIN, BONE_GRAIN, TISSUE_NOISE, TISSUE_SIZES, DisplayList
from .bodies import draw_bodies
from .filters import blur
from .looks import column, filtered, noisy, smooth_noise, windowed
from .noise import CounterNoise, Noise, StreamNoise
from .polygons import draw_sheets
from .truth import visibility

NoiseKind = Callable[..., Noise]


@dataclass(frozen=True)
class ScanBatch:
    """Pictures of one batch and what can be seen of them, on the device.

    Attributes:
        image: (B, rows, columns) float32 grey between 0 and 1.
        visible: (B, 18) int8, see `SyntheticScan`.
        inside: (B, rows, columns) 1 in the exposed and uncovered field.
    """

    image: torch.Tensor
    visible: torch.Tensor
    inside: torch.Tensor

    def bytes(self) -> torch.Tensor:
        """Pictures of 8 bits, (B, rows, columns) uint8."""
        return torch.round(self.image * 255.0).to(torch.uint8)


@torch.inference_mode()
def render_batch(
    scans: Sequence[DisplayList],
    device: torch.device | str = "cpu",
    *,
    noise: NoiseKind | None = None,
) -> ScanBatch:
    """Render display lists of one size together.

    Args:
        scans: what to draw.
        device: where to.
        noise: `StreamNoise` or `CounterNoise`; None takes the former on the CPU, where
            pictures equal those of `render_scan`, the latter elsewhere.
    """
    where = torch.device(device)
    params = [scan.params for scan in scans]
    kind = noise or (StreamNoise if where.type == "cpu" else CounterNoise)
    batch = _Batch(scans, where, kind(params, where))
    # cuDNN would round to TF32, and choose its method by the size of the batch
    with torch.backends.cudnn.flags(enabled=False):
        return batch.developed(batch.bones() + batch.tissues() + batch.bodies())


class _Batch:
    """One batch on its way; every method gives (B, rows, columns)."""

    def __init__(self, scans: Sequence[DisplayList], device: torch.device, noise: Noise) -> None:
        self.scans, self.device, self.noise = scans, device, noise
        self.params = [scan.params for scan in scans]
        self.shape: Shape = scans[0].view.shape
        self.scale = np.array([scan.view.scale for scan in scans])

    def drawn(self, name: str) -> torch.Tensor:
        """One layer of polygons."""
        return draw_sheets([scan.sheets[name] for scan in self.scans], self.shape, self.device)

    def number(self, name: str) -> torch.Tensor:
        """One parameter, (B, 1, 1)."""
        return column([p[name] for p in self.params], self.device)

    def bones(self) -> torch.Tensor:
        """Bones but the bodies, and metal."""
        bone = blur(self.drawn("sharp"), 1.6 * self.scale)
        bone = bone + blur(self.drawn("soft"), 5.5 * self.scale)
        size = np.maximum(2.2 * self.scale, 1.0)
        grain = smooth_noise(self.noise, BONE_GRAIN, 0, self.shape, size)
        bone *= 1.0 + 0.6 * self.number("grain") * grain
        return bone + self.drawn("metal")

    def tissues(self) -> torch.Tensor:
        """Soft tissue and air."""
        wide = self.scale * [p["tissue_blur"] for p in self.params]
        tissue = blur(self.drawn("broad"), 16.0 * self.scale)
        tissue = tissue + blur(self.drawn("middle"), wide)
        tissue += blur(self.drawn("fine"), 1.5 * self.scale)
        for part, (size, gain) in enumerate(TISSUE_SIZES):
            field = smooth_noise(self.noise, TISSUE_NOISE, part, self.shape, size * self.scale)
            tissue += gain * self.number("tissue_noise") * field
        rows, columns = self.shape
        row = torch.arange(rows, dtype=torch.float32, device=self.device)[:, None]
        start = column([scan.fade_row for scan in self.scans], self.device)
        fall = ((row - start) / column(330.0 * self.scale, self.device)).clamp_(0.0, 1.0)
        tissue *= 1.0 - self.number("fade") * fall
        tissue += (
            self.number("gradient_y") * torch.linspace(-1, 1, rows, device=self.device)[:, None]
        )
        tissue += self.number("gradient_x") * torch.linspace(-1, 1, columns, device=self.device)
        return tissue

    def bodies(self) -> torch.Tensor:
        """Vertebral bodies with the grain of their spongy bone."""
        total, plateau = draw_bodies(self.scans, self.device)
        size = np.maximum(self.scale * [p["grain_size"] for p in self.params], 1.0)
        along = smooth_noise(self.noise, BODY_GRAIN, 0, self.shape, size)
        return total + 1.6 * self.number("grain") * plateau * along

    def developed(self, attenuation: torch.Tensor) -> ScanBatch:
        """Detector, software and frame."""
        soft = np.array([[p["blur"], p["blur"] * p["blur_ratio"]] for p in self.params])
        soft[soft[:, 0] <= 0.15] = 0.0
        image = filtered(blur(attenuation, soft), self.params, self.scale)
        inside = self.field()
        clean = windowed(noisy(image, self.params, self.noise), inside, self.params)
        cover = self.drawn("cover").clamp_(0.0, 1.0)
        inside = inside * (1.0 - cover)
        image = clean + (column([s.white for s in self.scans], self.device) - clean) * cover
        exposed = (inside + cover).clamp_(0.0, 1.0)
        mask = self.number("mask_grey")
        image = torch.maximum(mask + (image - mask) * exposed, self.drawn("letters").clamp_(0, 1))
        image = self._digital(image)
        return ScanBatch(image, visibility(self.scans, clean, inside), inside)

    def field(self) -> torch.Tensor:
        """1 inside the exposed field."""
        edges = torch.from_numpy(np.stack([scan.field for scan in self.scans])).to(self.device)
        place = torch.arange(self.shape[1], device=self.device)
        inside = (place >= edges[:, :, :1]) & (place < edges[:, :, 1:])
        return inside.to(torch.float32)

    def _digital(self, image: torch.Tensor) -> torch.Tensor:
        """Steps of grey, and the sign."""
        steps = self.number("levels") - 1.0
        rounded = torch.round(image * steps) / steps
        image = torch.where(steps > 0.0, rounded, image)
        inverted = column([float(p["inverted"]) for p in self.params], self.device)
        return (image + inverted * (1.0 - 2.0 * image)).clamp_(0.0, 1.0)
