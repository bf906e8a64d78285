"""Write the file lists of VerteNetSlicer/CMakeLists.txt from what git tracks.

python tools/cmake_lists.py
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = "VerteNetSlicer"


def tracked() -> list[str]:
    """Files of the module's folder, relative to it, in order."""
    command = ["git", "ls-files", "--cached", MODULE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = sorted(line.removeprefix(f"{MODULE}/") for line in done.stdout.splitlines())
    return [n for n in names if n != "CMakeLists.txt" and (ROOT / MODULE / n).is_file()]


def main() -> None:
    """Replace the two lists; the module's own file stays first."""
    names = tracked()
    scripts = [n for n in names if n.endswith(".py") and n != f"{MODULE}.py"]
    lists = {
        "SCRIPTS": [f"{MODULE}.py", *scripts],
        "RESOURCES": [n for n in names if not n.endswith(".py")],
    }
    path = ROOT / MODULE / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for kind, files in lists.items():
        body = "".join(f"  {name.replace(MODULE, '${MODULE_NAME}')}\n" for name in files)
        new = f"set(MODULE_PYTHON_{kind}\n{body}  )"
        text = re.sub(rf"set\(MODULE_PYTHON_{kind}\n[^)]*\)", lambda _, new=new: new, text)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
