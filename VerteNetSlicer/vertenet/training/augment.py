"""Random views of rendered or annotated scans, as batches at the training size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..network.coding import UNKNOWN

CANVASES: tuple[tuple[int, int], ...] = (
    (512, 256),
    (448, 224),
    (384, 192),
    (384, 192),
    (416, 160),
    (320, 288),
)
"""Rows and columns of training views: several sizes, so that any input size works."""


@dataclass(frozen=True)
class Batch:
    """Images (B, 1, H, W) and their truth in the same pixels: points (B, 18, 6, 2), visible."""

    images: Tensor
    points: Tensor
    visible: Tensor


def draw_canvas(rng: np.random.Generator) -> tuple[int, int]:
    """Rows and columns of one batch."""
    return CANVASES[int(rng.integers(len(CANVASES)))]


def view(
    image: NDArray[np.uint8],
    points: NDArray[np.float32],
    visible: NDArray[np.int8],
    canvas: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """One random view: zoom, shift, turn, mirror, intensity.

    Args:
        image: (rows, columns).
        points: (18, 6, 2) pixels of that image.
        visible: (18,) as in :func:`vertenet.network.coding.encode`.
        canvas: rows and columns of the view.
        rng: source of chance.

    Returns:
        (1, H, W) image 0 ... 1, (18, 6, 2) points and (18,) visible of the view.
    """
    matrix = _draw_matrix(image.shape, canvas, rng)
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    pixels = _sample(image, matrix, canvas)
    moved = points @ inverse[:, :2].T + inverse[:, 2]
    moved = torch.from_numpy(moved.astype(np.float32))
    seen = torch.from_numpy(visible.astype(np.int64))
    if rng.random() < 0.25:
        pixels = clutter(pixels, int(rng.integers(3, 10)), rng)
    return shade(pixels, rng), moved, _still_visible(moved, seen, canvas)


def _draw_matrix(
    shape: tuple[int, ...], canvas: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """2 x 3 map from view pixels to image pixels."""
    rows, columns = shape
    h, w = canvas
    fit = np.sqrt(rows * columns / (h * w))
    zoom = (
        fit
        * np.exp(rng.normal(0.0, 0.12))
        * (rng.uniform(0.5, 0.85) if rng.random() < 0.2 else 1.0)
    )
    stretch = np.exp(rng.normal(0, 0.05) - (rng.uniform(0, 0.2) if rng.random() < 0.1 else 0.0))
    angle = np.deg2rad(rng.normal(0, 3.5))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(angle), np.sin(angle)
    linear = np.array([[c, -s], [s, c]]) @ np.diag([mirror * zoom * stretch, zoom / stretch])
    slack = np.array([columns, rows]) - np.abs(linear) @ np.array([w, h])
    centre = np.array([columns - 1, rows - 1]) / 2
    centre = centre + rng.uniform(-0.5, 0.5, 2) * np.where(slack < 0, -slack, 0.3 * np.abs(slack))
    return np.column_stack([linear, centre - linear @ (np.array([w - 1, h - 1]) / 2)])


def _sample(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], canvas: tuple[int, int]
) -> Tensor:
    rows, columns = image.shape
    h, w = canvas
    half = np.diag([(w - 1) / 2, (h - 1) / 2])
    # View pixels as grid_sample's -1 ... 1 with align_corners=True, both sides.
    linear = matrix[:, :2] @ half
    shift = matrix[:, :2] @ np.array([(w - 1) / 2, (h - 1) / 2]) + matrix[:, 2]
    to_unit = np.array([2 / (columns - 1), 2 / (rows - 1)])
    theta = np.column_stack([linear * to_unit[:, None], shift * to_unit - 1])
    grid = F.affine_grid(torch.from_numpy(theta[None].astype(np.float32)), [1, 1, h, w], True)
    source = torch.from_numpy(np.array(image))[None, None].float() / 255
    if matrix[0, 0] ** 2 + matrix[1, 0] ** 2 > 1.7:
        source = F.avg_pool2d(source, 3, 1, 1, count_include_pad=False)
    return F.grid_sample(source, grid, padding_mode="zeros", align_corners=True)[0]


def _still_visible(points: Tensor, visible: Tensor, canvas: tuple[int, int]) -> Tensor:
    """What the view cut: a body with under half its corners inside is gone, under all unsure."""
    h, w = canvas
    corners = points[:, [0, 2, 3, 5]]
    inside = (corners[..., 0] >= 0) & (corners[..., 0] <= w - 1)
    inside &= (corners[..., 1] >= 0) & (corners[..., 1] <= h - 1)
    count = inside.sum(1)
    out = torch.where((count < 4) & (visible == 1), torch.full_like(visible, 2), visible)
    return torch.where((count < 2) & (visible != UNKNOWN), torch.zeros_like(visible), out)


def shade(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Tone, resolution, sharpness, noise and inversion of one view, (1, H, W) 0 ... 1."""
    x = _tone(x.clamp(0, 1), rng)
    if rng.random() < 0.3:
        x = _coarser(x, float(rng.uniform(0.35, 1.0)))
    if rng.random() < 0.25:
        mean = F.avg_pool2d(x[None], 5, 1, 2, count_include_pad=False)[0]
        x = (x + float(rng.uniform(0.3, 1.5)) * (x - mean)).clamp(0, 1)
    if rng.random() < 0.2:
        x = F.avg_pool2d(x[None], 3, 1, 1, count_include_pad=False)[0]
    if rng.random() < 0.4:
        x = x + torch.randn(x.shape) * float(rng.uniform(0.005, 0.05))
    if rng.random() < 0.15:
        x = compressed(x, float(rng.uniform(15, 80)), (int(rng.integers(8)), int(rng.integers(8))))
    return _cover(x, rng)


