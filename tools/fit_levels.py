"""Fit how much a body's evidence weighs when a spine is named, and say what the mirror is worth.

``.venv/bin/python tools/fit_levels.py MODEL_DIR levels.npz --count 330``

Synthetic scans are looked at once; what was seen is kept in the file every 20 scans, so a
run that was broken off goes on where it stopped.  Then a table tells, for the image alone,
with its mirror always, and with its mirror where names are unsure (as the detector does), and
for several values of ``levels._EVIDENCE`` and ``_PRICE`` (the last leaves no body out): how many
names are right, how sure they were, how often all are right where all are offered as
certain, how many false bodies a scan got a name, and how many true ones in all got none.  The
values with the smallest log loss, of like ones those that lose no body, belong into ``levels.py``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertenet.detection import Detector, chain, load_detector
from vertenet.detection.assemble import CERTAIN, facing
from vertenet.detection.levels import NONE, Naming, name_chain
from vertenet.images import image_from_array
from vertenet.network.coding import Candidates
from vertenet.synthesis import SyntheticScan, synthesise

FIRST_SEED = 940_000_000
SIZE = (704, 352)
EVIDENCE = (0.3, 0.6, 0.7, 0.8, 0.9, 1.0, 1.3)
PRICE = ((0.5, 2.0), (0.5, 3.0), (1.0, 3.0), (1.0, 4.0), (2.0, 4.0), (40.0, 0.0))
KEPT_EVERY = 20
_LABELLED = range(3, 17)  # T4 ... L5 among T1 ... S1
_MEASURABLE = 1  # of `SyntheticScan.visible`
_NEAR = 0.5  # of a body's height: a body whose centre is closer to a true one is that one

Row = dict[str, NDArray[Any]]
How = tuple[float, tuple[float, float]]
"""Evidence and price of :func:`vertenet.detection.levels.name_chain`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path, help="a model's folder")
    parser.add_argument("kept", type=Path, help="an .npz file to write, and to go on from")
    parser.add_argument("--count", type=int, default=330)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    rows = collect(given.model, given.kept, range(given.seed, given.seed + given.count),
                   given.threads)  # fmt: skip
    tell(rows)


def collect(model: Path, kept: Path, seeds: range, threads: int) -> list[Row]:
    """What is seen on each scan; read from the file as far as it goes."""
    import torch

    torch.set_num_threads(threads)
    detector = load_detector(model, "cpu")
    rows = read(kept, detector.info.sha256) if kept.exists() else []
    done = {int(row["seed"]) for row in rows}
    left = [seed for seed in seeds if seed not in done]
    start = time.monotonic()
    for number, seed in enumerate(left, start=1):
        rows.append(seen(synthesise(seed, size=SIZE), seed, detector))
        if number % KEPT_EVERY == 0 or number == len(left):
            write(kept, rows, detector.info.sha256)
            pace = (time.monotonic() - start) / number
            print(f"{number} of {len(left)} scans, {pace * (len(left) - number):.0f} s left",
                  flush=True)  # fmt: skip
    return [row for row in rows if int(row["seed"]) in seeds]


def seen(scan: SyntheticScan, seed: int, detector: Detector) -> Row:
    """The chains of the image alone and with its mirror, beside the truth."""
    row: Row = {"seed": np.array(seed), "truth": np.asarray(scan.points, np.float64)}
    row |= {"visible": np.asarray(scan.visible), "anterior": np.array(scan.anterior)}
    found = detector.chains(image_from_array(scan.image, name="scan"))
    for name, one in zip(("alone", "both"), found, strict=True):
        row |= {f"{name}_points": one.points, f"{name}_score": one.score}
        row[f"{name}_logits"] = np.zeros((0, 18)) if one.level_logits is None else one.level_logits
    return row


def write(path: Path, rows: list[Row], model: str) -> None:
    """All rows, there whole or not at all."""
    flat = {f"{i}/{name}": value for i, row in enumerate(rows) for name, value in row.items()}
    beside = path.with_suffix(".tmp.npz")
    np.savez_compressed(beside, model=np.array(model), count=np.array(len(rows)), **flat)
    os.replace(beside, path)


def read(path: Path, model: str) -> list[Row]:
    """What :func:`write` wrote, of this model alone."""
    with np.load(path, allow_pickle=False) as file:
        if str(file["model"]) != model:
            raise SystemExit(f"{path} was made with another model; give another file.")
        rows: list[Row] = [{} for _ in range(int(file["count"]))]
        for key in file.files:
            number, _, name = key.partition("/")
            if name:
                rows[int(number)][name] = file[key]
    return rows


