from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from vertenet.errors import ModelError
from vertenet.network.weights import load_strictly, parse_state_dict, read_file

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1.0, -1.0])}


def saved(content, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


class Harmful:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"epoch": 3, "state_dict": STATE},
        {"module." + name: tensor for name, tensor in STATE.items()},
        {"state_dict": {"module." + name: tensor for name, tensor in STATE.items()}},
    ],
    ids=["bare", "with epoch", "parallel", "parallel with epoch"],
)
def test_every_form_of_checkpoint_is_read(content):
    state = parse_state_dict(saved(content), source="file")
    assert list(state) == ["weight", "bias"]
    assert all(torch.equal(state[name], STATE[name]) for name in STATE)


def test_the_old_file_format_is_read():
    data = saved(STATE, _use_new_zipfile_serialization=False)
    assert list(parse_state_dict(data, source="file")) == ["weight", "bias"]


def test_a_prefix_on_some_names_only_is_kept():
    mixed = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
    assert list(parse_state_dict(saved(mixed), source="file")) == ["module.a", "b"]


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path, zipped):
    trace = tmp_path / "trace"
    data = saved({"state_dict": Harmful(trace)}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds code"):
        parse_state_dict(data, source="file")
    assert not trace.exists()


def test_a_plain_pickle_with_code_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "trace"
    with pytest.raises(ModelError):
        parse_state_dict(pickle.dumps(Harmful(trace)), source="file")
    assert not trace.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint_is_refused_wherever_it_ends(zipped):
    whole = saved(STATE, _use_new_zipfile_serialization=zipped)
    for length in range(0, len(whole) - 1, 37):
        with pytest.raises(ModelError):
            state = parse_state_dict(whole[:length], source="file")
            load_strictly(nn.Linear(3, 2), state, source="file")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", b"\x80\x02.", b"\x00" * 600])
def test_a_file_that_is_no_checkpoint_is_refused(data):
    with pytest.raises(ModelError):
        parse_state_dict(data, source="file")


@pytest.mark.parametrize("content", [{}, [], torch.zeros(2), {"state_dict": {}}, 3])
def test_a_checkpoint_without_tensors_is_refused(content):
    with pytest.raises(ModelError, match="state dictionary"):
        parse_state_dict(saved(content), source="file")


def test_a_state_dictionary_with_other_things_names_them():
    with pytest.raises(ModelError, match=r"only tensors.*note"):
        parse_state_dict(saved({**STATE, "note": "hello"}), source="file")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ModelError, match="there is none"):
        read_file(tmp_path / "none.pth")
    with pytest.raises(ModelError, match="cannot be read"):
        read_file(tmp_path)


def test_fitting_weights_are_used_in_full():
    layer = nn.Linear(3, 2)
    load_strictly(layer, STATE, source="file")
    assert torch.equal(layer.weight, STATE["weight"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bias": None}, "1 missing (bias)"),
        ({"scale": torch.ones(1)}, "1 unexpected (scale)"),
        ({"bias": torch.ones(4)}, "1 of another shape (bias 4 instead of 2)"),
        ({"bias": torch.tensor([1, 2])}, "1 of another kind of number (bias)"),
        ({"bias": torch.tensor([1.0, float("nan")])}, "1 not finite (bias)"),
    ],
)
def test_weights_that_do_not_fit_are_named(change, words):
    state = {k: v for k, v in {**STATE, **change}.items() if v is not None}
    with pytest.raises(ModelError) as caught:
        load_strictly(nn.Linear(3, 2), state, source="file")
    assert words in str(caught.value)


def test_only_the_first_names_of_many_are_listed():
    state = {**STATE, **{f"x{i}": torch.ones(1) for i in range(9)}}
    with pytest.raises(ModelError, match=r"9 unexpected \(x0, x1, x2, x3 and 5 more\)"):
        load_strictly(nn.Linear(3, 2), state, source="file")
