"""What importing the module asks for; in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOST = Path(__file__).parent / "host"
CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import vertenet_host
vertenet_host.boot()
import slicer.i18n, slicer.ScriptedLoadableModule, slicer.parameterNodeWrapper
before = set(sys.modules)
module = vertenet_host.load_scripted_module()
import VerteNetSlicerLib.logic, VerteNetSlicerLib.samples, VerteNetSlicerLib.selftest
heavy = {"torch", "torchvision", "qt", "ctk", "click", "rich", "PIL", "matplotlib", "PyTorchUtils"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_the_module_and_its_library_import_neither_torch_nor_qt():
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(HOST)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