def named(row: Row, which: str, how: How) -> Naming | None:
    points, logits = row[f"{which}_points"], row[f"{which}_logits"]
    if len(points) < 2 or len(logits) < 2:
        return None
    score = row[f"{which}_score"]
    return name_chain(logits, chain.steps(points), score, evidence=how[0], price=how[1])


def owners(row: Row, which: str) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """The true body nearest to each that was found, and whether it is that one."""
    points, truth = row[f"{which}_points"], row["truth"]
    with np.errstate(invalid="ignore"):
        apart = np.linalg.norm(
            chain.centres(points)[:, None] - truth[None, :, [0, 2, 3, 5]].mean(axis=2), axis=2
        )
    apart = np.where(np.isfinite(apart), apart, np.inf)
    return apart.argmin(axis=1), apart.min(axis=1) < _NEAR * chain.heights(points)


def tell(rows: list[Row]) -> None:
    """Print what is found, and how names fare for each weight of the evidence."""
    print(f"\n{len(rows)} scans\n\n{'':<24}{'found':>8}{'false/scan':>12}{'side right':>12}")
    for which in ("alone", "both"):
        print(f"{which:<24}" + "{:>8.4f}{:>12.3f}{:>12.4f}".format(*finding(rows, which)))
    print(f"\n{'names':<20}{'evidence':>9}{'price':>12}{'mirror':>8}{'bodies':>8}{'scans':>8}"
          f"{'sure by':>9}{'log loss':>10}{'Brier':>8}{'certain':>9}{'of these':>10}{'false':>8}"
          f"{'lost':>6}")  # fmt: skip
    for policy in ("alone", "both", "both where unsure"):
        for how in itertools.product(EVIDENCE, PRICE):
            print(f"{policy:<20}{how[0]:>9}{how[1]!s:>12}" + judged(rows, policy, how), flush=True)


def finding(rows: list[Row], which: str) -> tuple[float, float, float]:
    """Share of true T4 to L5 found, false bodies a scan, share of scans with the right side."""
    found = wanted = false = sides = 0
    for row in rows:
        owner, own = owners(row, which)
        there = {k for k in _LABELLED if row["visible"][k] == _MEASURABLE}
        wanted += len(there)
        found += len(there & set(owner[own].tolist()))
        false += int((~own).sum())
        points, score = row[f"{which}_points"], row[f"{which}_score"]
        if len(points):
            none = np.full(points.shape[:2], np.nan)
            side = facing(Candidates(points, none, score, None, score))
            sides += side.value == str(row["anterior"])
    return found / max(wanted, 1), false / len(rows), sides / len(rows)


def judged(rows: list[Row], policy: str, how: How) -> str:
    """One line of the table."""
    sure: list[float] = []
    right: list[bool] = []
    whole: list[bool] = []
    certain: list[bool] = []
    mirrored = false = lost = 0
    for row in rows:
        which = "both" if policy == "both" else "alone"
        naming = named(row, which, how)
        if policy == "both where unsure" and (naming is None or least(naming) < CERTAIN):
            which, naming = "both", named(row, "both", how)
        mirrored += which == "both"
        if naming is None:
            continue
        owner, own = owners(row, which)
        shown = (naming.classes >= _LABELLED.start) & (naming.classes < _LABELLED.stop)
        false += int((shown & ~own).sum())
        own &= (owner >= _LABELLED.start) & (owner < _LABELLED.stop)
        lost += int((own & (naming.classes == NONE)).sum())
        if not own.any():
            continue
        good = naming.classes[own] == owner[own]
        sure += naming.confidence[own].tolist()
        right += good.tolist()
        whole.append(bool(good.all()))
        if least(naming) >= CERTAIN:
            certain.append(bool(good.all()))
    p, r = np.clip(sure, 1e-3, 1 - 1e-3), np.array(right)
    loss = -np.log(np.where(r, p, 1 - p)).mean()
    return (f"{mirrored / len(rows):>8.2f}{r.mean():>8.3f}{np.mean(whole):>8.3f}{p.mean():>9.3f}"
            f"{loss:>10.3f}{((p - r) ** 2).mean():>8.4f}{len(certain):>9}"
            f"{np.mean(certain) if certain else float('nan'):>10.3f}"
            f"{false / len(rows):>8.3f}{lost:>6}")  # fmt: skip


def least(naming: Naming) -> float:
    """How sure the least sure name is."""
    return float(naming.confidence[naming.classes != NONE].min())


if __name__ == "__main__":
    main()
