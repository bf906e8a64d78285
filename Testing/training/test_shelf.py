"""Very many images in little memory: what lies on the shelf comes back as it was."""

import gc

import numpy as np
import pytest

from vertenet.errors import OutputError
from vertenet.training import shelf
from vertenet.training.annotated import Annotated
from vertenet.training.annotations import open_annotations, read_annotations
from vertenet.training.evaluation import Comparison, evaluate
from vertenet.training.evaluation_files import write_evaluation
from vertenet.training.shelf import Shelf, Spool

PLACES = {"PS": (0, 0), "MS": (20, 0), "AS": (40, 0), "AI": (40, 30), "MI": (20, 30), "PI": (0, 30)}
FILES = ("points.csv", "grades.csv", "summary.csv", "agreement.csv", "summary.json")


def table(path, shift=0.0, *, images=40, by_image=True):
    """Three vertebrae an image, row by row of an image or of a point."""
    rows = [
        f"s/{k}.png,L{i},{name},{50 + x + shift * (k % 5)},{40 * i + y},{k % 4},0.5,900,600"
        for k in range(images)
        for i in (1, 2, 3)
        for name, (x, y) in PLACES.items()
    ]
    if not by_image:
        rows = [row for start in range(18) for row in rows[start::18]]
    head = "image,level,point,x,y,grade,sigma_px,width,height"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def values(item):
    bodies = {k: v.tolist() for k, v in item.bodies.items()}
    sigma = {k: v.tolist() for k, v in item.sigma.items()}
    return {**vars(item), "bodies": bodies, "sigma": sigma}


@pytest.mark.parametrize("by_image", [True, False])
@pytest.mark.parametrize(("near", "returns"), [(1, 10**6), (3, 10**6), (3, 10), (1000, 10**6)])
def test_a_table_in_any_order_is_read_the_same(tmp_path, monkeypatch, by_image, near, returns):
    path = table(tmp_path / "a.csv", by_image=by_image)
    monkeypatch.setattr(shelf, "NEAR", near)
    monkeypatch.setattr(shelf, "_MOST_RETURNS", returns)
    found = open_annotations(path)
    assert list(found) == [f"s/{k}.png" for k in range(40)]
    assert len(found) == 40 and "s/7.png" in found and "s/40.png" not in found
    monkeypatch.setattr(shelf, "NEAR", 1000)
    whole = read_annotations(table(tmp_path / "b.csv"))
    assert {k: values(v) for k, v in found.items()} == {k: values(v) for k, v in whole.items()}


def test_the_files_are_the_same_bytes_whatever_is_kept(tmp_path, monkeypatch):
    a, b = table(tmp_path / "a.csv"), table(tmp_path / "b.csv", 0.7)
    write_evaluation(evaluate(read_annotations(a), read_annotations(b)), tmp_path / "kept",
                     plots=False)  # fmt: skip
    monkeypatch.setattr(shelf, "NEAR", 2)
    monkeypatch.setattr(shelf, "_ROWS", 7)
    stream = Comparison(open_annotations(a), open_annotations(b))
    found = write_evaluation(stream, tmp_path / "streamed", plots=False)
    assert found.images == [f"s/{k}.png" for k in range(40)]
    for name in FILES:
        assert (tmp_path / "kept" / name).read_bytes() == (
            tmp_path / "streamed" / name
        ).read_bytes()


def test_few_images_are_in_memory_at_once(tmp_path, monkeypatch):
    def alive():
        gc.collect()
        return sum(type(o) is Annotated for o in gc.get_objects())

    monkeypatch.setattr(shelf, "NEAR", 4)
    others = alive()
    a = open_annotations(table(tmp_path / "a.csv", images=60))
    b = open_annotations(table(tmp_path / "b.csv", images=60))
    assert alive() - others <= 8  # four on each shelf
    most = 0
    for _ in Comparison(a, b).cases:
        most = max(most, alive() - others)
    assert most <= 8 + 8  # and those that are compared


def test_rows_of_numbers_come_back_in_their_order(monkeypatch):
    monkeypatch.setattr(shelf, "_ROWS", 5)
    spool, rows = Spool(3), np.arange(99.0).reshape(33, 3)
    assert spool.load().shape == (0, 3)
    spool.add(rows[:1])
    spool.add(rows[1:20])
    spool.add(rows[20])
    assert (spool.load() == rows[:21]).all()
    spool.add(rows[21:])
    assert (spool.load() == rows).all()


def test_a_full_temporary_folder_is_told_in_a_sentence(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf.tempfile, "TemporaryFile", full)
    monkeypatch.setattr(shelf, "NEAR", 1)
    images = Shelf()
    images.open("a")
    with pytest.raises(OutputError, match=r"No space left on device.*TMPDIR"):
        images.open("b")
    spool = Spool(1)
    with pytest.raises(OutputError, match="No space"):
        spool.add(np.zeros((shelf._ROWS, 1)))
