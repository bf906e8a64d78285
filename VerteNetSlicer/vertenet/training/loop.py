"""The training loop: renders, learns, averages, saves, resumes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigurationError
from ..network.bundle import load_model
from ..network.coding import UNKNOWN, encode
from ..network.compact import CompactConfig, CompactVerteNet
from ..network.refiner import crop_frames, cut_crops, to_crop
from ..network.weights import UNREADABLE
from .augment import Batch, clutter, draw_canvas, make_batch, shade
from .config import BUNDLED, TrainingConfig
from .losses import detection_losses, refiner_loss, total
from .pool import Shard, load_shards
from .writing import write_tensors

STATE = "training_state.pt"
Scan = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int8]]
Report = Callable[[str], None]
_WARM_UP_STEPS = 200
_FULL_TURN_OF_SHARDS_S = 30.0
_LOG_MISPLACED = (math.log(0.03), math.log(0.16))


class Trainer:
    """A training that can stop and go on at any step.

    The state folder holds ``training_state.pt``: weights, their running mean, the
    optimiser, the step and the seconds spent.  ``own`` are scans of a user's own images,
    drawn in ``config.real_share`` of all cases.
    """

    def __init__(
        self,
        config: TrainingConfig,
        pool: Path,
        state: Path,
        report: Report,
        *,
        own: Sequence[Scan] = (),
    ) -> None:
        self.config, self.pool, self.state, self.report = config, pool, state, report
        self.own = tuple(own)
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.network = starting_network(config)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean = deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(
            _groups(self.network, config.weight_decay), lr=config.learning_rate
        )
        self.step, self.seconds = 0, 0.0
        self.shards: dict[str, Shard] = {}
        self._looked = -math.inf

    def resume(self) -> bool:
        """Go on from the state folder; False where there is nothing yet.

        Raises:
            ConfigurationError: if the state is damaged or of other settings.
        """
        path = self.state / STATE
        if not path.exists():
            return False
        try:
            saved = torch.load(path, weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.mean.load_state_dict(saved["mean"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds = int(saved["step"]), float(saved["seconds"])
        except UNREADABLE as error:
            raise ConfigurationError(
                f"Expected the state of a training with these settings in '{path}', but it is "
                f"damaged or of others ({type(error).__name__}). Give the settings it was begun "
                "with, or delete it and start without --resume."
            ) from error
        return True

    def save(self) -> None:
        """Write the state aside and rename it.

        Raises:
            OutputError: if it cannot be written; an earlier state stays as it was.
        """
        write_tensors(
            self.state / STATE,
            {
                "network": self.network.state_dict(),
                "mean": self.mean.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            },
        )

    def run(self) -> None:
        """Train until the budget is spent."""
        budget = 60 * self.config.minutes
        saved = told = self.seconds
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as ahead:
            coming = ahead.submit(self._draw, self.step)
            while self._spent(budget) < 1:
                start = time.monotonic()
                batch, crops = coming.result()
                coming = ahead.submit(self._draw, self.step + 1)
                losses = self._learn(batch, crops, self._spent(budget))
                self.step += 1
                self.seconds += time.monotonic() - start
                if self.seconds - told > 20:
                    told = self.seconds
                    self._tell(losses, budget)
                if self.seconds - saved > 60 * self.config.checkpoint_minutes:
                    saved = self.seconds
                    self.save()
        self.save()

    def _spent(self, budget: float) -> float:
        """Share of the budget of steps, or of seconds where no steps are given."""
        if self.config.steps is not None:
            return self.step / self.config.steps
        return self.seconds / budget

    def _tell(self, losses: dict[str, Tensor], budget: float) -> None:
        terms = " ".join(f"{name} {float(value):.3f}" for name, value in losses.items())
        images = self.step * self.config.batch
        steps = self.config.steps
        of_time, of_steps = ("", f"/{steps}") if steps else (f"/{budget / 60:.0f}", "")
        self.report(
            f"{self.seconds / 60:.1f}{of_time} min, step {self.step}{of_steps}, "
            f"{images} views, {self.seconds / max(self.step, 1):.2f} s/step: {terms}"
        )

    def _draw(self, step: int) -> tuple[Batch, tuple[Tensor, Tensor, Tensor]]:
        """The batch and the crops of one step; depends on seed, step and pool alone."""
        rng = np.random.default_rng((self.config.seed, step))
        scans = [self._own_scan(rng) or self._scan(rng) for _ in range(self.config.batch)]
        canvas = draw_canvas(rng)
        return make_batch(scans, canvas, rng), draw_crops(scans, self.config.crops, rng)

    def _own_scan(self, rng: np.random.Generator) -> Scan | None:
        """A scan of the user's, or None where the turn is a synthetic one's."""
        if not self.own or rng.random() >= self.config.real_share:
            return None
        return self.own[int(rng.integers(len(self.own)))]

    def _scan(self, rng: np.random.Generator) -> Scan:
        if time.monotonic() - self._looked > _FULL_TURN_OF_SHARDS_S or not self.shards:
            self._looked = time.monotonic()
            self.shards.update(load_shards(self.pool, tuple(self.shards)))
        shard = list(self.shards.values())[int(rng.integers(len(self.shards)))]
        i = int(rng.integers(len(shard)))
        return shard.images[i], shard.points[i], shard.visible[i]

    def _learn(
        self, batch: Batch, crops: tuple[Tensor, Tensor, Tensor], spent: float
    ) -> dict[str, Tensor]:
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(spent)
        targets = encode(batch.points, batch.visible, *batch.images.shape[-2:])
        images = batch.images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            maps = self.network(images)
            second = self.network.refiner(crops[0]) if self.network.refiner else None
        losses = detection_losses(maps, targets)
        loss = total(losses)
        if second is not None:
            losses["second look"] = refiner_loss(second, crops[1], crops[2])
            loss = loss + losses["second look"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._average()
        return {name: value.detach() for name, value in losses.items()}

    def _rate(self, spent: float) -> float:
        warm = min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        return (
            self.config.learning_rate
            * warm
            * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, spent))))
        )

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.average, (1 + self.step) / (10 + self.step))
        current = self.network.state_dict()
        for name, value in self.mean.state_dict().items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])


def starting_network(config: TrainingConfig) -> CompactVerteNet:
    """An untrained network, or the one of the model that the training goes on from.

    Raises:
        ConfigurationError: if that model is of another architecture or size than asked for.
        ModelError: if it is missing or damaged.
    """
    if config.start is None:
        return CompactVerteNet(CompactConfig.from_dict(config.network))
    model = load_model(None if config.start == BUNDLED else config.start, "cpu")
    if not isinstance(model.module, CompactVerteNet):
        raise ConfigurationError(
            f"Expected a model of the compact architecture to go on from, got {model.info.name} "
            f"of the {model.info.architecture} one. Choose another 'start'."
        )
    wanted = {**model.info.config, **config.network}
    if CompactConfig.from_dict(wanted) != model.module.config:
        raise ConfigurationError(
            f"Expected the network settings of the model at '{config.start}', got others. "
            "Leave out 'network', or train from the beginning without 'start'."
        )
    return model.module.train()


def _groups(network: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weights of two or more dimensions decay; norms and biases do not."""
    heavy = [p for p in network.parameters() if p.dim() > 1]
    light = [p for p in network.parameters() if p.dim() <= 1]
    return [{"params": heavy, "weight_decay": decay}, {"params": light, "weight_decay": 0.0}]


