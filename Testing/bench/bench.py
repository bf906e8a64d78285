"""What ``make bench`` runs: everything timed in one run, told as ratios with their spread.

A time on its own says little about another machine; the published
architecture's forward pass, run between ours on the same threads, is the
yardstick.  Each quantity is timed several times in turn with the others, so
that a busy moment hits all of them; the median and the range are printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "VerteNetSlicer"))

ROWS, COLUMNS = 1800, 600
SPACING_MM = 0.5
TARGET_RATIO = 10.0
TARGET_COMMAND_S, TARGET_IMAGES_PER_S, TARGET_MB = 4.0, 6.0, 700.0
WANTED = 14
SEED, SEEDS = 7, 40
"""Of the first scan that is tried, and how many are tried."""
PUBLISHED = "published forward pass"
WHOLE = "whole detection"
UNSURE = "  the same, names unsure"
FEW, MANY = 8, 40
"""Scans of two cohorts; what the larger one takes longer is the time of a scan alone."""


def scan_file(folder: Path, seed: int = SEED) -> Path:
    """A synthetic scan of 1,800 x 600 pixels as a DICOM file with 16 bit."""
    import numpy as np
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    from vertenet.synthesis import draw_parameters, render_scan

    params = draw_parameters(np.random.default_rng(seed), look="bright")
    # the whole spine in view, nothing over it: all fourteen vertebrae are looked at
    params.update(top_level=1.6, bottom_level=18.5, mask="none", patches=0, inverted=False)
    pixels = np.asarray(render_scan(params, (ROWS, COLUMNS)).image, dtype=np.float64)
    pixels = (pixels - pixels.min()) / np.ptp(pixels) * 4095.0
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    data = FileDataset("bench", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1"
    data.Modality, data.PhotometricInterpretation = "DX", "MONOCHROME2"
    data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 1
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelSpacing = [SPACING_MM, SPACING_MM]
    data.PixelData = pixels.astype("<u2").tobytes()
    path = folder / f"bench{seed}.dcm"
    data.save_as(path, enforce_file_format=True)
    return path


def scans(folder: Path, detector: Any, first: int = SEED) -> tuple[Path, Path | None]:
    """Two scans with all vertebrae found, one named surely and, if there is, one not.

    Only of the second the mirror is looked at too.
    """
    from vertenet.detection.assemble import CERTAIN
    from vertenet.images import read_image

    sure = unsure = None
    for seed in range(first, first + SEEDS):
        path = scan_file(folder, seed)
        spine = detector.detect(read_image(path))
        if len(spine) == WANTED and min(v.level_confidence for v in spine) >= CERTAIN:
            sure = sure or path
        elif len(spine) == WANTED:
            unsure = unsure or path
        if sure and unsure:
            break
    if sure is None:
        raise SystemExit(f"Expected a scan with {WANTED} vertebrae surely named, found none.")
    print(f"scans of the seeds {first} to {seed} were tried: surely named {sure.stem[5:]}, "
          f"not {unsure.stem[5:] if unsure else 'none (the other is timed again)'}")  # fmt: skip
    return sure, unsure


def parts(folder: Path, first: int = SEED) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    import torch

    from vertenet import pipeline
    from vertenet.detection import load_detector
    from vertenet.detection.prepare import fit
    from vertenet.images import read_image
    from vertenet.measure.aac_mask import masked_pixels
    from vertenet.measure.quality_image import noise_of
    from vertenet.memory import keep_memory
    from vertenet.network import published
    from vertenet.report.folder import write_folder

    keep_memory()  # as the command does
    detector = load_detector(device="cpu")
    path, unsure = scans(folder, detector, first)
    image = read_image(path)
    frame, spine = pipeline.frame_of(image), detector.detect(image)
    analysis = pipeline.measure(spine, frame, image=image, model=detector.info)
    yardstick = published.build({}).eval()
    tensor = torch.rand(1, 3, 1024, 512)

    def published_pass() -> object:
        with torch.inference_mode():
            return yardstick(tensor)

    resize = fit(ROWS, COLUMNS)
    grey, crops = torch.rand(1, 1, resize.rows, resize.columns), torch.rand(len(spine), 1, 80, 80)

    def first_look() -> object:
        with torch.inference_mode():
            return detector._module(grey)

    def second_look() -> object:
        with torch.inference_mode():
            return detector._module.refiner(crops)

    def look(pixels: Any) -> object:
        return masked_pixels(pixels), noise_of(pixels)

    def whole(file: Path) -> object:
        fresh = read_image(file)
        found = pipeline.analyse(fresh, detector)
        return write_folder(found, folder / "out", image=fresh)

    print(f"{ROWS} x {COLUMNS} synthetic scan, {len(spine)} vertebrae found, "
          f"{torch.get_num_threads()} threads, torch {torch.__version__}")  # fmt: skip
    return {
        PUBLISHED: published_pass,
        WHOLE: lambda: whole(path),
        UNSURE: lambda: whole(unsure or path),
        "  reading the file": lambda: read_image(path),
        "  network and points": lambda: detector.detect(image),
        "    network alone, first look": first_look,
        "    network alone, one look at crops": second_look,
        "  masks and noise, new image": lambda: look(image.pixels.copy()),
        # masks and noise were last found for another image: they are found anew
        "  the same, points to grades": lambda: pipeline.measure(
            spine, frame, image=image, model=detector.info
        ),
        "  writing the files": lambda: write_folder(analysis, folder / "out", image=image),
        "a dragged point (no pixels)": lambda: pipeline.measure(spine, frame, model=detector.info),
    }


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, taken in turn; the first, cold round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            seconds = timed(action)
            if number:
                taken[name].append(seconds)
    return taken


def import_seconds(module: str, rounds: int) -> list[float]:
    """Seconds of a fresh interpreter that imports the module."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'VerteNetSlicer')!r}); import {module}"
    return [
        timed(lambda: subprocess.run([sys.executable, "-c", code], check=True))
        for _ in range(rounds)
    ]


