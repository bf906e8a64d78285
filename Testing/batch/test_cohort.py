"""Cohorts through real processes: cut off, crashed, hung, and equal all the same."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vertenet.batch.cohort import Means, read_cohort
from vertenet.batch.progress import Meter
from vertenet.errors import ConfigurationError, OutputError, VerteNetError

HERE = Path(__file__).parent
TABLES = [f"{table}.csv" for table in ("images", "vertebrae", "failures")]


@pytest.fixture
def by_word(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(HERE))
    from cohort_work import ByWord

    return ByWord


def files(folder: Path, words: dict[str, str]) -> Path:
    for name, word in words.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(word)
    return folder


def many(folder: Path, count: int = 40) -> Path:
    words = {f"{i % 3}/{i:03d}.png": "x" * (i + 5) for i in range(count)}
    return files(folder, words | {"1/bad.png": "refuse", "2/song.mp3": "other"})


def read(tmp_path: Path, work: Any, out: str = "out", **means: Any) -> Any:
    return read_cohort(
        [str(tmp_path / "in")], tmp_path / out, work, settings={}, means=Means(**means)
    )


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def contents(folder: Path) -> dict[str, bytes]:
    names = [name for stem in TABLES for name in (stem, stem.replace("csv", "parquet"))]
    return {name: (folder / name).read_bytes() for name in names}


def reasons(folder: Path) -> dict[str, tuple[str, str]]:
    rows = table(folder / "failures.csv")
    return {Path(row["image"]).name: (row["status"], row["reason"]) for row in rows}


def test_one_worker_and_two_give_the_same_bytes(tmp_path: Path, by_word: Any) -> None:
    many(tmp_path / "in")
    one = read(tmp_path, by_word(), "one", workers=1)
    two = read(tmp_path, by_word(pause=0.002), "two", workers=2)
    assert one == two == (40, 80, 1, 1)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    names = [row["image"] for row in table(tmp_path / "one/images.csv")]
    assert names == sorted(names) and len(set(names)) == 40


def test_parquet_and_csv_hold_the_same(tmp_path: Path, by_word: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    many(tmp_path / "in", 8)
    read(tmp_path, by_word())
    for name in TABLES:
        rows = parquet.read_table(tmp_path / "out" / name.replace("csv", "parquet")).to_pylist()
        assert [{k: str(v) for k, v in row.items()} for row in rows] == table(
            tmp_path / "out" / name
        )


def test_each_way_to_fail_is_named_and_stops_nothing(tmp_path: Path, by_word: Any) -> None:
    words = {f"{word}.png": word for word in ("refuse", "other", "defect", "exit", "killed")}
    words |= {"hang.png": "hang", "crash.png": "crash", "nan.png": "nan"}
    words |= {"print.png": "print", "z.png": "good", "once.png": "once"}
    files(tmp_path / "in", words)
    counts = read(tmp_path, by_word(), workers=2, timeout=1.5)
    assert (counts.images, counts.passed_over, counts.failed) == (3, 1, 7)
    found = reasons(tmp_path / "out")
    assert found["refuse.png"] == ("failed", "refuse.png: expected a scan, got a song.")
    assert found["other.png"] == ("passed over", "a song, not a lateral DXA")
    assert "ZeroDivisionError: a defect of ours" in found["defect.png"][1]
    assert "exit code 7), twice" in found["exit.png"][1]
    assert "SIGKILL, perhaps for want of memory, twice" in found["killed.png"][1]
    assert "SIGSEGV, twice" in found["crash.png"][1]
    assert "longer than 1.5 s, twice" in found["hang.png"][1]
    assert "ValueError" in found["nan.png"][1]
    good = [Path(row["image"]).name for row in table(tmp_path / "out/images.csv")]
    assert good == ["once.png", "print.png", "z.png"]


COMMAND = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from cohort_work import ByWord
from vertenet.batch import shards
from vertenet.batch.cohort import Means, read_cohort
shards.SECONDS = 0.05
read_cohort([{inputs!r}], Path({out!r}), ByWord(pause=0.01, trace={trace!r}), settings={{}},
            means=Means(workers=2))
"""


