"""The network behind a port: loaded at the first use, on the best device.

torch is not imported here; an installer is asked for it first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from vertenet.analysis import NamedModel
from vertenet.anatomy import Side, Spine
from vertenet.errors import ModelError
from vertenet.images import DxaImage

from .torch_install import PyTorchExtension, TorchInstaller

Result = TypeVar("Result")

DEVICES = ("auto", "cpu", "cuda")
_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
# A card that torch's build does not know says so only when it is to compute.
_CARD = ("cuda", "cudnn", "cublas", "kernel image", "nvidia")


class SpineDetector(Protocol):
    """Whatever finds a spine in an image."""

    @property
    def info(self) -> NamedModel:
        """Which network it is."""
        ...

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        """Find the vertebrae."""
        ...


class BundledDetector:
    """The bundled model, or one of the user's.

    Attributes:
        device: one of :data:`DEVICES`; changing it reloads the model.
        notes: what the reader must know of the last detection.
    """

    def __init__(
        self,
        *,
        model_dir: Path | None = None,
        device: str = "auto",
        installer: TorchInstaller | None = None,
    ) -> None:
        self.device = device
        self.notes: list[str] = []
        self._model_dir = model_dir
        self._installer = installer or PyTorchExtension()
        self._loaded: tuple[str, SpineDetector] | None = None
        # A detection that was stopped may still be going on in its thread.
        self._one = threading.Lock()

    @property
    def info(self) -> NamedModel:
        """Which network it is; loads it."""
        return self._detector(self.device).info

    @property
    def needs_install(self) -> bool:
        """True where torch must be installed before the first detection."""
        return not self._installer.installed()

    @property
    def ready(self) -> bool:
        """True where the network is loaded for the device."""
        return self._loaded is not None and self._loaded[0] == self.device

    @property
    def used_device(self) -> str:
        """Where the network ran last: ``"cpu"``, ``"cuda"``; empty before it did."""
        return "" if self._loaded is None else str(getattr(self._loaded[1], "device", ""))

    def install(self, log: Callable[[str], None] = lambda line: None) -> None:
        """Bring torch, after asking; ``log`` gets each line that the installation writes.

        Raises:
            MissingDependencyError: if it was not installed.
        """
        self._installer.install(log)

    def prepare(self) -> None:
        """Bring torch and load the network, so that a detection can begin.

        Raises:
            MissingDependencyError: if torch is absent and was not installed, or broken.
            ModelError: if the model cannot be loaded.
        """
        self.notes.clear()
        if self.needs_install:
            self.install()
        self._on_a_device(lambda: self._detector(self.device))

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        """Find the vertebrae; a graphics card that cannot falls back to the processor.

        Raises:
            MissingDependencyError: if torch is absent and was not installed, or broken.
            ModelError: if the model cannot be loaded, or memory does not suffice.
        """
        with self._one:
            if not self.ready:
                self.prepare()
            return self._on_a_device(
                lambda: self._detector(self.device).detect(image, anterior=anterior)
            )

    def _on_a_device(self, action: Callable[[], Result]) -> Result:
        """What the action gives on the chosen device, or on the processor instead."""
        while True:
            try:
                return action()
            except (RuntimeError, MemoryError) as error:
                says = str(error).lower()
                full = isinstance(error, MemoryError) or any(word in says for word in _MEMORY)
                if self.device == "cpu" or not (full or any(word in says for word in _CARD)):
                    if full:
                        raise _too_little_memory() from error
                    raise
            why = "ran out of memory" if full else "could not run the network"
            self.notes.append(f"The graphics card {why}: the processor was used.")
            self.device = "cpu"

    def _detector(self, device: str) -> SpineDetector:
        if self._loaded is None or self._loaded[0] != device:
            self._installer.check()
            from vertenet.detection import load_detector

            # The one before goes first: two may be more than a card holds.
            self._loaded = None
            self._loaded = (device, load_detector(self._model_dir, device))
        return self._loaded[1]


def _too_little_memory() -> ModelError:
    return ModelError(
        "Expected enough memory for the detection, but it ran out. "
        "Close other programs and try again."
    )
