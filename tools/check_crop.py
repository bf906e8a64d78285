"""How well the crop check finds aortas that are cut off, on scans with known truth.

``.venv/bin/python tools/check_crop.py --first 8000 --count 600`` renders scans, covers some
of them with painted masks of every kind, measures with the true points and prints the
tables of ``docs/measures.md``.  Two truths:

* corridor: the true exposed field, or tissue that is not saturated up to the border, ends
  within the needed room in front of the spine: what the check looks for in the pixels;
* aorta: a part of one of the drawn aorta's walls lies outside the exposed field.  How far
  in front of the spine the aorta lies cannot be known from the points.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vertenet.anatomy import LEVELS, POINT_NAMES, Landmark, Level, Side, Spine, Vertebra
from vertenet.images import image_from_array
from vertenet.measure import NEEDED_DEPTHS, CropStatus, aac_geometry
from vertenet.synthesis import SyntheticScan, framing, synthesise

LUMBAR = (Level.L1, Level.L2, Level.L3, Level.L4)
COVERS = ("black", "white", "grey", "padding", "noisy", "jpeg", "soft", "slanted")
SIZE = (704, 352)
_WALL_LEVELS = np.linspace(4.0, 16.0, 60)  # of the aorta's walls; L1 is 12
_NAMES = ("T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5")
_FIRST_BODY = 3  # T4 among the bodies T1 to S1
_COVERED_SHARE = 0.6


@dataclass(frozen=True)
class Case:
    """One scan, covered or not, and which segments are truly cropped.

    Attributes:
        pixels: the picture.
        spine: its bodies that lie in the picture at least by half, true points.
        background: how the picture ends: the renderer's mask or the painted one.
        exposed: True where the picture shows the body and not one grey.
        aorta: True where a wall of the aorta is not shown, by segment.
    """

    pixels: NDArray[np.float32]
    spine: Spine
    background: str
    exposed: NDArray[np.bool_]
    aorta: dict[Level, bool]


def true_spine(scan: SyntheticScan) -> Spine:
    """T4 to L5 as far as they lie in the picture."""
    bodies = []
    for i, level in enumerate(LEVELS):
        six = scan.points[_FIRST_BODY + i]
        if scan.visible[_FIRST_BODY + i] and np.isfinite(six).all():
            marks = (Landmark(float(x), float(y)) for x, y in six)
            bodies.append(Vertebra(level, dict(zip(POINT_NAMES, marks, strict=True))))
    return Spine(tuple(bodies), Side(scan.anterior))


def cases(first: int, count: int) -> Iterator[Case]:
    """Scans of these seeds; three in five get a painted cover as well."""
    for seed in range(first, first + count):
        yield case(synthesise(seed, size=SIZE), np.random.default_rng([seed, 77]))


def case(scan: SyntheticScan, rng: np.random.Generator) -> Case:
    """Cover a scan by chance and work out the truth."""
    spine, background = true_spine(scan), _rendered_background(scan.params)
    pixels, cover = scan.image, np.zeros(scan.image.shape, bool)
    kind = str(rng.choice(COVERS)) if rng.random() < _COVERED_SHARE else ""
    if kind:
        pixels, cover = painted(scan, kind, rng)
        background = f"painted {kind}"
    aorta = {
        lv: bool(scan.aorta.cropped[lv.value]) or _touches(cover, _walls(scan, k))
        for k, lv in enumerate(LUMBAR)
    }
    exposed = _exposed(scan)
    shown = exposed & ~cover & ~_saturated(scan.image, exposed)
    return Case(pixels, spine, background, shown, aorta)


def _saturated(image: NDArray[np.float32], exposed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tissue of the field's lowest or highest grey up to the border: it shows nothing."""
    extreme = np.isin(image, (image[exposed].min(), image[exposed].max()))
    same = ndimage.maximum_filter(image, 7) == ndimage.minimum_filter(image, 7)
    labels, _ = ndimage.label(extreme & same)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.asarray(ndimage.binary_dilation(np.isin(labels, edge[edge > 0]), iterations=3))


def _exposed(scan: SyntheticScan) -> NDArray[np.bool_]:
    """The renderer's own field, drawn again from its stream of chance."""
    shape, rng = scan.image.shape, np.random.default_rng([scan.params["seed"], 31])
    inside = framing.field_mask(framing.field_rows(shape, scan.params, rng), shape[1])
    cover = np.clip(framing.patches(shape, scan.params, rng).draw(), 0, 1)
    return np.asarray(inside * (1 - cover) > 0.5)


def _rendered_background(params: dict[str, Any]) -> str:
    if params["mask"] != "none":
        grey = {0.0: "black", 1.0: "white", 0.5: "grey"}[params["mask_grey"]]
        return f"rendered {params['mask']}, {grey}"
    return "rendered patches" if params["patches"] else "rendered, no mask"


