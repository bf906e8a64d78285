"""Run the scene-level tests on several versions of Slicer's own code.

    .venv/bin/python tools/slicer_versions.py [VERSION ...] [-- PYTEST ARGUMENTS]

Each version of PyPI's ``slicer-core`` gets an environment under ``build/`` that holds it and
VTK alone (about 600 MB, from the package index); everything else comes from ``.venv``.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The stable Slicer and the one after it; constraints.txt has the one of trame-slicer, 5.11.
VERSIONS = ("5.12.4.0", "5.13.31053.0")
_VERSION = "import importlib.metadata as m; print('slicer-core', m.version('slicer-core'))"


def environment(version: str) -> Path:
    """The Python of an environment with that version; made where it is absent."""
    folder = ROOT / "build" / f"slicer-core-{version}"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.is_file():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "-q", f"slicer-core=={version}"]
        subprocess.run([*install, "-c", str(_constraints(folder))], check=True)
        site = next(folder.glob("lib/python*/site-packages"))
        (site / "zz_rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        ready.touch()
    return python


def _constraints(folder: Path) -> Path:
    """Ours, except for Slicer itself and the VTK it needs."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.lower().startswith(("slicer-core", "vtk"))]
    path = folder / "constraints.txt"
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


def main() -> int:
    """Run the tests on each version; 0 where all passed."""
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    tests = given[end + 1 :] or ["Testing/slicer"]
    failed = 0
    for version in given[:end] or VERSIONS:
        python = str(environment(version))
        subprocess.run([python, "-c", _VERSION], check=True)
        command = [python, "-m", "pytest", "-q", *tests]
        failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