def compressed(x: Tensor, quality: float, shift: tuple[int, int] = (0, 0)) -> Tensor:
    """What JPEG leaves of a picture (1, H, W) of 0 ... 1: many real scans were kept so.

    Args:
        x: the picture.
        quality: 1 to 100, as the Independent JPEG Group scales its table.
        shift: rows and columns by which the blocks of 8 are moved, 0 to 7 each.

    Source: ITU-T T.81 (1992), annex A.3.3 and table K.1.
    """
    h, w = x.shape[-2:]
    down, right = shift
    margins = (right, -(w + right) % 8, down, -(h + down) % 8)
    padded = F.pad(x[None], margins, mode="replicate")[0, 0]
    blocks = padded.unfold(0, 8, 8).unfold(1, 8, 8) * 255 - 128
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    table = (_LUMINANCE * scale).round().clamp_min(1)
    kept = (blocks.reshape(-1, 64) @ _DCT.T / table.flatten()).round() * table.flatten()
    back = ((kept @ _DCT + 128) / 255).reshape(blocks.shape)
    whole = back.permute(0, 2, 1, 3).reshape(padded.shape)
    return whole[down : down + h, right : right + w].clamp(0, 1)[None]


def _cosines() -> Tensor:
    """(64, 64) orthonormal discrete cosine transform of a block of 8 x 8."""
    k, n = torch.arange(8.0)[:, None], torch.arange(8.0)
    rows = torch.cos(torch.pi * (2 * n + 1) * k / 16) / 2
    rows[0] /= 2**0.5
    return torch.kron(rows, rows)


_DCT = _cosines()
_LUMINANCE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)


def _tone(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Gamma, a slope of brightness, inversion and saturation."""
    x = x ** float(np.exp(rng.normal(0, 0.25)))
    if rng.random() < 0.3:
        h, w = x.shape[1:]
        slope = rng.uniform(-0.4, 0.4, 2)
        ramp = slope[0] * torch.linspace(-1, 1, h)[:, None] + slope[1] * torch.linspace(-1, 1, w)
        x = (x * (1 + ramp)).clamp(0, 1)
    if rng.random() < 0.15:
        x = 1 - x
    if rng.random() < 0.15:
        x = ((x - 0.5) * float(rng.uniform(1.0, 2.0)) + float(rng.uniform(0.3, 0.7))).clamp(0, 1)
    return x


def _coarser(x: Tensor, share: float) -> Tensor:
    """What is left of an image that was stored at a share of its size."""
    h, w = x.shape[1:]
    small = (max(8, round(h * share)), max(8, round(w * share)))
    low = F.interpolate(x[None], size=small, mode="bilinear", align_corners=False, antialias=True)
    return F.interpolate(low, size=(h, w), mode="bilinear", align_corners=False)[0]


def _cover(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A black or white strip at the upper edge, as masks and burnt-in text leave."""
    if rng.random() < 0.15:
        h, w = x.shape[1:]
        edge = int(rng.integers(1, max(2, h // 12)))
        side = int(rng.integers(w // 2, w))
        x[:, :edge, side:] = float(rng.integers(0, 2))
    return x


def clutter(x: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """Lay soft bright or dark bars and blobs over an image.

    They stand for what overlies a body on real scans and differs from any drawing of
    it: ribs, pedicles, vessels, gas, osteophytes.

    Args:
        x: (1, H, W) image, 0 ... 1.
        count: how many.
        rng: source of chance.
    """
    h, w = x.shape[1:]
    place = rng.uniform((0, 0), (w, h), (count, 2))
    angle = rng.uniform(0, np.pi, count)
    across, along = rng.uniform(1.5, 8.0, count), np.exp(rng.uniform(1.0, 5.0, count))
    strength = rng.choice([-0.6, 1.0], count) * rng.uniform(0.05, 0.6, count)
    v, u = np.mgrid[:h, :w].astype(np.float32)
    for (cx, cy), a, thick, long, gain in zip(place, angle, across, along, strength):
        c, s = np.float32(np.cos(a)), np.float32(np.sin(a))
        t, d = (u - cx) * c + (v - cy) * s, (v - cy) * c - (u - cx) * s
        bar = np.exp(-((d / thick) ** 4) - (t / max(long, thick)) ** 4)
        x = x + torch.from_numpy((gain * bar).astype(np.float32))
    return x.clamp(0, 1)


def make_batch(
    scans: list[tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int8]]],
    canvas: tuple[int, int],
    rng: np.random.Generator,
) -> Batch:
    """Random views of these scans as one batch."""
    parts = [view(*scan, canvas, rng) for scan in scans]
    return Batch(*(torch.stack(column) for column in zip(*parts)))
