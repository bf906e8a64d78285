"""Own images are learnt from as they were annotated, and some are kept for the card."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vertenet.detection import load_detector
from vertenet.errors import ConfigurationError
from vertenet.images import image_from_array, read_image
from vertenet.network.coding import UNKNOWN, encode
from vertenet.network.compact import BODY_CLASSES
from vertenet.synthesis.export import write_scans
from vertenet.training.annotated import Annotated
from vertenet.training.augment import view
from vertenet.training.config import FINE_TUNING, TrainingConfig
from vertenet.training.loop import draw_crops
from vertenet.training.losses import known_mean, point_loss, refiner_loss
from vertenet.training.own_data import as_scan, load_own
from vertenet.training.run import run

TINY = {
    "widths": [4, 8, 8, 8, 8],
    "depths": [1, 1, 1, 1],
    "decoder": [8, 8, 8],
    "head": 8,
    "attention": False,
    "refiner": [4, 8, 8],
}
BODY = np.array([[-16.0, -12], [0, -12], [16, -12], [16, 12], [0, 12], [-16, 12]])


def spine(*names: str, step: float = 32.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Upright bodies at x = 64, L1 at y = 64; everything else unknown."""
    points = torch.full((18, 6, 2), math.nan)
    visible = torch.full((18,), UNKNOWN)
    for name in names:
        i = BODY_CLASSES.index(name)
        y = 64 + step * (i - BODY_CLASSES.index("L1"))
        points[i] = torch.from_numpy(BODY + [64.0, y]).float()
        visible[i] = 1
    return points, visible


def weight_at(points: torch.Tensor, visible: torch.Tensor, x: int, y: int) -> float:
    targets = encode(points[None], visible[None], 256, 128)
    return float(targets.weight[0, 0, y // 4, x // 4])


def test_nothing_is_taught_beyond_the_annotated_vertebrae():
    points, visible = spine("L1", "L2", "L3")
    assert weight_at(points, visible, 64, 32) == 0.0  # where T12 would be
    assert weight_at(points, visible, 64, 160) == 0.0  # where L4 would be
    assert weight_at(points, visible, 64, 96) == 1.0
    assert weight_at(points, visible, 20, 96) == 1.0  # beside the spine there is none


def test_nothing_is_taught_where_a_vertebra_was_left_out():
    points, visible = spine("L1", "L3")
    assert weight_at(points, visible, 64, 96) == 0.0
    assert weight_at(points, visible, 20, 96) == 1.0


def test_where_all_is_known_everything_is_taught():
    points, visible = spine("L1", "L2")
    visible[visible == UNKNOWN] = 0
    targets = encode(points[None], visible[None], 256, 128)
    assert float(targets.weight.min()) == 1.0


def test_an_unknown_vertebra_is_no_target():
    points, visible = spine("L1", "L3")
    targets = encode(points[None], visible[None], 256, 128)
    assert sorted(set(targets.level.tolist())) == [12, 14]


def test_a_view_keeps_what_is_unknown_unknown():
    points, visible = spine("L1")
    image = np.zeros((256, 128), np.uint8)
    _, _, seen = view(
        image, points.numpy(), visible.numpy().astype(np.int8), (96, 64), np.random.default_rng(0)
    )
    assert int((seen == UNKNOWN).sum()) == 17


def test_points_that_were_not_annotated_cost_nothing():
    loss = torch.tensor([[1.0, 9.0, 3.0, 5.0, 9.0, 7.0]])
    known = torch.tensor([[True, False, True, True, False, True]])
    assert float(known_mean(loss, known)) == pytest.approx(4.0)


def test_the_second_look_learns_from_four_corners():
    uv = torch.zeros(1, 6, 2)
    uv[0, [1, 4]] = math.nan
    out = {
        "uv": torch.full((1, 6, 2), 3.6, requires_grad=True),
        "scale": torch.full((1, 6), math.log(0.1)),
    }
    loss = refiner_loss(out, uv, torch.ones(1))
    loss.backward()
    expected = float(point_loss(torch.full((1, 6, 2), 0.1), out["scale"]).mean())
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(out["uv"].grad[0, 1].abs().sum()) == 0.0
    assert float(out["uv"].grad[0, 0].abs().sum()) > 0.0


def test_crops_are_cut_of_annotated_vertebrae_only():
    points, visible = spine("L1", "L2")
    points[12, [1, 4]] = math.nan
    scan = (np.zeros((256, 128), np.uint8), points.numpy(), visible.numpy().astype(np.int8))
    images, truth, clear = draw_crops([scan], 4, np.random.default_rng(0))
    assert images.shape == (4, 1, 80, 80)
    assert bool(torch.isfinite(images).all())
    assert bool(torch.isfinite(truth[:, [0, 2, 3, 5]]).all())
    assert clear.tolist() == [1.0] * 4


def test_a_large_image_is_kept_at_the_size_of_the_second_look():
    item = Annotated("a", {"L1": BODY * 4 + [200, 300]})  # 96 px tall
    y, x = np.mgrid[:600, :400]
    image = image_from_array((x + y).astype(np.float32), name="a")
    pixels, points, visible = as_scan(item, image)
    assert pixels.shape == (300, 200)
    body = points[BODY_CLASSES.index("L1")]
    np.testing.assert_allclose(body[5] - body[0], [0, 48], atol=1e-4)
    assert visible[BODY_CLASSES.index("L1")] == 1
    assert set(np.delete(visible, BODY_CLASSES.index("L1"))) == {UNKNOWN}


def test_pixels_that_are_not_square_become_square():
    item = Annotated("a", {"L1": BODY + [100, 100]})
    image = image_from_array(np.arange(40000.0).reshape(200, 200), spacing_mm=(0.6, 0.3))
    pixels, points, _ = as_scan(item, image)
    assert pixels.shape == (400, 200)
    body = points[BODY_CLASSES.index("L1")]
    np.testing.assert_allclose(body[5] - body[0], [0, 48], atol=1e-4)
    np.testing.assert_allclose(body[2] - body[0], [32, 0], atol=1e-4)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    write_scans(folder, count=5, seed=3)
    return folder


def test_own_images_are_split_the_same_way_from_the_same_seed(own_folder):
    config = TrainingConfig(images=str(own_folder), hold_out=0.4, seed=5)
    first, again = load_own(config), load_own(config)
    assert [h.image for h in first.held] == [h.image for h in again.held]
    assert len(first.held) == 2
    assert len(first.scans) == 3


def test_images_of_one_patient_stay_together(own_folder, tmp_path):
    text = (own_folder / "points.csv").read_text().splitlines()
    rows = [text[0] + ",patient"] + [
        line + (",P1" if line[:9] in ("scan_0001", "scan_0002", "scan_0003") else ",P2")
        for line in text[1:]
    ]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    config = TrainingConfig(images=str(own_folder), points=str(tmp_path / "own.csv"), hold_out=0.5)
    own = load_own(config)
    assert {h.image for h in own.held} in (
        {"scan_0001.png", "scan_0002.png", "scan_0003.png"},
        {"scan_0004.png", "scan_0005.png"},
    )


def test_annotations_without_a_whole_vertebra_cannot_be_learnt_from(tmp_path):
    (tmp_path / "points.csv").write_text("image,level,point,x,y\na.png,L1,PS,1,2\n")
    with pytest.raises(ConfigurationError, match="four corners"):
        load_own(TrainingConfig(images=str(tmp_path)))


def test_a_configuration_names_paths_from_its_own_folder(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"images": "scans", "start": "bundled"}))
    config = TrainingConfig.read(tmp_path / "c.json", minutes=3.0)
    assert config.images == str(tmp_path / "scans")
    assert config.start == "bundled"
    assert config.learning_rate == FINE_TUNING["learning_rate"]
    assert config.minutes == 3.0


