"""Learning the bundled network: data, losses, loop, error metrics."""

from __future__ import annotations

from .run import run

__all__ = ["run"]
