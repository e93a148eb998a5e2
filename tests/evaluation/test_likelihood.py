import math

import pytest
import torch

from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import EDM, Cosine, Flow, Gaussian, spread
from fromnoise.evaluation.likelihood import model_likelihood, ode_likelihood, variational_bound

PROCESSES = [Flow(), Cosine(), EDM(sigma_data=1.0)]
SCALES = torch.tensor([0.5, 1.0, 2.0, 0.25])


def ideal(process: Gaussian, scales: torch.Tensor = SCALES) -> Denoise:
    """The best guess of x0 when every dimension is normal with its own standard deviation."""

    def denoise(xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        alpha, sigma = spread(process.alpha(t), xt), spread(process.sigma(t), xt)
        gain = alpha * scales**2 / ((alpha * scales) ** 2 + sigma**2)
        return gain * xt

    return denoise


def data(count: int = 400) -> torch.Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(0)) * SCALES


def truth(x0: torch.Tensor) -> float:
    """The exact bits per dimension."""
    nats = 0.5 * ((x0 / SCALES) ** 2 + math.log(2 * math.pi) + 2 * SCALES.log()).sum(1)
    return float(nats.mean() / (4 * math.log(2)))


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
def test_the_bound_of_a_perfect_model_is_the_exact_value(process):
    found = variational_bound(ideal(process), process, data(), times=32)
    assert found.kind == "bound" and found.dimensions == 4
    assert abs(found.value - truth(data())) < 3 * found.standard_error + 0.01


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
def test_the_ode_of_a_perfect_model_gives_the_exact_value(process):
    found = ode_likelihood(ideal(process), process, data(), steps=80, probes=2)
    assert abs(found.value - truth(data())) < 0.02
    assert found.interval[0] < truth(data()) < found.interval[1]


def test_a_worse_model_finds_the_data_less_likely():
    process = Flow()
    worse = ideal(process, SCALES.flip(0))
    assert variational_bound(worse, process, data()).value > truth(data()) + 0.2
    assert ode_likelihood(worse, process, data(), steps=40).value > truth(data()) + 0.2


def test_the_same_seed_gives_the_same_value_and_another_one_another():
    process = Flow()
    first, again, other = (
        variational_bound(ideal(process), process, data(8), seed=seed).value for seed in (1, 1, 2)
    )
    assert first == again != other


def test_more_items_make_the_interval_narrower():
    process = Flow()
    few, many = (variational_bound(ideal(process), process, data(n)).interval for n in (20, 400))
    assert many[1] - many[0] < 0.5 * (few[1] - few[0])


def test_a_model_finds_pictures_likely_in_bits_of_their_pixels(model):
    pictures = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8)
    bound, told = model_likelihood(model, pictures, ["a", "b", "c"], [None] * 3)
    assert bound.dimensions == 768 and "8-bit pixels" in told
    assert bound.value > 7.9  # evenly drawn bytes have 8 bits; no honest bound is below
    ode, _ = model_likelihood(model, pictures[:1], ["a"], [None], ode=True)
    assert ode.kind == "ode" and math.isfinite(ode.value) and math.isinf(ode.standard_error)
