"""What each part of the network is worth: variants taught alike and judged alike.

``tools/ablate.py`` runs them: every variant is trained from nothing on the scans of a pool,
for equally many views.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..detection.detector import Detector
from ..network.bundle import LoadedModel
from ..network.coding import Targets, cell_pixels, cell_values, encode
from ..network.compact import STRIDE
from ..network.published import MEAN, VerteNet
from .augment import Batch, make_batch
from .config import TrainingConfig
from .finish import validate
from .loop import Trainer, draw_crops
from .losses import focal_loss
from .metrics import summary

_CORNERS = [0, 2, 5, 3]
"""Rows of the published corners, in its order: PS, AS, PI, AI."""
FIRST_SEED = 910_000_000
COLUMNS = (
    "variant", "views", "parameters", "gmac", "found", "false_per_image", "level_right",
    "median_share", "mean_share", "p95_share",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One network of the table.

    Attributes:
        name: its row.
        network: settings that differ from the default `CompactConfig`.
        canvas: rows and columns of the views.
        batch: views per step.
        second_look: whether the refiner is used when it is judged.
        published: the published architecture instead.
    """

    name: str
    network: Mapping[str, Any] = field(default_factory=dict)
    canvas: tuple[int, int] = (256, 128)
    batch: int = 16
    second_look: bool = False
    published: bool = False


_ONE_LOOK: Mapping[str, Any] = {"refiner": ()}
VARIANTS = (
    Variant("as bundled", _ONE_LOOK),
    Variant("no attention", {**_ONE_LOOK, "attention": False}),
    Variant("no fusion blocks", {**_ONE_LOOK, "fusion": False}),
    Variant("neither", {**_ONE_LOOK, "attention": False, "fusion": False}),
    Variant("with second look", second_look=True),
    Variant("input 384 x 192", _ONE_LOOK, canvas=(384, 192)),
    Variant("narrower", {**_ONE_LOOK, "widths": (12, 24, 48, 72, 96), "decoder": (72, 48, 36)}),
    Variant("shallower", {**_ONE_LOOK, "depths": (1, 1, 2, 1)}),
    Variant("input 512 x 256", _ONE_LOOK, canvas=(512, 256)),
)
"""Small views and one look but where said: what is compared is taught in minutes on a CPU."""
PEER = Variant("published architecture", canvas=(256, 256), published=True)


class _Ablation(Trainer):
    """A training whose views all have one size."""

    canvas: tuple[int, int] = (256, 128)

    def _draw(self, step: int) -> tuple[Batch, tuple[Tensor, Tensor, Tensor]]:
        rng = np.random.default_rng((self.config.seed, step))
        scans = [self._scan(rng) for _ in range(self.config.batch)]
        crops = draw_crops(scans, self.config.crops, rng)
        return make_batch(scans, self.canvas, rng), crops


def train_compact(
    variant: Variant, scans: Path, views: int, state: Path, report: Callable[[str], None]
) -> nn.Module:
    """The running mean of a compact variant's weights after so many views."""
    config = TrainingConfig(
        steps=views // variant.batch,
        batch=variant.batch,
        crops=48 if variant.second_look else 1,
        threads=torch.get_num_threads(),
        average=0.99,
        network=variant.network,
    )
    trainer = _Ablation(config, scans, state, report)
    trainer.canvas = variant.canvas
    trainer.resume()
    trainer.run()
    return trainer.mean


def train_published(
    variant: Variant, scans: Path, views: int, state: Path, report: Callable[[str], None]
) -> nn.Module:
    """The published architecture after so many of the same views, by its own heads' losses."""
    config = TrainingConfig(batch=variant.batch, crops=1, threads=torch.get_num_threads())
    source = _Ablation(config, scans, state, report)
    source.canvas = variant.canvas
    network = VerteNet(variant.canvas).train()
    steps = views // variant.batch
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-4)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-4, total_steps=steps + 1)
    for step in range(steps):
        batch, _ = source._draw(step)
        targets = encode(batch.points, batch.visible, *variant.canvas)
        images = batch.images.expand(-1, 3, -1, -1) - MEAN
        with torch.autocast("cpu", torch.bfloat16):
            maps = network(images)
        loss = published_loss({k: v.float() for k, v in maps.items()}, targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        rates.step()
        if step % 10 == 0:
            report(f"{variant.name}: step {step} of {steps}, loss {float(loss):.3f}")
    return network.eval()


def published_loss(maps: Mapping[str, Tensor], targets: Targets) -> Tensor:
    """Focal loss of the centres, L1 of offsets and corner vectors, in cells."""
    heat = maps["hm"].clamp(1e-4, 1 - 1e-4)
    loss = focal_loss(torch.logit(heat), targets.heat, targets.weight)
    where = targets.where
    cells = cell_pixels(where)
    offset = (targets.centre - cells) / STRIDE
    vectors = (targets.centre[:, None] - targets.points[:, _CORNERS]) / STRIDE
    share = targets.share / targets.share.sum().clamp_min(1)
    for name, true in (("reg", offset), ("wh", vectors.flatten(1))):
        error = F.l1_loss(cell_values(maps[name], where), true, reduction="none").mean(1)
        loss = loss + (share * error).sum()
    return loss


def detector_of(variant: Variant, network: nn.Module) -> Detector:
    """The whole detection with a variant's network."""
    info = SimpleNamespace(
        architecture="published" if variant.published else "compact",
        config={"input_size": list(variant.canvas)},
        levels=(),
        name=variant.name,
        version="0",
        sha256="",
    )
    model = SimpleNamespace(module=network.eval(), info=info, device=torch.device("cpu"))
    return Detector(cast(LoadedModel, model), area=variant.canvas[0] * variant.canvas[1])


def row(variant: Variant, network: nn.Module, views: int, scans: int) -> dict[str, Any]:
    """The figures of a trained variant on freshly rendered scans."""
    figures = summary(list(validate(detector_of(variant, network), scans, FIRST_SEED).images))
    shown = {name: figures[name] for name in COLUMNS if name in figures}
    return {
        "variant": variant.name,
        "views": views,
        "parameters": sum(p.numel() for p in network.parameters()),
        "gmac": round(multiplications(variant, network) / 1e9, 2),
        **{name: round(float(value), 4) for name, value in shown.items()},
    }


def multiplications(variant: Variant, network: nn.Module) -> int:
    """Multiply-adds of the convolutions of one first look."""
    total = 0

    def count(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            kernel = module.kernel_size[0] * module.kernel_size[1]
            total += output.numel() * kernel * module.in_channels // module.groups

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3 if variant.published else 1, *variant.canvas))
    for hook in hooks:
        hook.remove()
    return total


def rows(
    scans: Path,
    output: Path,
    *,
    views: int,
    peer_views: int,
    judged: int,
    done: Collection[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> Iterator[dict[str, Any]]:
    """Train and judge every variant, and the peer beside ours at its number of views.

    Args:
        scans: folder of rendered scans.
        output: keeps the states of the trainings.
        views: of each variant.
        peer_views: of the peer, and of ours beside it.
        judged: scans each is judged on.
        done: variants to leave out.
        report: called with one line at a time.
    """
    small = replace(VARIANTS[0], name="as bundled, views of the peer", canvas=PEER.canvas)
    planned = [(v, views) for v in VARIANTS] + [(small, peer_views), (PEER, peer_views)]
    for variant, count in planned:
        if variant.name in done:
            continue
        torch.manual_seed(1)
        train = train_published if variant.published else train_compact
        state = output / variant.name.replace(" ", "_").replace(",", "")
        network = train(variant, scans, count, state, report)
        yield row(variant, network, count, judged)
