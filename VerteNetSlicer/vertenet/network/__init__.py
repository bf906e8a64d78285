"""Networks, their weights and their heat-map coding.

Names are resolved on first use, so that ``read_model_info`` works without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bundle import (
        ARCHITECTURES,
        LoadedModel,
        ModelInfo,
        load_model,
        read_model_info,
        write_model,
    )
    from .published import convert_checkpoint, load_published

_HOME = {
    "ARCHITECTURES": ".bundle",
    "LoadedModel": ".bundle",
    "ModelInfo": ".bundle",
    "load_model": ".bundle",
    "read_model_info": ".bundle",
    "write_model": ".bundle",
    "convert_checkpoint": ".published",
    "load_published": ".published",
}

__all__ = [
    "ARCHITECTURES",
    "LoadedModel",
    "ModelInfo",
    "convert_checkpoint",
    "load_model",
    "load_published",
    "read_model_info",
    "write_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name], __name__), name)
