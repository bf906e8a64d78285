"""One synthetic lateral spine scan from one seed, with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import findings, framing, girdles, looks, skeleton, soft_tissue
from .bodies import BodyStyle, draw_body
from .canvas import Image, Points, Shape, blur, smooth_noise
from .parameters import draw_parameters
from .pen import Pen
from .spacing import with_discs
from .truth import Aorta, aorta_truth, visibility
from .view import SpineCurve, View, make_view

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


@cache
def _shape_model() -> Any:
    from .shapes import load_shape_model

    return load_shape_model()


def synthesise(seed: int, *, size: Shape = (704, 352), look: str | None = None) -> SyntheticScan:
    """Render the scan that belongs to a seed.

    Args:
        seed: any non-negative whole number; equal seeds give equal scans.
        size: rows and columns.
        look: restricts the scanner look; None draws one.
    """
    return render_scan(draw_parameters(np.random.default_rng(seed), look=look), size)


def synthesise_batch(seeds: Sequence[int], size: Shape = (704, 352)) -> list[SyntheticScan]:
    """Render several seeds one after the other.

    Args:
        seeds: one per scan.
        size: rows and columns.
    """
    return [synthesise(int(seed), size=size) for seed in seeds]


def render_scan(params: Params, size: Shape = (704, 352)) -> SyntheticScan:
    """Render a scan from its parameters, see `draw_parameters`.

    Every layer has its own stream of chance, so that changing one parameter
    leaves the other layers as they were.
    """
    from .shapes import sample_shape

    spine = sample_shape(_shape_model(), _stream(params, 0), fracture_rate=params["fracture_rate"])
    spine = with_discs(spine, params, _stream(params, 9))
    curve = SpineCurve(np.asarray(spine.six, np.float64))
    view = make_view(params, curve, size)
    attenuation, aorta_units = _attenuation(spine, curve, view, params)
    image, inside, clean = _developed(attenuation, view, params)
    points = view.pixels(np.asarray(spine.six, np.float64))
    return SyntheticScan(
        image=image,
        points=points.astype(np.float32),
        visible=visibility(
            points, view.pixels(np.asarray(spine.outline, np.float64)), clean, inside, params
        ),
        grade=np.asarray(spine.grade, np.int8),
        look=params["look"],
        anterior="left" if params["mirror"] else "right",
        params=params,
        aorta=aorta_truth(aorta_units, view, inside, params),
    )


def _stream(params: Params, layer: int) -> np.random.Generator:
    return np.random.default_rng([params["seed"], layer])


def _attenuation(
    spine: Any, curve: SpineCurve, view: View, params: Params
) -> tuple[Image, dict[str, NDArray[np.float64]]]:
    """The sum of all layers, (rows, columns), and the aorta's walls in units."""
    bone, metal = _skeleton(spine, curve, view, params)
    soft, walls = _tissues(curve, view, params)
    bodies = _bodies(spine, view, params)
    return bone + metal + soft + bodies, walls


def _skeleton(spine: Any, curve: SpineCurve, view: View, params: Params) -> tuple[Image, Image]:
    hollow = params["shell"]
    sharp, soft = Pen(view, hollow=hollow), Pen(view, sub=1, hollow=hollow)
    metal = Pen(view)
    skeleton.posterior_elements(sharp, soft, curve, params, _stream(params, 1))
    skeleton.ribs(sharp, soft, curve, params, _stream(params, 2))
    girdles.shoulder(sharp, soft, curve, params, _stream(params, 3))
    girdles.pelvis(sharp, soft, curve, params, _stream(params, 4))
    findings.degeneration(sharp, np.asarray(spine.six, np.float64), params, _stream(params, 5))
    findings.implants(metal, np.asarray(spine.six), curve, params, _stream(params, 6))
    bone = blur(sharp.draw(), 1.6 * view.scale) + blur(soft.draw(), 5.5 * view.scale)
    grain = smooth_noise(_stream(params, 7), view.shape, max(2.2 * view.scale, 1.0))
    bone *= 1.0 + np.float32(0.6 * params["grain"]) * grain
    return bone, metal.draw()


