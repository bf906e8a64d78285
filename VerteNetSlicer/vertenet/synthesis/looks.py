"""From attenuation to grey: what the detector and the scanner's software do."""

from __future__ import annotations

from typing import Any

import numpy as np

from .canvas import Image, blur, enlarge, shrink, smooth_noise, white_noise

Params = dict[str, Any]


def filtered(attenuation: Image, params: Params, scale: float) -> Image:
    """High-pass filter, sharpening and local contrast, as scanners apply them."""
    image = attenuation
    if params["highpass"] > 0.0:
        image = image - params["highpass"] * blur(image, params["highpass_size"] * scale)
    if params["sharpen"] > 0.0:
        image = image + params["sharpen"] * (
            image - blur(image, max(params["sharpen_size"] * scale, 0.7))
        )
    if params["local"] > 0.0:
        size = 60.0 * scale
        centred = image - blur(image, size)
        spread = np.sqrt(blur(centred * centred, size) + np.float32(1e-5))
        image = image * (1 - params["local"]) + params["local"] * centred / spread * float(
            centred.std()
        )
    return image


def windowed(image: Image, inside: Image, params: Params) -> Image:
    """Grey between 0 and 1, from percentiles of the field's inside."""
    sample = image[::4, ::4][inside[::4, ::4] > 0.5]
    if sample.size < 50:
        sample = image[::4, ::4].ravel()
    low, high = np.percentile(sample, [params["low"], 100.0 - params["high"]])
    grey = (image - np.float32(low)) / np.float32(max(high - low, 1e-4))
    grey = np.clip(grey, 0.0, 1.0)
    np.power(grey, np.float32(params["gamma"]), out=grey)
    return np.float32(params["shadow"]) + grey * np.float32(params["ceiling"] - params["shadow"])


def noisy(image: Image, params: Params, rng: np.random.Generator) -> Image:
    """Photon-like and correlated noise, and faint horizontal scan lines."""
    grain = white_noise(rng, image.shape)
    if params["noise_grain"] > 0.35:
        grain = blur(grain, params["noise_grain"])
        grain *= np.float32(1.0 / max(float(grain[::3, ::3].std()), 1e-3))
    spread = np.float32(params["noise"] * params["contrast"])
    # fewer photons behind thick parts: the noise there is stronger
    thick = shrink(image, 16)
    thick = (thick - thick.mean()) * np.float32(
        params["dose_noise"] / max(params["contrast"], 1e-4)
    )
    grain *= enlarge(np.clip(1.0 + thick, 0.4, 3.0), image.shape, 16)
    image = image + spread * grain
    if params["lines"] > 0.0:
        lines = rng.standard_normal((image.shape[0], 1), dtype=np.float32)
        wander = smooth_noise(rng, image.shape, 60.0)
        image = image + np.float32(params["lines"] * params["contrast"]) * lines * (
            1 + 0.4 * wander
        )
    return image.astype(np.float32, copy=False)
