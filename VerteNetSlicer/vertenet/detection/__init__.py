"""From an image to a spine: prepare, look, chain, name, look again, map back."""

from __future__ import annotations

from .detector import Detector, load_detector

__all__ = ["Detector", "load_detector"]