def test_points_alone_name_the_folder_of_the_images(tmp_path):
    assert TrainingConfig(points=str(tmp_path / "p.csv")).images == str(tmp_path)


@pytest.mark.parametrize(
    "values", [{"real_share": 0.0}, {"real_share": 1.1}, {"hold_out": 1.0}, {"steps": 0}]
)
def test_a_share_or_count_out_of_range_is_refused(values):
    with pytest.raises(ConfigurationError):
        TrainingConfig(**values)


@pytest.mark.slow
def test_own_images_make_a_model_that_detects_and_can_be_gone_on_from(own_folder, tmp_path):
    config = TrainingConfig.from_dict(
        {
            "images": str(own_folder),
            "steps": 2,
            "batch": 2,
            "crops": 4,
            "threads": 1,
            "real_share": 1.0,
            "network": TINY,
            "name": "clinic",
        }
    )
    made = run(config, tmp_path / "first", validation_scans=1)
    assert (made.name, made.architecture) == ("clinic", "compact")
    assert "Own images (4 learnt from, 1 held back)" in made.card_text()
    again = TrainingConfig.from_dict(
        {
            "images": str(own_folder),
            "steps": 1,
            "batch": 2,
            "crops": 4,
            "threads": 1,
            "real_share": 0.5,
            "scans": 2,
            "start": str(made.directory),
            "name": "clinic-2",
        }
    )
    tuned = run(again, tmp_path / "second", validation_scans=1)
    card = tuned.card_text()
    assert f"Went on from: clinic 0.1.0, sha256 {made.sha256}" in card
    assert "| before |" in card and "| this model |" in card
    detector = load_detector(tuned.directory, "cpu")
    detector.detect(read_image(Path(own_folder) / "scan_0001.png"))


def test_going_on_from_a_model_of_another_size_is_refused(own_folder, tmp_path):
    from vertenet.network.compact import CompactConfig, CompactVerteNet
    from vertenet.training.finish import store
    from vertenet.training.loop import starting_network

    network = CompactVerteNet(CompactConfig.from_dict(TINY))
    store(tmp_path / "m", network, name="m", version="1", sigma_factor=1.0, card="-")
    with pytest.raises(ConfigurationError, match="network settings"):
        starting_network(TrainingConfig(start=str(tmp_path / "m"), network={"head": 16}))
    same = starting_network(TrainingConfig(start=str(tmp_path / "m")))
    assert torch.equal(same.predict.bias, network.predict.bias.half().float())
