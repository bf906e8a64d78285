"""A share of the hard knocks that tools/ deals out whole: damaged files, killed commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")


def knocks(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / name, *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("seed", ["11", "12"])
def test_no_reader_breaks_on_damaged_files(seed: str) -> None:
    pytest.importorskip("highdicom")
    done = knocks("hard_knocks.py", "--count", "200", "--seed", seed)
    assert done.returncode == 0, done.stdout
    assert "200 inputs, 0 defects" in done.stdout


def test_a_killed_command_leaves_no_half_written_file() -> None:
    done = knocks("kill_knocks.py", "--count", "6", "--images", "60")
    assert done.returncode == 0, done.stdout
    assert ", 0 files not whole" in done.stdout
