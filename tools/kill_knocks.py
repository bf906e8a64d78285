"""Commands killed at random moments: every file under a final name is whole.

    python tools/kill_knocks.py --count 100

Each command is run once to its end; then it is killed (SIGKILL, or SIGINT a third of the
time) after a random share of that time, into a new folder.  What it left must be, byte by
byte, what the whole run wrote; hidden files are under way and do not count.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCAN = ROOT / "Resources/SampleData/synthetic_faint.dcm"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "VerteNetSlicer"), "OMP_NUM_THREADS": "1"}
PLACES = {
    "PS": (20, 0), "MS": (30, 1), "AS": (40, 0), "AI": (40, 14), "MI": (30, 13), "PI": (20, 14),
}  # fmt: skip


def commands(folder: Path, images: int) -> dict[str, list[str]]:
    """What is killed, by name; ``OUT`` stands for the folder of the results."""
    lines = ["image,level,point,x,y"]
    for i in range(images):
        for row, level in enumerate(("T12", "L1", "L2", "L3", "L4", "L5")):
            lines += [f"p{i},{level},{n},{x},{y + 20 + 18 * row}" for n, (x, y) in PLACES.items()]
    points = folder / "points.csv"
    points.write_text("\n".join(lines))
    one = folder / "one.csv"
    one.write_text("\n".join(lines[:37]))
    return {
        "measure, many images": ["measure", str(points), "-o", "OUT"],
        "measure, with pictures": ["measure", str(one), "--image", str(SCAN), "-o", "OUT/a"],
        "synth": ["synth", "--count", "3", "-o", "OUT"],
    }


def run(arguments: list[str], out: Path, *, stop: int = 0, after: float | None = None) -> float:
    """Run a command, killed after some seconds where that is wanted; how long it took."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "vertenet", *(a.replace("OUT", str(out)) for a in arguments)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        error = process.communicate(timeout=after)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(stop)
        error = process.communicate()[1]
    if b"Traceback" in error and b"vertenet" in error:
        raise SystemExit(f"a traceback:\n{error.decode(errors='replace')}")
    return time.monotonic() - start


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file that is not hidden nor below a hidden folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            found["/".join(parts)] = path.read_bytes()
    return found


def faults(whole: dict[str, bytes], left: dict[str, bytes]) -> list[str]:
    """Files that are not as the whole run wrote them."""
    return [name for name, data in left.items() if whole.get(name) != data]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--images", type=int, default=120)
    options = parser.parse_args(arguments)
    rng, wrong, cut = random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        tasks = []
        for label, command in commands(folder, options.images).items():
            seconds = run(command, out)
            tasks.append((label, command, seconds, files_of(out)))
            shutil.rmtree(out)
        for number in range(options.count):
            label, command, seconds, whole = tasks[number % len(tasks)]
            stop = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT))
            run(command, out, stop=stop, after=rng.uniform(0.05, 1.0) * seconds)
            left = files_of(out) if out.exists() else {}
            cut += len(left) < len(whole)
            for path in faults(whole, left):
                wrong += 1
                print(f"run {number} ({label}): {path} is not whole")
            shutil.rmtree(out, ignore_errors=True)
    print(f"{options.count} runs, {cut} cut short, {wrong} files not whole")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
