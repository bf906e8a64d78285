"""Train variants of the network alike and write what each part is worth.

``python tools/ablate.py SCANS OUTPUT`` writes ``OUTPUT/ablation.csv``, one row a variant, as
soon as it is there; a variant that has its row is not trained again.  SCANS is a folder of
rendered scans, such as ``vertenet train`` leaves in its output.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

import torch

from vertenet.report.atomic import write_text
from vertenet.training.ablation import COLUMNS, rows


def main() -> None:
    """Read the command line, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scans", type=Path, help="folder of rendered scans")
    parser.add_argument("output", type=Path)
    parser.add_argument("--views", type=int, default=9600)
    parser.add_argument("--peer-views", type=int, default=1600)
    parser.add_argument("--judged", type=int, default=60, help="scans each is judged on")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.output.mkdir(parents=True, exist_ok=True)
    table = given.output / "ablation.csv"
    known = list(csv.DictReader(table.read_text().splitlines())) if table.exists() else []
    for row in rows(
        given.scans,
        given.output,
        views=given.views,
        peer_views=given.peer_views,
        judged=given.judged,
        done={r["variant"] for r in known},
        report=lambda line: print(line, flush=True),
    ):
        known.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(known)
        write_text(table, text.getvalue())


if __name__ == "__main__":
    main()
