"""Draw the bundled sample scans anew: ``.venv/bin/python tools/make_samples.py``.

The scans are fixed by look, seed and size, under the renderer of the commit that wrote
them; ``Resources/SampleData/README.md`` has their digests.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from vertenet.synthesis import synthesise
from vertenet.synthesis.export import write_scan

FOLDER = Path(__file__).resolve().parents[1] / "Resources" / "SampleData"
SIZE = (1200, 400)
SAMPLES = {"synthetic_bright": ("bright", 40055), "synthetic_faint": ("faint", 40161)}


def main() -> None:
    """Write each sample and print its digest."""
    for name, (look, seed) in SAMPLES.items():
        path = FOLDER / f"{name}.dcm"
        write_scan(synthesise(seed, size=SIZE, look=look), path)
        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
