"""What an import of the package loads, asked in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "VerteNetSlicer" / "vertenet"
HEAVY = ("torch", "slicer", "vtk", "qt", "trame", "torchvision", "matplotlib", "dask")
WITH_TORCH = {"network", "training", "synthesis"}


def loaded_after(code: str) -> set[str]:
    """Which heavy packages are loaded once the code has run."""
    program = f"import sys; {code}; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CORE.parent), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def modules_without_torch() -> list[str]:
    found = []
    for path in sorted(CORE.rglob("*.py")):
        relative = path.relative_to(CORE.parent).with_suffix("")
        parts = [part for part in relative.parts if part != "__init__"]
        if len(parts) < 2 or parts[1] not in WITH_TORCH | {"__main__"}:
            found.append(".".join(parts))
    return found


def test_import_vertenet_loads_neither_torch_nor_a_host() -> None:
    assert loaded_after("import vertenet") == set()


def test_the_whole_core_but_the_network_imports_without_torch_or_a_host() -> None:
    names = modules_without_torch()
    assert len(names) > 5
    assert loaded_after("import " + ", ".join(names)) == set()


def test_the_network_room_itself_can_be_imported_without_torch() -> None:
    assert loaded_after("import vertenet.network") == set()


@pytest.mark.parametrize("name", ["vertenet.errors", "vertenet.resources"])
def test_the_ground_floor_needs_the_standard_library_only(name: str) -> None:
    program = f"import sys; import {name}; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CORE.parent), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert done.stdout.strip() == "False"