def draw_crops(
    scans: list[Scan], count: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Crops of random vertebrae, placed as inexactly as a first look would.

    Returns:
        (N, 1, 80, 80) crops, (N, 6, 2) true crop coordinates (NaN for points that were not
        annotated), (N,) 1 where measurable.
    """
    images, truths, clear = [], [], []
    for k in range(count):
        image, points, visible = scans[k % len(scans)]
        bodies = np.flatnonzero((visible > 0) & (visible != UNKNOWN))
        if not len(bodies):
            continue
        body = int(rng.choice(bodies))
        true = torch.from_numpy(np.array(points[body]))[None]
        frame = crop_frames(_misplaced(true, rng))
        source = torch.from_numpy(np.array(image))[None, None].float() / 255
        crop = cut_crops(source, frame)[0]
        if rng.random() < 0.5:
            crop = clutter(crop, int(rng.integers(1, 5)), rng)
        images.append(shade(crop, rng))
        truths.append(to_crop(frame, true)[0])
        clear.append(float(visible[body] == 1))
    return torch.stack(images), torch.stack(truths), torch.tensor(clear)


def _misplaced(points: Tensor, rng: np.random.Generator) -> Tensor:
    """Points (1, 6, 2) with a common shift, a size error and an error of their own.

    How far off differs from crop to crop: on looks that differ from the rendered ones
    a first look errs by far more than on rendered scans.
    """
    centre = points[:, [0, 2, 3, 5]].mean(1, keepdim=True)
    size = (points[:, 2] - points[:, 5]).norm() / math.sqrt(2)
    spread = math.exp(rng.uniform(*_LOG_MISPLACED))
    shift = torch.from_numpy(rng.normal(0, spread, (1, 1, 2)).astype(np.float32))
    own = torch.from_numpy(rng.normal(0, spread, (1, 6, 2)).astype(np.float32))
    grow = float(np.exp(rng.normal(0, spread)))
    return centre + (points - centre) * grow + (shift + own) * size
