"""Scans rendered together in torch: as one by one, whatever the batch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vertenet
from vertenet.synthesis import SyntheticScan, draw_parameters, render_scan, synthesise_batch
from vertenet.synthesis.canvas import PolygonSheet
from vertenet.synthesis.display import SHEETS, DisplayList, display_list
from vertenet.synthesis.feed import display_lists

torch = pytest.importorskip("torch")

from vertenet.synthesis.batched import CounterNoise, StreamNoise, render_batch  # noqa: E402
from vertenet.synthesis.batched.polygons import draw_sheets  # noqa: E402

SIZE = (256, 128)
SEEDS = range(300, 312)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lists() -> list[DisplayList]:
    looks = ("bright", "faint", "radiograph")
    params = [draw_parameters(np.random.default_rng(seed), look=looks[seed % 3]) for seed in SEEDS]
    return [display_list(p, SIZE) for p in params]


@pytest.fixture(scope="module")
def one_by_one(lists: list[DisplayList]) -> list[SyntheticScan]:
    return [render_scan(scan.params, SIZE) for scan in lists]


@pytest.mark.parametrize("name", SHEETS)
def test_polygons_drawn_together_are_those_drawn_alone(lists: list[DisplayList], name: str) -> None:
    sheets = [scan.sheets[name] for scan in lists]
    together = draw_sheets(sheets, SIZE, CPU).numpy()
    alone = np.stack([sheet.draw() for sheet in sheets])
    # steps are whole numbers of 2^-20, and some hundred of them are summed in a row
    assert np.abs(together - alone).max() < 1e-4


def test_a_half_covered_pixel_is_half_as_bright() -> None:
    sheet = PolygonSheet((8, 8))
    # pixel 2 spans 1.5 to 2.5
    sheet.add(np.array([[2.0, 1.5], [5.5, 1.5], [5.5, 4.5], [2.0, 4.5]]), 3.0)
    image = draw_sheets([sheet], (8, 8), CPU)[0].numpy()
    assert image[3].tolist() == pytest.approx([0, 0, 1.5, 3, 3, 3, 0, 0], abs=1e-5)
    assert image[1].tolist() == [0.0] * 8 and image[5].tolist() == [0.0] * 8


def test_scans_rendered_together_are_those_rendered_alone(
    lists: list[DisplayList], one_by_one: list[SyntheticScan]
) -> None:
    batch = render_batch(lists)
    for image, visible, scan in zip(batch.image, batch.visible, one_by_one, strict=True):
        assert np.abs(image.numpy() - scan.image).mean() < 1e-3
        assert np.array_equal(visible.numpy(), scan.visible)


@pytest.mark.parametrize("noise", [StreamNoise, CounterNoise])
def test_a_scan_is_the_same_in_any_batch(lists: list[DisplayList], noise: type) -> None:
    many = render_batch(lists, noise=noise)
    for k in (0, 5, 11):
        one = render_batch([lists[k]], noise=noise)
        # a rounding may tip a pixel into the next of 64 or 256 greys
        assert float(((one.image[0] - many.image[k]).abs() > 1e-4).float().mean()) < 1e-3
        assert torch.equal(one.visible[0], many.visible[k])


def test_seeds_rendered_on_a_device_give_whole_scans() -> None:
    seeds = [300, 301]
    for there, here in zip(
        synthesise_batch(seeds, SIZE, device="cpu"), synthesise_batch(seeds, SIZE), strict=True
    ):
        assert np.abs(there.image - here.image).mean() < 1e-3
        assert there.image.dtype == np.float32 and there.params == here.params
        assert np.array_equal(there.points, here.points, equal_nan=True)
        assert np.array_equal(there.visible, here.visible)
        assert np.array_equal(there.grade, here.grade)
        assert (there.look, there.anterior) == (here.look, here.anterior)
        assert there.aorta.cropped == here.aorta.cropped
        assert np.array_equal(there.aorta.anterior, here.aorta.anterior)


def test_lists_laid_out_by_other_processes_are_the_same() -> None:
    seeds = list(range(9))
    for there, here in zip(
        display_lists(seeds, SIZE, workers=1), display_lists(seeds, SIZE), strict=True
    ):
        assert there.params == here.params
        assert np.array_equal(there.outlines, here.outlines, equal_nan=True)
        for name in SHEETS:
            assert np.array_equal(there.sheets[name].draw(), here.sheets[name].draw())


def test_scans_without_noise_do_not_depend_on_its_kind(lists: list[DisplayList]) -> None:
    quiet = {"noise": 0.0, "lines": 0.0, "grain": 0.0, "tissue_noise": 0.0}
    still = [display_list({**scan.params, **quiet}, SIZE) for scan in lists[:4]]
    stream, counter = (render_batch(still, noise=kind) for kind in (StreamNoise, CounterNoise))
    assert torch.equal(stream.image, counter.image)
    moving = (render_batch(lists[:4], noise=kind).image for kind in (StreamNoise, CounterNoise))
    assert not torch.equal(*moving)


def test_counted_noise_is_normal_and_belongs_to_seed_layer_and_place() -> None:
    shapes = [(400, 301), (400, 301)]
    noise = CounterNoise([{"seed": 5}, {"seed": 6}], CPU)
    field = noise.field(7, 0, shapes)
    count = field[0].numel()
    assert field.shape == (2, 400, 301)
    # five standard errors each
    assert abs(float(field[0].mean())) < 5 / count**0.5
    assert abs(float(field[0].var()) - 1.0) < 5 * (2 / count) ** 0.5
    assert abs(float((field[0] ** 4).mean()) - 3.0) < 5 * (96 / count) ** 0.5
    others = {
        "right": field[0, :, 1:] * field[0, :, :-1],
        "below": field[0, 1:] * field[0, :-1],
        "two right": field[0, :, 2:] * field[0, :, :-2],
        "scan": field[0] * field[1],
        "layer": field[0] * noise.field(8, 0, shapes)[0],
        "part": field[0] * noise.field(7, 1, shapes)[0],
    }
    for name, product in others.items():
        assert abs(float(product.mean())) < 5 / count**0.5, name


def test_counted_noise_does_not_depend_on_what_is_drawn_beside_it() -> None:
    alone = CounterNoise([{"seed": 5}], CPU).field(7, 0, [(40, 30)])
    beside = CounterNoise([{"seed": 9}, {"seed": 5}], CPU).field(7, 0, [(90, 77), (40, 30)])
    assert torch.equal(alone[0], beside[1, :40, :30])


def test_the_synthesis_does_not_load_torch() -> None:
    program = (
        "import sys; from vertenet.synthesis import synthesise; "
        "synthesise(1, size=(128, 64)); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONPATH": str(Path(vertenet.__file__).parents[1]), "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_draws_what_the_cpu_draws(lists: list[DisplayList]) -> None:
    there = render_batch(lists, "cuda")
    here = render_batch(lists, noise=CounterNoise)
    assert float((there.image.cpu() - here.image).abs().mean()) < 1e-3
    assert (there.visible.cpu() != here.visible).sum() <= 2
