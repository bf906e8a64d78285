"""The network behind a port: loaded at the first use, on the best device.

torch is not imported here; an installer is asked for it first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vertenet.analysis import NamedModel
from vertenet.anatomy import Side, Spine
from vertenet.errors import ModelError
from vertenet.images import DxaImage

from .torch_install import PyTorchExtension, TorchInstaller


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
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``; changing it reloads the model.
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

    @property
    def info(self) -> NamedModel:
        """Which network it is; loads it."""
        return self._detector(self.device).info

    @property
    def needs_install(self) -> bool:
        """True where torch must be installed before the first detection."""
        return not self._installer.installed()

    @property
    def used_device(self) -> str:
        """Where the network ran last: ``"cpu"``, ``"cuda"``; empty before it did."""
        return "" if self._loaded is None else str(getattr(self._loaded[1], "device", ""))

    def install(self) -> None:
        """Bring torch, after asking.

        Raises:
            MissingDependencyError: if it was not installed.
        """
        self._installer.install()

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        """Find the vertebrae; a full graphics card falls back to the processor.

        Raises:
            MissingDependencyError: if torch is absent and was not installed.
            ModelError: if the model cannot be loaded, or memory does not suffice.
        """
        self.notes.clear()
        if self.needs_install:
            self.install()
        try:
            return self._detector(self.device).detect(image, anterior=anterior)
        except RuntimeError as error:
            if "out of memory" not in str(error).lower():
                raise
            if self.device == "cpu":
                raise ModelError(
                    "Expected enough memory for the detection, but it ran out. "
                    "Close other programs and try again."
                ) from error
        self.notes.append("The graphics card ran out of memory: the processor was used.")
        self.device = "cpu"
        return self._detector(self.device).detect(image, anterior=anterior)

    def _detector(self, device: str) -> SpineDetector:
        if self._loaded is None or self._loaded[0] != device:
            from vertenet.detection import load_detector

            self._loaded = (device, load_detector(self._model_dir, device))
        return self._loaded[1]
