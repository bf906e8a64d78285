"""What ``make bench`` runs: everything timed in one run, told as ratios with their spread.

A time on its own says little about another machine; the published
architecture's forward pass, run between ours on the same threads, is the
yardstick.  Each quantity is timed several times in turn with the others, so
that a busy moment hits all of them; the median and the range are printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "VerteNetSlicer"))

ROWS, COLUMNS = 1800, 600
SPACING_MM = 0.5
TARGET_RATIO = 5.0
PUBLISHED = "published forward pass"
WHOLE = "whole detection"


def scan_file(folder: Path) -> Path:
    """A synthetic scan of 1,800 x 600 pixels as a DICOM file with 16 bit."""
    import numpy as np
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    from vertenet.synthesis import synthesise

    pixels = np.asarray(synthesise(7, size=(ROWS, COLUMNS)).image, dtype=np.float64)
    pixels = (pixels - pixels.min()) / np.ptp(pixels) * 4095.0
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    data = FileDataset("bench.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1"
    data.Modality, data.PhotometricInterpretation = "DX", "MONOCHROME2"
    data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 1
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelSpacing = [SPACING_MM, SPACING_MM]
    data.PixelData = pixels.astype("<u2").tobytes()
    path = folder / "bench.dcm"
    data.save_as(path, enforce_file_format=True)
    return path


def parts(folder: Path) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    import torch

    from vertenet import pipeline
    from vertenet.detection import load_detector
    from vertenet.images import read_image
    from vertenet.network import published
    from vertenet.report.folder import write_folder

    path = scan_file(folder)
    detector = load_detector(device="cpu")
    image = read_image(path)
    frame, spine = pipeline.frame_of(image), detector.detect(image)
    analysis = pipeline.measure(spine, frame, image=image, model=detector.info)
    yardstick = published.build({}).eval()
    tensor = torch.rand(1, 3, 1024, 512)

    def published_pass() -> object:
        with torch.inference_mode():
            return yardstick(tensor)

    def whole() -> object:
        fresh = read_image(path)
        found = pipeline.analyse(fresh, detector)
        return write_folder(found, folder / "out", image=fresh)

    print(f"{ROWS} x {COLUMNS} synthetic scan, {len(spine)} vertebrae found, "
          f"{torch.get_num_threads()} threads, torch {torch.__version__}")  # fmt: skip
    return {
        PUBLISHED: published_pass,
        WHOLE: whole,
        "  reading the file": lambda: read_image(path),
        "  network and points": lambda: detector.detect(image),
        "  points to grades and AAC": lambda: pipeline.measure(
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


def line(name: str, seconds: list[float], yardstick: float) -> str:
    middle = statistics.median(seconds)
    spread = f"{min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f}"
    return f"{name:<30}{middle * 1e3:>10.1f} ms  ({spread:>18})  {yardstick / middle:>9.1f} x"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    options = parser.parse_args(arguments)
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        taken = measure(parts(Path(name)), options.rounds)
    for module in ("vertenet", "vertenet.pipeline", "vertenet.cli"):
        taken[f"starting Python, {module}"] = import_seconds(module, 3)
    yardstick = statistics.median(taken[PUBLISHED])
    print(f"\n{'':<30}{'median':>13}  {'(range)':>20}  times faster than the published pass")
    for label, seconds in taken.items():
        print(line(label, seconds, yardstick))
    ratios = [a / b for a, b in zip(taken[PUBLISHED], taken[WHOLE], strict=True)]
    print(
        f"\nwhole detection against the published forward pass: "
        f"{statistics.median(ratios):.1f} times faster "
        f"(round by round {min(ratios):.1f} to {max(ratios):.1f}; wanted {TARGET_RATIO:.0f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
