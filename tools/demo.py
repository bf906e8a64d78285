"""What ``make demo`` runs: the bundled scan through ``vertenet detect``, and what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [str(Path(sys.executable).parent / "vertenet")]
SAMPLES = ROOT / "Resources" / "SampleData"
KINDS = {".dcm", ".png", ".nrrd"}
FILES = {
    "overlay.png": "the scan with points, guides and regions",
    "report.json": "everything, to be read by programs",
    "vertebrae.csv": "heights, ratios and grades",
    "aac.csv": "the AAC-24 regions",
    "landmarks.mrk.json": "the points, to be moved in 3D Slicer",
    "image.nrrd": "the scan those points lie on",
}
COLUMNS = "{:<6}{:>9}{:>9}{:>9}  {:>6}{:>7}  {}"


def vertenet(*arguments: str | Path) -> None:
    """Run the command as a user would; stop with its exit code where it fails."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], cwd=ROOT, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def sample_scan(output: Path) -> Path:
    """The bundled synthetic scan; without one, a scan drawn here and now."""
    bundled = sorted(path for path in SAMPLES.glob("*") if path.suffix in KINDS)
    if bundled:
        return bundled[0]
    drawn = output / "scan"
    vertenet("synth", "--count", "1", "--seed", "7", "--output", drawn, "--format", "dicom")
    return next(path for path in sorted(drawn.rglob("*")) if path.suffix in KINDS)


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def show_table(report: dict[str, Any]) -> None:
    """One line per vertebra."""
    vertebrae = report["vertebrae"]
    unit = vertebrae[0]["heights"]["unit"] if vertebrae else ""
    print(
        COLUMNS.format("level", f"Ha {unit}", f"Hm {unit}", f"Hp {unit}", "Ha/Hp", "grade", "type")
    )
    for vertebra in vertebrae:
        heights, genant = vertebra["heights"], vertebra["genant"]
        grade = "-" if genant["grade"] is None else genant["grade"]
        print(
            COLUMNS.format(
                vertebra["level"],
                *(number(heights[key]) for key in ("Ha", "Hm", "Hp")),
                number(vertebra["ratios"]["Ha_Hp"], 2),
                grade,
                genant["type"] or "-",
            )
        )
    crop = report["aac"]["crop"]
    print(f"\naorta: {crop['status']}" + (f" ({crop['reason']})" if crop["reason"] else ""))
    for warning in report["warnings"]:
        print(f"note: {warning}")


def main(output: Path) -> None:
    scan = sample_scan(output)
    shown = scan.relative_to(ROOT) if scan.is_relative_to(ROOT) else scan
    print(f"scan: {shown} (synthetic: drawn by this project, no patient)")
    start = time.perf_counter()
    vertenet("detect", scan, "--output", output)
    took = time.perf_counter() - start
    folder = output / scan.stem
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    found = len(report["vertebrae"])
    print(f"\n{found} vertebrae found; {took:.1f} s with the start of Python\n")
    show_table(report)
    print(f"\nfiles in {folder}:")
    for name, meaning in FILES.items():
        if (folder / name).exists():
            print(f"  {name:<20}{meaning}")
    print("\nResearch use only.")
    print(f"To look at it: open {folder / 'overlay.png'}")
    print("To correct it: drag image.nrrd and landmarks.mrk.json into 3D Slicer.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
