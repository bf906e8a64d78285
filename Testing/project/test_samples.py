"""The bundled scans are those that were looked at."""

import hashlib
from pathlib import Path

import pytest

from vertenet.images import read_image

FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "SampleData"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["synthetic_bright.dcm", "synthetic_faint.dcm"])
def test_a_sample_has_the_digest_that_its_readme_states(name):
    row = next(line for line in README.splitlines() if name in line)
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() in row


@pytest.mark.parametrize("name", ["synthetic_bright.dcm", "synthetic_faint.dcm"])
def test_a_sample_is_read_with_its_spacing(name):
    image = read_image(FOLDER / name)
    assert (image.height, image.width) == (1200, 400)
    assert image.spacing_source == "PixelSpacing"
    assert 0.2 < min(image.spacing_mm) < max(image.spacing_mm) < 0.6
