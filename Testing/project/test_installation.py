"""The CMake rules, with a stand-in for Slicer's own macros, and the Python package."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "VerteNetSlicer" / "vertenet"

# The few names of Slicer's CMake package that the extension uses.
SLICER_CONFIG = """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR "lib/Slicer/qt-scripted-modules")
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR "lib/Slicer/qt-scripted-modules")
include(CMakeParseArguments)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(M "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  foreach(file IN LISTS M_SCRIPTS M_RESOURCES)
    set(here "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    if(NOT EXISTS "${here}" AND EXISTS "${here}.py")
      set(file "${file}.py")
    endif()
    get_filename_component(folder "${file}" DIRECTORY)
    install(FILES "${file}" DESTINATION "${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}/${folder}")
  endforeach()
endfunction()
function(slicer_add_python_unittest)
endfunction()
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("cmake") is None, reason="CMake is not installed")
def test_an_installed_extension_finds_its_resources(tmp_path: Path) -> None:
    package = tmp_path / "slicer"
    package.mkdir()
    (package / "SlicerConfig.cmake").write_text(SLICER_CONFIG, encoding="utf-8")
    (package / "Nothing.cmake").touch()
    build, installed = tmp_path / "build", tmp_path / "installed"
    run("cmake", "-S", ROOT, "-B", build, f"-DSlicer_DIR={package}", cwd=tmp_path)
    run("cmake", "--build", build, cwd=tmp_path)
    run("cmake", "--install", build, "--prefix", installed, cwd=tmp_path)
    modules = installed / "lib" / "Slicer" / "qt-scripted-modules"
    code = "from vertenet.resources import resource_path; print(resource_path('Schemas'))"
    told = run(
        sys.executable, "-I", "-c", f"import sys; sys.path[0:0] = ['.']; {code}", cwd=modules
    )
    assert Path(told.strip()).resolve() == (modules / "vertenet" / "_resources" / "Schemas")
    assert any((build / "lib").rglob("_resources/Schemas/*.json"))


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    told = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in told}


def test_requirements_are_open_and_the_constraints_pin_every_one_of_them() -> None:
    told = pyproject()
    wanted = [*told["dependencies"]]  # type: ignore[misc]
    for extra in ("dicom", "report", "test", "dev"):
        wanted += told["optional-dependencies"][extra]  # type: ignore[index]
    for requirement in wanted:
        assert "==" not in requirement, "exact versions belong into constraints.txt"
        name = requirement.split(">")[0].split("[")[0].lower()
        assert name == "vertenet" or name in pins()


def test_torch_is_pinned_to_the_release_that_needs_no_gpu_libraries() -> None:
    assert pins()["torch"] == "2.13.0"
    assert not any(name.startswith("nvidia") for name in pins())


def test_the_command_is_named_vertenet() -> None:
    assert pyproject()["scripts"] == {"vertenet": "vertenet.entry:main"}


def test_a_wheel_carries_the_code_its_data_and_the_resources(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    kept = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "Resources", "VerteNetSlicer")
    for name in kept:  # a copy, so that no build folder is left in the checkout
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        tree.mkdir(exist_ok=True)
        copy(source, tree / name)
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", "-q", *offline, ".", "-w", tmp_path, cwd=tree)
    site = tmp_path / "site"
    with zipfile.ZipFile(next(tmp_path.glob("vertenet-*.whl"))) as wheel:
        wheel.extractall(site)
    packed = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    for folder, prefix in ((CORE, "vertenet"), (ROOT / "Resources", "vertenet/_resources")):
        wanted = {
            f"{prefix}/{path.relative_to(folder).as_posix()}"
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        shipped = {name for name in wanted if "/Screenshots/" not in name}
        assert shipped - {f"{prefix}/README.md"} <= packed
    code = "from vertenet.resources import resource_path; print(resource_path('Schemas'))"
    told = run(sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}", cwd=site)
    assert Path(told.strip()).resolve() == site / "vertenet" / "_resources" / "Schemas"
