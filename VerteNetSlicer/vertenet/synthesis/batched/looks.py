"""From attenuation to grey for many pictures, as `vertenet.synthesis.looks` does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..canvas import Shape
from ..display import DETECTOR
from .filters import blur, enlarge, shrink, stretch
from .noise import Noise

Params = dict[str, Any]


def column(values: Sequence[float] | NDArray[np.float64], device: torch.device) -> torch.Tensor:
    """One number per picture, (B, 1, 1) float32."""
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]


def smooth_noise(
    noise: Noise, layer: int, part: int, shape: Shape, scale: NDArray[np.float64]
) -> torch.Tensor:
    """Noise of nearly unit variance with structures of ``scale`` pixels per picture."""
    factor = np.where(scale >= 1.5, scale, 1.0)
    shapes = [(int(np.ceil(shape[0] / f)) + 2, int(np.ceil(shape[1] / f)) + 2) for f in factor]
    field = noise.field(layer, part, shapes)
    if (factor == 1.0).all():
        return field[:, : shape[0], : shape[1]]
    return stretch(field, shape, factor) * column(np.where(factor > 1.0, 1.5, 1.0), field.device)


def filtered(
    image: torch.Tensor, params: Sequence[Params], scale: NDArray[np.float64]
) -> torch.Tensor:
    """High-pass filter, sharpening and local contrast, as scanners apply them."""
    for step, name in ((_highpass, "highpass"), (_sharpen, "sharpen"), (_local, "local")):
        some = [k for k, p in enumerate(params) if p[name] > 0.0]
        if some:
            index = torch.tensor(some, device=image.device)
            done = step(image[index], [params[k] for k in some], scale[some])
            image = image.index_copy(0, index, done)
    return image


def _highpass(
    image: torch.Tensor, params: Sequence[Params], scale: NDArray[np.float64]
) -> torch.Tensor:
    size = scale * [p["highpass_size"] for p in params]
    return image - column([p["highpass"] for p in params], image.device) * blur(image, size)


def _sharpen(
    image: torch.Tensor, params: Sequence[Params], scale: NDArray[np.float64]
) -> torch.Tensor:
    size = np.maximum(scale * [p["sharpen_size"] for p in params], 0.7)
    share = column([p["sharpen"] for p in params], image.device)
    return image + share * (image - blur(image, size))


def _local(
    image: torch.Tensor, params: Sequence[Params], scale: NDArray[np.float64]
) -> torch.Tensor:
    size = 60.0 * scale
    share = column([p["local"] for p in params], image.device)
    centred = image - blur(image, size)
    spread = torch.sqrt(blur(centred * centred, size) + 1e-5)
    overall = centred.flatten(1).std(dim=1, correction=0)[:, None, None]
    return image * (1.0 - share) + share * centred / spread * overall


def noisy(image: torch.Tensor, params: Sequence[Params], noise: Noise) -> torch.Tensor:
    """Photon-like and correlated noise, and faint horizontal scan lines."""
    shape, device = (image.shape[1], image.shape[2]), image.device
    low, high = percentiles(image[:, ::3, ::3].flatten(1), None, [(3.0, 97.0)] * len(params))
    contrast = (high - low)[:, None, None]
    grain = noise.field(DETECTOR, 0, [shape] * len(params))
    size = np.array([p["noise_grain"] for p in params])
    coarse = np.nonzero(size > 0.35)[0]
    if len(coarse):
        index = torch.from_numpy(coarse).to(device)
        soft = blur(grain[index], size[coarse])
        spread = soft[:, ::3, ::3].flatten(1).std(dim=1, correction=0).clamp_(min=1e-3)
        grain = grain.index_copy(0, index, soft / spread[:, None, None])
    # fewer photons behind thick parts: the noise there is stronger
    thick = shrink(image, 16)
    thick = thick - thick.flatten(1).mean(dim=1)[:, None, None]
    thick = thick * (column([p["dose_noise"] for p in params], device) / contrast.clamp(min=1e-4))
    grain = grain * enlarge((1.0 + thick).clamp_(0.4, 3.0), shape, 16)
    image = image + column([p["noise"] for p in params], device) * contrast * grain
    share = column([p["lines"] for p in params], device) * contrast
    if any(p["lines"] > 0.0 for p in params):
        lines = noise.field(DETECTOR, 1, [(shape[0], 1)] * len(params))
        wander = smooth_noise(noise, DETECTOR, 2, shape, np.full(len(params), 60.0))
        image = image + share * lines * (1.0 + 0.4 * wander)
    return image


def windowed(image: torch.Tensor, inside: torch.Tensor, params: Sequence[Params]) -> torch.Tensor:
    """Grey between 0 and 1, from percentiles of the field's inside."""
    sample = image[:, ::4, ::4].flatten(1)
    counted = inside[:, ::4, ::4].flatten(1) > 0.5
    counted = counted | (counted.sum(dim=1, keepdim=True) < 50)
    ends = [(p["low"], 100.0 - p["high"]) for p in params]
    low, high = (v[:, None, None] for v in percentiles(sample, counted, ends))
    grey = ((image - low) / (high - low).clamp(min=1e-4)).clamp_(0.0, 1.0)
    gamma, shadow, ceiling = (
        column([p[name] for p in params], image.device) for name in ("gamma", "shadow", "ceiling")
    )
    return shadow + grey**gamma * (ceiling - shadow)


def percentiles(
    values: torch.Tensor, counted: torch.Tensor | None, ends: Sequence[tuple[float, float]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two percentiles of each row of (B, N), of the counted values only."""
    if counted is not None:
        values = torch.where(counted, values, torch.inf)
        count = counted.sum(dim=1, keepdim=True)
    else:
        count = torch.full((len(values), 1), values.shape[1], device=values.device)
    ordered = values.sort(dim=1).values
    share = torch.tensor(ends, dtype=torch.float64, device=values.device) / 100.0
    place = share * (count - 1)
    low = place.floor().to(torch.int64)
    high = torch.minimum(low + 1, count - 1)
    part = (place - low).to(torch.float32)
    found = torch.lerp(ordered.gather(1, low), ordered.gather(1, high), part)
    return found[:, 0], found[:, 1]
