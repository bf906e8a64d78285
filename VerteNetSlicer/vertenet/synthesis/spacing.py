"""The discs of a rendered spine: narrower or wider than its shape has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .shapes import SpineShape

Params = dict[str, Any]


def with_discs(spine: SpineShape, params: Params, rng: np.random.Generator) -> SpineShape:
    """Widen or narrow the discs: bodies move along the spine, rigidly.

    Thoracic discs of bright-bone scans are narrower than those of the shapes.
    """
    six, outline = np.array(spine.six, np.float64), np.array(spine.outline, np.float64)
    present = np.nonzero(np.isfinite(six).all(axis=(1, 2)))[0]
    shift = np.zeros((18, 2))
    total = np.zeros(2)
    for upper, lower in zip(present[:-1], present[1:], strict=True):
        gap = six[lower][[0, 2]].mean(axis=0) - six[upper][[3, 5]].mean(axis=0)
        lumbar = min(max((upper - 10.0) / 3.0, 0.0), 1.0)
        factor = params["disc_scale"] * (1.0 - 0.5 * lumbar) + 0.5 * lumbar
        factor = np.clip(factor * np.exp(rng.normal(0, 0.12)), 0.3, 1.3)
        # the narrower end of the disc must stay open
        ends = six[lower][[0, 2]] - six[upper][[5, 3]]
        open_end = max(float((ends @ gap).min()) / max(float(gap @ gap), 1e-6), 0.0)
        factor = max(factor, 1.0 - 0.7 * open_end)
        if lower - upper == 1 and not (spine.extra is not None and upper == 16):
            total = total + (factor - 1.0) * gap
        shift[lower] = total
    extra = None if spine.extra is None else np.asarray(spine.extra) + shift[16]
    return replace(spine, six=six + shift[:, None], outline=outline + shift[:, None], extra=extra)
