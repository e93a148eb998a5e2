import pytest
import torch
from torch import Tensor

from fromnoise.diffusion.gaussian import Flow
from fromnoise.diffusion.process import PROCESSES
from fromnoise.diffusion.sample import denoising_loss, sample
from fromnoise.diffusion.solvers import DDIM
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

from .perfect import MEAN, SPREAD, normal_denoiser


@pytest.mark.parametrize("name", list(PROCESSES))
def test_the_perfect_denoiser_has_the_least_loss(name: str) -> None:
    process = PROCESSES[name]()
    x0 = MEAN + SPREAD * Seeds.count_from(900, 400).normal(6)

    def loss(std: float) -> float:
        return float(denoising_loss(normal_denoiser(process, MEAN, std), process, x0, None, seeds()).mean())

    def seeds() -> Seeds:
        return Seeds.count_from(0, 400)

    assert loss(SPREAD) < min(loss(0.8 * SPREAD), loss(1.25 * SPREAD))


def test_loss_hands_over_the_condition_and_one_time_per_item() -> None:
    def denoise(xt: Tensor, t: Tensor, cond: object) -> Tensor:
        assert cond == "a cat" and t.shape == (3,) and t.dtype == torch.float64
        return xt

    assert denoising_loss(denoise, Flow(), torch.rand(3, 2, 4), "a cat", Seeds([0, 1, 2])).shape == (3,)


def test_a_later_start_keeps_what_little_noise_left() -> None:
    denoise, seeds = normal_denoiser(Flow(), std=2.0), Seeds([0, 1])
    x0 = torch.rand(2, 8)
    times = Flow().grid(50)[-6:]
    xt = Flow().add_noise(x0, float(times[0]), seeds)
    *_, x = sample(denoise, Flow(), DDIM(), xt, times, seeds)
    assert float((x - x0).abs().max()) < 0.5


def test_yields_every_step_and_no_gradient() -> None:
    xs = list(sample(normal_denoiser(Flow()), Flow(), DDIM(), torch.rand(1, 4), Flow().grid(5), Seeds([0])))
    assert len(xs) == 5 and not any(x.requires_grad for x in xs)


def test_a_process_that_the_solver_cannot_step_is_refused_at_once() -> None:
    with pytest.raises(RequestError, match="DDIM can't step object"):
        sample(normal_denoiser(Flow()), object(), DDIM(), torch.rand(1, 4), torch.ones(2), Seeds([0]))  # type: ignore[arg-type]