def start(tmp_path: Path, out: str) -> subprocess.Popen[bytes]:
    code = COMMAND.format(
        here=str(HERE), inputs=str(tmp_path / "in"), out=str(tmp_path / out),
        trace=str(tmp_path / "trace"),
    )  # fmt: skip
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_run_killed_twice_ends_as_one_that_was_not(tmp_path: Path, by_word: Any) -> None:
    many(tmp_path / "in", 150)
    read(tmp_path, by_word(), "whole")
    shards, trace = tmp_path / "out/shards", tmp_path / "trace"
    for at_least in (1, 4):
        run = start(tmp_path, "out")
        wait_for(lambda n=at_least: len(list(shards.glob("*.jsonl"))) >= n)  # type: ignore[misc]
        run.send_signal(signal.SIGKILL)
        run.wait()
    last = start(tmp_path, "out")
    assert last.wait() == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    times = Counter(trace.read_text().split())
    assert set(times) == {path.name for path in (tmp_path / "in").rglob("*.*")}
    # only what was under way when it was killed is read twice
    assert sum(n - 1 for n in times.values()) < 60
    read(tmp_path, by_word(broken="nothing is left to read"), "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_half_a_shard_is_read_again(
    tmp_path: Path, by_word: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertenet.batch.shards.SECONDS", 600.0)
    many(tmp_path / "in", 10)
    read(tmp_path, by_word())
    before = contents(tmp_path / "out")
    (shard,) = (tmp_path / "out/shards").glob("*.jsonl")
    shard.write_bytes(shard.read_bytes()[:-700])
    read(tmp_path, by_word())
    assert contents(tmp_path / "out") == before


def test_a_file_that_changed_is_read_again_and_one_that_went_is_left_out(
    tmp_path: Path, by_word: Any
) -> None:
    files(tmp_path / "in", {"a.png": "good", "b.png": "good", "c.png": "good"})
    read(tmp_path, by_word())
    files(tmp_path / "in", {"a.png": "refuse", "d.png": "good"})
    (tmp_path / "in/b.png").unlink()
    trace = tmp_path / "trace"
    counts = read(tmp_path, by_word(trace=str(trace)))
    assert (counts.images, counts.failed) == (2, 1)
    assert sorted(trace.read_text().split()) == ["a.png", "d.png"]


def test_what_failed_is_read_again_only_when_asked_for(tmp_path: Path, by_word: Any) -> None:
    files(tmp_path / "in", {"a.png": "good", "b.png": "refuse"})
    trace = tmp_path / "trace"
    for again in (False, False, True):
        read(tmp_path, by_word(trace=str(trace)), retry_failed=again)
    assert Counter(trace.read_text().split()) == {"a.png": 1, "b.png": 2}
    assert list(reasons(tmp_path / "out")) == ["b.png"]


def test_other_settings_are_refused(tmp_path: Path, by_word: Any) -> None:
    files(tmp_path / "in", {"a.png": "good"})
    inputs = [str(tmp_path / "in")]
    read_cohort(inputs, tmp_path / "out", by_word(), settings={"model": "a"})
    with pytest.raises(ConfigurationError, match="model 'a', now 'b'"):
        read_cohort(inputs, tmp_path / "out", by_word(), settings={"model": "b"})


def test_two_runs_on_one_folder_are_refused(tmp_path: Path, by_word: Any) -> None:
    many(tmp_path / "in", 200)
    run = start(tmp_path, "out")
    try:
        wait_for(lambda: (tmp_path / "out/cohort.json").exists())
        with pytest.raises(OutputError, match="another run"):
            read(tmp_path, by_word())
    finally:
        run.kill()
        run.wait()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": "0.1.0"}, "begun by vertenet 0.1.0"),
        ({"version": None}, "begun by another version of vertenet"),
        ({"schema": "vertenet-cohort/0"}, "whose tables have other columns"),
        ({"columns": None}, "whose tables have other columns"),
        ({"columns": {"images": ["image"]}}, "whose tables have other columns"),
    ],
)
def test_a_cohort_of_another_version_or_of_other_columns_is_not_gone_on_with(
    tmp_path: Path, by_word: Any, change: dict[str, Any], told: str
) -> None:
    files(tmp_path / "in", {"a.png": "good", "b.png": "good"})
    inputs, out = [str(tmp_path / "in")], tmp_path / "out"
    read_cohort(inputs, out, by_word(), settings={"version": "0.2.0"})
    begun = json.loads((out / "cohort.json").read_text())
    kept = {k: v for k, v in {**begun, **change}.items() if v is not None}
    (out / "cohort.json").write_text(json.dumps(kept))
    there = {p: p.read_bytes() for p in out.rglob("*") if p.suffix in (".csv", ".jsonl", ".json")}
    with pytest.raises(ConfigurationError, match=told) as refused:
        read_cohort(inputs, out, by_word(), settings={"version": "0.2.0"})
    assert "Choose another output folder" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert {p: p.read_bytes() for p in there} == there
    # As it was begun, it is gone on with.
    (out / "cohort.json").write_text(json.dumps(begun))
    assert read_cohort(inputs, out, by_word(), settings={"version": "0.2.0"}).images == 2


def test_settings_that_are_no_object_are_refused(tmp_path: Path, by_word: Any) -> None:
    files(tmp_path / "in", {"a.png": "good"})
    read(tmp_path, by_word())
    for text in ("[1]", "3", "{"):
        (tmp_path / "out/cohort.json").write_text(text)
        with pytest.raises(OutputError, match="cannot be read"):
            read(tmp_path, by_word())


def test_a_model_that_cannot_be_loaded_stops_the_run(tmp_path: Path, by_word: Any) -> None:
    many(tmp_path / "in", 5)
    with pytest.raises(ConfigurationError, match="no such model"):
        read(tmp_path, by_word(broken="no such model"), workers=2)


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path: Path, by_word: Any) -> None:
    files(tmp_path / "in", {"a.png": "good", "b.png": "full", "c.png": "good"})
    with pytest.raises(VerteNetError, match="disk is full"):
        read(tmp_path, by_word())
    files(tmp_path / "in", {"b.png": "good"})
    assert read(tmp_path, by_word()).images == 3


def test_no_process_outlives_a_run_that_was_killed(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    many(tmp_path / "in", 300)
    run = start(tmp_path, "out")
    wait_for(lambda: (tmp_path / "trace").exists())
    children = psutil.Process(run.pid).children(recursive=True)
    assert len(children) >= 1
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_the_meter_tells_rate_and_time_left() -> None:
    now = [0.0]
    meter = Meter(100, 20, clock=lambda: now[0])
    assert meter.line() == "20 of 100 files (20 %)"
    for _ in range(20):
        now[0] += 0.5
        meter.add("read")
    meter.add("failed")
    assert meter.line() == "41 of 100 files (41 %), 2.1/s, 28 s left, 1 failed"
