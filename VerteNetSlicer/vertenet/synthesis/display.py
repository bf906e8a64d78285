"""What a scan is drawn from: polygons, bodies and places, no picture yet.

A display list is small numpy data; `render` turns one into a picture on the CPU,
`batched` turns many into pictures on any device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import findings, framing, girdles, neighbours, single_energy, skeleton, soft_tissue
from .bodies import BodyStyle
from .body_table import BodyTable, tabulate
from .canvas import Points, PolygonSheet, Shape
from .corners import as_seen, lip, rounding, with_corners
from .parameters import Params
from .pen import Pen
from .spacing import with_discs
from .view import SpineCurve, View, make_view

#: Streams of chance of the noises, see `stream`.
BONE_GRAIN, TISSUE_NOISE, BODY_GRAIN, DETECTOR = 7, 17, 22, 32
ROUNDING, LIPS = 23, 24
#: Sizes of the tissue's uneven thickness in units, and their shares.
TISSUE_SIZES = ((90.0, 1.0), (28.0, 0.5), (9.0, 0.25))
SHEETS = ("sharp", "soft", "metal", "broad", "middle", "fine", "cover", "letters")


@dataclass(frozen=True)
class DisplayList:
    """All of one scan but its pixels and its noise.

    Attributes:
        params: all drawn parameters.
        view: from units to the picture's pixels.
        sheets: polygons by the name of their layer, see ``SHEETS``.
        bodies: outline (64, 2) in units and style of each body.
        six: (18, 6, 2) points in pixels, NaN where there is no body.
        outlines: (18, 64, 2) in pixels, likewise.
        grade: (18,) Genant grade.
        walls: the aorta's walls in units.
        fade_row: the row where soft tissue begins to thin out downwards.
        field: (rows, 2) first exposed column of each row and the one after the last.
        white: grey of the patches.
    """

    params: Params
    view: View
    sheets: dict[str, PolygonSheet]
    bodies: tuple[tuple[Points, BodyStyle], ...]
    six: Points
    outlines: Points
    grade: NDArray[np.int8]
    walls: dict[str, NDArray[np.float64]]
    fade_row: float
    field: NDArray[np.int64]
    white: float

    @cached_property
    def table(self) -> BodyTable:
        """The bodies as arrays, for a batch."""
        return tabulate(self.bodies, self.view)


def stream(params: Params, layer: int) -> np.random.Generator:
    """A layer's own chance: changing one layer leaves the others as they were."""
    return np.random.default_rng([params["seed"], layer])


@cache
def _shape_model() -> Any:
    from .shapes import load_shape_model

    return load_shape_model()


def display_list(params: Params, size: Shape) -> DisplayList:
    """Lay out a scan of ``size`` from its parameters."""
    from .shapes import sample_shape

    spine = sample_shape(_shape_model(), stream(params, 0), fracture_rate=params["fracture_rate"])
    spine = with_discs(spine, params, stream(params, 9))
    spine = with_corners(spine, params, stream(params, 10))
    six = np.asarray(spine.six, np.float64)
    curve = SpineCurve(six)
    view = make_view(params, curve, size)
    sheets = _skeleton(spine, curve, view, params)
    tissues, walls = _tissues(curve, view, params)
    seen = as_seen(six, rounding(params, stream(params, ROUNDING)))
    rng = stream(params, 31)
    field = framing.field_rows(size, params, rng)
    cover, letters = framing.patches(size, params, rng), framing.marks(size, params, rng)
    return DisplayList(
        params=params,
        view=view,
        sheets={**sheets, **tissues, "cover": cover, "letters": letters},
        bodies=_bodies(spine, view, params),
        six=view.pixels(seen),
        outlines=view.pixels(np.asarray(spine.outline, np.float64)),
        grade=np.asarray(spine.grade, np.int8),
        walls=walls,
        fade_row=float(view.pixels(curve.at(11.0, 80.0))[1]),
        field=field,
        white=1.0 if rng.random() < 0.75 else 0.0,
    )


