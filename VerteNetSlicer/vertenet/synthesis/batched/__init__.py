"""Many scans at once in torch tensors, on any device.

The same display lists and the same steps as `vertenet.synthesis.render`; only this
package of the synthesis imports torch.
"""

from __future__ import annotations

from .noise import CounterNoise, StreamNoise
from .render import ScanBatch, render_batch
from .scans import rendered, scans_of

__all__ = ["CounterNoise", "ScanBatch", "StreamNoise", "render_batch", "rendered", "scans_of"]
