"""torch, which Slicer does not bring: through its PyTorch extension, after asking."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import logging
import sys
from collections.abc import Callable
from typing import Protocol

from vertenet.errors import MissingDependencyError

_OFFLINE = (
    "Without a network, install torch on this computer as the manual of the PyTorch extension "
    "says; points can still be opened, corrected and measured."
)
Log = Callable[[str], None]


class TorchInstaller(Protocol):
    """Whatever can bring torch."""

    def installed(self) -> bool:
        """True where ``import torch`` will work."""
        ...

    def install(self, log: Log) -> None:
        """Ask the user and install; raises MissingDependencyError otherwise."""
        ...

    def check(self) -> None:
        """Import torch; raises MissingDependencyError where what is there is broken."""
        ...


class PyTorchExtension:
    """Slicer's PyTorch extension, which chooses the build for the graphics card."""

    def installed(self) -> bool:
        """True where torch can be found; it is not imported."""
        found = importlib.util.find_spec("torch")
        # An installation that broke off leaves a folder of that name, without the package.
        return found is not None and found.origin is not None

    def install(self, log: Log = lambda line: None) -> None:
        """Ask the user and install torch; ``log`` gets each line that is written meanwhile.

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
            with contextlib.redirect_stdout(_Overheard(sys.stdout, log)):
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
        importlib.invalidate_caches()
        if not self.installed():
            raise MissingDependencyError(
                "Expected torch after its installation, but it cannot be found yet. "
                "Restart Slicer and detect again."
            )

    def check(self) -> None:
        """Import torch.

        Raises:
            MissingDependencyError: if what is installed cannot be imported.
        """
        try:
            importlib.import_module("torch")
        # A broken installation throws whatever its first broken file does.
        except Exception as error:
            logging.exception("Importing torch failed")
            raise MissingDependencyError(
                f"Expected torch to start, but it failed: {error}. Restart Slicer and detect "
                "again; if it fails again, uninstall torch in the module 'PyTorch Utils', "
                "restart and detect once more."
            ) from error


class _Overheard(io.TextIOBase):
    """A stream that passes everything on and tells each line."""

    def __init__(self, stream, log: Log) -> None:
        super().__init__()
        self._stream = stream
        self._log = log
        self._begun = ""

    def write(self, text: str) -> int:
        """Pass on; tell what is whole."""
        self._stream.write(text)
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._log(line)
        return len(text)

    def flush(self) -> None:
        """Pass on; the log has no buffer."""
        # Slicer's console is no file and need not have it.
        getattr(self._stream, "flush", lambda: None)()
