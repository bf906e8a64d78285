"""The house: which room may import which, parsed from the sources.

The table is the one of docs/architecture.md.  A room that is not in it, or an
import that is not in its row, fails here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "VerteNetSlicer"
CORE = CODE / "vertenet"
LIB = CODE / "VerteNetSlicerLib"
WEB = CODE / "vertenet_web"

HOSTS = {"slicer", "vtk", "qt", "ctk", "mrml", "trame", "trame_slicer", "vtkmodules"}
GROUND = {"errors", "resources", "memory", "beside", "texts"}
TORCH_AT_FILE_SCOPE = {"network", "training", "synthesis"}
OPTIONAL = {
    "click",
    "rich",
    "PIL",
    "matplotlib",
    "highdicom",
    "jsonschema",
    "weasyprint",
    "dask",
    "distributed",
    "pyarrow",
    "pylibjpeg",
    "isal",
}


@dataclass(frozen=True)
class Room:
    """What a room may import: other rooms, and packages that are not ours."""

    rooms: frozenset[str]
    packages: frozenset[str]


def room(rooms: str = "", packages: str = "") -> Room:
    return Room(frozenset(rooms.split()) | GROUND, frozenset(packages.split()))


HOUSE = {
    "__init__": Room(frozenset(), frozenset()),
    "__main__": room("entry"),
    "entry": room("cli"),
    "errors": Room(frozenset(), frozenset()),
    "resources": Room(frozenset({"errors"}), frozenset()),
    "memory": Room(frozenset(), frozenset()),
    "beside": Room(frozenset(), frozenset()),
    "texts": Room(frozenset(), frozenset()),
    "anatomy": room("", "numpy"),
    "geometry": room("", "numpy"),
    "images": room("geometry", "numpy SimpleITK pydicom PIL scipy"),
    "network": room("", "numpy torch"),
    "detection": room("anatomy geometry images network", "numpy scipy torch"),
    "measure": room("anatomy geometry", "numpy scipy"),
    "synthesis": room("anatomy geometry images", "numpy scipy torch PIL pydicom SimpleITK"),
    "analysis": room("anatomy geometry measure", "numpy"),
    "pipeline": room("anatomy geometry images detection measure analysis", "numpy"),
    "report": room(
        "anatomy geometry measure analysis images",
        "numpy PIL matplotlib highdicom pydicom weasyprint jsonschema isal",
    ),
    "training": room(
        "anatomy geometry images network detection synthesis", "numpy scipy torch rich matplotlib"
    ),
    "batch": room(
        "anatomy geometry images detection measure analysis pipeline report",
        "numpy dask distributed pyarrow pydicom torch",
    ),
    "cli": room(
        "anatomy geometry images network detection measure synthesis analysis pipeline "
        "report training batch",
        "click rich",
    ),
}
"""Rooms of the core.  ``images`` stands in two rows more: see ``MEASURES_WITH_PIXELS``."""

LIB_HOUSE = {
    "__init__": room(),
    "spacing": room("anatomy geometry images", "numpy slicer vtk"),
    "conversions": room("anatomy geometry images", "numpy slicer vtk"),
}
"""Rooms of the Slicer library with a row of their own; the others follow by their name."""
LIB_RULES = {  # what a file of the library must never import, by how its name begins
    "conversions": {"qt", "ctk", "torch", "vertenet.network"},
    "logic": {"qt", "ctk", "torch"},
    "widget": {"vertenet.measure", "vertenet.network", "torch"},
    "": {"torch", "torchvision"},
}

LISTENING = {"__init__", "command", "server", "session", "proxy", "gate", "settings"}
"""The browser's process that listens: it must answer before anything of Slicer is loaded."""
WEB_ROOMS = {"errors", "resources", "anatomy", "analysis", "images", "measure", "report"}
"""Of the core the browser shows values and formats; detecting and computing is the logic's."""
WEB_PACKAGES = {"aiohttp", "numpy", "slicer", "trame", "trame_slicer", "vtk"}

FAMILIES = ("aac", "alignment", "quality")
"""Measures that know nothing of each other; every other file belongs to morphometry."""
MEASURES_WITH_PIXELS = ("aac", "quality")