def _skeleton(spine: Any, curve: SpineCurve, view: View, params: Params) -> dict[str, PolygonSheet]:
    six, hollow = np.asarray(spine.six, np.float64), params["shell"]
    sharp, soft = Pen(view, hollow=hollow), Pen(view, sub=1, hollow=hollow)
    metal = Pen(view)
    skeleton.posterior_elements(sharp, soft, curve, params, stream(params, 1))
    skeleton.ribs(sharp, soft, curve, params, stream(params, 2))
    single_energy.seam(sharp, soft, curve, params, stream(params, 61))
    girdles.shoulder(sharp, soft, curve, params, stream(params, 3))
    girdles.pelvis(sharp, soft, curve, params, stream(params, 4))
    findings.degeneration(sharp, six, params, stream(params, 5))
    neighbours.disc_ends(sharp, soft, _chain(spine), params, stream(params, 62))
    neighbours.foramina(sharp, curve, params, stream(params, 63))
    findings.implants(metal, six, curve, params, stream(params, 6))
    return {"sharp": sharp.sheet, "soft": soft.sheet, "metal": metal.sheet}


def _chain(spine: Any) -> list[Points]:
    """Outlines (64, 2) from above, a sixth lumbar body between L5 and S1."""
    outlines = list(np.asarray(spine.outline, np.float64))
    if spine.extra is not None:
        outlines.insert(17, np.asarray(spine.extra, np.float64))
    return outlines


def _tissues(
    curve: SpineCurve, view: View, params: Params
) -> tuple[dict[str, PolygonSheet], dict[str, NDArray[np.float64]]]:
    broad, middle = Pen(view, sub=1), Pen(view, sub=1)
    fine = Pen(view)
    soft_tissue.trunk(broad, curve, params, stream(params, 11))
    soft_tissue.skin_folds(fine, curve, params, stream(params, 12))
    soft_tissue.threads(fine, curve, params, stream(params, 18))
    soft_tissue.lungs(middle, fine, curve, params, stream(params, 13))
    soft_tissue.heart_and_vessels(broad, fine, curve, params, stream(params, 14))
    walls = soft_tissue.aorta(middle, fine, curve, params, stream(params, 15))
    soft_tissue.bowel(middle, fine, curve, params, stream(params, 16))
    return {"broad": broad.sheet, "middle": middle.sheet, "fine": fine.sheet}, walls


def _bodies(spine: Any, view: View, params: Params) -> tuple[tuple[Points, BodyStyle], ...]:
    rng = stream(params, 21)
    rounded = rounding(params, stream(params, ROUNDING))
    outlines: list[tuple[int, Points]] = [(k, np.asarray(spine.outline[k])) for k in range(18)]
    if spine.extra is not None:
        outlines.append((16, np.asarray(spine.extra)))
    styled = [
        (outline, replace(_style(level, params, rng, view), rounding=float(rounded[level])))
        for level, outline in outlines
    ]
    bodies = tuple((outline, style) for outline, style in styled if np.isfinite(outline).all())
    return bodies + _lips(bodies, params)


def _lips(
    bodies: tuple[tuple[Points, BodyStyle], ...], params: Params
) -> tuple[tuple[Points, BodyStyle], ...]:
    """Slabs above the superior endplates, drawn as bodies of their own."""
    chance = stream(params, LIPS).uniform(0.0, 1.0, (len(bodies), 4))
    inside, line = params["lip_gain"]
    slabs = []
    for k in range(1, len(bodies)):
        above, (outline, style) = bodies[k - 1][0], bodies[k]
        room = [float(np.linalg.norm(outline[a] - above[b])) for a, b in ((0, 48), (16, 32))]
        slab = lip(outline, params, chance[k], (room[0], room[1]))
        if slab is not None:
            thin = replace(
                style,
                plateau=inside * style.plateau,
                ends=(line * style.ends[0], 0.0),
                walls=(0.0, 0.0),
                hollow=0.0,
                rounding=0.0,
            )
            slabs.append((slab, thin))
    return tuple(slabs)


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
    )
