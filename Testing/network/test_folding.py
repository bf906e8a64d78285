"""Folding changes the speed, not the answer."""

import torch

from vertenet.network.compact import build
from vertenet.network.folding import folded

SMALL = {
    "widths": [8, 8, 16, 16, 16],
    "depths": [1, 1, 1, 1],
    "decoder": [16, 16, 8],
    "head": 16,
    "refiner": [8, 8, 8],
}


def a_network_that_has_seen_data():
    torch.manual_seed(4)
    network = build(SMALL).train()
    for _ in range(3):
        network(torch.rand(4, 1, 64, 64))
        network.refiner(torch.rand(4, 1, 80, 80))
    return network.eval()


def test_a_folded_network_answers_the_same():
    network = a_network_that_has_seen_data()
    image = torch.rand(1, 1, 96, 64)
    with torch.inference_mode():
        plain, quick = network(image), folded(network)(image)
        crops = torch.rand(3, 1, 80, 80)
        second = network.refiner(crops)["uv"] - folded(network).refiner(crops)["uv"]
    for name, value in plain.items():
        torch.testing.assert_close(quick[name], value, atol=1e-4, rtol=1e-4)
    assert float(second.abs().max()) < 0.01


def test_folding_leaves_no_batch_norm_and_the_original_untouched():
    network = a_network_that_has_seen_data()
    quick = folded(network)
    assert not [m for m in quick.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def test_a_folded_network_answers_the_same_to_the_bit_on_one_thread_and_on_two():
    # wide enough that sums are split: with few channels nothing rounds otherwise
    wide = {"widths": [16, 32, 64, 96, 128], "decoder": [96, 64, 48], "head": 64}
    torch.manual_seed(5)
    network = build(SMALL | wide | {"refiner": [24, 48, 72]}).eval()
    quick = folded(network)
    image, crops = torch.rand(1, 1, 160, 96), torch.rand(5, 1, 80, 80)
    before = torch.get_num_threads()
    answers = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                answers.append({**quick(image), **quick.refiner(crops)})
    finally:
        torch.set_num_threads(before)
    for name, value in answers[0].items():
        assert torch.equal(value, answers[1][name]), name
