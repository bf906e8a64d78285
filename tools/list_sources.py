"""Rewrites the file lists in VerteNetSlicer/CMakeLists.txt from the tree (``make sources``)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "VerteNetSlicer"
LISTS = ROOT / NAME / "CMakeLists.txt"
NOT_LISTED = {"CMakeLists.txt"}
NOT_FOR_SLICER = "vertenet_web/"  # the browser's host; Slicer is one itself


def files() -> list[str]:
    """Every file of the module's folder that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", NAME]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}
    inside = {name.removeprefix(f"{NAME}/") for name in names} - NOT_LISTED
    return sorted(name for name in inside if not name.startswith(NOT_FOR_SLICER))


def main() -> None:
    text = LISTS.read_text(encoding="utf-8")
    found = files()
    scripts = [name for name in found if name.endswith(".py")]
    for variable, names in (("SCRIPTS", scripts), ("RESOURCES", sorted(set(found) - set(scripts)))):
        lines = "".join(f"  {_with_name(name)}\n" for name in names)
        pattern = rf"(set\(MODULE_PYTHON_{variable}\n).*?(  \)\n)"
        text = re.sub(pattern, lambda m, body=lines: m[1] + body + m[2], text, flags=re.DOTALL)
    LISTS.write_text(text, encoding="utf-8")
    print(f"{LISTS.relative_to(ROOT)}: {len(found)} files listed")


def _with_name(name: str) -> str:
    """The form of Slicer's templates, where a path begins with the module's name."""
    return "${MODULE_NAME}" + name.removeprefix(NAME) if name.startswith(NAME) else name


if __name__ == "__main__":
    main()
