"""The table of variants: what is counted, taught and judged."""

import pytest
import torch

from vertenet.network.coding import encode
from vertenet.training import ablation
from vertenet.training.ablation import (
    COLUMNS,
    PEER,
    VARIANTS,
    Variant,
    multiplications,
    published_loss,
    rows,
)
from vertenet.training.losses import focal_loss
from vertenet.training.pool import render_shard

BODY = torch.tensor([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])


def test_the_multiplications_of_a_convolution_are_counted_in_full():
    network = torch.nn.Conv2d(1, 4, 3, padding=1)
    assert multiplications(Variant("one", canvas=(32, 64)), network) == 32 * 64 * 9 * 4


def test_perfect_corner_maps_have_no_offset_and_vector_loss():
    points = torch.full((1, 18, 6, 2), float("nan"))
    points[0, 5] = BODY + 101.5  # on the centre of cell 25
    visible = torch.zeros(1, 18, dtype=torch.long)
    visible[0, 5] = 1
    targets = encode(points, visible, 256, 256)
    heat = targets.heat.clone()
    vectors = torch.zeros(1, 8, 64, 64)
    for i, row in enumerate((0, 2, 5, 3)):
        for x in range(64):
            vectors[0, 2 * i, :, x] = (101.5 - points[0, 5, row, 0]) / 4
            vectors[0, 2 * i + 1, :, x] = (101.5 - points[0, 5, row, 1]) / 4
    offset = torch.zeros(1, 2, 64, 64)
    for x in range(64):
        offset[0, 0, :, x] = 25 - x
        offset[0, 1, x, :] = 25 - x
    right = {"hm": heat, "reg": offset, "wh": vectors}
    wrong = {**right, "wh": vectors + 2.0}
    heat_alone = focal_loss(torch.logit(heat.clamp(1e-4, 1 - 1e-4)), targets.heat, targets.weight)
    assert float(published_loss(right, targets)) == pytest.approx(float(heat_alone), abs=1e-5)
    assert float(published_loss(wrong, targets)) == pytest.approx(float(heat_alone) + 2.0, abs=1e-4)


def test_every_variant_has_a_name_of_its_own():
    names = [v.name for v in (*VARIANTS, PEER)]
    assert len(set(names)) == len(names)


def test_a_variant_that_is_done_is_left_out(tmp_path, monkeypatch):
    render_shard(tmp_path / "scans", 1, count=2, size=(128, 64))
    tiny = {"widths": (4, 4, 4, 4, 4), "depths": (1, 1, 1, 1), "decoder": (4, 4, 4), "head": 4}
    variants = [Variant(n, {**tiny, "refiner": ()}, (64, 32), 2, False) for n in "ab"]
    monkeypatch.setattr(ablation, "VARIANTS", tuple(variants))
    monkeypatch.setattr(ablation, "PEER", Variant("peer", tiny, (64, 32), 2, False))
    options = {"views": 2, "peer_views": 2, "judged": 1, "done": {"a", "peer"}}
    found = list(rows(tmp_path / "scans", tmp_path / "out", **options))
    assert [r["variant"] for r in found] == ["b", "as bundled, views of the peer"]
    assert set(found[0]) <= set(COLUMNS)
