"""No option of the command line is advised in the panel or in the browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from vertenet.errors import VerteNetError
from vertenet.images.spacing import unknown_spacing
from vertenet.report import read_landmarks
from vertenet.report.dicom_source import check_size, read_source
from vertenet.report.exchange import exchange_with

OPTION = re.compile(r"--[a-z]|ROW,COLUMN|'vertenet ")


def raised(action) -> str:
    with pytest.raises(VerteNetError) as caught:
        action()
    return str(caught.value)


def advice(folder: Path) -> list[str]:
    """What the core really says where a window may show it."""
    other = folder / "other.bin"
    other.write_bytes(bytes(range(256)) * 8)
    empty = Dataset()
    return [
        *unknown_spacing().warnings,
        raised(lambda: read_landmarks(other)),
        raised(lambda: read_source(other)),
        raised(lambda: check_size(empty, 10, 10)),
        raised(lambda: exchange_with(None, dicom=True, identity=False)),
        raised(lambda: exchange_with(None, dicom=False, identity=True)),
    ]


def test_what_names_an_option_is_said_in_a_windows_words(host, tmp_path):
    from VerteNetSlicerLib.words import said_here

    found = advice(tmp_path)
    assert all(OPTION.search(text) for text in found)
    for text in found:
        here = said_here(text)
        assert not OPTION.search(here), here
        assert here.count(".") >= 1 and here[-1] == "."
    assert said_here("Another 5 sentences.") == "Another 5 sentences."
