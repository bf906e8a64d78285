"""Write two made-up sets of landmarks, as large as a cohort, for ``vertenet evaluate``.

``.venv/bin/python tools/many_landmarks.py FOLDER --images 50000``: ``FOLDER/truth`` and
``FOLDER/found``, each like the output of ``vertenet batch``; the second is the first with
perturbed points, other grades and scores, and some vertebrae missing.  Nobody's scans.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from vertenet.anatomy import LEVELS, POINT_NAMES
from vertenet.batch.reading import IMAGES, VERTEBRAE
from vertenet.measure import AAC_WALLS
from vertenet.texts import csv_lines

_BODY = np.array([[0, 0], [0.5, 0.03], [1, 0], [1, 0.72], [0.5, 0.69], [0, 0.72]]) * 45.0
_SPACING = ("0.6", "0.5")
_MISSED = 0.01


def rows_of(seed: int, *, found: bool) -> tuple[list[object], list[list[object]]]:
    """The rows of one image in both tables, by their columns."""
    rng, noise = np.random.default_rng((seed, 0)), np.random.default_rng((seed, 1))
    name = f"site{seed % 7}/scan{seed:06d}.dcm"
    top, lean = rng.uniform(20, 60), rng.normal(0, 6, len(LEVELS)).cumsum()
    sizes, flat = rng.uniform(0.85, 1.2, len(LEVELS)), rng.uniform(0.6, 1.0, len(LEVELS)) ** 0.3
    grades = rng.choice(4, len(LEVELS), p=[0.85, 0.08, 0.05, 0.02])
    walls = rng.integers(0, 4, 8)
    vertebrae = []
    for i, level in enumerate(LEVELS[1:-1]):
        six = _BODY * [sizes[i], sizes[i] * flat[i]] + [200 + lean[i], top + 50 * i]
        grade = grades[i]
        if found:
            six = six + noise.normal(0, 1.2, (6, 2))
            grade = min(3, max(0, grade + noise.choice([-1, 0, 1], p=[0.05, 0.9, 0.05])))
            if noise.random() < _MISSED:
                continue
        row = dict.fromkeys(VERTEBRAE, "")
        row |= {"image": name, "level": level.value, "unit": "mm", "evaluable": "yes"}
        row |= {"width": 512, "height": 1024, "anterior": "right", "final_grade": int(grade)}
        row |= dict(zip(("spacing_row_mm", "spacing_column_mm"), _SPACING, strict=True))
        scores = np.clip(walls + (noise.integers(-1, 2, 8) if found else 0), 0, 3)
        row |= {f"aac_{le.value}_{w}": int(s) for (le, w), s in zip(AAC_WALLS, scores, strict=True)}
        for point, (x, y) in zip(POINT_NAMES, six, strict=True):
            row |= {f"{point}_x": float(x), f"{point}_y": float(y)}
            row |= {f"{point}_sigma": 1.2, f"{point}_status": "auto"} if found else {}
        for word in ("Ha", "Hm", "Hp", "Ha_Hp", "Hm_Hp", "Hm_Ha", "score", "level_confidence"):
            row[word] = float(rng.random())
        vertebrae.append([row[column] for column in VERTEBRAE])
    about = dict.fromkeys(IMAGES, "")
    about |= {"image": name, "vertebrae": len(vertebrae), "width": 512, "height": 1024}
    about["aac_crop"] = str(rng.choice(["ok", "cropped"], p=[0.9, 0.1]))
    return [about[column] for column in IMAGES], vertebrae


def write(folder: Path, images: int, *, found: bool) -> None:
    """One set."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cohort.json").write_text("{}")
    with (
        (folder / "images.csv").open("w", encoding="utf-8", newline="") as about,
        (folder / "vertebrae.csv").open("w", encoding="utf-8", newline="") as bodies,
    ):
        about.writelines(csv_lines([IMAGES]))
        bodies.writelines(csv_lines([VERTEBRAE]))
        for seed in range(images):
            image, vertebrae = rows_of(seed, found=found)
            about.writelines(csv_lines([image]))
            bodies.writelines(csv_lines(vertebrae))


def main() -> None:
    """Write both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=50_000)
    chosen = parser.parse_args()
    write(chosen.folder / "truth", chosen.images, found=False)
    write(chosen.folder / "found", chosen.images, found=True)


if __name__ == "__main__":
    main()
