"""torch, which Slicer does not bring: through its PyTorch extension, after asking."""

from __future__ import annotations

import importlib.util
import logging
from typing import Protocol

from vertenet.errors import MissingDependencyError

_OFFLINE = (
    "Without a network, install torch on this computer as the manual of the PyTorch extension "
    "says; points can still be opened, corrected and measured."
)


class TorchInstaller(Protocol):
    """Whatever can bring torch."""

    def installed(self) -> bool:
        """True where ``import torch`` will work."""
        ...

    def install(self) -> None:
        """Ask the user and install; raises MissingDependencyError otherwise."""
        ...


class PyTorchExtension:
    """Slicer's PyTorch extension, which chooses the build for the graphics card."""

    def installed(self) -> bool:
        """True where torch can be found; it is not imported."""
        return importlib.util.find_spec("torch") is not None

    def install(self) -> None:
        """Ask the user and install torch.

        Raises:
            MissingDependencyError: if the extension is absent, the user declines or
                the installation fails.
        """
        try:
            import PyTorchUtils
        except ImportError:
            raise MissingDependencyError(
                "Expected the PyTorch extension, which installs torch, but it is absent. Install "
                "'PyTorch' in the Extensions Manager, restart Slicer and detect again. " + _OFFLINE
            ) from None
        try:
            torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(
                askConfirmation=True, torchVersionRequirement=">=2.2"
            )
        # Whatever pip, the network or a half-installed torch throws ends here as one sentence.
        except Exception as error:
            logging.exception("Installing torch failed")
            raise MissingDependencyError(
                f"Expected torch to be installed, but that failed: {error}. Restart Slicer and "
                "try again; the log has the details. " + _OFFLINE
            ) from error
        if torch is None:
            raise MissingDependencyError(
                "Expected torch, which the detection needs, but it was not installed. "
                "Detect again and agree to the installation. " + _OFFLINE
            )
