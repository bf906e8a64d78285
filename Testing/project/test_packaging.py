"""What the extensions index asks by itself, as far as it can be asked offline."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "VerteNetSlicer"
NAME = "VerteNetSlicer"
RAW = "https://raw.githubusercontent.com/VerteNetSlicer/SlicerVerteNet/main/"
# Accepted categories near ours; the index has no category for the spine.
CATEGORIES = {"Analysis", "Informatics", "Quantification", "Segmentation", "Shape Analysis"}
LIMIT_BYTES = 100 * 1000**2
# schemas/slicer-extension-catalog-entry-schema-v1.0.2.json, its properties and their types.
ENTRY_TYPES: dict[str, type] = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "dicom_support_rule": str,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}


def cmake() -> str:
    return (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")


def extension(variable: str) -> str:
    """Value of an EXTENSION_ variable: quoted, on one line, as the index's expressions want."""
    found = re.findall(rf'set\s*\(EXTENSION_{variable}\s*"([^"\n]+)"[ ]*\)', cmake())
    assert len(found) == 1, f"EXTENSION_{variable} must be set once, quoted, on one line"
    return str(found[0])


def s4ext() -> dict[str, str]:
    lines = (ROOT / f"{NAME}.s4ext").read_text(encoding="utf-8").splitlines()
    told = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in told}


