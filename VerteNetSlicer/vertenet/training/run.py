"""A whole training from a configuration to a model folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ..errors import ConfigurationError
from ..network.bundle import ModelInfo
from .card import write_card
from .config import TrainingConfig
from .finish import parameters, store, validate
from .loop import STATE, Trainer
from .own_card import own_section
from .own_data import OwnData, load_own
from .pool import SHARD, load_shards, render_shard, render_shards
from .writing import make_folder

MODEL = "model"
_SEEDS_PER_TRAINING = 1_000_000
_VALIDATION_SCANS = 200


def run(
    config: TrainingConfig,
    output: Path,
    *,
    resume: bool = False,
    report: Callable[[str], None] = lambda line: None,
    validation_scans: int = _VALIDATION_SCANS,
) -> ModelInfo:
    """Render, train, validate, calibrate and write ``OUTPUT/model``.

    ``OUTPUT/scans`` keeps the rendered scans and ``OUTPUT/state`` the training's state,
    so that an interrupted training goes on with ``resume``.

    Args:
        config: the settings.
        output: a folder.
        resume: go on from ``OUTPUT/state``.
        report: called with one line at a time.
        validation_scans: how many scans the model is judged on.

    Raises:
        ConfigurationError: if there is a state and ``resume`` is off, or none and it is on.
        OutputError: if something cannot be written; what was there stays whole.
        ModelError: if the model cannot be written.
    """
    state, scans = output / "state", output / "scans"
    _check_state(state / STATE, resume)
    own = load_own(config, report) if config.images else None
    if config.synthetic_share > 0:
        _render(config, scans, report)
    trainer = Trainer(config, scans, state, report, own=own.scans if own else ())
    if resume:
        trainer.resume()
    trainer.run()
    return finish(trainer, output / MODEL, report, validation_scans, own=own)


def finish(
    trainer: Trainer,
    directory: Path,
    report: Callable[[str], None],
    validation_scans: int,
    *,
    own: OwnData | None = None,
) -> ModelInfo:
    """Judge the running mean of the weights, calibrate it and write it with its card.

    Args:
        trainer: after its last step.
        directory: of the model.
        report: called with one line at a time.
        validation_scans: how many synthetic scans it is judged on.
        own: own data, whose held-back images it is judged on too, beside the model that the
            training went on from.
    """
    from ..detection import load_detector

    config, network = trainer.config, trainer.mean
    keep = {"name": config.name, "version": config.version}
    report(f"Validating on {validation_scans} scans")
    store(directory, network, sigma_factor=1.0, card="Not yet validated.\n", **keep)
    validation = validate(load_detector(directory, "cpu"), validation_scans)
    factor = validation.sigma_factor() if len(validation.pulls) else 1.0
    learnt = sum(len(shard) for shard in load_shards(trainer.pool).values())
    card = write_card(
        config,
        validation,
        scans=learnt,
        views=trainer.step * config.batch,
        parameters=parameters(network),
        factor=factor,
    )
    if own is not None:
        stored = store(directory, network, sigma_factor=factor, card=card, **keep)
        card += own_section(config, own, load_detector(stored.directory, "cpu"))
    report(card)
    return store(directory, network, sigma_factor=factor, card=card, **keep)


def _check_state(path: Path, resume: bool) -> None:
    if resume and not path.exists():
        raise ConfigurationError(
            f"Expected the state of a training at '{path}', found none. Start without --resume."
        )
    if not resume and path.exists():
        raise ConfigurationError(
            f"Expected an empty output folder, found the state of a training at '{path}'. "
            "Add --resume to go on with it, or choose another folder."
        )


def _render(config: TrainingConfig, scans: Path, report: Callable[[str], None]) -> None:
    """Render what is missing, on a GPU or on as many processes as the training has threads."""
    import torch

    make_folder(scans)
    shards = max(1, round(config.scans / SHARD))
    per_shard = min(SHARD, config.scans)
    firsts = [config.seed * _SEEDS_PER_TRAINING + i * SHARD for i in range(shards)]
    report(f"Rendering {shards * per_shard} scans")
    if torch.cuda.is_available():
        done = render_shards(scans, firsts, per_shard, device="cuda", workers=config.threads)
    else:
        done = _on_processes(config.threads, scans, firsts, per_shard)
    for i, _ in enumerate(done):
        if (i + 1) % 10 == 0:
            report(f"Rendered {(i + 1) * per_shard} scans")


def _on_processes(
    threads: int, scans: Path, firsts: Sequence[int], per_shard: int
) -> Iterator[Path]:
    with ProcessPoolExecutor(
        threads, mp_context=get_context("spawn"), initializer=_one_thread
    ) as workers:
        jobs = [workers.submit(render_shard, scans, first, per_shard) for first in firsts]
        for job in jobs:
            yield job.result()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
