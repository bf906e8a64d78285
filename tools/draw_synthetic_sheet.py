"""Draw docs/images/synthetic_scans.jpg: eight scans of each look, seeds 40 to 47."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vertenet.synthesis import synthesise
from vertenet.synthesis.parameters import LOOKS

SHEET = Path(__file__).resolve().parents[1] / "docs/images/synthetic_scans.jpg"
SEEDS, SIZE, GAP = range(40, 48), (440, 220), 4


def main() -> None:
    """One row a look."""
    height, width = SIZE[0] + GAP, SIZE[1] + GAP
    sheet = np.full((height * len(LOOKS), width * len(SEEDS)), 255, np.uint8)
    for row, look in enumerate(LOOKS):
        for column, seed in enumerate(SEEDS):
            image = np.clip(synthesise(seed, look=look, size=SIZE).image, 0, 1)
            top, left = row * height, column * width
            sheet[top : top + SIZE[0], left : left + SIZE[1]] = np.round(255 * image)
    Image.fromarray(sheet).save(SHEET, quality=82)


if __name__ == "__main__":
    main()
