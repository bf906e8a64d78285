"""A share of the hard knocks that tools/ deals out whole: damaged files, killed commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")


def knocks(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / name, *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("seed", ["11", "12"])
def test_no_reader_breaks_on_damaged_files(seed: str) -> None:
    pytest.importorskip("highdicom")
    done = knocks("hard_knocks.py", "--count", "200", "--seed", seed)
    assert done.returncode == 0, done.stdout
    assert "200 inputs, 0 defects" in done.stdout


@pytest.mark.parametrize("seed", ["21"])
def test_no_command_breaks_on_a_strangers_damage(seed: str) -> None:
    pytest.importorskip("highdicom")
    done = knocks("strange_knocks.py", "--count", "120", "--seed", seed)
    assert done.returncode == 0, done.stdout
    assert "120 inputs, 0 defects" in done.stdout


def test_a_killed_command_leaves_no_half_written_file() -> None:
    done = knocks("kill_knocks.py", "--count", "6", "--images", "60")
    assert done.returncode == 0, done.stdout
    assert ", 0 files not whole" in done.stdout


SIX = {"PS": (0, 0), "MS": (20, 0), "AS": (40, 0), "AI": (40, 30), "MI": (20, 30), "PI": (0, 30)}
COMMANDS = {
    "measure": ["measure", "report.json", "-o", "OUT/m"],
    "report": ["report", "report.json", "-o", "OUT/r.html"],
    "followup": ["followup", "report.json", "report.json", "-o", "OUT/f.csv"],
    "evaluate": ["evaluate", "points.csv", "points.csv", "--no-plots", "-o", "OUT/e"],
    "summary": ["summary", "measured", "-o", "OUT/s.html"],
    "synth": ["synth", "--count", "1", "-o", "OUT/scans"],
    "train": ["train", "--config", "train.json", "-o", "OUT/t"],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands read: points, a report, the tables of several images."""
    from vertenet.cli import main

    folder = tmp_path_factory.mktemp("results")
    rows = [
        f"{name},L{i + 1},{point},{50 + x},{20 + 40 * i + y}"
        for name in ("a", "b")
        for i in range(4)
        for point, (x, y) in SIX.items()
    ]
    head = "image,level,point,x,y"
    (folder / "points.csv").write_text("\n".join([head, *rows]))
    tiny = {"widths": [4, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "decoder": [8, 8, 8], "head": 8,
            "attention": False, "refiner": [4, 8, 8]}  # fmt: skip
    few = {"scans": 1, "steps": 1, "batch": 1, "crops": 1, "threads": 1, "network": tiny}
    (folder / "train.json").write_text(json.dumps(few))
    (folder / "one.csv").write_text("\n".join([head, *rows[:24]]))
    assert main(["measure", str(folder / "one.csv"), "-o", str(folder)]) == 0
    assert main(["measure", str(folder / "points.csv"), "-o", str(folder / "measured")]) == 0
    return folder


def refused(
    name: str, results: Path, out: Path, *, prefix: Sequence[str] = (), limit: int | None = None
) -> str:
    """What a command says that cannot write, after a look that it said it well."""

    def limited() -> None:
        import resource

        if limit is not None:  # the same refusal as a full disk's, by the kernel
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = [a.replace("OUT", str(out)) for a in COMMANDS[name]]
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "vertenet", *arguments],
        capture_output=True, text=True, check=False, cwd=results, preexec_fn=limited,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
             "PYTHONPATH": str(ROOT / "VerteNetSlicer")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr and "Unexpected" not in done.stderr
    assert [p for p in out.rglob("*") if p.is_file()] == []
    return done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_cannot_be_written_is_told(name: str, results: Path, tmp_path: Path) -> None:
    prefix: list[str] = []
    if os.geteuid() == 0:  # who may write everywhere, unless that is taken away
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere")
        prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        prefix += ["--inh-caps=-dac_override,-dac_read_search"]
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o555)
    assert re.search("denied", refused(name, results, out, prefix=prefix), re.I)
    out.chmod(0o755)


@pytest.mark.parametrize("name", [n for n in COMMANDS if n not in ("followup", "evaluate")])
def test_a_file_without_room_leaves_nothing_under_its_name(
    name: str, results: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    said = refused(name, results, out, limit=1000)
    assert re.search("larger than is allowed|too large", said, re.I)
