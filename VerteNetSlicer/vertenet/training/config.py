"""The settings of a training: one dataclass for the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..texts import parsed_json

FINE_TUNING: Mapping[str, Any] = {"learning_rate": 3e-4, "scans": 2000}
"""Defaults of a training that goes on from a model."""

BUNDLED = "bundled"


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
        steps: number of steps instead of ``minutes``; None goes by the clock.
        images: folder of the user's own images; None for synthetic scans alone.
        points: their annotations, see :mod:`vertenet.training.annotations`; None looks in
            ``images``.
        real_share: share of own images in each batch.
        hold_out: share of own patients (or images) kept back for the card.
        start: ``"bundled"`` or a model folder to go on from; None starts afresh.
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
    steps: int | None = None
    images: str | None = None
    points: str | None = None
    real_share: float = 0.5
    hold_out: float = 0.15
    start: str | None = None
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
        if self.steps is not None and self.steps < 1:
            raise ConfigurationError(
                f"Expected 1 or more 'steps', got {self.steps}. Correct the training configuration."
            )
        if not (0 < self.real_share <= 1 and 0 <= self.hold_out < 1):
            raise ConfigurationError(
                "Expected 'real_share' above 0 up to 1 and 'hold_out' from 0 to below 1, got "
                f"{self.real_share} and {self.hold_out}. Correct the training configuration."
            )
        if self.points is not None and self.images is None:
            object.__setattr__(self, "images", _folder_of(self.points))

    @property
    def synthetic_share(self) -> float:
        """Share of synthetic scans in each batch."""
        return 1.0 - (self.real_share if self.images else 0.0)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """Settings by name; going on from a model has gentler defaults, :data:`FINE_TUNING`.

        Raises:
            ConfigurationError: if a name is unknown or a value cannot be used.
        """
        defaults = FINE_TUNING if values.get("start") else {}
        return cls(**{**defaults, **values})

    @classmethod
    def read(cls, path: str | Path, **instead: Any) -> TrainingConfig:
        """Read a JSON file whose keys are this class's attributes.

        Args:
            path: the file; paths in it are relative to its folder.
            instead: values that go before the file's.

        Raises:
            ConfigurationError: if the file cannot be read or has an unknown key.
        """
        try:
            values = parsed_json(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
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
        try:
            return cls.from_dict({**_beside(values, Path(path).parent), **instead})
        except TypeError as error:
            raise ConfigurationError(
                f"Expected numbers and names of the right kind in '{path}' ({error}). Correct them."
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def _beside(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Paths of a configuration file are relative to the file."""
    out = dict(values)
    for key in ("images", "points", "start"):
        if isinstance(out.get(key), str) and not (key == "start" and out[key] == BUNDLED):
            out[key] = str(folder / out[key])
    return out


def _folder_of(points: str) -> str:
    path = Path(points)
    return str(path if path.is_dir() else path.parent)
