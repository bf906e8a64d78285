"""A training without room, or with a damaged state: a sentence, and nothing half-written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from vertenet.errors import ConfigurationError, ModelError, OutputError
from vertenet.network.bundle import write_model
from vertenet.training.config import TrainingConfig
from vertenet.training.loop import STATE, Trainer
from vertenet.training.pool import render_shard
from vertenet.training.run import run
from vertenet.training.writing import make_folder, write_tensors, write_text

TINY = {
    "widths": [4, 8, 8, 8, 8],
    "depths": [1, 1, 1, 1],
    "decoder": [8, 8, 8],
    "head": 8,
    "attention": False,
    "refiner": [4, 8, 8],
}
LARGER = "larger than is allowed|too large"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may become larger: the same refusal as a full disk's, by the kernel."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def trainer(folder: Path, **network: object) -> Trainer:
    config = TrainingConfig(network={**TINY, **network}, threads=1)
    return Trainer(config, folder / "scans", folder / "state", lambda line: None)


def test_a_state_without_room_leaves_the_earlier_one(tmp_path: Path) -> None:
    training = trainer(tmp_path)
    training.save()
    before = files(tmp_path)
    assert list(before) == [f"state/{STATE}"]
    training.step = 7
    with room_for(5000), pytest.raises(OutputError, match=LARGER):
        training.save()
    assert files(tmp_path) == before
    training.save()
    again = trainer(tmp_path)
    assert again.resume() and again.step == 7


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other settings"])
def test_a_damaged_state_is_told(tmp_path: Path, damage: str) -> None:
    trainer(tmp_path).save()
    path = tmp_path / "state" / STATE
    data = path.read_bytes()
    if damage == "other settings":
        training = trainer(tmp_path, head=16)
    else:
        training = trainer(tmp_path)
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"x" * 99}[damage])
    with pytest.raises(ConfigurationError, match="start without --resume"):
        training.resume()


def test_a_shard_without_room_is_not_there(tmp_path: Path) -> None:
    with room_for(20_000), pytest.raises(OutputError, match=LARGER):
        render_shard(tmp_path, 3, count=2, size=(160, 96))
    assert [name for name in files(tmp_path) if name.endswith(".npy")] == []
    assert not any(Path(name).name.startswith(".") for name in files(tmp_path))
    render_shard(tmp_path, 3, count=2, size=(160, 96))
    assert sorted(files(tmp_path)) == ["shard_000000003.npy", "shard_000000003.points.npz"]


@pytest.mark.parametrize("there", [False, True])
def test_a_model_without_room_leaves_what_was_there(tmp_path: Path, there: bool) -> None:
    def write(version: str) -> None:
        write_model(
            tmp_path / "model", state_dict={"a": torch.zeros(9000)}, name="m", version=version,
            architecture="compact", config={}, card="-",
        )  # fmt: skip

    if there:
        write("1")
    before = files(tmp_path)
    with room_for(5000), pytest.raises(ModelError, match=LARGER):
        write("2")
    assert files(tmp_path) == before
    assert there == (tmp_path / "model").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name != "model"] == []


def test_tensors_and_text_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "before")
    with room_for(3):
        with pytest.raises(OutputError, match=LARGER):
            write_text(tmp_path / "a.txt", "afterwards")
        with pytest.raises(OutputError, match=LARGER):
            write_tensors(tmp_path / "b.pt", {"a": torch.zeros(3)})
    assert files(tmp_path) == {"a.txt": b"before"}


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="Expected to make the folder"):
        make_folder(tmp_path / "out" / "scans")
    with pytest.raises(OutputError, match="Expected to make the folder"):
        run(TrainingConfig(network=TINY, threads=1, scans=1), tmp_path / "out")


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; the command itself is tested with less rights")
    training = trainer(tmp_path)
    (tmp_path / "state").mkdir(mode=0o555)
    with pytest.raises(OutputError, match="denied"):
        training.save()
    shutil.rmtree(tmp_path / "state")
