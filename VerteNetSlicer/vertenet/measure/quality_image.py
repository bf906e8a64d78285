"""Noise of an image and how well the endplates stand out of it."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Array

FAINT_ENDPLATES = 1.0
"""Contrast of the endplates over the noise below which they are called faint (ours)."""
_last: tuple[weakref.ReferenceType[NDArray[np.float32]], tuple[float, float]] | None = None


@dataclass(frozen=True)
class ImageQuality:
    """Noise and sharpness.

    Attributes:
        noise: SD of the noise, share of the range between the 1st and 99th percentile.
        endplate_contrast: how much brighter endplates are than the bodies' inside,
            median, same share; None where no endplate lies inside the image.
        contrast_to_noise: their quotient, or None.
        remark: a sentence where the image is hard to read, or None.
    """

    noise: float
    endplate_contrast: float | None
    contrast_to_noise: float | None
    remark: str | None


def image_quality(pixels: NDArray[np.float32], points: Array) -> ImageQuality:
    """Measure noise on the whole image and contrast at the endplates.

    Args:
        pixels: ``(rows, columns)``.
        points: ``(n, 6, 2)`` pixels.
    """
    noise, span = noise_of(pixels)
    if not span > 0:
        return ImageQuality(0.0, None, None, "The image is of one grey: nothing can be read.")
    contrast = _contrast(pixels, points)
    if contrast is None:
        return ImageQuality(noise, None, None, None)
    contrast /= span
    ratio = contrast / max(noise, 1e-6)
    remark = None
    if ratio < FAINT_ENDPLATES:
        remark = "The endplates hardly stand out of the noise; check every point."
    return ImageQuality(noise, contrast, ratio, remark)


def noise_of(pixels: NDArray[np.float32]) -> tuple[float, float]:
    """Noise over the range of greys, and that range; remembered for the last array.

    Source: Immerkaer 1996, Comput Vis Image Underst 64:300; the median in place of the
    mean, so that edges and masks count less.
    """
    global _last
    if _last is not None and _last[0]() is pixels:
        return _last[1]
    low, high = np.percentile(pixels[::3, ::3], (1, 99))
    span = float(high - low)
    answer = (0.0, 0.0)
    if span > 0 and min(pixels.shape) >= 3:
        middle = _median_above_zero(_roughness(pixels))
        answer = (middle / 0.6745 / 6 / span, span)
    _last = (weakref.ref(pixels), answer)
    return answer


def _roughness(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Size of Immerkaer's second difference, down and then across, borders mirrored."""
    values = np.pad(np.asarray(pixels, dtype=np.float32), 1, mode="symmetric")
    down = values[:-2] + values[2:]
    down -= 2 * values[1:-1]
    across = down[:, :-2] + down[:, 2:]
    across -= 2 * down[:, 1:-1]
    return np.abs(across, out=across)


def _median_above_zero(values: NDArray[np.float32]) -> float:
    """Median of the values that are not 0, of none that is less.

    Such numbers are in the order of their bits: counting the upper half of these tells
    the few values among which the middle lies, sooner than selecting among all.
    """
    flat = values.reshape(-1)
    upper_half = flat.view(np.uint32) >> 16
    counts = np.bincount(upper_half)
    zeros = flat.size - int(np.count_nonzero(flat))
    if zeros == flat.size:
        return 0.0
    ends = np.cumsum(counts)
    ranks = (zeros + (flat.size - zeros - 1) // 2, zeros + (flat.size - zeros) // 2)
    places = [int(np.searchsorted(ends, rank, side="right")) for rank in ranks]
    # the two are nearly always the same
    near = {place: np.sort(flat[upper_half == place]) for place in set(places)}
    middle = [
        float(near[place][rank - int(ends[place] - counts[place])])
        for rank, place in zip(ranks, places)
    ]
    return sum(middle) / 2


def _contrast(pixels: NDArray[np.float32], points: Array) -> float | None:
    """Median over the endplates of (brightest near the line - middle of the body)."""
    rows, columns = pixels.shape
    with np.errstate(all="ignore"):
        ps, _, as_, ai, _, pi = np.moveaxis(points, 1, 0)
        share = np.array([0.3, 0.5, 0.7])[:, None, None]
        upper, lower = ps + share * (as_ - ps), pi + share * (ai - pi)
        down = lower - upper
        depth = np.array([-0.06, -0.02, 0.02, 0.06, 0.10])
        near = [upper + d * down for d in depth] + [lower - d * down for d in depth]
        inside = [upper + d * down for d in (0.4, 0.5, 0.6)]
        sample = np.stack(near + inside)
        place = np.round(sample)
        fits = (place >= 0).all(axis=-1) & (place < np.array([columns, rows])).all(axis=-1)
        x = np.where(fits, place[..., 0], 0).astype(np.intp)
        y = np.where(fits, place[..., 1], 0).astype(np.intp)
        value = np.where(fits, pixels[y, x], np.nan).astype(np.float64)
        middle = value[10:].mean(axis=0)
        gain = np.stack([value[:5].max(axis=0), value[5:10].max(axis=0)]) - middle
    known = gain[np.isfinite(gain)]
    answer = float(np.median(known)) if known.size else math.nan
    return answer if math.isfinite(answer) else None