_LAUNCH = """
import os, subprocess, sys, time
start = time.perf_counter()
null = subprocess.DEVNULL
process = subprocess.Popen(sys.argv[1:], stdout=null, stderr=null)
_, status, used = os.wait4(process.pid, 0)
print(time.perf_counter() - start, status, used.ru_maxrss)
"""


def command(*arguments: object, threads: int = 0) -> tuple[float, float]:
    """Seconds from a command to its end, and the most memory of it and its children, MB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "VerteNetSlicer")}
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    # a process begins with the largest memory of the one it was split from: split a small one
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCH, sys.executable, "-m", "vertenet", *map(str, arguments)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    seconds, status, kilobytes = done.stdout.split()
    if int(status):
        raise SystemExit(f"vertenet {arguments[0]} ended with {status}")
    return float(seconds), float(kilobytes) / 1024


def commands(folder: Path, rounds: int) -> None:
    """Whole commands in fresh processes: start to files, and their memory."""
    path = next(folder.glob("bench*.dcm"))
    report = folder / "out" / "report.json"
    points = folder / "out" / "landmarks.mrk.json"
    print(f"\n{'from command to files':<30}{'median':>13}  {'(range)':>20}  {'memory':>9}")
    for label, arguments in {
        "vertenet --help": ("--help",),
        "vertenet info": ("info",),
        "vertenet report": ("report", report, "-o", folder / "r.html"),
        "vertenet measure": ("measure", points, "--image", path, "-o", folder / "m"),
        "vertenet detect": ("detect", path, "-o", folder / "d"),
    }.items():
        taken = [command(*arguments) for _ in range(rounds)]
        seconds, memory = [t for t, _ in taken], max(m for _, m in taken)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(
            f"{label:<30}{statistics.median(seconds):>11.2f} s   ({spread:>18})  {memory:>6.0f} MB"
        )
    print(f"(detect wanted: {TARGET_COMMAND_S:.0f} s, {TARGET_MB:.0f} MB)")


def batch(folder: Path) -> None:
    """Images a second of a cohort, by how much longer a larger one takes."""
    command("synth", "--count", MANY, "--seed", 9, "--format", "dicom", "-o", folder / "scans")
    few = folder / "few"
    few.mkdir()
    for path in sorted((folder / "scans").glob("*.dcm"))[:FEW]:
        shutil.copy(path, few)
    rates = {}
    for workers in (1, 2):
        took = {}
        for name, scans in (("few", few), ("many", folder / "scans")):
            out = folder / f"{name}-{workers}"
            took[name], _ = command("batch", scans, "-o", out, "--workers", workers)
        rates[workers] = (MANY - FEW) / (took["many"] - took["few"])
        print(f"vertenet batch, {workers} worker(s)      {rates[workers]:>11.1f} images/s")
    print(f"(wanted: {TARGET_IMAGES_PER_S:.0f}; efficiency of the second worker "
          f"{100 * rates[2] / (2 * rates[1]):.0f} %)")  # fmt: skip


def line(name: str, seconds: list[float], yardstick: float) -> str:
    middle = statistics.median(seconds)
    spread = f"{min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f}"
    return f"{name:<30}{middle * 1e3:>10.1f} ms  ({spread:>18})  {yardstick / middle:>9.1f} x"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--only-parts", action="store_true", help="no commands, no cohort")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first scan that is tried")
    options = parser.parse_args(arguments)
    from vertenet.beside import rest_soon

    rest_soon()  # as the command does
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        taken = measure(parts(Path(name), options.seed), options.rounds)
        tell(taken, busy)
        if not options.only_parts:
            commands(Path(name), 3)
            batch(Path(name))
    return 0


def tell(taken: dict[str, list[float]], busy: float) -> None:
    """Print what was timed, with how much the machine itself varied."""
    for module in ("vertenet", "vertenet.pipeline", "vertenet.cli"):
        taken[f"starting Python, {module}"] = import_seconds(module, 3)
    yardstick = statistics.median(taken[PUBLISHED])
    low, _, high = statistics.quantiles(taken[PUBLISHED], n=4)
    print(f"the machine's noise: load {busy:.1f} before the run; the published pass's middle half "
          f"spans {100 * (high - low) / yardstick:.0f} % of its median")  # fmt: skip
    print(f"\n{'':<30}{'median':>13}  {'(range)':>20}  times faster than the published pass")
    for label, seconds in taken.items():
        print(line(label, seconds, yardstick))
    ratios = [a / b for a, b in zip(taken[PUBLISHED], taken[WHOLE], strict=True)]
    print(
        f"\nwhole detection against the published forward pass: "
        f"{statistics.median(ratios):.1f} times faster "
        f"(round by round {min(ratios):.1f} to {max(ratios):.1f}; wanted {TARGET_RATIO:.0f})"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
