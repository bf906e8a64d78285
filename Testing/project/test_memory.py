"""Freed memory that a process of ours keeps for the next image."""

from __future__ import annotations

import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
from vertenet.memory import keep_memory

known = keep_memory() if sys.argv[1] == "keep" else True
faults = []
for _ in range(9):
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    # 48 MiB, twelve thousand pages: more than the C library would ever keep by itself
    bytearray(b"x") * (48 << 20)
print(int(known), faults[-1] - faults[2])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux clears pages anew")
def test_an_array_is_made_where_the_one_before_was() -> None:
    known, kept = _faults("keep")
    if not known:
        pytest.skip("another C library than glibc")
    _, given_back = _faults("give back")
    assert given_back > 6 * 12_000
    assert kept < 12_000  # not even one array in seven


def _faults(way: str) -> tuple[bool, int]:
    told = subprocess.run(
        [sys.executable, "-c", _FAULTS, way], stdout=subprocess.PIPE, text=True, check=True
    )
    known, faults = told.stdout.split()
    return known == "1", int(faults)
