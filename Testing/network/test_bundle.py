from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from vertenet.errors import ConfigurationError, ModelError
from vertenet.network import bundle, load_model, read_model_info, write_model


def build_layer(config) -> nn.Module:
    return nn.Linear(config["inputs"], 2)


@pytest.fixture(autouse=True)
def a_small_architecture(monkeypatch):
    home = type(sys)("vertenet_test_layer")
    home.build = build_layer
    monkeypatch.setitem(sys.modules, "vertenet_test_layer", home)
    monkeypatch.setitem(bundle.ARCHITECTURES, "layer", "vertenet_test_layer:build")


def write(directory, state=None, **options):
    given = {"name": "small", "version": "1.2", "architecture": "layer",
             "config": {"inputs": 3}, "card": "# A card\n"}  # fmt: skip
    state = nn.Linear(3, 2).state_dict() if state is None else state
    return write_model(directory, state_dict=state, **{**given, **options})


def change(directory, **entries):
    path = directory / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_a_written_model_is_loaded_as_it_was(tmp_path):
    layer = nn.Linear(3, 2)
    info = write(tmp_path / "a" / "m", layer.state_dict(), levels=["L1", "L2"])
    loaded = load_model(tmp_path / "a" / "m", "cpu")
    assert loaded.info == info == read_model_info(tmp_path / "a" / "m")
    assert (info.name, info.version, info.architecture) == ("small", "1.2", "layer")
    assert info.levels == ("L1", "L2")
    assert torch.equal(loaded.module.weight, layer.weight)
    assert not loaded.module.training
    assert info.card_text() == "# A card\n"


def test_nothing_but_the_model_is_left_behind(tmp_path):
    write(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [
        "MODEL_CARD.md", "model.json", "weights.pt"]  # fmt: skip


def test_a_model_written_again_replaces_the_first_and_keeps_other_files(tmp_path):
    write(tmp_path)
    (tmp_path / "notes.txt").write_text("kept")
    layer = nn.Linear(3, 2)
    write(tmp_path, layer.state_dict())
    assert torch.equal(load_model(tmp_path, "cpu").module.weight, layer.weight)
    assert (tmp_path / "notes.txt").read_text() == "kept"


def test_a_directory_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="Choose a folder"):
        write(tmp_path / "file" / "m")


def test_reading_what_a_model_is_loads_no_torch(tmp_path):
    write(tmp_path / "m")
    code = (
        "import sys; from vertenet.network import read_model_info; "
        f"read_model_info({str(tmp_path / 'm')!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": sys.path[0]}
                   | {"PYTHONPATH": ":".join(sys.path)})  # fmt: skip


def test_changed_weights_are_refused(tmp_path):
    write(tmp_path / "m")
    path = tmp_path / "m" / "weights.pt"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="changed or is damaged"):
        load_model(tmp_path / "m", "cpu")


def test_missing_weights_are_refused(tmp_path):
    write(tmp_path / "m")
    (tmp_path / "m" / "weights.pt").unlink()
    with pytest.raises(ModelError, match="there is none"):
        load_model(tmp_path / "m", "cpu")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"model directory with model\.json"):
        read_model_info(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"schema": "vertenet-model/2"}', "\xff", '{"name": "\\ud800"}'],
)
def test_a_damaged_description_is_refused(tmp_path, text):
    write(tmp_path)
    (tmp_path / "model.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match="model description"):
        read_model_info(tmp_path)


@pytest.mark.parametrize(
    "entries",
    [
        {"name": None},
        {"sha256": ""},
        {"config": []},
        {"levels": None},
        {"levels": ["C7"]},
        {"levels": [3]},
        {"weights": "../weights.pt"},
        {"card": "/etc/passwd"},
    ],
)
def test_a_description_with_a_wrong_entry_is_refused(tmp_path, entries):
    write(tmp_path)
    change(tmp_path, **entries)
    with pytest.raises(ModelError, match="model description"):
        read_model_info(tmp_path)


def test_a_description_of_endless_depth_is_refused(tmp_path):
    write(tmp_path)
    (tmp_path / "model.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="not valid JSON"):
        read_model_info(tmp_path)


def test_an_unknown_architecture_is_refused(tmp_path):
    with pytest.raises(ModelError, match="architectures compact, published"):
        write(tmp_path / "m", architecture="other")
    write(tmp_path / "m")
    change(tmp_path / "m", architecture="other")
    with pytest.raises(ModelError, match="got 'other'"):
        load_model(tmp_path / "m", "cpu")


def test_options_that_do_not_fit_the_architecture_are_refused(tmp_path):
    write(tmp_path, config={"outputs": 3})
    with pytest.raises(ModelError, match="options that fit"):
        load_model(tmp_path, "cpu")


def test_weights_of_another_shape_are_refused(tmp_path):
    write(tmp_path, config={"inputs": 5})
    with pytest.raises(ModelError, match="2x3 instead of 2x5"):
        load_model(tmp_path, "cpu")


def test_an_unknown_or_absent_device_is_refused(tmp_path, monkeypatch):
    write(tmp_path)
    with pytest.raises(ConfigurationError, match="auto, cpu, cuda"):
        load_model(tmp_path, "tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="finds none"):
        load_model(tmp_path, "cuda")
    assert load_model(tmp_path, "auto").device.type == "cpu"


def test_a_missing_card_is_told(tmp_path):
    info = write(tmp_path)
    (tmp_path / "MODEL_CARD.md").unlink()
    with pytest.raises(ModelError, match="card"):
        info.card_text()
