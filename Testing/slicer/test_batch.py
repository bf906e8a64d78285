"""A batch in a process of its own: tables out, and a stop that stops."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from vertenet.errors import ConfigurationError, OutputError

SPAWNS = """
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(json.dumps({"done": 3, "total": 9, "failed": 0, "line": f"3 of 9 {child.pid}"}), flush=True)
time.sleep(600)
"""


def waited(run, *, until=lambda state: not state.running, seconds=120.0):
    end = time.monotonic() + seconds
    while not until(run.poll()) and time.monotonic() < end:
        time.sleep(0.05)
    assert until(run.state), run.state
    return run.state


def run_of(command, tmp_path):
    from VerteNetSlicerLib.batch_run import BatchRun, _Process

    return BatchRun(_Process([sys.executable, "-c", command]), tmp_path)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_asking_how_far_it_is_never_waits(host, tmp_path):
    run = run_of("import time; time.sleep(600)", tmp_path)
    start = time.monotonic()
    assert run.poll().running and run.state.total == 0
    assert time.monotonic() - start < 0.5
    run.cancel()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_stop_ends_the_process_and_all_that_it_started(host, tmp_path):
    run = run_of(SPAWNS, tmp_path)
    state = waited(run, until=lambda s: s.done == 3)
    grandchild = int(state.text.split()[-1])
    assert alive(grandchild)
    run.cancel()
    deadline = time.monotonic() + 5
    while alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(grandchild)
    assert not run.state.running
    assert run.state.text.startswith("Stopped after 3 of 9 files.")
    assert not run.poll().running


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_one_that_does_not_listen_is_ended_all_the_same(host, tmp_path, monkeypatch):
    from VerteNetSlicerLib import batch_run

    monkeypatch.setattr(batch_run, "GRACE_SECONDS", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    run = run_of(deaf + 'print("{}", flush=True); time.sleep(600)', tmp_path)
    time.sleep(0.5)
    run.cancel()
    assert run.process.poll() == -9


def test_a_process_that_dies_says_so_and_what_to_do(host, tmp_path):
    state = waited(run_of("import os; os._exit(7)", tmp_path))
    assert "exit code 7" in state.error and "Start it again" in state.error


def test_what_libraries_print_is_no_progress(host, tmp_path):
    state = waited(run_of('print("hello"); print("[1]"); print("{bad")', tmp_path))
    assert state.done == 0


def test_folders_are_checked_before_anything_starts(host, tmp_path):
    from VerteNetSlicerLib.batch_run import start_batch

    with pytest.raises(ConfigurationError, match="does not exist"):
        start_batch([tmp_path / "nowhere"], tmp_path / "out")
    with pytest.raises(ConfigurationError, match="does not exist"):
        start_batch([""], tmp_path / "out")
    with pytest.raises(ConfigurationError, match="for the batch's tables"):
        start_batch([tmp_path], "")
    with pytest.raises(ConfigurationError, match="another folder"):
        start_batch([tmp_path], tmp_path)


def test_a_python_that_is_not_there_is_a_sentence(host, tmp_path):
    from VerteNetSlicerLib.batch_run import _Process

    with pytest.raises(OutputError, match="refused"):
        _Process([str(tmp_path / "PythonSlicer")])


def test_the_process_needs_neither_slicer_nor_the_command_lines_packages(host):
    code = (
        "import sys\n"
        "for name in ('slicer', 'vtk', 'qt', 'click', 'rich'): sys.modules[name] = None\n"
        "import VerteNetSlicerLib.batch_child, vertenet.batch.command, vertenet.batch.summary\n"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_folder_becomes_tables(host, tmp_path):
    """With the network where torch is, through the real process."""
    pytest.importorskip("torch")
    from VerteNetSlicerLib.batch_run import start_batch
    from VerteNetSlicerLib.samples import sample_files

    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "one.dcm").write_bytes(sample_files()[0].read_bytes())
    (scans / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    run = start_batch([scans], tmp_path / "out", workers=1)
    state = waited(run, seconds=300)
    assert state.error is None and (state.done, state.total) == (2, 2)
    assert state.result["images"] == 1 and state.result["failed"] == 1
    assert "listed in failures.csv" in state.text
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"images.csv", "vertebrae.csv", "failures.csv", "summary.html"} <= names
