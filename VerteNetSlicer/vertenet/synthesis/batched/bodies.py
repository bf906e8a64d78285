"""Vertebral bodies of many pictures, as `vertenet.synthesis.bodies` draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..bodies import COUNT
from ..body_table import BodyTable
from ..display import DisplayList

_UNIT = float(1 << 20)
#: Pixels drawn at a time: what fits a core's cache, what fills a GPU.
_CHUNK = {"cpu": 1 << 16}
_CHUNK_GPU = 1 << 24


class _Bodies(NamedTuple):
    """Bodies of several pictures, and whose they are."""

    picture: NDArray[np.int64]
    table: BodyTable

    def take(self, index: NDArray[np.int64]) -> _Bodies:
        """Some of them."""
        return _Bodies(self.picture[index], BodyTable._make(part[index] for part in self.table))


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
    """All bodies of a batch."""
    tables = [scan.table for scan in scans]
    picture = np.repeat(np.arange(len(scans)), [len(table.window) for table in tables])
    return _Bodies(picture, BodyTable._make(map(np.concatenate, zip(*tables, strict=True))))


def _chunks(bodies: _Bodies, pixels: int) -> Iterator[_Bodies]:
    """Bodies of nearly equal windows together."""
    order = np.argsort(bodies.table.window[:, 2] * bodies.table.window[:, 3], kind="stable")
    start = 0
    while start < len(order):
        stop, high, wide = start, 0, 0
        while stop < len(order):
            _, _, h, w = bodies.table.window[order[stop]]
            high, wide = max(high, h), max(wide, w)
            if stop > start and (stop + 1 - start) * high * wide > pixels:
                break
            stop += 1
        yield bodies.take(order[start:stop])
        start = stop


def _draw(image: torch.Tensor, plateau: torch.Tensor, chunk: _Bodies, device: torch.device) -> None:
    """Add the bodies of one chunk, each in its window."""
    high, wide = (int(v) for v in chunk.table.window[:, 2:].max(axis=0))
    window = torch.from_numpy(chunk.table.window).to(device)
    style = torch.from_numpy(chunk.table.style.astype(np.float32)).to(device)[..., None, None]
    row, column = torch.arange(high, device=device), torch.arange(wide, device=device)
    sides = _side_distances(chunk, row, column, device)
    total, inside = _covered(sides, style.unbind(1))
    # beyond a window nothing is added, to its last pixels
    y = window[:, 0, None] + torch.minimum(row, window[:, 2, None] - 1)
    x = window[:, 1, None] + torch.minimum(column, window[:, 3, None] - 1)
    fits = (row < window[:, 2, None])[:, :, None] & (column < window[:, 3, None])[:, None, :]
    first = torch.from_numpy(chunk.picture).to(device)[:, None, None] * image[0].numel()
    place = (first + y[:, :, None] * image.shape[2] + x[:, None, :]).flatten()
    for target, values in ((image, total), (plateau, inside)):
        steps = (values * (_UNIT * fits)).round_().to(torch.int32)
        target.view(-1).index_add_(0, place, steps.flatten())


def _side_distances(
    chunk: _Bodies, row: torch.Tensor, column: torch.Tensor, device: torch.device
) -> list[torch.Tensor]:
    """Distances inwards from the top, bottom, front and back side, (N, high, wide) each."""
    top, left = (
        chunk.table.window[:, 0].astype(np.float64),
        chunk.table.window[:, 1].astype(np.float64),
    )
    origin = chunk.table.frame[:, :2] + left[:, None] * chunk.table.frame[:, 2:4]
    origin = origin + top[:, None] * chunk.table.frame[:, 4:6]
    frame = np.concatenate([origin, chunk.table.frame[:, 2:]], axis=1).astype(np.float32)
    u0, v0, ux, vx, uy, vy = torch.from_numpy(frame).to(device)[..., None, None].unbind(1)
    u = u0 + ux * column + uy * row[:, None]
    v = v0 + vx * column + vy * row[:, None]
    graph = torch.from_numpy(chunk.table.graph.astype(np.float32)).to(device)[..., None, None]
    tables = torch.from_numpy(chunk.table.tables).to(device)
    sides = []
    for side, sign in enumerate((1.0, -1.0, -1.0, 1.0)):
        along, across = (u, v) if side < 2 else (v, u)
        place = ((along - graph[:, side]) * graph[:, 4 + side]).clamp_(0.0, COUNT - 1.001)
        index = place.to(torch.int64)
        part = place - index
        flat, shape = index.flatten(1), index.shape
        places, cosine = tables[:, side, :, 0], tables[:, side, :, 1]
        low = places.gather(1, flat).view(shape)
        height = low + (places.gather(1, flat + 1).view(shape) - low) * part
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
