"""Ten thousand damaged files for every reader: no crash, no hang, no memory without end.

    python tools/hard_knocks.py --count 10000

Valid files are written, damaged at random and read in processes of their own.  A reader may
answer, or raise a VerteNetError; anything else is listed, kept in ``--keep`` and ends the
run with 1.  The same ``--seed`` damages the same way.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "VerteNetSlicer"))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from hard_knocks_damage import damaged  # noqa: E402
from hard_knocks_seeds import write_seeds  # noqa: E402

BLOCK = 200
"""Files that one process reads."""
HANG_SECONDS, SILENT_SECONDS = 10.0, 120.0
"""Processor time for one file, and time by the clock where the machine is busy."""
MEMORY_BYTES = 2 << 30
"""What a process may take beside what it began with."""

Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Knocks:
    """What is damaged, how, and who reads it.

    Attributes:
        seeds: (name, content) of valid files; a name begins with its kind and a hyphen.
        damaged: the name and bytes of an input, of the seed of chance and its number.
        readers: who reads what, by kind; called before the processes part.
        memory_bytes: what a process may take beside what it began with.
    """

    seeds: list[tuple[str, bytes]]
    damaged: Callable[[int, int], tuple[str, bytes]]
    readers: Callable[[], dict[str, list[Reader]]]
    memory_bytes: int = MEMORY_BYTES


def readers() -> dict[str, list[Reader]]:
    """Who reads what, by the first word of a seed's name."""
    from vertenet.batch.dicomdir import referenced_files
    from vertenet.images import read_image
    from vertenet.network.bundle import read_model_info
    from vertenet.report import read_landmarks
    from vertenet.report.html import page_from_report
    from vertenet.training.annotations import read_annotations

    def model(path: Path) -> object:
        os.replace(path, path.with_name("model.json"))
        return read_model_info(path.parent)

    return {
        "image": [read_image],
        "points": [read_landmarks, read_annotations],
        "report": [read_landmarks, read_annotations, lambda p: page_from_report(p, None)],
        "sr": [read_landmarks],
        "annotations": [read_annotations],
        "dicomdir": [lambda p: list(referenced_files(str(p)))],
        "model": [model],
    }


def read_block(knocks: Knocks, first: int, last: int, seed: int, tell: int) -> None:
    """The child's side: read files ``first`` to ``last``, telling each by a line."""
    from vertenet.errors import VerteNetError

    warnings.simplefilter("ignore")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    known = knocks.readers()
    begun = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = begun + knocks.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, last):
            name, data = knocks.damaged(seed, number)
            found: dict[str, Any] = {"n": number, "kind": name, "answers": []}
            for read in known[name.partition("-")[0]]:
                path = Path(folder) / name
                path.write_bytes(data)
                try:
                    read(path)
                    found["answers"].append("read")
                except VerteNetError:
                    found["answers"].append("refused")
                except Exception as error:
                    found["answers"].append("defect")
                    found["defect"] = f"{type(error).__name__}: {error}"[:300]
            found["kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            os.write(tell, json.dumps(found).encode() + b"\n")


def own_knocks(folder: Path) -> Knocks:
    """Our own damage; another make is in strange_knocks.py."""
    seeds = write_seeds(folder)

    def make(seed: int, number: int) -> tuple[str, bytes]:
        name, data = seeds[number % len(seeds)]
        return name, damaged(name, data, np.random.default_rng((seed, number)))

    return Knocks(seeds, make, readers)


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_block(knocks: Knocks, first: int, last: int, seed: int) -> list[dict[str, Any]]:
    """Read a block in a child; where it dies or hangs, go on behind the file that did it."""
    found: list[dict[str, Any]] = []
    while first < last:
        ears, mouth = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(ears)
            code = 1
            try:
                read_block(knocks, first, last, seed, mouth)
                code = 0
            finally:
                os._exit(code)
        os.close(mouth)
        lines, why = listen(pid, ears)
        found += lines
        first += len(lines)
        if why and first < last:
            kind = knocks.seeds[first % len(knocks.seeds)][0]
            found.append({"n": first, "kind": kind, "answers": ["defect"], "defect": why, "kb": 0})
            first += 1
    return found


def listen(pid: int, ears: int) -> tuple[list[dict[str, Any]], str]:
    """The child's lines until it ends, and what became of it: nothing, hung, or its signal."""
    lines: list[dict[str, Any]] = []
    rest, why = b"", ""
    last, used = time.monotonic(), 0.0
    while True:
        if select.select([ears], [], [], 0.5)[0]:
            data = os.read(ears, 1 << 16)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            lines += [json.loads(line) for line in whole]
            last, used = time.monotonic(), processor_seconds(pid)
        elif (processor_seconds(pid) - used > HANG_SECONDS
              or time.monotonic() - last > SILENT_SECONDS):  # fmt: skip
            why = f"no answer within {HANG_SECONDS:g} s"
            os.kill(pid, signal.SIGKILL)
            break
    os.close(ears)
    status = os.waitpid(pid, 0)[1]
    if not why and status:
        why = f"the process ended by {os.waitstatus_to_exitcode(status)}"
    return lines, why


def main(arguments: list[str], make: Callable[[Path], Knocks] = own_knocks) -> int:
    """Damage and read as many files as are asked for; 1 where a defect was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that found a defect")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        knocks = make(Path(folder))
    knocks.readers()  # imported once, before the processes part
    start, found = time.monotonic(), []
    last = options.first + options.count
    for first in range(options.first, last, BLOCK):
        found += run_block(knocks, first, min(first + BLOCK, last), options.seed)
        print(f"\r{len(found)} of {options.count}", end="", file=sys.stderr)
    defects = [item for item in found if "defect" in item]
    counts = collections.Counter((f["kind"], a) for f in found for a in f["answers"])
    print(f"\n{'file':<26}{'read':>8}{'refused':>9}{'defects':>9}")
    for kind, _ in knocks.seeds:
        print(f"{kind:<26}{counts[kind, 'read']:>8}{counts[kind, 'refused']:>9}"
              f"{counts[kind, 'defect']:>9}")  # fmt: skip
    for item in defects:
        print(f"input {item['n']} ({item['kind']}): {item['defect']}")
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            name, data = knocks.damaged(options.seed, item["n"])
            (options.keep / f"{item['n']}-{name}").write_bytes(data)
    largest = max(item["kb"] for item in found) / 1024
    print(f"{len(found)} inputs, {len(defects)} defects, largest process {largest:.0f} MB, "
          f"{time.monotonic() - start:.0f} s")  # fmt: skip
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
