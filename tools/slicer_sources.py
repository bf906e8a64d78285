"""Run the module's tests under Slicer's own base classes, which the slicer-core wheel lacks.

    .venv/bin/python tools/slicer_sources.py SOURCE [--ref REF] [-- PYTEST ARGUMENTS]

``SOURCE`` is a checkout of Slicer, any git repository of it (a bare one, too), or its
address such as https://github.com/Slicer/Slicer.  ``Base/Python/slicer`` of it is laid out
under ``build/``, never into the project, and ``Testing/slicer`` runs with it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
INSIDE = "Base/Python/slicer"


def base_python(source: str, ref: str) -> Path:
    """The folder ``Base/Python`` of a source of Slicer."""
    folder = Path(source)
    if (folder / INSIDE / "ScriptedLoadableModule.py").is_file():
        return folder / "Base" / "Python"
    repository = folder if folder.is_dir() else _cloned(source, ref)
    commit = _git("-C", str(repository), "rev-parse", f"{ref}^{{commit}}").decode().strip()
    target = BUILD / f"slicer-sources-{commit[:12]}"
    if not target.is_dir():
        _extract(repository, commit, target)
    print(f"Slicer's sources: {ref}, commit {commit}", flush=True)
    return target / "Base" / "Python"


def _cloned(address: str, ref: str) -> Path:
    target = BUILD / "slicer.git"
    shutil.rmtree(target, ignore_errors=True)
    # Without blobs: those of one folder come when they are asked for.
    branch = () if ref == "HEAD" else ("--branch", ref)
    _git("clone", "-q", "--bare", "--depth=1", "--filter=blob:none", *branch, address, str(target))
    return target


def _extract(repository: Path, commit: str, target: Path) -> None:
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as work:
        archive = Path(work) / "slicer.tar"
        archive.write_bytes(_git("-C", str(repository), "archive", commit, INSIDE))
        with tarfile.open(archive) as content:
            content.extractall(Path(work) / "out", filter="data")
        (Path(work) / "out").rename(target)


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], check=False, capture_output=True)
    if done.returncode:
        sys.exit(
            f"Expected a checkout, a git repository or an address of Slicer that has the wanted "
            f"branch, got from git: {done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout


def main() -> int:
    """Lay the sources out and run the tests; pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="checkout, git repository or address of Slicer")
    parser.add_argument("--ref", default="HEAD", help="branch, tag or commit")
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    arguments = parser.parse_args(given[:end])
    folder = base_python(arguments.source, arguments.ref)
    tests = given[end + 1 :] or ["Testing/slicer"]
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    environment = {**os.environ, "VERTENET_SLICER_SOURCES": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
