"""Vertebral bodies of many pictures, as `vertenet.synthesis.bodies` draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..bodies import COUNT, DOUBLED, half_height, side_graphs
from ..canvas import Shape
from ..display import DisplayList

_UNIT = float(1 << 20)
_MARGIN = 6
#: Pixels drawn at a time: what fits a core's cache, what fills a GPU.
_CHUNK = {"cpu": 1 << 16}
_CHUNK_GPU = 1 << 24


@dataclass(frozen=True)
class _Bodies:
    """Bodies of one chunk: windows, side tables and styles, a row each."""

    picture: NDArray[np.int64]
    window: NDArray[np.int64]  # top, left, height, width
    frame: NDArray[np.float64]  # pixel to body: u, v of pixel (0, 0), then by column, by row
    graph: NDArray[np.float64]  # first (4), one over step (4)
    tables: NDArray[np.float32]  # (N, 4, COUNT, 2) place, cosine
    style: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.picture)

    def take(self, index: NDArray[np.int64]) -> _Bodies:
        return _Bodies(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def draw_bodies(
    scans: Sequence[DisplayList], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bodies and their insides, (B, rows, columns) each."""
    rows, columns = scans[0].view.shape
    size = (len(scans), rows, columns)
    image = torch.zeros(size, dtype=torch.int32, device=device)
    plateau = torch.zeros(size, dtype=torch.int32, device=device)
    bodies = _collect(scans)
    for chunk in _chunks(bodies, _CHUNK.get(device.type, _CHUNK_GPU)):
        _draw(image, plateau, chunk, device)
    return image.to(torch.float32) / _UNIT, plateau.to(torch.float32) / _UNIT


def _collect(scans: Sequence[DisplayList]) -> _Bodies:
    """All bodies that reach into their pictures."""
    outlines = [outline for scan in scans for outline, _ in scan.bodies]
    graphs = side_graphs(outlines)
    picture, window, frame, style = [], [], [], []
    body = 0
    for k, scan in enumerate(scans):
        inverse = np.linalg.inv(scan.view.matrix)
        for outline, drawn in scan.bodies:
            graph = graphs[body]
            axes = np.array([graph.ahead, [-graph.ahead[1], graph.ahead[0]]])
            turn = axes @ inverse
            frame.append([*(-turn @ scan.view.offset - axes @ graph.centre), *turn.T.ravel()])
            window.append(_window(scan.view.pixels(outline), scan.view.shape))
            picture.append(k)
            twice = drawn.tilt > DOUBLED or drawn.twist > DOUBLED
            style.append(
                [
                    scan.view.scale,
                    drawn.plateau,
                    *drawn.ends,
                    *drawn.walls,
                    *drawn.uneven,
                    drawn.thickness,
                    drawn.tilt if twice else 0.0,
                    drawn.twist if twice else 0.0,
                    max(drawn.hollow, 0.0),
                    drawn.inset,
                    *drawn.taper,
                    drawn.rounding if drawn.rounding >= 0.5 else 0.0,
                    0.35 * half_height(outline),
                ]
            )
            body += 1
    whole = _Bodies(
        np.array(picture, np.int64),
        np.array(window, np.int64).reshape(-1, 4),
        np.array(frame).reshape(-1, 6),
        np.array([np.concatenate([g.first, 1.0 / g.step]) for g in graphs]).reshape(-1, 8),
        np.array([np.stack([g.table, g.cosine], -1) for g in graphs]).reshape(-1, 4, COUNT, 2),
        np.array(style).reshape(-1, 18),
    )
    return whole.take(np.nonzero((whole.window[:, 2:] > 0).all(axis=1))[0])


def _window(pixel: NDArray[np.float64], shape: Shape) -> tuple[int, int, int, int]:
    """Top, left, height and width of the picture's part around a body."""
    low = np.floor(pixel.min(axis=0) - _MARGIN).astype(int)
    high = np.ceil(pixel.max(axis=0) + _MARGIN + 1).astype(int)
    left, right = max(low[0], 0), min(high[0], shape[1])
    top, bottom = max(low[1], 0), min(high[1], shape[0])
    return top, left, bottom - top, right - left


def _chunks(bodies: _Bodies, pixels: int) -> Iterator[_Bodies]:
    """Bodies of nearly equal windows together."""
    order = np.argsort(bodies.window[:, 2] * bodies.window[:, 3], kind="stable")
    start = 0
    while start < len(order):
        stop, high, wide = start, 0, 0
        while stop < len(order):
            _, _, h, w = bodies.window[order[stop]]
            high, wide = max(high, h), max(wide, w)
            if stop > start and (stop + 1 - start) * high * wide > pixels:
                break
            stop += 1
        yield bodies.take(order[start:stop])
        start = stop


