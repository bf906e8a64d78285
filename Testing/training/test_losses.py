"""Losses are smallest where the network is right."""

import math

import pytest
import torch

from vertenet.training.losses import focal_loss, point_loss, refiner_loss


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
