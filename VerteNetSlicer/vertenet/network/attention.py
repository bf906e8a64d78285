"""Attention blocks of VerteNet: dual-resolution self and cross attention, channel attention.

The published network normalises over the positions of a map, which ties it to one
input size.  The normalisation is therefore given to the blocks as a factory; with
:class:`ChannelNorm` they work at any size.

Source: VerteNet, arXiv 2502.02097, section on dual-resolution attention.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# A map is cut into GRID x GRID cells; the cells are the tokens.
GRID = 8
CHANNEL_HEADS = 2
NORM_EPS = 1e-5

# Channels of the map -> its normalisation.
NormFactory = Callable[[int], nn.Module]


def _normalise(x: Tensor, body: nn.LayerNorm) -> Tensor:
    """``body(x)`` over the last axis, in the order of operations of the published network.

    The fused kernel rounds differently, and the network amplifies that a hundredfold
    where a map is nearly constant.
    """
    mean = x.mean(-1, keepdim=True)
    variance = x.var(-1, keepdim=True, unbiased=False)
    normed: Tensor = (x - mean) / torch.sqrt(variance + NORM_EPS) * body.weight + body.bias
    return normed


class SpatialNorm(nn.Module):
    """Layer normalisation over all positions of each channel, for one map size only."""

    def __init__(self, positions: int) -> None:
        super().__init__()
        self.body = nn.LayerNorm(positions, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` with ``H * W == positions`` to the same shape."""
        return _normalise(x.flatten(2), self.body).view(x.shape)


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels at each position, for maps of any size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.LayerNorm(channels, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to the same shape."""
        normed = _normalise(x.flatten(2).transpose(1, 2), self.body)
        return normed.transpose(1, 2).reshape(x.shape)


class GatedFeedForward(nn.Module):
    """Widen, look at the neighbours, let one half gate the other, narrow."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 4 * channels
        self.project_in = nn.Conv2d(channels, wide, 1, bias=False)
        self.dwconv = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False)
        self.project_out = nn.Conv2d(wide // 2, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to the same shape."""
        gate, value = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        y: Tensor = self.project_out(F.gelu(gate) * value)
        return y


def to_cells(x: Tensor, grid: int = GRID) -> Tensor:
    """``(N, C, H, W)`` as ``(N, h * w, C, grid * grid)``: cells at each position in a cell.

    ``h = H / grid`` and ``w = W / grid`` are the size of a cell.
    """
    n, c, rows, columns = x.shape
    h, w = rows // grid, columns // grid
    cells = x.reshape(n, c, grid, h, grid, w).permute(0, 3, 5, 1, 2, 4)
    return cells.reshape(n, h * w, c, grid * grid)


def from_cells(cells: Tensor, size: tuple[int, int], grid: int = GRID) -> Tensor:
    """The inverse of :func:`to_cells` for a map of ``size`` ``(H, W)``."""
    n, _, c, _ = cells.shape
    h, w = size[0] // grid, size[1] // grid
    x = cells.reshape(n, h, w, c, grid, grid).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c, *size)


class DualResolutionAttention(nn.Module):
    """Attention among the cells of a map, at full and at half resolution.

    Queries, keys and values mix the cells, not the channels.  Both resolutions share
    one temperature.  Maps whose sides are no multiple of ``2 * grid`` are padded with
    zeros below and to the right, and cut back.
    """

    def __init__(self, channels: int, *, grid: int = GRID) -> None:
        super().__init__()
        cells = grid * grid
        self.grid = grid
        self.temperature = nn.Parameter(torch.ones(1, 1, 1))
        self.q_Hi = nn.Linear(cells, cells, bias=False)
        self.k_Hi = nn.Linear(cells, cells, bias=False)
        self.v_Hi = nn.Linear(cells, cells, bias=False)
        self.q_Lo = nn.Linear(cells, cells, bias=False)
        self.k_Lo = nn.Linear(cells, cells, bias=False)
        self.v_Lo = nn.Linear(cells, cells, bias=False)
        self.convTranspose = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.project_out = nn.Conv2d(2 * channels, channels, 1, bias=False)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Ask ``x``, answer from ``context``: both ``(N, C, H, W)``, as is the result."""
        rows, columns = x.shape[-2:]
        same = context is x
        x = self._padded(x)
        context = x if same else self._padded(context)
        high = self._attend(x, context, (self.q_Hi, self.k_Hi, self.v_Hi))
        small = F.max_pool2d(x, 2)
        small_context = small if same else F.max_pool2d(context, 2)
        low = self._attend(small, small_context, (self.q_Lo, self.k_Lo, self.v_Lo))
        both = torch.cat((high, self.convTranspose(low)), dim=1)
        y: Tensor = self.project_out(both)
        return y[..., :rows, :columns]

    def _padded(self, x: Tensor) -> Tensor:
        step = 2 * self.grid
        below, right = -x.shape[-2] % step, -x.shape[-1] % step
        return F.pad(x, (0, right, 0, below)) if below or right else x

    def _attend(self, x: Tensor, context: Tensor, maps: tuple[nn.Linear, ...]) -> Tensor:
        to_query, to_key, to_value = maps
        asked = to_cells(x, self.grid)
        given = asked if context is x else to_cells(context, self.grid)
        query = F.normalize(to_query(asked), dim=-2)  # (N, positions, C, cells)
        key = F.normalize(to_key(given), dim=-2)
        weights = (query.transpose(-2, -1) @ key * self.temperature).softmax(dim=-1)
        answer = to_value(given) @ weights.transpose(-2, -1)
        return from_cells(answer, (x.shape[-2], x.shape[-1]), self.grid)


class DualResolutionBlock(nn.Module):
    """Attention and feed-forward; DRSA without a context, DRCA with one.

    The residual starts from the normalised map, not from the input.
    """

    def __init__(self, channels: int, norm: NormFactory, *, grid: int = GRID) -> None:
        super().__init__()
        self.norm1 = norm(channels)
        self.attn = DualResolutionAttention(channels, grid=grid)
        self.norm2 = norm(channels)
        self.ffn = GatedFeedForward(channels)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """``x`` and ``context`` ``(N, C, H, W)``; the result has the same shape."""
        y = self.norm1(x)
        y = y + self.attn(y, y if context is None else self.norm1(context))
        y = self.norm2(y)
        result: Tensor = y + self.ffn(y)
        return result


class ChannelAttention(nn.Module):
    """Self attention among the channels of a map."""

    def __init__(self, channels: int, *, heads: int = CHANNEL_HEADS) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.project_out = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to the same shape."""
        n, c, rows, columns = x.shape
        split = self.qkv(x).view(n, 3, self.heads, c // self.heads, rows * columns)
        query, key, value = split.unbind(1)
        query, key = F.normalize(query, dim=-1), F.normalize(key, dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        y: Tensor = self.project_out((weights @ value).view(n, c, rows, columns))
        return y


class ChannelTransformer(nn.Module):
    """Channel attention and feed-forward, each added to its input."""

    def __init__(self, channels: int, *, heads: int = CHANNEL_HEADS) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(channels)
        self.attn = ChannelAttention(channels, heads=heads)
        self.norm2 = ChannelNorm(channels)
        self.ffn = GatedFeedForward(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to the same shape."""
        x = x + self.attn(self.norm1(x))
        result: Tensor = x + self.ffn(self.norm2(x))
        return result
