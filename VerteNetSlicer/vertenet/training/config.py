"""The settings of a training: one dataclass for the API and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError


@dataclass(frozen=True)
class TrainingConfig:
    """What a training does; everything has a default.

    Attributes:
        minutes: wall-clock budget; the learning rate follows the share that is spent.
        batch: images per step.
        crops: vertebrae per step for the second look.
        learning_rate: its peak.
        weight_decay: of AdamW.
        average: decay of the running mean of the weights.
        seed: of every random draw.
        threads: CPU threads.
        scans: rendered scans to begin with.
        checkpoint_minutes: how often the state is saved.
        name: of the model that is written.
        version: of the model that is written.
        network: settings of :class:`vertenet.network.compact.CompactConfig`.
    """

    minutes: float = 60.0
    batch: int = 16
    crops: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    average: float = 0.998
    seed: int = 1
    threads: int = 2
    scans: int = 12000
    checkpoint_minutes: float = 4.0
    name: str = "vertenet-compact"
    version: str = "0.1.0"
    network: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("minutes", "batch", "learning_rate", "threads", "scans"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"Expected a value above 0 for '{name}', got {getattr(self, name)}. "
                    "Correct the training configuration."
                )

    @classmethod
    def read(cls, path: str | Path) -> TrainingConfig:
        """Read a JSON file whose keys are this class's attributes.

        Raises:
            ConfigurationError: if the file cannot be read or has an unknown key.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"Expected a training configuration in JSON, got '{path}' ({error}). "
                "Give a file such as Resources/Models/vertenet-compact/training.json."
            ) from error
        known = {f.name for f in fields(cls)}
        if not isinstance(values, dict) or set(values) - known:
            extra = sorted(set(values) - known) if isinstance(values, dict) else type(values)
            raise ConfigurationError(
                f"Expected only the keys {', '.join(sorted(known))} in '{path}', got {extra}. "
                "Remove or correct them."
            )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)
