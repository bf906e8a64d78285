"""The detector: one image in, one spine out, whatever the model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..anatomy import Side, Spine
from ..images import DxaImage
from ..network.bundle import LoadedModel, ModelInfo, load_model
from . import chain, mirror
from .assemble import assemble
from .prepare import AREA, Resize, fit, published_grey, to_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from ..network.coding import Candidates

THRESHOLD = 0.3
"""Smallest heat of a vertebra; below it a peak is not looked at."""

_BODY_PX = 27.0
_SIZE_RANGE = (15.0, 60.0)
_LARGEST_ZOOM, _SMALLEST_ZOOM = 2.0, 0.4
_AS_SURE, _SAME_SIZE = 0.85, 0.25
_DEPTH, _DEPTH_RANGE = 1.25, (0.8, 1.55)
_FEW_BODIES, _SQUARE, _USUAL_STRETCH = 3, (0.75, 1.35), 1.6
_WORKING_BODY_PX = 48.0
_SECOND_LOOKS = (0.9, 0.85)
"""Sizes of the crops, each anew around the points of the one before.
On real scans, unlike rendered ones, bodies seen larger than taught err by 7 % less."""

_FAR_OFF = 0.1
"""Share of a body's height by which a look must move a point of it for one more look:
bodies whose first crop already lay well gain nothing by it (figures in docs/speed.md)."""

NO_SPINE = (
    "No vertebra was found. Check that this is a lateral spine image with the spine in view; "
    "points can still be placed by hand."
)


class Detector:
    """Finds the vertebrae of one image after another with one loaded model.

    Attributes:
        info: what the model is.
        threshold: smallest heat, 0 to 1, of a vertebra.

    ``area`` is the number of pixels of the first look's input.
    """

    def __init__(
        self, model: LoadedModel, *, threshold: float = THRESHOLD, area: float = AREA
    ) -> None:
        from ..network.folding import folded

        self._model = model
        self._module = folded(model.module)
        self.info: ModelInfo = model.info
        self.threshold = threshold
        self._area = area

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``: where the network runs."""
        return str(self._model.device.type)

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        """Find the vertebrae of one image.

        Args:
            image: the image as stored.
            anterior: the side the patient faces where the reader knows it; otherwise
                the network decides.

        Returns:
            Points in pixels of the stored image.  An image without a spine gives a
            spine without vertebrae and a warning.
        """
        import torch

        with torch.inference_mode():
            found = self._candidates(image)
        if not len(found):
            return Spine((), anterior or Side.RIGHT, (NO_SPINE,))
        return assemble(found, image, self.info, anterior)

    def _candidates(self, image: DxaImage) -> Candidates:
        """The chain of vertebrae, head to foot, in stored pixels."""
        if self.info.architecture == "published":
            return self._published(image)
        pixels = to_tensor(image.pixels)
        ratio = image.scale.row / image.scale.column
        found, resize = self._looked(pixels, image, ratio)
        stretch = None if image.scale.in_mm else _stretch(found, image.width / image.height)
        if stretch is not None:
            again, other = self._looked(pixels, image, ratio * stretch)
            if again.score.sum() > found.score.sum():
                found, resize, ratio = again, other, ratio * stretch
        if not len(found):
            return found
        if getattr(self._module, "refiner", None) is not None:
            return self._second_look(pixels, resize, found, ratio)
        return _to_stored(found, resize)

    def _looked(self, pixels: Tensor, image: DxaImage, ratio: float) -> tuple[Candidates, Resize]:
        """The first look, at another magnification where the bodies ask for it."""
        first = fit(image.height, image.width, pixel_ratio=ratio, area=self._area)
        found = self._look(pixels, first)
        zoom = _better_zoom(found)
        if zoom is None:
            return found, first
        resize = fit(image.height, image.width, pixel_ratio=ratio, area=self._area, zoom=zoom)
        second = self._look(pixels, resize)
        return (second, resize) if _confirms(second, found, zoom) else (found, first)

    def _look(self, pixels: Tensor, resize: Resize) -> Candidates:
        """The whole image and its mirror in one pass; a chain in the resized frame."""
        import torch

        from ..network.coding import decode

        image = resize.apply(pixels)
        maps = self._module(torch.cat((image, image.flip(3))).to(self._model.device))
        seen, mirrored = (
            decode(
                {name: value[i : i + 1].cpu() for name, value in maps.items()},
                threshold=self.threshold,
            )
            for i in (0, 1)
        )
        found = mirror.agree(seen, mirror.back(mirrored, resize.columns))
        return found.take(chain.best_chain(found.points, found.score))

    def _second_look(
        self, pixels: Tensor, first: Resize, found: Candidates, ratio: float
    ) -> Candidates:
        """Each vertebra again in a crop at a finer size, and once more if that moved it far."""
        import torch

        from ..network.coding import body_height
        from ..network.refiner import body_size, crop_frames, cut_crops, scaled, to_image

        stored = first.back(found.points)
        tall = float(np.median(chain.heights(found.points))) / float(first.factor[1])
        zoom = min(1.0, _WORKING_BODY_PX / tall)
        working = fit(
            first.source_rows,
            first.source_columns,
            pixel_ratio=ratio,
            area=zoom**2 * first.source_rows * first.source_columns * ratio,
        )
        source = working.apply(pixels) if zoom < 1.0 or ratio != 1.0 else pixels
        if source is pixels:
            working = Resize(
                first.source_rows, first.source_columns, first.source_rows, first.source_columns
            )
        points = torch.from_numpy(working.forward(stored)).float()
        sigma = torch.empty(points.shape[:2])
        rows = torch.arange(len(points))
        for scale in _SECOND_LOOKS:
            before = points[rows]
            frames = scaled(crop_frames(before), scale)
            out = self._module.refiner(cut_crops(source, frames).to(self._model.device))
            points[rows] = to_image(frames, out["uv"].cpu())
            sigma[rows] = out["scale"].cpu().exp() * 2**0.5 * body_size(frames)[:, None]
            moved = (points[rows] - before).norm(dim=2).amax(1)
            rows = rows[moved > _FAR_OFF * body_height(before)]
            if not len(rows):
                break
        factor = float(self.info.config.get("sigma_factor", 1.0))
        sigma_px = sigma.double().numpy() * factor
        return replace(
            found,
            points=working.back(points.double().numpy()),
            sigma=working.back_sigma(sigma_px),
        )

    def _published(self, image: DxaImage) -> Candidates:
        """The published network: its own input size and scaling, corners only."""
        from ..network.coding import Candidates
        from ..network.published_decode import decode_published

        rows, columns = self.info.config["input_size"]
        resize = Resize(rows, columns, image.height, image.width)
        grey = resize.apply(published_grey(image.pixels)) - 0.5
        outputs = self._module(grey.expand(-1, 3, -1, -1).to(self._model.device))
        listed = decode_published(
            {k: v.cpu() for k, v in outputs.items()}, threshold=self.threshold
        )
        points = np.array([c.points for c in listed], dtype=np.float64).reshape(-1, 6, 2)
        score = np.array([c.score for c in listed], dtype=np.float64)
        unknown = np.full((len(listed), 6), np.nan)
        found = Candidates(resize.back(points), unknown, score, None, np.ones(len(listed)))
        return found.take(np.argsort(chain.centres(points)[:, 1]))