def entry() -> dict[str, object]:
    told = json.loads((ROOT / f"{NAME}.json").read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    return told


def tracked_files() -> list[str]:
    """What git knows or would take; build products it ignores are not asked about."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        ("depends", "DEPENDS"),
        ("homepage", "HOMEPAGE"),
        ("contributors", "CONTRIBUTORS"),
        ("category", "CATEGORY"),
        ("iconurl", "ICONURL"),
        ("description", "DESCRIPTION"),
        ("screenshoturls", "SCREENSHOTURLS"),
    ],
)
def test_the_s4ext_agrees_with_cmake(key: str, variable: str) -> None:
    assert s4ext()[key] == extension(variable)


def test_the_s4ext_agrees_with_the_index_entry() -> None:
    told = entry()
    assert s4ext()["scmurl"] == told["scm_url"]
    assert s4ext()["scmrevision"] == told["scm_revision"]
    assert s4ext()["build_subdirectory"] == told["build_subdirectory"]
    assert s4ext()["scm"] == told["scm_type"]


def test_the_index_entry_agrees_with_cmake() -> None:
    assert entry()["category"] == extension("CATEGORY")
    assert " ".join(entry()["build_dependencies"]) == extension("DEPENDS")  # type: ignore[arg-type]
    assert str(entry()["scm_url"]).removesuffix(".git") == extension("HOMEPAGE")


def test_the_index_entry_follows_its_schema() -> None:
    told = entry()
    assert str(told["$schema"]).endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert {"$schema", "category", "scm_url"} <= set(told) <= set(ENTRY_TYPES)
    assert all(type(value) is ENTRY_TYPES[key] for key, value in told.items())
    assert told["scm_type"] in {"git", "local"}
    assert told["tier"] in range(1, 6)


def test_the_category_is_one_of_the_index() -> None:
    assert extension("CATEGORY") in CATEGORIES


def test_the_project_is_named_as_the_entry_and_not_after_slicer() -> None:
    assert re.findall(r"project\s*\(\s*([^\s)]+)", cmake())[0] == NAME
    assert not NAME.startswith("Slicer")


def test_the_repository_name_begins_with_slicer() -> None:
    url = str(entry()["scm_url"])
    assert re.match(r"(git|https)://", url)
    assert re.fullmatch(r"Slicer(-|_|Extension-)?\w+", url.rsplit("/", 1)[1].removesuffix(".git"))


@pytest.mark.parametrize("variable", ["ICONURL", "SCREENSHOTURLS"])
def test_every_picture_of_the_entry_is_in_the_tree(variable: str) -> None:
    for url in extension(variable).split():
        assert url.startswith(RAW)
        assert url.endswith((".png", ".jpg"))
        picture = ROOT / url.removeprefix(RAW)
        assert picture.read_bytes()[:4] in {b"\x89PNG", b"\xff\xd8\xff\xe0"}


def test_a_permissive_licence_lies_at_the_root() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def history_bytes(root: Path) -> int:
    """Compressed size of all that HEAD's history holds: each object once, as a clone brings it.

    ``git count-objects`` also counts what nothing refers to, and twice what lies loose and packed.
    """
    git = ["git", "-C", str(root)]
    listed = [*git, "rev-list", "--objects", "--no-object-names", "HEAD"]
    objects = subprocess.run(listed, capture_output=True, check=True).stdout
    sizes = [*git, "cat-file", "--batch-check=%(objectsize:disk)"]
    told = subprocess.run(sizes, input=objects, capture_output=True, check=True).stdout
    return sum(map(int, told.split()))


def test_a_history_is_every_version_once_and_nothing_that_was_dropped(tmp_path: Path) -> None:
    def git(*said: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *said], check=True, capture_output=True)

    git("init", "--quiet")
    for turn, how in enumerate([(), (), ("--amend",)]):  # the second version is replaced
        (tmp_path / "noise").write_bytes(random.Random(turn).randbytes(20_000))
        git("add", "noise")
        git("commit", "--quiet", "--message", "x", *how)
    git("repack", "-a", "-q")  # without -d: what lay loose now lies packed besides
    assert 40_000 <= history_bytes(tmp_path) < 42_000


def test_the_repository_stays_under_the_index_limit() -> None:
    tree = sum((ROOT / name).stat().st_size for name in tracked_files() if (ROOT / name).exists())
    assert tree + history_bytes(ROOT) < LIMIT_BYTES


def test_the_description_is_one_readable_sentence_or_two() -> None:
    assert 50 < len(extension("DESCRIPTION")) < 400
    assert "Research use only" in extension("DESCRIPTION")


# ---- the lists in VerteNetSlicer/CMakeLists.txt ----


def listed_by_cmake() -> set[str]:
    """Files named in the module's CMake lists, relative to the module's folder."""
    text = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    text = re.sub(r"#.*", "", text).replace("${MODULE_NAME}", NAME)
    found: set[str] = set()
    for body in re.findall(r"set\s*\(\s*MODULE_PYTHON_(?:SCRIPTS|RESOURCES)\s+([^)]*)\)", text):
        found.update(token.strip('"') for token in body.split())
    return found


def tree_of_module() -> set[str]:
    skipped = {"CMakeLists.txt"}
    tracked = (name for name in tracked_files() if name.startswith(f"{NAME}/"))
    inside = {name.removeprefix(f"{NAME}/") for name in tracked}
    # The browser's host is not for Slicer, which is one itself.
    return {name for name in inside if not name.startswith("vertenet_web/")} - skipped


def test_cmake_lists_every_file_of_the_module_and_no_other() -> None:
    listed, tree = listed_by_cmake(), tree_of_module()
    assert sorted(tree - listed) == [], "not in the package: run `make sources`"
    assert sorted(listed - tree) == [], "not in the tree: run `make sources`"


def test_no_loose_script_lies_beside_the_module() -> None:
    assert [path.name for path in MODULE.glob("*.py")] == [f"{NAME}.py"]


def test_every_folder_of_python_files_in_the_module_is_a_package() -> None:
    folders = {str(Path(name).parent) for name in tree_of_module() if name.endswith(".py")} - {"."}
    assert all((MODULE / folder / "__init__.py").exists() for folder in folders)


def test_the_citation_names_the_version_of_the_package():
    from vertenet import __version__

    told = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", told, re.M) == [__version__]


def test_every_place_names_the_same_repository():
    home = extension("HOMEPAGE")
    assert home.replace("github.com", "raw.githubusercontent.com") + "/main/" == RAW
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^repository-code: (.*)$", cited, re.M) == [home]
    for path in tracked_files():
        if Path(path).suffix in (".txt", ".s4ext", ".json", ".cff", ".md", ".toml", ".yml"):
            text = (ROOT / path).read_text(encoding="utf-8")
            # Of this project; the links to others' repositories are theirs.
            named = re.findall(r"[\w-]+/SlicerVerteNet\b", text)
            assert set(named) <= {home.removeprefix("https://github.com/")}, path
