"""Makes ``.venv`` at the root, or repairs it; returns at once where it is whole.

Run by every target of the Makefile, with any Python from 3.10, standard
library only.  Whole means: the interpreter starts, the stamp carries the
digest of ``pyproject.toml``, ``constraints.txt`` and the interpreter, and
every file that the installed packages recorded is there.
"""

from __future__ import annotations

import csv
import ctypes.util
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "vertenet.stamp"
LOCK = ROOT / ".venv.lock"
CONSTRAINTS = ROOT / "constraints.txt"
INSTALLED = ".[test,dev]"
PINNED_FROM = (3, 11)
"""The oldest Python for which every pin in constraints.txt has a release."""

QUICK = ("--disable-pip-version-check", "--no-compile")
"""Byte code is made at the first import, of what is imported only."""

DRAWING = {
    "EGL": ("libegl1", "libegl-mesa0", "libgl1-mesa-dri"),
    "GL": ("libgl1",),
    "dbus-1": ("libdbus-1-3",),
    "fontconfig": ("libfontconfig1",),
    "glib-2.0": ("libglib2.0-0",),
    "harfbuzz-subset": ("libharfbuzz-subset0",),
    "pango-1.0": ("libpango-1.0-0", "libpangoft2-1.0-0"),
    "xkbcommon": ("libxkbcommon0",),
}
"""Libraries that Slicer's views, Qt and the PDF load to draw without a screen, with their
packages."""

CHECKERS = {"dciodvfy": "dicom3tools", "dsrdump": "dcmtk"}
"""Programs that are not ours, with which tests read the DICOM files that we write."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""In any of these the tests of ``vertenet view`` run; the first is Debian's."""


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def say(text: str) -> None:
    print(f"[environment] {text}", flush=True)


def run(command: Sequence[str | Path], **options: object) -> int:
    return subprocess.run([str(part) for part in command], check=False, **options).returncode  # type: ignore[call-overload, no-any-return]


def missing_debian_packages() -> tuple[list[str], list[str]]:
    """Debian packages without which nothing goes, and those that only some tests need."""
    needed = []
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        needed.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    drawing = [
        package
        for library, packages in DRAWING.items()
        if sys.platform == "linux" and ctypes.util.find_library(library) is None
        for package in packages
    ]
    checkers = [package for program, package in CHECKERS.items() if shutil.which(program) is None]
    # A browser without a font would measure and draw its texts as boxes.
    browser = [] if any(map(shutil.which, BROWSERS)) else [BROWSERS[0], "fonts-dejavu-core"]
    return needed, drawing + (checkers + browser if sys.platform == "linux" else [])


def provide_debian_packages() -> None:
    """Install what is missing as root; otherwise print the one line that does."""
    needed, drawing = missing_debian_packages()
    missing = needed + drawing
    if not missing:
        return
    line = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(missing)}"
    if shutil.which("apt-get") and os.geteuid() == 0:
        say(f"installing Debian packages: {' '.join(missing)}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if run(["sh", "-c", line], env=quiet, stdout=subprocess.DEVNULL) == 0:
            return
    if needed:
        raise SetupError(f"Debian packages are missing. As root: {line}")
    say(f"for the tests that draw, check DICOM or use a browser, as root: {line}")


def digest() -> str:
    """What the environment is made from; a change of it makes the stamp stale."""
    total = hashlib.sha256(f"{ROOT} {sys.version} {INSTALLED}".encode())
    for name in ("pyproject.toml", "setup.py", "constraints.txt", "tools/environment.py"):
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()


def site_packages() -> Iterator[Path]:
    """Where this Python's packages lie; those of another release count as none."""
    yield from VENV.glob(f"lib/python3.{sys.version_info.minor}/site-packages")


def damaged_packages() -> list[str]:
    """Installed packages of which a recorded file is absent or of another size."""
    return sorted(
        info.name.removesuffix(".dist-info")
        for site in site_packages()
        for info in site.glob("*.dist-info")
        if not _is_whole(site, info)
    )


def _is_whole(site: Path, info: Path) -> bool:
    try:
        with open(info / "RECORD", newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if row and not row[0].endswith(".pyc")]
        return bool(rows) and all(
            os.stat(site / path).st_size == int(size) if size else (site / path).exists()
            for path, _, size in rows
        )
    except (OSError, ValueError):
        return False


def absent_pins() -> list[str]:
    """Packages that the stamp lists as installed and that are gone altogether."""
    here = {info.name for site in site_packages() for info in site.glob("*.dist-info")}
    return sorted(set(STAMP.read_text(encoding="utf-8").split()[1:]) - here)


def interpreter_runs(needed: str = "pip._internal.cli.main") -> bool:
    """Whether the environment's own Python starts, is of this release and has a module.

    Without its pyvenv.cfg it would start as the Python outside, and pip would
    install there: hence the look at its prefix.
    """
    code = f"import sys, {needed}; print(sys.version); print(sys.prefix)"
    try:
        asked = subprocess.run(
            [str(PYTHON), "-c", code], capture_output=True, text=True, check=False, timeout=120
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and asked.stdout.strip() == f"{sys.version}\n{VENV}"


def is_current() -> bool:
    """Whether nothing is to be done."""
    try:
        stamped = STAMP.read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return False
    return (
        stamped == digest() and interpreter_runs() and not absent_pins() and not damaged_packages()
    )


def pip(*arguments: str) -> bool:
    pinned = sys.version_info >= PINNED_FROM
    constraint = ["-c", str(CONSTRAINTS)] if pinned else []
    command = [str(PYTHON), "-m", "pip", "install", "-qq", *QUICK]
    return run([*command, *constraint, *arguments], cwd=ROOT) == 0


def install() -> bool:
    """Install the project and its tools, then whatever of them was damaged."""
    if not pip("-e", INSTALLED):
        return False
    damaged = damaged_packages()
    if damaged:
        say(f"repairing {len(damaged)} damaged packages")
        names = [name.rsplit("-", 1)[0] for name in damaged if not name.startswith("vertenet-")]
        if not names or not pip("--force-reinstall", "--no-deps", *names):
            return False
    return not damaged_packages()


def mend_interpreter() -> None:
    """Lay the interpreter, its configuration and pip anew; packages stay."""
    say("mending the interpreter of .venv")
    for site in site_packages():  # else ensurepip would take a pip without files for whole
        for part in site.glob("pip*"):
            shutil.rmtree(part, ignore_errors=True)
    run([sys.executable, "-m", "venv", VENV], stdout=subprocess.DEVNULL)


def make() -> None:
    """Make the environment in place where its Python runs, else from nothing."""
    STAMP.unlink(missing_ok=True)
    if sys.version_info < PINNED_FROM:
        say("this Python is older than the pins: the newest fitting releases are installed")
    say("installing requirements (a minute or two the first time)")
    if not interpreter_runs() and any(site_packages()):
        mend_interpreter()
    if not (interpreter_runs() and install()):
        say("making .venv from nothing")
        shutil.rmtree(VENV, ignore_errors=True)
        if run([sys.executable, "-m", "venv", VENV]) != 0 or not install():
            raise SetupError("pip could not install the requirements; its message is above.")
    names = sorted(i.name for site in site_packages() for i in site.glob("*.dist-info"))
    STAMP.write_text("\n".join([digest(), *names]) + "\n", encoding="utf-8")
    say("ready")


def main() -> int:
    try:
        with open(LOCK, "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            provide_debian_packages()
            if not is_current():
                make()
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
