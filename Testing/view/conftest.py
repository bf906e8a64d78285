"""A server as a user starts it, and a real browser in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "Resources" / "SampleData"
HERE = Path(__file__).parent
_START_S = 60.0

if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


def pytest_collection_modifyitems(config, items):
    """One worker runs all of them: each browser and each session is a process more."""
    for item in items:
        if Path(item.fspath).is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("view"))


class View:
    """``vertenet view`` as a process of its own."""

    def __init__(self, *arguments: str | Path, drafts: Path, port: int = 0) -> None:
        self.started = time.monotonic()
        command = [sys.executable, "-m", "vertenet", "view", "--no-browser"]
        command += ["--drafts", str(drafts), "--port", str(port), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "VerteNetSlicer")}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self.address = self._heard(r"http://\S+")
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.address)[0])

    def children(self) -> list[int]:
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in told.stdout.split()]

    def kill(self) -> None:
        """As a crash, or a lost machine: nothing can be said or saved any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self._listener.join(5)
        self.process.stdout.close()

    def _heard(self, pattern: str) -> str:
        assert self.process.stdout is not None
        while time.monotonic() - self.started < _START_S:
            line = self.process.stdout.readline()
            if not line:
                break
            self.lines.append(line)
            found = re.search(pattern, line)
            if found:
                return found[0]
        raise AssertionError(f"vertenet view said: {''.join(self.lines)}")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.lines += list(self.process.stdout)


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    """Starts servers that end with the test; drafts are the test's own."""
    pytest.importorskip("trame_slicer", reason="the packages of vertenet[view] are not installed")
    made: list[View] = []

    def make(*arguments: str | Path, port: int = 0) -> View:
        made.append(View(*arguments, drafts=tmp_path / "drafts", port=port))
        return made[-1]

    yield make
    for view in made:
        view.close()


@pytest.fixture
def browse(tmp_path: Path) -> Iterator:
    """Opens browsers, each of a reader of its own."""
    import chromium

    if chromium.executable() is None:
        pytest.skip("Chromium is not installed")
    made: list[chromium.Chromium] = []

    def make() -> chromium.Chromium:
        made.append(chromium.Chromium(tmp_path / f"profile-{len(made)}"))
        return made[-1]

    yield make
    for browser in made:
        browser.close()


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with the two bundled synthetic scans."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for path in SAMPLES.glob("*.dcm"):
        shutil.copy(path, folder)
    return folder
