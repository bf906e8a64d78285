"""The second look: one vertebra in a crop turned to its axis, six points anew.

The crop's frame: x along the endplates from posterior to anterior (a left-facing
spine is thereby mirrored), y from superior to inferior, the body at a standard size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import FusedMBConv, conv_bn
from .intensity import contrast_channels

CROP_PX = 80
BODY_PX = 36.0
"""Size of a crop, and the mean of a body's height and depth within it."""


def crop_frames(points: Tensor) -> Tensor:
    """The affine frame of each vertebra's crop.

    Args:
        points: (N, 6, 2) PS, MS, AS, AI, MI, PI, image pixels.

    Returns:
        (N, 2, 3): image point = frame @ (u, v, 1), (u, v) crop pixels with the origin
        at the crop's centre.
    """
    ps, as_, ai, pi = points[:, 0], points[:, 2], points[:, 3], points[:, 5]
    centre = (ps + as_ + ai + pi) / 4
    along = (as_ + ai - ps - pi) / 2
    down = (pi + ai - ps - as_) / 2
    size = (along.norm(dim=1) + down.norm(dim=1)) / 2
    x_axis = F.normalize(along, dim=1)
    turn = torch.sign(along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0])
    y_axis = torch.stack((-x_axis[:, 1], x_axis[:, 0]), 1) * turn[:, None]
    pixel = (size / BODY_PX)[:, None]
    return torch.stack((x_axis * pixel, y_axis * pixel, centre), 2)


def scaled(frames: Tensor, scale: float) -> Tensor:
    """The same frames (N, 2, 3) with crops of ``scale`` times the size: below 1 they magnify."""
    return torch.cat((frames[:, :, :2] * scale, frames[:, :, 2:]), 2)


def cut_crops(image: Tensor, frames: Tensor, image_index: Tensor | None = None) -> Tensor:
    """Sample one crop per frame, (N, 1, CROP_PX, CROP_PX), by bilinear interpolation.

    Args:
        image: (B, 1, H, W).
        frames: (N, 2, 3) of :func:`crop_frames`.
        image_index: (N,) which image each frame lies in; all in the first by default.
    """
    h, w = image.shape[-2:]
    steps = torch.arange(CROP_PX, dtype=frames.dtype) - (CROP_PX - 1) / 2
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    xy = _placed(frames[:, None, None], u[..., None], v[..., None])
    grid = (xy + 0.5) * 2 / torch.tensor([w, h], dtype=frames.dtype) - 1
    if image_index is None:
        tall = grid.reshape(1, -1, CROP_PX, 2)
        out = F.grid_sample(image[:1], tall, padding_mode="border", align_corners=False)
        return out.reshape(-1, 1, CROP_PX, CROP_PX)
    parts = [cut_crops(image[i : i + 1], frames[image_index == i]) for i in range(image.shape[0])]
    out = torch.empty(frames.shape[0], 1, CROP_PX, CROP_PX)
    for i, part in enumerate(parts):
        out[image_index == i] = part
    return out


def to_image(frames: Tensor, uv: Tensor) -> Tensor:
    """Crop coordinates (N, K, 2) to image pixels (N, K, 2)."""
    return _placed(frames[:, None], uv[..., :1], uv[..., 1:])


def _placed(frames: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Frames (..., 2, 3) at u and v (..., 1): (..., 2), term by term.

    A matrix product would round otherwise on one thread than on two.
    """
    return frames[..., 0] * u + frames[..., 1] * v + frames[..., 2]


def to_crop(frames: Tensor, xy: Tensor) -> Tensor:
    """Image pixels (N, K, 2) to crop coordinates (N, K, 2): inverse of :func:`to_image`."""
    inverse = torch.linalg.inv(frames[:, :, :2])
    return torch.einsum("nij,nkj->nki", inverse, xy - frames[:, None, :, 2])


def body_size(frames: Tensor) -> Tensor:
    """(N, 2, 3) frames to (N,) mean of each body's height and depth, image pixels."""
    return torch.linalg.det(frames[:, :, :2]).abs().sqrt() * BODY_PX


class Refiner(nn.Module):
    """A small U-shaped network with a soft-argmax for each of the six points.

    ``forward`` takes crops (N, 1, 80, 80) and returns ``uv`` (N, 6, 2), crop pixels
    from the crop's centre, and ``scale`` (N, 6), log of the Laplace scale relative to
    the body's size (36 crop pixels).
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        a, b, c = widths
        self.fine = nn.Sequential(conv_bn(2, a, 3, 2), FusedMBConv(a, a, 2))
        self.middle = nn.Sequential(FusedMBConv(a, b, 2, 2), FusedMBConv(b, b, 2))
        self.coarse = nn.Sequential(
            FusedMBConv(b, c, 2, 2), FusedMBConv(c, c, 2), FusedMBConv(c, c, 2)
        )
        self.up_middle = conv_bn(c + b, b, 3)
        self.up_fine = conv_bn(b + a, b, 3)
        self.heat = nn.Conv2d(b, 6, 1)
        self.scale = nn.Sequential(nn.Linear(c, 64), nn.SiLU(), nn.Linear(64, 6))

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Crops (N, 1, 80, 80) to points and their uncertainty."""
        fine = self.fine(contrast_channels(crops))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        x = self.up_middle(torch.cat((_grow(coarse, middle), middle), 1))
        x = self.up_fine(torch.cat((_grow(x, fine), fine), 1))
        return {
            "uv": _expectation(self.heat(x).float()),
            "scale": self.scale(coarse.mean((2, 3))).float(),
        }


def _grow(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _expectation(heat: Tensor) -> Tensor:
    """Mean position under the softmax of each map, (N, 6, h, w) to (N, 6, 2) crop pixels."""
    n, k, h, w = heat.shape
    weight = heat.flatten(2).softmax(2).reshape(n, k, h, w)
    stride = CROP_PX / w
    x = (torch.arange(w, dtype=heat.dtype) - (w - 1) / 2) * stride
    y = (torch.arange(h, dtype=heat.dtype) - (h - 1) / 2) * stride
    return torch.stack(((weight.sum(2) * x).sum(2), (weight.sum(3) * y).sum(2)), 2)
