"""What is true of a rendered scan: which bodies can be measured, and the aorta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .canvas import Image, Points
from .view import View

Params = dict[str, Any]
_LUMBAR = ("L1", "L2", "L3", "L4")


@dataclass(frozen=True)
class Aorta:
    """The aorta of a scan; walls are polylines in pixels, from T5 to L5.

    Attributes:
        anterior: (n, 2) anterior wall.
        posterior: (n, 2) posterior wall.
        calcification: segment -> (anterior, posterior) score 0 to 3, by the
            share of the wall's length: a third or less, two thirds or less, more.
            Source: Kauppila et al., Atherosclerosis 1997;132:245-250.
        cropped: segment -> whether part of it lies outside the exposed field.
    """

    anterior: NDArray[np.float32]
    posterior: NDArray[np.float32]
    calcification: dict[str, tuple[int, int]]
    cropped: dict[str, bool]


def aorta_truth(
    walls: dict[str, NDArray[np.float64]], view: View, inside: Image, params: Params
) -> Aorta:
    """Bring the walls into the picture and see which segments it cuts."""
    anterior, posterior = view.pixels(walls["anterior"]), view.pixels(walls["posterior"])
    cropped = {}
    for k, name in enumerate(_LUMBAR):
        part = np.abs(walls["levels"] - (12 + k)) <= 0.5
        cropped[name] = bool(
            (_sample(inside, np.concatenate([anterior[part], posterior[part]])) < 0.5).any()
        )
    scores = {
        name: (int(s[0]), int(s[1]))
        for name, s in zip(_LUMBAR, params["calcification"], strict=True)
    }
    return Aorta(anterior.astype(np.float32), posterior.astype(np.float32), scores, cropped)


def visibility(
    points: Points, outlines: Points, image: Image, inside: Image, params: Params
) -> NDArray[np.int8]:
    """0 outside, 1 measurable, 2 inside but cut, covered or drowned in noise."""
    flags = np.zeros(len(points), np.int8)
    smooth = ndimage.gaussian_filter(image, 0.7)
    for k, (six, outline) in enumerate(zip(points, outlines, strict=True)):
        if not np.isfinite(six).all() or not np.isfinite(outline).all():
            continue
        covered = _sample(inside, outline)
        if covered.mean() < 0.5:
            continue
        whole = covered.min() > 0.5 and (_sample(inside, six) > 0.5).all()
        flags[k] = 1 if whole and _seen(outline, smooth, image) else 2
    return flags


def _seen(outline: Points, smooth: Image, image: Image) -> bool:
    """Whether the endplates stand out from the noise of their surroundings."""
    centre = outline.mean(axis=0)
    ends = np.concatenate([outline[2:14], outline[34:46]])
    inward = centre - ends
    axis = outline[40] - outline[8]
    axis /= max(float(np.linalg.norm(axis)), 1e-6)
    sign = np.sign(inward @ axis)[:, None]
    step = axis * sign
    contrast = _line_contrast(smooth, ends, step)
    # the same figure where there is no line: what noise and texture alone make of it
    alone = float(np.median(_line_contrast(smooth, ends + 0.5 * inward, step)))
    within = np.concatenate([ends + f * inward for f in (0.4, 0.55, 0.7)])
    noise = float(np.std(_sample(image, within) - _sample(smooth, within)))
    needed = max(0.015, 0.6 * noise, 1.2 * alone)
    return float(np.median(contrast)) > needed and float(np.mean(contrast > 0.5 * needed)) > 0.55


def _line_contrast(smooth: Image, ends: Points, step: Points) -> NDArray[np.float32]:
    """Brightest along a short way inwards, less the darkest outwards, at each point."""
    # the doubled endplates of a tilted body lie on both sides of the outline
    line = np.maximum.reduce([_sample(smooth, ends + k * step) for k in (-0.5, 1.0, 2.0, 3.5)])
    outside = np.minimum.reduce([_sample(smooth, ends - k * step) for k in (2.0, 3.5, 5.0)])
    contrast: NDArray[np.float32] = line - outside
    return contrast


def _sample(image: Image, points: Points) -> NDArray[np.float32]:
    """Nearest pixels; zero outside the picture."""
    column = np.round(points[:, 0]).astype(int)
    row = np.round(points[:, 1]).astype(int)
    fits = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
    value = np.zeros(len(points), np.float32)
    value[fits] = image[row[fits], column[fits]]
    return value