def _tissues(
    curve: SpineCurve, view: View, params: Params
) -> tuple[Image, dict[str, NDArray[np.float64]]]:
    broad, middle = Pen(view, sub=1), Pen(view, sub=1)
    fine = Pen(view)
    soft_tissue.trunk(broad, curve, params, _stream(params, 11))
    soft_tissue.skin_folds(fine, curve, params, _stream(params, 12))
    soft_tissue.threads(fine, curve, params, _stream(params, 18))
    soft_tissue.lungs(middle, fine, curve, params, _stream(params, 13))
    soft_tissue.heart_and_vessels(broad, fine, curve, params, _stream(params, 14))
    walls = soft_tissue.aorta(middle, fine, curve, params, _stream(params, 15))
    soft_tissue.bowel(middle, fine, curve, params, _stream(params, 16))
    rng = _stream(params, 17)
    broad_image = blur(broad.draw(), 16.0 * view.scale)
    tissue = broad_image + blur(middle.draw(), params["tissue_blur"] * view.scale)
    tissue += blur(fine.draw(), 1.5 * view.scale)
    for size, gain in ((90.0, 1.0), (28.0, 0.5), (9.0, 0.25)):
        noise = smooth_noise(rng, view.shape, size * view.scale)
        tissue += np.float32(gain * params["tissue_noise"]) * noise
    rows, columns = view.shape
    slope = (
        params["gradient_y"] * np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
        + params["gradient_x"] * np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    )
    if params["fade"] > 0.0:
        fall = np.clip(
            (np.arange(rows) - view.pixels(curve.at(11.0, 80.0))[1]) / (330 * view.scale), 0, 1
        )
        tissue *= (1.0 - params["fade"] * fall).astype(np.float32)[:, None]
    return (tissue + slope).astype(np.float32), walls


def _bodies(spine: Any, view: View, params: Params) -> Image:
    rng = _stream(params, 21)
    total, plateau = np.zeros(view.shape, np.float32), np.zeros(view.shape, np.float32)
    outlines: list[tuple[int, Points]] = [(k, np.asarray(spine.outline[k])) for k in range(18)]
    if spine.extra is not None:
        outlines.append((16, np.asarray(spine.extra)))
    for level, outline in outlines:
        style = _style(level, params, rng, view)
        if np.isfinite(outline).all():
            draw_body(total, plateau, view, outline, style)
    size = max(params["grain_size"] * view.scale, 1.0)
    along = smooth_noise(_stream(params, 22), view.shape, size)
    total += np.float32(1.6 * params["grain"]) * plateau * along
    return total


def _style(level: int, params: Params, rng: np.random.Generator, view: View) -> BodyStyle:
    factor = (1.0 - params["upper_fade"] * max(0.0, 1.0 - level / 11.0)) * np.exp(
        rng.normal(0, params["level_spread"])
    )
    top = float(params["endplate"] * factor * np.exp(rng.normal(0, 0.2)))
    sclerotic = 1.6 if rng.random() < 0.06 else 1.0
    bottom = 0.15 * top if level == 17 else float(top * np.exp(rng.normal(0, 0.25)))
    top, bottom = (
        e * (rng.uniform(0.0, 0.6) if rng.random() < params["lost_ends"] else 1.0)
        for e in (top, bottom)
    )
    blur_units = params["blur"] / view.scale
    thickness = params["thickness"] * np.exp(rng.normal(0, 0.12)) * sclerotic
    return BodyStyle(
        plateau=float(params["bone"] * factor),
        ends=(float(top), float(bottom)),
        walls=(
            float(params["wall"] * factor),
            float(params["wall"] * factor * params["back_wall"]),
        ),
        uneven=(
            float(params["uneven"]),
            float(rng.uniform(0.02, 0.10)),
            float(rng.uniform(0, 6.28)),
        ),
        thickness=float(thickness),
        tilt=float(
            abs(
                params["tilt"]
                + rng.normal(0, 0.8)
                + params["scoliosis"] * np.sin(level * 0.6 + params["aorta_phase"])
            )
        )
        * 0.7,
        twist=float(abs(params["twist"] + rng.normal(0, 0.8))) * 0.7,
        hollow=float(params["hollow"]),
        # a thin blurred line is half as bright outside of its edge: draw it further in
        inset=float(max(0.0, 1.0 * blur_units - 0.25 * thickness)) * 0.6,
        taper=(
            float(np.clip(params["taper"][0] + rng.normal(0, 0.15), 0.0, 1.2)),
            float(np.clip(params["taper"][1] + rng.normal(0, 0.15), 0.0, 1.2)),
        ),
        rounding=float(params["rounding"] * rng.uniform(0.6, 1.4)),
    )


def _developed(attenuation: Image, view: View, params: Params) -> tuple[Image, Image, Image]:
    """Detector, software and frame: the picture, the exposed field, the picture without noise."""
    if params["blur"] > 0.15:
        attenuation = blur(attenuation, (params["blur"], params["blur"] * params["blur_ratio"]))
    rng = _stream(params, 31)
    inside = framing.field_mask(view.shape, params, rng)
    cover = framing.patches(view.shape, params, rng)
    letters = framing.marks(view.shape, params, rng)
    image = looks.filtered(attenuation, params, view.scale)
    sample = image[::3, ::3]
    spread = np.percentile(sample, 97.0) - np.percentile(sample, 3.0)
    image = looks.noisy(image, {**params, "contrast": float(spread)}, _stream(params, 32))
    image = looks.windowed(image, inside, params)
    inside = inside * (1.0 - cover)
    clean = image
    white = np.float32(1.0 if rng.random() < 0.75 else 0.0)
    image = image * (1.0 - cover) + white * cover
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
