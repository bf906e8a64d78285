"""GitHub's workflows, as far as they can be checked here: every step is a command."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(path: Path) -> list[dict]:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert told["name"] == path.stem
    assert True in told  # YAML takes the key `on` for true
    return [step for job in told["jobs"].values() for step in job["steps"]]


def lines(path: Path) -> str:
    return "\n".join(step.get("run", "") for step in steps(path))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_each_step_runs_something_that_bash_can_read(path: Path):
    found = steps(path)
    assert found
    for step in found:
        assert ("run" in step) != ("uses" in step), step
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        else:
            # GitHub replaces its own expressions before bash sees them.
            text = re.sub(r"\$\{\{.*?\}\}", "x", step["run"])
            read = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
            assert read.returncode == 0, read.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_each_make_target_is_there(path: Path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    asked = re.findall(r"\bmake ([a-z-]+)", lines(path))
    assert set(asked) <= targets
    assert asked or path.stem != "tests"


def test_the_tests_get_the_libraries_that_the_environment_asks_for(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    sys.modules.pop("environment", None)
    import environment

    wanted = {p for some in environment.DRAWING.values() for p in some}
    wanted |= set(environment.CHECKERS.values()) | {"fonts-dejavu-core"}
    # Ubuntu 24.04 gave some packages another name when time_t grew.
    given = {
        word.removesuffix("t64") for word in lines(ROOT / ".github/workflows/tests.yml").split()
    }
    assert wanted <= given


def test_every_python_that_is_promised_is_tested():
    told = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    tested = told["jobs"]["pure"]["strategy"]["matrix"]["python"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert tested == promised