@dataclass(frozen=True)
class Import:
    """One import statement: dotted name, line, and whether it runs at import."""

    name: str
    line: int
    at_file_scope: bool

    @property
    def package(self) -> str:
        return self.name.split(".")[0]


@cache
def imports_of(path: Path, package: str) -> tuple[Import, ...]:
    """All imports of a file, relative ones resolved against its package."""
    return tuple(_walk(ast.parse(path.read_text(encoding="utf-8")), package, True))


def _walk(node: ast.AST, package: str, scope: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, scope) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from _from_import(child, package, scope)
        else:
            lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            )
            yield from _walk(child, package, scope and not lazy)


def _from_import(node: ast.ImportFrom, package: str, scope: bool) -> Iterator[Import]:
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, *([base] if base else [])])
    for alias in node.names:  # `from . import measure` imports the room `measure`
        packages = {"vertenet", "VerteNetSlicerLib", "vertenet_web"}
        whole = base in packages and alias.name.islower()
        yield Import(f"{base}.{alias.name}" if whole else base, node.lineno, scope)


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(CODE).parts[:-1])


def room_of(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def core_rooms(found: tuple[Import, ...]) -> Iterator[tuple[str, Import]]:
    for item in found:
        parts = item.name.split(".")
        if parts[0] == "vertenet":
            yield (parts[1] if len(parts) > 1 else "__init__"), item


def outsiders(found: tuple[Import, ...]) -> list[Import]:
    ours = {"vertenet", "vertenet_web", "VerteNetSlicerLib", "VerteNetSlicer", ""}
    return [i for i in found if i.package not in ours and i.package not in sys.stdlib_module_names]


def ids(path: Path) -> str:
    return path.relative_to(CODE).as_posix()


@pytest.mark.parametrize("path", sources(CORE), ids=ids)
def test_a_core_file_imports_only_what_its_room_may(path: Path) -> None:
    here = room_of(path)
    assert here in HOUSE, f"'{here}' is not in the house: give it a row here and in the docs"
    allowed = set(HOUSE[here].rooms)
    if here == "measure" and path.stem.startswith((*MEASURES_WITH_PIXELS, "__init__")):
        allowed.add("images")
    found = imports_of(path, package_of(path))
    wrong = [
        f"line {item.line}: {item.name}"
        for target, item in core_rooms(found)
        if target != here and target in HOUSE and target != "__init__" and target not in allowed
    ]
    assert not wrong, f"{here} may import {sorted(allowed)} only"


@pytest.mark.parametrize("path", sources(CORE), ids=ids)
def test_a_core_file_imports_only_the_packages_of_its_room(path: Path) -> None:
    found = outsiders(imports_of(path, package_of(path)))
    wrong = [
        f"line {i.line}: {i.name}" for i in found if i.package not in HOUSE[room_of(path)].packages
    ]
    assert not wrong


@pytest.mark.parametrize("path", sources(CORE), ids=ids)
def test_torch_and_optional_packages_are_imported_where_they_are_needed(path: Path) -> None:
    here, found = room_of(path), imports_of(path, package_of(path))
    early = {item.package for item in found if item.at_file_scope}
    late_only = set(OPTIONAL)
    if here == "cli":  # the command line needs click to say anything at all
        late_only.discard("click")
    if here not in TORCH_AT_FILE_SCOPE:
        late_only.add("torch")
    assert not early & late_only
    assert not {item.package for item in found} & (HOSTS | {"torchvision", "timm"})


def family(path: Path) -> str:
    return next((name for name in FAMILIES if path.stem.startswith(name)), "morphometry")


@pytest.mark.parametrize(
    "path", [p for p in sources(CORE / "measure") if p.stem != "__init__"], ids=ids
)
def test_measures_know_nothing_of_each_other(path: Path) -> None:
    siblings = {p.stem: family(p) for p in sources(CORE / "measure") if p.stem != "__init__"}
    for item in imports_of(path, package_of(path)):
        parts = item.name.split(".")
        if parts[:2] == ["vertenet", "measure"]:
            assert len(parts) > 2, f"line {item.line}: a measure imports the whole of measure"
            assert siblings.get(parts[2]) == family(path), f"line {item.line}: {item.name}"


def test_rooms_form_no_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in sources(CORE):
        here = room_of(path)
        found = imports_of(path, package_of(path))
        edges.setdefault(here, set()).update(r for r, _ in core_rooms(found) if r in HOUSE)
        edges[here] -= {here, "__init__"}
    edges = {name: needs & set(edges) for name, needs in edges.items()}
    free: set[str] = set()
    while edges:
        ready = {name for name, needs in edges.items() if needs <= free}
        assert ready, f"these rooms import each other: {sorted(edges)}"
        free |= ready
        edges = {name: needs for name, needs in edges.items() if name not in ready}


@pytest.mark.parametrize("path", sources(LIB), ids=ids)
def test_a_file_of_the_slicer_library_keeps_to_its_part(path: Path) -> None:
    found = imports_of(path, package_of(path))
    for beginning, never in LIB_RULES.items():
        if path.stem.startswith(beginning):
            for item in found:
                touched = {item.name, item.package, ".".join(item.name.split(".")[:2])}
                assert not touched & never, f"line {item.line}: {item.name}"
    row = LIB_HOUSE.get(path.stem)
    if row is not None:
        wrong = [i.name for r, i in core_rooms(found) if r in HOUSE and r not in row.rooms]
        assert not wrong
        assert {i.package for i in outsiders(found)} <= row.packages


@pytest.mark.parametrize("path", sources(WEB), ids=ids)
def test_a_file_of_the_browser_shows_and_does_not_compute(path: Path) -> None:
    found = imports_of(path, package_of(path))
    assert {room for room, _ in core_rooms(found)} - {"__init__"} <= WEB_ROOMS
    assert {i.package for i in outsiders(found)} <= WEB_PACKAGES
    never = ("VerteNetSlicerLib.widget", "VerteNetSlicer.", "torch.", "qt.")
    assert not [i.name for i in found if f"{i.name}.".startswith(never)]
    if path.stem != "host":
        assert not [i.name for i in found if i.package == "vtk"]


@pytest.mark.parametrize("path", sources(WEB), ids=ids)
def test_the_listening_process_loads_nothing_of_slicer(path: Path) -> None:
    found = imports_of(path, package_of(path))
    if path.stem in LISTENING:
        heavy = {"slicer", "vtk", "trame", "trame_slicer", "torch", "numpy", "SimpleITK"}
        assert not {i.package for i in found} & heavy
        ours = {i.name for i in found if i.package == "VerteNetSlicerLib"}
        assert ours <= {"VerteNetSlicerLib.worklist"}  # a folder's images; it imports no scene


@pytest.mark.parametrize("path", [*sources(CORE), *sources(LIB)], ids=ids)
def test_only_the_command_line_knows_the_browser(path: Path) -> None:
    found = [i for i in imports_of(path, package_of(path)) if i.package == "vertenet_web"]
    if path == CORE / "cli" / "pages.py":
        assert [i.name for i in found if not i.at_file_scope] == ["vertenet_web.command"]
        assert not [i.name for i in found if i.at_file_scope]
    else:
        assert not found


def test_the_slicer_module_imports_nothing_heavy_at_file_scope() -> None:
    module = CODE / "VerteNetSlicer.py"
    if not module.exists():
        pytest.skip("the module file is not there yet")
    early = {i.package for i in imports_of(module, "") if i.at_file_scope}
    light = {"slicer", "vtk", "qt", "ctk", "numpy", "VerteNetSlicerLib"}
    assert early - set(sys.stdlib_module_names) <= light


@pytest.mark.parametrize("path", [*sources(CORE), *sources(LIB), *sources(WEB)], ids=ids)
def test_a_library_file_prints_nothing_and_installs_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    # Behind a question of the panel's, for small packages; torch has an extension of its own.
    if path == LIB / "exporting.py":
        assert "torch" not in path.read_text(encoding="utf-8")
    else:
        assert "pip_install" not in " ".join(called)
    if path.is_relative_to(CORE) and room_of(path) != "cli" and not path.stem.startswith("fit_"):
        assert "print" not in called


def test_the_network_spells_levels_and_points_as_anatomy_does() -> None:
    from vertenet.anatomy import LEVELS, POINT_NAMES
    from vertenet.network.bundle import LEVEL_NAMES
    from vertenet.network.published_decode import _POINTS

    assert tuple(level.value for level in LEVELS) == LEVEL_NAMES
    assert tuple(name.value for name in POINT_NAMES) == _POINTS