def _draw(image: torch.Tensor, plateau: torch.Tensor, chunk: _Bodies, device: torch.device) -> None:
    """Add the bodies of one chunk, each in its window."""
    high, wide = (int(v) for v in chunk.window[:, 2:].max(axis=0))
    window = torch.from_numpy(chunk.window).to(device)
    style = torch.from_numpy(chunk.style.astype(np.float32)).to(device)[..., None, None]
    row, column = torch.arange(high, device=device), torch.arange(wide, device=device)
    sides = _side_distances(chunk, row, column, device)
    total, inside = _covered(sides, style.unbind(1))
    y, x = window[:, 0, None] + row, window[:, 1, None] + column
    fits = (row < window[:, 2, None])[:, :, None] & (column < window[:, 3, None])[:, None, :]
    first = torch.from_numpy(chunk.picture).to(device)[:, None, None] * image[0].numel()
    place = (first + y[:, :, None] * image.shape[2] + x[:, None, :])[fits]
    image.view(-1).index_add_(0, place, torch.round(total[fits] * _UNIT).to(torch.int32))
    plateau.view(-1).index_add_(0, place, torch.round(inside[fits] * _UNIT).to(torch.int32))


def _side_distances(
    chunk: _Bodies, row: torch.Tensor, column: torch.Tensor, device: torch.device
) -> list[torch.Tensor]:
    """Distances inwards from the top, bottom, front and back side, (N, high, wide) each."""
    top, left = chunk.window[:, 0].astype(np.float64), chunk.window[:, 1].astype(np.float64)
    origin = chunk.frame[:, :2] + left[:, None] * chunk.frame[:, 2:4]
    origin = origin + top[:, None] * chunk.frame[:, 4:6]
    frame = np.concatenate([origin, chunk.frame[:, 2:]], axis=1).astype(np.float32)
    u0, v0, ux, vx, uy, vy = torch.from_numpy(frame).to(device)[..., None, None].unbind(1)
    u = u0 + ux * column + uy * row[:, None]
    v = v0 + vx * column + vy * row[:, None]
    graph = torch.from_numpy(chunk.graph.astype(np.float32)).to(device)[..., None, None]
    tables = torch.from_numpy(chunk.tables).to(device)
    sides = []
    for side, sign in enumerate((1.0, -1.0, -1.0, 1.0)):
        along, across = (u, v) if side < 2 else (v, u)
        place = ((along - graph[:, side]) * graph[:, 4 + side]).clamp_(0.0, COUNT - 1.001)
        index = place.to(torch.int64)
        part = place - index
        flat, shape = index.flatten(1), index.shape
        table, cosine = tables[:, side, :, 0], tables[:, side, :, 1]
        low = table.gather(1, flat).view(shape)
        height = low + (table.gather(1, flat + 1).view(shape) - low) * part
        sides.append((across - height) * cosine.gather(1, flat).view(shape) * sign)
    return sides


def _covered(
    sides: Sequence[torch.Tensor], style: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attenuation of the bodies and of their insides, the mean of both contours."""
    top, bottom, front, back = sides
    scale, gain, tilt, twist, hollow, depth = (style[k] for k in (0, 1, 10, 11, 12, 17))
    total, inside = torch.zeros_like(top), torch.zeros_like(top)
    for sign in (1.0, -1.0):
        t, w = sign * tilt, sign * twist
        body, rim = _coverages((top + t, bottom - t, front - w, back + w), scale, style)
        total += 0.5 * (rim + gain * body)
        inside += 0.5 * body
    least = torch.minimum(torch.minimum(top, bottom), torch.minimum(front, back))
    total -= hollow * gain * (least / depth).clamp_(0.0, 1.0) * inside
    return total, gain * inside


def _coverages(
    sides: tuple[torch.Tensor, ...], scale: torch.Tensor, style: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Coverage of the body, and the weighted coverage of its shell."""
    top, bottom, front, back = sides
    strength, frequency, phase, thickness = style[6:10]
    inset, behind, ahead, size = style[13:17]
    ends, walls = torch.minimum(top, bottom), torch.minimum(front, back)
    near = (size - (ends - walls).abs()).clamp_(min=0.0)
    edge = torch.minimum(ends, walls) - near * near * (0.25 / size.clamp(min=0.5))
    body, outer = _cover(edge, scale), _cover(edge - inset, scale)
    caps, rims = torch.zeros_like(top), torch.zeros_like(top)
    for k, (distance, share) in enumerate(zip(sides, (1.0, 1.0, 0.7, 0.7), strict=True)):
        rest = _cover(distance - (inset + share * thickness), scale)
        line = style[2 + k].clamp(min=0.0) * (outer - rest).clamp_(min=0.0)
        (caps if k < 2 else rims).add_(line)
    place = (back / (front + back).clamp_(min=1.0)).clamp_(0.0, 1.0)
    rise, fall = (place / 0.35).clamp_(max=1.0), ((1.0 - place) / 0.35).clamp_(max=1.0)
    caps *= (behind + (1.0 - behind) * rise) * (ahead + (1.0 - ahead) * fall)
    way = (back - front + 0.7 * (top - bottom)) * frequency + phase
    wave = 1.0 + strength * torch.sin(way + torch.sin(way * 0.61))
    return body, (caps + rims) * wave


def _cover(distance: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return (distance * scale + 0.5).clamp_(0.0, 1.0)
