"""Losses are smallest where the network is right."""

import math

import pytest
import torch

from vertenet.network.coding import Targets
from vertenet.training.losses import focal_loss, naming_loss, point_loss, refiner_loss


def test_the_likelihood_is_least_at_the_true_laplace_scale():
    error = torch.full((1, 6, 2), 0.05)
    scales = torch.linspace(math.log(0.01), math.log(0.3), 400)
    losses = [float(point_loss(error, torch.full((1, 6), float(s))).mean()) for s in scales]
    best = float(scales[losses.index(min(losses))].exp())
    assert best == pytest.approx(0.05, rel=0.02)


def test_a_larger_distance_costs_more_at_any_scale():
    scale = torch.full((1, 6), math.log(0.05))
    near = point_loss(torch.full((1, 6, 2), 0.01), scale)
    assert bool((point_loss(torch.full((1, 6, 2), 0.02), scale) > near).all())


def test_focal_loss_is_zero_for_a_sure_and_right_map():
    heat = torch.zeros(1, 1, 8, 8)
    heat[0, 0, 3, 4] = 1.0
    assert (
        float(focal_loss(torch.where(heat > 0.5, 40.0, -40.0), heat, torch.ones(1, 1, 8, 8))) < 1e-6
    )


def test_focal_loss_of_one_unsure_centre_has_its_closed_form():
    heat = torch.ones(1, 1, 1, 1)
    value = float(focal_loss(torch.zeros(1, 1, 1, 1), heat, torch.ones(1, 1, 1, 1)))
    assert value == pytest.approx(0.25 * math.log(2))


def test_what_no_reader_could_measure_pulls_a_quarter_on_the_second_look():
    uv = torch.zeros(2, 6, 2)
    wrong = {
        "uv": torch.stack((torch.zeros(6, 2), torch.full((6, 2), 3.6))),
        "scale": torch.full((2, 6), math.log(0.1)),
    }
    sharp = float(point_loss(torch.zeros(1, 6, 2), torch.full((1, 6), math.log(0.1))).mean())
    off = float(point_loss(torch.full((1, 6, 2), 0.1), torch.full((1, 6), math.log(0.1))).mean())
    value = float(refiner_loss(wrong, uv, torch.tensor([1.0, 0.0])))
    assert value == pytest.approx((sharp + 0.25 * off) / 1.25, rel=1e-5)


def chain(
    levels: list[int], logits: torch.Tensor, images: list[int]
) -> tuple[torch.Tensor, Targets]:
    """Taught cells of these levels, one each."""
    count, n = max(images) + 1, len(levels)
    none = torch.zeros(n)
    return logits, Targets(
        heat=torch.zeros(count, 1, 1, 1),
        weight=torch.ones(count, 1, 1, 1),
        where=torch.tensor([[i, 0, 0] for i in images]),
        points=torch.zeros(n, 6, 2),
        size=none,
        centre=torch.zeros(n, 2),
        level=torch.tensor(levels),
        measurable=none,
        share=torch.ones(n),
    )


def test_four_bodies_without_evidence_may_be_named_in_as_many_ways_as_shifts_fit():
    # T1..T4 cannot lie higher: 0 to 3 levels lower remain
    assert float(naming_loss(*chain([0, 1, 2, 3], torch.zeros(4, 18), [0] * 4))) == pytest.approx(
        math.log(4), rel=1e-6
    )


def test_a_chain_from_t1_to_s1_has_one_name():
    assert float(naming_loss(*chain(list(range(18)), torch.randn(18, 18), [0] * 18))) == 0.0


def test_the_evidence_of_k_bodies_counts_as_the_root_of_k():
    # every body says 2 for its own class against the one below, and nothing of the others
    logits = torch.full((4, 18), -1e4)
    for row, level in enumerate([5, 6, 7, 8]):
        logits[row, level], logits[row, level + 1] = 2.0, 0.0
    value = float(naming_loss(*chain([5, 6, 7, 8], logits, [0] * 4)))
    assert value == pytest.approx(math.log1p(math.exp(-2.0 * math.sqrt(4))), rel=1e-4)


def test_scans_count_alike_in_naming_and_those_without_bodies_not():
    sure = torch.full((3, 18), -1e4)
    sure[0, 4] = sure[1, 5] = 0.0  # the first scan: both bodies certain and right
    sure[2, 9:12] = 0.0  # the third: one body, three names alike; the second has none
    value = float(naming_loss(*chain([4, 5, 10], sure, [0, 0, 2])))
    assert value == pytest.approx(math.log(3) / 2, rel=1e-5)


def test_naming_teaches_a_wrong_chain_to_move_as_a_whole():
    logits = torch.zeros(3, 18)
    for row, level in enumerate([5, 6, 7]):
        logits[row, level + 1] = 3.0
    logits.requires_grad_()
    naming_loss(*chain([5, 6, 7], logits, [0] * 3)).backward()
    for row, level in enumerate([5, 6, 7]):
        assert logits.grad[row, level] < 0 < logits.grad[row, level + 1]