def painted(
    scan: SyntheticScan, kind: str, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A mask from a place near the aorta to the border, over all rows or some."""
    rows, columns = scan.image.shape
    sign = 1.0 if scan.anterior == "right" else -1.0
    wall = scan.aorta.anterior[40:] if rng.random() < 0.8 else scan.aorta.posterior[40:]
    x, y = np.arange(columns)[None, :], np.arange(rows)[:, None]
    slant = float(rng.uniform(-0.25, 0.25)) if kind == "slanted" else 0.0
    edge = float((sign * wall[:, 0]).max() + rng.uniform(-25, 45)) + slant * (y - wall[:, 1].mean())
    where = np.broadcast_to(sign * x > edge, (rows, columns))
    if rng.random() < 0.3:
        top = float(rng.choice(wall[:, 1]))
        where = where & ((y > top) if rng.random() < 0.5 else (y < top))
    return _filled(scan.image, kind, where, rng), where


def _filled(
    image: NDArray[np.float32], kind: str, where: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float32]:
    value = {"black": 0.0, "white": 1.0, "grey": 0.5, "padding": -4.0}.get(kind)
    if value is None:
        value = float(rng.uniform(0, 1))
    paint = np.full(image.shape, value, np.float32)
    if kind in ("noisy", "jpeg"):
        noise = rng.normal(0, 1.0 / 255, image.shape)
        paint += np.round(noise * 255) / 255 if kind == "jpeg" else noise
    share = where.astype(np.float32)
    if kind == "soft":
        share = ndimage.gaussian_filter(share, 1.5)
    return (image * (1 - share) + paint * share).astype(np.float32)


def _walls(scan: SyntheticScan, k: int) -> NDArray[np.float32]:
    part = np.abs(_WALL_LEVELS - (12 + k)) <= 0.5
    return np.concatenate([scan.aorta.anterior[part], scan.aorta.posterior[part]])


def _touches(cover: NDArray[np.bool_], points: NDArray[np.float32]) -> bool:
    column, row = np.round(points).astype(int).T
    fits = (row >= 0) & (row < cover.shape[0]) & (column >= 0) & (column < cover.shape[1])
    return bool(cover[row[fits], column[fits]].any())


@dataclass
class Count:
    """Cropped and whole ones by what the check said."""

    table: NDArray[np.int64]  # truth (whole, cropped) x said (ok, cropped, unknown)

    def add(self, truth: bool, said: str) -> None:
        """One more."""
        self.table[int(truth), ("ok", "cropped", "unknown").index(said)] += 1

    def row(self, name: str) -> str:
        """Markdown: sensitivity and specificity among those that were decided."""
        (tn, fp, u0), (fn, tp, u1) = self.table.tolist()
        sensitivity = f"{tp / (tp + fn):.3f} ({tp}/{tp + fn})" if tp + fn else "-"
        specificity = f"{tn / (tn + fp):.3f} ({tn}/{tn + fp})" if tn + fp else "-"
        return f"|{name}|{sensitivity}|{specificity}|{u0 + u1}|"


def empty() -> Count:
    """Nothing counted yet."""
    return Count(np.zeros((2, 3), np.int64))


def measured(found: Case, needed: float) -> tuple[CropStatus, dict[Level, bool]]:
    """What the check says of a case, and where the true field ends in the corridor."""
    rows, columns = found.pixels.shape
    image = image_from_array(found.pixels)
    said = aac_geometry(found.spine, image, columns, rows, needed_depths=needed)
    lines = {line.name: line for line in (*said.guides, *said.thirds)}
    truth = {}
    for level, above, below in zip(LUMBAR, _NAMES, _NAMES[1:], strict=False):
        names = (above, f"{level} 1/3", f"{level} 2/3", below)
        if said.depth_px is not None and all(name in lines for name in names):
            ends = np.array([(lines[n].posterior, lines[n].anterior) for n in names])
            truth[level] = _hidden(ends, needed * said.depth_px, found.exposed)
    return said.crop, truth


def _hidden(ends: NDArray[np.float64], reach: float, exposed: NDArray[np.bool_]) -> bool:
    """Whether any place within reach of the lines' anterior ends is not exposed."""
    run = ends[:, 1] - ends[:, 0]
    far = ends[:, 1] + reach * run / np.linalg.norm(run, axis=1)[:, None]
    share = np.linspace(0, 3, 61)
    near, end = (
        np.stack([np.interp(share, range(4), side[:, axis]) for axis in (0, 1)], axis=-1)
        for side in (ends[:, 1], far)
    )
    points = near + np.linspace(0, 1, 80)[:, None, None] * (end - near)
    column, row = np.round(points).astype(int).reshape(-1, 2).T
    fits = (row >= 0) & (row < exposed.shape[0]) & (column >= 0) & (column < exposed.shape[1])
    return not (fits.all() and exposed[row, column].all())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=8000, help="first seed")
    parser.add_argument("--count", type=int, default=600, help="number of scans")
    parser.add_argument("--needed", type=float, default=NEEDED_DEPTHS, help="vertebral depths")
    chosen = parser.parse_args()
    corridor: dict[str, Count] = {}
    aorta: dict[str, Count] = {}
    for found in cases(chosen.first, chosen.count):
        status, truth = measured(found, chosen.needed)
        if len(truth) == len(LUMBAR):
            for table, true in ((corridor, truth), (aorta, found.aorta)):
                table.setdefault("**images**", empty()).add(any(true.values()), status.status)
        for segment in status.per_segment:
            level = segment.level
            for name in ("**segments**", found.background, str(level)):
                if level in truth:
                    corridor.setdefault(name, empty()).add(truth[level], segment.status)
                    aorta.setdefault(name, empty()).add(found.aorta[level], segment.status)
    for title, groups in (("corridor", corridor), ("aorta", aorta)):
        sys.stdout.write(f"\n|{title}|sensitivity|specificity|unknown|\n|---|---|---|---|\n")
        for name in sorted(groups):
            sys.stdout.write(groups[name].row(name) + "\n")


if __name__ == "__main__":
    main()
