"""Shipped files are found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertenet import resources
from vertenet.errors import VerteNetError
from vertenet.resources import resource_path

ROOT = Path(__file__).resolve().parents[2]


def test_a_shipped_file_is_found_from_a_checkout() -> None:
    assert resource_path("README.md") == ROOT / "Resources" / "README.md"


def test_a_folder_is_found_too() -> None:
    assert resource_path("Schemas").is_dir()


def test_an_installed_copy_comes_before_the_folder_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "vertenet"
    (package / "_resources" / "Schemas").mkdir(parents=True)
    (tmp_path / "Resources" / "Schemas").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resource_path("Schemas") == package / "_resources" / "Schemas"


@pytest.mark.parametrize("relative", ["", ".", "/etc/passwd", "../README.md", "Models/../../x"])
def test_a_path_that_leads_out_of_resources_is_refused(relative: str) -> None:
    with pytest.raises(VerteNetError, match="below Resources"):
        resource_path(relative)


def test_an_absent_file_is_named_with_what_to_do() -> None:
    with pytest.raises(VerteNetError, match=r"'Models/none'.*Install the package again"):
        resource_path("Models/none")
