"""A model on disk: a folder with ``model.json``, its weights and its card.

Reading what a model is needs no torch; loading it does.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, MissingDependencyError, ModelError
from ..texts import parsed_json

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

SCHEMA = "vertenet-model/1"
BUNDLED = "Models/vertenet-compact"
DEVICES = ("auto", "cpu", "cuda")
WEIGHTS_FILE = "weights.pt"
CARD_FILE = "MODEL_CARD.md"
INFO_FILE = "model.json"
LEVEL_NAMES = (*(f"T{i}" for i in range(4, 13)), *(f"L{i}" for i in range(1, 6)))
"""The levels' names as text: this room knows no anatomy."""

# Architecture -> "module:builder"; builder(config) gives the untrained module.
ARCHITECTURES: dict[str, str] = {
    "compact": "vertenet.network.compact:build",
    "published": "vertenet.network.published:build",
}


@dataclass(frozen=True)
class ModelInfo:
    """What a model is, without its weights.

    Attributes:
        name: for example ``vertenet-compact``.
        version: of the model, not of the program.
        sha256: hexadecimal digest of the weights file.
        architecture: a key of :data:`ARCHITECTURES`.
        directory: where it was read.
        config: what its builder was given.
        levels: the levels it can name, from head to foot.
        weights: file name of the weights within the directory.
        card: file name of the card within the directory.
    """

    name: str
    version: str
    sha256: str
    architecture: str
    directory: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[str, ...] = LEVEL_NAMES
    weights: str = WEIGHTS_FILE
    card: str = CARD_FILE

    def card_text(self) -> str:
        """The model card, Markdown.

        Raises:
            ModelError: if the card is missing or not text.
        """
        try:
            return (self.directory / self.card).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ModelError(
                f"Expected the card '{self.card}' of model {self.name} in "
                f"'{self.directory}', but it cannot be read. Install the model again."
            ) from error


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to run: in eval mode on its device."""

    info: ModelInfo
    module: nn.Module
    device: torch.device


def read_model_info(directory: str | Path) -> ModelInfo:
    """Read ``model.json`` of a model directory; imports no torch.

    Raises:
        ModelError: if the directory holds no model, or its description is damaged.
    """
    directory = Path(directory)
    path = directory / INFO_FILE
    try:
        content = parsed_json(path.read_text(encoding="utf-8"))
    except OSError:
        raise ModelError(
            f"Expected a model directory with {INFO_FILE}, got '{directory}'. "
            "Give the folder that 'vertenet train' or 'vertenet convert-checkpoint' wrote."
        ) from None
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is not valid JSON") from error
    return _info(content, path)


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(
        f"Expected a model description ({SCHEMA}) in '{path}', but {why}. Install the model again."
    )


def _info(content: Any, path: Path) -> ModelInfo:
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise _damaged(path, "it is of another schema")
    texts = ("name", "version", "sha256", "architecture", "weights", "card")
    wrong = [key for key in texts if not isinstance(content.get(key), str) or not content[key]]
    if not isinstance(content.get("config"), dict):
        wrong.append("config")
    if wrong:
        raise _damaged(path, f"{', '.join(wrong)} is missing or of the wrong kind")
    if any(Path(content[key]).name != content[key] for key in ("weights", "card")):
        raise _damaged(path, "its files lie outside its folder")
    return ModelInfo(
        **{key: content[key] for key in texts},
        directory=path.parent,
        config=content["config"],
        levels=_levels(content.get("levels"), path),
    )


def _levels(names: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(name in LEVEL_NAMES for name in names):
        raise _damaged(path, "its list of levels is missing or wrong")
    return tuple(names)


def write_model(
    directory: str | Path,
    *,
    state_dict: Mapping[str, Tensor],
    name: str,
    version: str,
    architecture: str,
    config: Mapping[str, Any],
    card: str,
    levels: Iterable[str] = LEVEL_NAMES,
) -> ModelInfo:
    """Write a model directory: a new one appears whole or not at all.

    In a directory that exists the files are replaced one by one, ``model.json`` last;
    other files in it are left alone.

    Args:
        directory: where to; parents are made.
        state_dict: the weights, written as CPU tensors.
        name: of the model.
        version: of the model.
        architecture: a key of :data:`ARCHITECTURES`.
        config: JSON-ready options of the builder.
        card: text of the card, Markdown.
        levels: the levels it can name.

    Raises:
        ModelError: if it cannot be written, or the architecture is unknown.
    """
    directory = Path(directory)
    _check_architecture(architecture)
    description: dict[str, Any] = {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "architecture": architecture,
        "config": dict(config),
        "weights": WEIGHTS_FILE,
        "levels": [str(level) for level in levels],
        "card": CARD_FILE,
    }
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".model-", dir=directory.parent) as scratch:
            made = Path(scratch) / "model"
            made.mkdir()
            _write_files(made, state_dict, description, card)
            _move_into_place(made, directory)
    except OSError as error:
        raise ModelError(
            f"Expected to write the model to '{directory}', but it failed "
            f"({error.strerror or error}). Choose a folder that can be written."
        ) from error
    return read_model_info(directory)


def _write_files(
    folder: Path, state_dict: Mapping[str, Tensor], description: dict[str, Any], card: str
) -> None:
    import torch

    weights = folder / WEIGHTS_FILE
    plain = {key: tensor.detach().cpu().contiguous() for key, tensor in state_dict.items()}
    # torch's own writer answers a full disk with a RuntimeError about its insides.
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    weights.write_bytes(buffer.getbuffer())
    description["sha256"] = hashlib.sha256(buffer.getbuffer()).hexdigest()
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    text = json.dumps(description, indent=2) + "\n"
    (folder / INFO_FILE).write_text(text, encoding="utf-8")


def _move_into_place(made: Path, directory: Path) -> None:
    if not directory.exists():
        os.replace(made, directory)
        return
    for name in (WEIGHTS_FILE, CARD_FILE, INFO_FILE):
        os.replace(made / name, directory / name)


def _check_architecture(architecture: str) -> None:
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"Expected one of the architectures {', '.join(ARCHITECTURES)}, got "
            f"'{architecture}'. Use a model of this version of VerteNet or update the program."
        )


def build_network(architecture: str, config: Mapping[str, Any]) -> nn.Module:
    """The untrained network of that name.

    Raises:
        ModelError: if the name is unknown or the options do not fit it.
    """
    _check_architecture(architecture)
    module_name, _, builder = ARCHITECTURES[architecture].partition(":")
    build = getattr(importlib.import_module(module_name), builder)
    try:
        network: nn.Module = build(dict(config))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"Expected options that fit the {architecture} architecture, got "
            f"{json.dumps(dict(config), default=str)}. Install the model again."
        ) from error
    return network


def load_model(directory: str | Path | None = None, device: str = "auto") -> LoadedModel:
    """Load a model, check its digest, and put it in eval mode on the device.

    Args:
        directory: a model directory; None is the bundled model.
        device: ``"auto"`` takes a GPU where torch finds one.

    Raises:
        ModelError: if the model is missing, damaged, changed or of another kind.
        ConfigurationError: if the device is unknown or absent.
        MissingDependencyError: if torch is not installed.
    """
    chosen = resolve_device(device)
    info = read_model_info(_bundled() if directory is None else directory)
    from .weights import load_strictly, parse_state_dict, read_file

    path = info.directory / info.weights
    data = read_file(path)
    if hashlib.sha256(data).hexdigest() != info.sha256:
        raise ModelError(
            f"Expected the weights that model {info.name} {info.version} was published "
            f"with, but '{path}' was changed or is damaged (its SHA-256 differs). "
            "Install the model again."
        )
    module = build_network(info.architecture, info.config)
    load_strictly(module, parse_state_dict(data, source=str(path)), source=str(path))
    return LoadedModel(info, module.to(chosen).eval(), chosen)


def _bundled() -> Path:
    from ..resources import resource_path

    return Path(resource_path(BUNDLED))


def resolve_device(device: str) -> torch.device:
    """The torch device for ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Raises:
        ConfigurationError: if the device is unknown, or no GPU is there for ``"cuda"``.
        MissingDependencyError: if torch is not installed.
    """
    if device not in DEVICES:
        raise ConfigurationError(
            f"Expected a device of {', '.join(DEVICES)}, got '{device}'. Choose one of them."
        )
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            "Expected PyTorch for finding landmarks, but it is not installed. Install it "
            "(pip install torch; in Slicer the PyTorch extension) and try again."
        ) from error
    has_gpu = device != "cpu" and torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise ConfigurationError(
            "Expected a CUDA GPU for --device cuda, but PyTorch finds none. Use --device cpu."
        )
    return torch.device("cuda" if has_gpu else "cpu")
