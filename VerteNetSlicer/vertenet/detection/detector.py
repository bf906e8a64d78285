"""The detector: one image in, one spine out, whatever the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..anatomy import Side, Spine
from ..images import DxaImage
from ..network.bundle import LoadedModel, ModelInfo, load_model
from . import chain, mirror
from .assemble import Named, assemble, is_offered, named
from .exposed import exposed_part
from .magnify import better_zoom, confirms, stretch_of
from .prepare import AREA, Resize, fit, published_grey, to_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from ..network.coding import Candidates

    _Seen = dict[tuple[Resize, bool], Candidates]

THRESHOLD = 0.3
"""Smallest heat of a vertebra; below it a peak is not looked at."""

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
        from ..network.sharing import watch

        self._model = model
        self._module = folded(model.module)
        watch(self._module)
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

        from ..network.sharing import leaving_a_core

        exposed, shift = _without_margins(image)
        with torch.inference_mode(), leaving_a_core():
            found, names = self._candidates(exposed)
        found = replace(found, points=found.points + shift)
        if not len(found):
            return Spine((), anterior or Side.RIGHT, (NO_SPINE,))
        return assemble(found, names, image, anterior)

    def _candidates(self, image: DxaImage) -> tuple[Candidates, Named]:
        """The chain of vertebrae, head to foot, in stored pixels, and their names."""
        if self.info.architecture == "published":
            found = self._published(image)
            return found, named(found, self.info, image.scale.row / image.scale.column)
        pixels = to_tensor(image.pixels)
        seen: _Seen = {}
        found, resize, ratio = self._looked(pixels, image, seen, mirrored=False)
        names = named(found, self.info, ratio)
        if not names.certain:  # the mirror helps where little is seen, and only there
            found, resize, ratio = self._looked(pixels, image, seen, mirrored=True)
            names = named(found, self.info, ratio)
        # those beyond T4 and L5 only help to count: nobody sees their points
        shown = np.flatnonzero([is_offered(name) for name in names.names])
        if not len(shown) or getattr(self._module, "refiner", None) is None:
            return found, names
        again = self._second_look(pixels, resize, found.take(shown), ratio)
        return found.put(shown, again), names

    def chains(self, image: DxaImage) -> tuple[Candidates, Candidates]:
        """What the first look finds in the image alone, and in the image and its mirror.

        For fitting how sure names are (``tools/fit_levels.py``).

        Returns:
            Chains from head to foot, stored pixels.
        """
        import torch

        exposed, shift = _without_margins(image)
        with torch.inference_mode():
            pixels = to_tensor(exposed.pixels)
            seen: _Seen = {}
            alone, _, _ = self._looked(pixels, exposed, seen, mirrored=False)
            both, _, _ = self._looked(pixels, exposed, seen, mirrored=True)
        return (
            replace(alone, points=alone.points + shift),
            replace(both, points=both.points + shift),
        )

    def _looked(
        self, pixels: Tensor, image: DxaImage, seen: _Seen, *, mirrored: bool
    ) -> tuple[Candidates, Resize, float]:
        """The first look, with pixels made square where bodies show that they are not.

        Args:
            pixels: of the image.
            image: for its size and the size of its pixels.
            seen: what was proposed before, and is not looked for again.
            mirrored: whether the mirror is looked at beside.

        Returns:
            A chain in stored pixels, the frame in which it was seen, and height over width
            of a pixel.
        """

        def look(resize: Resize) -> Candidates:
            found = self._look(pixels, resize, seen)
            if mirrored:
                other = self._look(pixels, resize, seen, mirrored=True)
                found = mirror.agree(found, mirror.back(other, resize.columns))
            return found.take(chain.best_chain(found.points, found.score))

        def zoomed(ratio: float) -> tuple[Candidates, Resize]:
            """At another magnification where the bodies ask for it."""
            first = fit(image.height, image.width, pixel_ratio=ratio, area=self._area)
            found = look(first)
            zoom = better_zoom(found)
            if zoom is None:
                return found, first
            resize = fit(image.height, image.width, pixel_ratio=ratio, area=self._area, zoom=zoom)
            second = look(resize)
            return (second, resize) if confirms(second, found, zoom) else (found, first)

        ratio = image.scale.row / image.scale.column
        found, resize = zoomed(ratio)
        stretch = None if image.scale.in_mm else stretch_of(found, image.width / image.height)
        if stretch is not None:
            again, other = zoomed(ratio * stretch)
            if again.score.sum() > found.score.sum():
                found, resize, ratio = again, other, ratio * stretch
        return _to_stored(found, resize), resize, ratio

    def _look(
        self, pixels: Tensor, resize: Resize, seen: _Seen, *, mirrored: bool = False
    ) -> Candidates:
        """All proposals in the whole image, or in its mirror, in the resized frame."""
        from ..network.coding import decode
        from ..network.reproducible import one_thread

        if (resize, mirrored) not in seen:
            with one_thread():  # little work, and what goes on beside would hold up the others
                grey = resize.apply(pixels)
            maps = self._module((grey.flip(3) if mirrored else grey).to(self._model.device))
            maps = {name: value.cpu() for name, value in maps.items()}
            seen[resize, mirrored] = decode(maps, threshold=self.threshold)
        return seen[resize, mirrored]

    def _second_look(
        self, pixels: Tensor, first: Resize, found: Candidates, ratio: float
    ) -> Candidates:
        """Each vertebra again in a crop at a finer size, and once more if that moved it far."""
        import torch

        from ..network.coding import body_height
        from ..network.refiner import body_size, crop_frames, cut_crops, scaled, to_image
        from ..network.sharing import in_halves

        def look(frames: Tensor) -> dict[str, Tensor]:
            seen = self._module.refiner(cut_crops(source, frames).to(self._model.device))
            return {name: value.cpu() for name, value in seen.items()}

        tall = float(np.median(chain.heights(first.forward(found.points))))
        tall /= float(first.factor[1])
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
        points = torch.from_numpy(working.forward(found.points)).float()
        sigma = torch.empty(points.shape[:2])
        rows = torch.arange(len(points))
        for scale in _SECOND_LOOKS:
            before = points[rows]
            frames = scaled(crop_frames(before), scale)
            out = in_halves(look, frames) if self.device == "cpu" else look(frames)
            points[rows] = to_image(frames, out["uv"])
            sigma[rows] = out["scale"].exp() * 2**0.5 * body_size(frames)[:, None]
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


def _without_margins(image: DxaImage) -> tuple[DxaImage, NDArray[np.float64]]:
    """What is looked at of an image, and where its first pixel lies in it, (2,) x and y."""
    part = exposed_part(image.pixels)
    if part is None:
        return image, np.zeros(2)
    return replace(image, pixels=np.ascontiguousarray(part.of(image.pixels))), part.shift


def _to_stored(found: Candidates, resize: Resize) -> Candidates:
    return replace(found, points=resize.back(found.points), sigma=resize.back_sigma(found.sigma))


def load_detector(model_dir: str | Path | None = None, device: str = "auto") -> Detector:
    """Load a model directory, by default the bundled one.

    Raises:
        ModelError: if the model is missing, damaged or of another kind.
        MissingDependencyError: if torch is not installed.
    """
    return Detector(load_model(model_dir, device))
