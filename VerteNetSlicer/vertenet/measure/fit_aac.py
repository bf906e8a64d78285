"""Make ``data/aac_percentiles.csv``: ``python -m vertenet.measure.fit_aac NHANES.npz OUT.csv``.

Per sex and ten years of age the share of people whose AAC-24 total is k or less.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

_AGES = (40, 50, 60, 70, 80)
_HEADER = """\
# AAC-24 totals by sex and age, made by vertenet.measure.fit_aac: le<k> is the share of
# people with a total of k or less. NHANES 2013-14, DXXAAC_H (National Center for Health
# Statistics, public domain), unweighted; the source gives ages above 80 as 80.
"""


def percentiles_csv(path: str | Path) -> str:
    """The table as text."""
    with np.load(path, allow_pickle=False) as data:
        names = [str(name) for name in data["aac_names"]]
        total = data["aac"][:, names.index("AAC24")].astype(int)
        age, sex = data["age"].astype(int), np.where(data["sex"] == 1, "M", "F")
    columns = ",".join(f"le{k}" for k in range(25))
    lines = [f"sex,age_from,n,{columns}"]
    for letter in ("M", "F", "U"):
        for low, high in zip(_AGES, (*_AGES[1:], 200), strict=True):
            group = (total >= 0) & (age >= low) & (age < high)
            if letter != "U":
                group &= sex == letter
            shares = [f"{np.mean(total[group] <= k):.4f}" for k in range(25)]
            lines.append(f"{letter},{low},{int(group.sum())},{','.join(shares)}")
    return _HEADER + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the table; ``arguments`` are the data file and the table's path."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m vertenet.measure.fit_aac NHANES.npz OUT.csv\n")
        return 2
    target = Path(arguments[1])
    temporary = target.with_suffix(".tmp")
    temporary.write_text(percentiles_csv(arguments[0]), encoding="utf-8")
    os.replace(temporary, target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