def _to_stored(found: Candidates, resize: Resize) -> Candidates:
    return replace(found, points=resize.back(found.points), sigma=resize.back_sigma(found.sigma))


def _typical_height(found: Candidates) -> float:
    tall: NDArray[np.float64] = chain.heights(found.points)
    return float(np.quantile(tall, 0.65))


def _better_zoom(found: Candidates) -> float | None:
    """The magnification at which bodies have the trained size, where the first is far off."""
    if not len(found):
        return None
    typical = _typical_height(found)
    if _SIZE_RANGE[0] <= typical <= _SIZE_RANGE[1]:
        return None
    return float(np.clip(_BODY_PX / typical, _SMALLEST_ZOOM, _LARGEST_ZOOM))


def _stretch(found: Candidates, shape: float) -> float | None:
    """By how much a picture is too wide for the bodies in it; None where it is not.

    Films are often stored squeezed into a square, without a spacing.

    Args:
        found: of a look that took the pixels for what the file says.
        shape: width over height of the picture.
    """
    if len(found) < _FEW_BODIES:
        return _USUAL_STRETCH if _SQUARE[0] <= shape <= _SQUARE[1] else None
    ends = found.points[:, [2, 3]] - found.points[:, [0, 5]]
    depth = np.linalg.norm(ends, axis=2).mean(axis=1)
    measured = float(np.median(depth / chain.heights(found.points)))
    if _DEPTH_RANGE[0] <= measured <= _DEPTH_RANGE[1]:
        return None
    return float(np.clip(measured / _DEPTH, 0.4, 2.5))


def _confirms(second: Candidates, first: Candidates, zoom: float) -> bool:
    """Whether a look at another size sees the same bodies, at that size and as surely."""
    if not len(second) or second.score.sum() < _AS_SURE * first.score.sum():
        return False
    grown = _typical_height(second) / (_typical_height(first) * zoom)
    return abs(math.log(grown)) < _SAME_SIZE


def load_detector(model_dir: str | Path | None = None, device: str = "auto") -> Detector:
    """Load a model directory, by default the bundled one.

    Raises:
        ModelError: if the model is missing, damaged or of another kind.
        MissingDependencyError: if torch is not installed.
    """
    return Detector(load_model(model_dir, device))
