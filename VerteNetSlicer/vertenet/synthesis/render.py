"""One synthetic lateral spine scan from one seed, with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import looks
from .bodies import draw_bodies
from .canvas import Image, Shape, blur, smooth_noise
from .display import (
    BODY_GRAIN,
    BONE_GRAIN,
    DETECTOR,
    TISSUE_NOISE,
    TISSUE_SIZES,
    DisplayList,
    display_list,
    stream,
)
from .framing import field_mask
from .parameters import draw_parameters
from .truth import Aorta, aorta_truth, visibility

Params = dict[str, Any]


@dataclass(frozen=True)
class SyntheticScan:
    """A rendered scan and what is true of it.

    Frame: pixels of ``image``, ``(x, y)``, ``(0, 0)`` the centre of the
    top-left pixel.  Bodies go by ``BODY_LEVELS`` (T1 to T12, L1 to L5, S1),
    points by ``POINT_NAMES`` (PS, MS, AS, AI, MI, PI).

    Attributes:
        image: (rows, columns) grey between 0 and 1, bone bright unless
            ``params["inverted"]``.
        points: (18, 6, 2), NaN for a body that the spine does not have.
        visible: (18,) 0 outside; 1 visible and measurable; 2 inside, but cut
            or not to be seen: must not be learnt as certain.
        grade: (18,) Genant grade 0 to 3.
        look: "bright", "faint" or "radiograph".
        anterior: the picture's side that shows the front, "left" or "right".
        params: all drawn parameters; `render_scan` gives the scan again.
        aorta: walls, calcification and cropping.
    """

    image: NDArray[np.float32]
    points: NDArray[np.float32]
    visible: NDArray[np.int8]
    grade: NDArray[np.int8]
    look: str
    anterior: str
    params: Params
    aorta: Aorta = field(repr=False)


def synthesise(seed: int, *, size: Shape = (704, 352), look: str | None = None) -> SyntheticScan:
    """Render the scan that belongs to a seed.

    Args:
        seed: any non-negative whole number; equal seeds give equal scans.
        size: rows and columns.
        look: restricts the scanner look; None draws one.
    """
    return render_scan(draw_parameters(np.random.default_rng(seed), look=look), size)


def synthesise_batch(
    seeds: Sequence[int],
    size: Shape = (704, 352),
    *,
    device: Any = None,
    workers: int = 0,
) -> list[SyntheticScan]:
    """Render several seeds.

    Args:
        seeds: one per scan.
        size: rows and columns.
        device: a torch device that renders them together ("cuda", "cpu"); None renders
            one after the other without torch.  On a GPU the noise of a seed's scan is
            another one than on the CPU, nothing else.
        workers: processes that lay scans out for the device.
    """
    if device is None:
        return [synthesise(int(seed), size=size) for seed in seeds]
    from .batched import rendered, scans_of

    batches = rendered(seeds, size, device, workers=workers)
    return [scan for lists, batch in batches for scan in scans_of(lists, batch)]


def render_scan(params: Params, size: Shape = (704, 352)) -> SyntheticScan:
    """Render a scan from its parameters, see `draw_parameters`.

    Every layer has its own stream of chance, so that changing one parameter
    leaves the other layers as they were.
    """
    scan = display_list(params, size)
    attenuation = _skeleton(scan) + _tissues(scan) + _bodies(scan)
    image, inside, clean = _developed(attenuation, scan)
    visible = visibility(scan.six, scan.outlines, clean, inside, params)
    return finished(scan, image, visible, inside)


def finished(
    scan: DisplayList, image: Image, visible: NDArray[np.int8], inside: Image
) -> SyntheticScan:
    """A scan of its picture, with its truth."""
    return SyntheticScan(
        image=image,
        points=scan.six.astype(np.float32),
        visible=visible,
        grade=scan.grade,
        look=scan.params["look"],
        anterior="left" if scan.params["mirror"] else "right",
        params=scan.params,
        aorta=aorta_truth(scan.walls, scan.view, inside, scan.params),
    )


def _skeleton(scan: DisplayList) -> Image:
    params, view, sheets = scan.params, scan.view, scan.sheets
    bone = blur(sheets["sharp"].draw(), 1.6 * view.scale)
    bone = bone + blur(sheets["soft"].draw(), 5.5 * view.scale)
    grain = smooth_noise(stream(params, BONE_GRAIN), view.shape, max(2.2 * view.scale, 1.0))
    bone *= 1.0 + np.float32(0.6 * params["grain"]) * grain
    return bone + sheets["metal"].draw()


def _tissues(scan: DisplayList) -> Image:
    params, view, sheets = scan.params, scan.view, scan.sheets
    rng = stream(params, TISSUE_NOISE)
    tissue = blur(sheets["broad"].draw(), 16.0 * view.scale)
    tissue = tissue + blur(sheets["middle"].draw(), params["tissue_blur"] * view.scale)
    tissue += blur(sheets["fine"].draw(), 1.5 * view.scale)
    for size, gain in TISSUE_SIZES:
        noise = smooth_noise(rng, view.shape, size * view.scale)
        tissue += np.float32(gain * params["tissue_noise"]) * noise
    rows, columns = view.shape
    slope = (
        params["gradient_y"] * np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
        + params["gradient_x"] * np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    )
    if params["fade"] > 0.0:
        fall = np.clip((np.arange(rows) - scan.fade_row) / (330 * view.scale), 0, 1)
        tissue *= (1.0 - params["fade"] * fall).astype(np.float32)[:, None]
    return (tissue + slope).astype(np.float32)


def _bodies(scan: DisplayList) -> Image:
    params, view = scan.params, scan.view
    total, plateau = np.zeros(view.shape, np.float32), np.zeros(view.shape, np.float32)
    draw_bodies(total, plateau, view, scan.bodies)
    size = max(params["grain_size"] * view.scale, 1.0)
    along = smooth_noise(stream(params, BODY_GRAIN), view.shape, size)
    total += np.float32(1.6 * params["grain"]) * plateau * along
    return total


def _developed(attenuation: Image, scan: DisplayList) -> tuple[Image, Image, Image]:
    """Detector, software and frame: the picture, the exposed field, the uncovered picture."""
    params, view = scan.params, scan.view
    if params["blur"] > 0.15:
        attenuation = blur(attenuation, (params["blur"], params["blur"] * params["blur_ratio"]))
    inside = field_mask(scan.field, view.shape[1])
    cover = np.clip(scan.sheets["cover"].draw(), 0.0, 1.0)
    letters = np.clip(scan.sheets["letters"].draw(), 0.0, 1.0)
    image = looks.filtered(attenuation, params, view.scale)
    sample = image[::3, ::3]
    spread = np.percentile(sample, 97.0) - np.percentile(sample, 3.0)
    image = looks.noisy(image, {**params, "contrast": float(spread)}, stream(params, DETECTOR))
    image = looks.windowed(image, inside, params)
    inside = inside * (1.0 - cover)
    clean = image
    image = image * (1.0 - cover) + np.float32(scan.white) * cover
    mask = np.float32(params["mask_grey"])
    exposed = framing_edge(inside, cover)
    image = image * exposed + mask * (1.0 - exposed)
    image = np.maximum(image, letters)
    if params["levels"]:
        image = np.round(image * (params["levels"] - 1)) / (params["levels"] - 1)
    if params["inverted"]:
        image = 1.0 - image
    return np.clip(image, 0.0, 1.0).astype(np.float32), inside, clean


def framing_edge(inside: Image, cover: Image) -> Image:
    """The exposed field without the patches, which are painted already."""
    return np.clip(inside + cover, 0.0, 1.0)
