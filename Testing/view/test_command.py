"""The command ``vertenet view``: what it refuses, and in which words."""

from __future__ import annotations

import importlib.util
import socket

import pytest

import vertenet_web.command as command
from vertenet.cli import main
from vertenet.errors import (
    ConfigurationError,
    ImageError,
    MissingDependencyError,
    OutputError,
)


def show(*places, **options):
    given = {"host": "127.0.0.1", "port": 0, "tell": print} | options
    command.view(places, **given)


@pytest.fixture
def complete(monkeypatch):
    """As if the viewer's packages were there."""
    monkeypatch.setattr(command, "_NEEDED", ())


def test_without_the_packages_it_says_how_to_install_them(monkeypatch):
    monkeypatch.setattr(command, "_NEEDED", ("json", "no_such_package"))
    with pytest.raises(MissingDependencyError, match=r"pip install 'vertenet\[view\]'"):
        show()


def test_a_place_that_is_not_there_is_named(complete, tmp_path, capsys):
    with pytest.raises(ImageError, match=r"nowhere.dcm"):
        show(tmp_path / "nowhere.dcm")


def test_a_folder_without_an_image_is_refused(complete, tmp_path):
    with pytest.raises(ImageError, match="found none"):
        show(tmp_path)


@pytest.mark.parametrize("length", [0, 15])
def test_a_token_that_can_be_guessed_is_refused(complete, length):
    with pytest.raises(ConfigurationError, match="at least 16"):
        show(token="x" * length)


@pytest.mark.parametrize("name", ["drafts", "output"])
def test_a_folder_that_cannot_be_made_is_said_before_anything_starts(complete, tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a file stands where a folder"):
        show(**{"drafts": tmp_path / "drafts", name: tmp_path / "file" / "deeper"})


def test_a_port_that_is_taken_is_said(complete, tmp_path):
    pytest.importorskip("aiohttp", reason="the packages of vertenet[view] are not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            show(port=port, drafts=tmp_path)


def test_the_command_line_shows_one_sentence_and_fails(tmp_path, capsys):
    if importlib.util.find_spec("trame_slicer") is None:
        pytest.skip("the packages of vertenet[view] are not installed")
    assert main(["view", str(tmp_path / "nowhere")]) == 1
    assert "does not exist" in capsys.readouterr().err
