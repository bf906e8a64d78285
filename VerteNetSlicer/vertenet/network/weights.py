"""Reading state dictionaries without running what is in them, and loading them strictly."""

from __future__ import annotations

import io
import pickle
import struct
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError

StateDict = dict[str, Tensor]

#: What torch.load raises for files that are damaged, of another kind, or carry code.
UNREADABLE = (
    pickle.UnpicklingError,
    struct.error,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ImportError,
    OverflowError,
    MemoryError,
)
_SHOWN = 4
_PARALLEL_PREFIX = "module."


def read_file(path: str | Path) -> bytes:
    """The bytes of a weights file.

    Raises:
        ModelError: if the file is missing or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelError(
            f"Expected a weights file at '{path}', but there is none. Check the path."
        ) from None
    except OSError as error:
        raise ModelError(
            f"Expected a readable weights file, but '{path}' cannot be read "
            f"({error.strerror}). Check the path and its permissions."
        ) from error


def parse_state_dict(data: bytes, *, source: str) -> StateDict:
    """Read a checkpoint as plain tensors; code inside it is refused, never run.

    Accepted are a bare state dictionary, one under ``"state_dict"``, and names that
    all begin with ``module.`` (saved from ``DataParallel``).

    Args:
        data: the file's bytes.
        source: what to call the file in messages.

    Raises:
        ModelError: if it is damaged, holds more than plain tensors, or holds none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise ModelError(
            f"Expected a PyTorch checkpoint of plain tensors, but '{source}' is damaged, "
            "of another kind, or holds code, which is never run. "
            "Download it again, or save only the state dictionary."
        ) from error
    return _without_parallel_prefix(_tensors_of(content, source))


def _tensors_of(content: Any, source: str) -> StateDict:
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        held = "an empty one" if isinstance(content, Mapping) else f"a {type(content).__name__}"
        raise ModelError(
            f"Expected a state dictionary or a checkpoint with one, but '{source}' holds "
            f"{held}. Give another file."
        )
    strange = [str(k) for k, v in content.items() if not isinstance(v, Tensor)]
    if strange:
        raise ModelError(
            f"Expected only tensors in the state dictionary of '{source}', but "
            f"{listed(strange)} is something else. Save the network's state_dict() alone."
        )
    return {str(name): tensor for name, tensor in content.items()}


def _without_parallel_prefix(state: StateDict) -> StateDict:
    if not all(name.startswith(_PARALLEL_PREFIX) for name in state):
        return state
    return {name[len(_PARALLEL_PREFIX) :]: tensor for name, tensor in state.items()}


def listed(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Copy a state dictionary into a module: every tensor used, none left over.

    Raises:
        ModelError: naming the first tensors that are missing, unexpected, of another
            shape or kind, or not finite, with their counts.
    """
    faults = _faults(module.state_dict(), state)
    if faults:
        raise ModelError(
            f"Expected weights that fit the network exactly, but in '{source}' "
            f"{'; '.join(faults)}. Give a checkpoint of this very architecture."
        )
    module.load_state_dict(dict(state), strict=True)


def _faults(expected: Mapping[str, Tensor], got: Mapping[str, Tensor]) -> list[str]:
    common = [name for name in expected if name in got]
    shape = [
        f"{n} {_size(got[n])} instead of {_size(expected[n])}"
        for n in common
        if got[n].shape != expected[n].shape
    ]
    groups = {
        "missing": [n for n in expected if n not in got],
        "unexpected": [n for n in got if n not in expected],
        "of another shape": shape,
        "of another kind of number": [n for n in common if not _same_kind(got[n], expected[n])],
        "not finite": [n for n in common if not _finite(got[n])],
    }
    return [f"{len(names)} {word} ({listed(names)})" for word, names in groups.items() if names]


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _same_kind(a: Tensor, b: Tensor) -> bool:
    return a.layout == b.layout and a.is_floating_point() == b.is_floating_point()


def _finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() or tensor.layout != torch.strided:
        return True
    return bool(torch.isfinite(tensor).all())
