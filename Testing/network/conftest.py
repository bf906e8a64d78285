"""The published network with made-up weights: a check that needs nobody's checkpoint."""

from __future__ import annotations

import csv
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

DATA = Path(__file__).parent / "data"


def _normal(seed: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(zlib.crc32(seed.encode()))).standard_normal(shape)


def _made_up_tensor(prefix: str, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    n = _normal(prefix + name, shape)
    if name.endswith("running_var"):
        n = 1 + 0.5 * np.tanh(n)
    elif name.endswith("running_mean"):
        n = 0.1 * n
    elif len(shape) >= 2 and not name.endswith("temperature"):
        n = n / math.sqrt(math.prod(shape[1:]))
    elif name.endswith("bias"):
        n = 0.1 * n
    else:
        n = 1 + 0.1 * n
    return torch.from_numpy(n.astype(np.float32))


def made_up_weights(prefix: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Weights drawn from the names of the tensors; another prefix gives other weights."""
    return {name: _made_up_tensor(prefix, name, shape) for name, shape in shapes.items()}


def made_up_input(prefix: str, shape: tuple[int, ...] = (1, 3, 1024, 512)) -> torch.Tensor:
    """The input that goes with them."""
    return torch.from_numpy((_normal(prefix + "input", shape) * 0.25).astype(np.float32))


@pytest.fixture(scope="session")
def make_weights():
    return made_up_weights


@pytest.fixture(scope="session")
def make_input():
    return made_up_input


@pytest.fixture(scope="session")
def published_shapes() -> dict[str, tuple[int, ...]]:
    """Name to shape of every tensor of the published network, in its order."""
    with (DATA / "published_state_dict.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        r["name"]: () if r["shape"] == "scalar" else tuple(map(int, r["shape"].split("x")))
        for r in rows
    }


@pytest.fixture(scope="session")
def a_published_checkpoint(published_shapes, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("published") / "epoch_49.pth"
    torch.save({"epoch": 49, "state_dict": made_up_weights("dev:", published_shapes)}, path)
    return path


@pytest.fixture(scope="session")
def published_reference() -> dict[str, np.ndarray]:
    """Answers of the published network: every fourth row and column of its outputs."""
    with np.load(DATA / "published_parity.npz") as file:
        return dict(file)
