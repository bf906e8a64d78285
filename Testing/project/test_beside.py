"""How threads of a process of ours wait for each other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_TOLD = """
import os, sys
from vertenet.beside import rest_soon

rest_soon()
print(os.environ.get("GOMP_SPINCOUNT"), sys.getswitchinterval() < 0.001)
"""


@pytest.mark.parametrize(
    ("given", "turns"),
    [
        ({}, "20000"),
        ({"GOMP_SPINCOUNT": "77"}, "77"),
        ({"OMP_WAIT_POLICY": "active"}, "None"),
    ],
)
def test_idle_threads_rest_soon_unless_the_environment_says_how_they_wait(
    given: dict[str, str], turns: str
) -> None:
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    told = subprocess.run(
        [sys.executable, "-c", _TOLD],
        env={**clean, **given}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == [turns, "True"]
