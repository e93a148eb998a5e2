import pytest
import torch

from fromnoise.diffusion.gaussian import EDM, Flow, Gaussian, ScaledLinear
from fromnoise.diffusion.grids import GRIDS, karras, log_snr, optimise_grid
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import DDIM, Euler
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

from .perfect import every_process, last, mixture_denoiser


@pytest.mark.parametrize("process", every_process(), ids=repr)
@pytest.mark.parametrize("name", list(GRIDS))
@pytest.mark.parametrize("steps", [1, 2, 20, 1000])
def test_every_grid_falls_strictly_from_end_to_end(process: Gaussian, name: str, steps: int) -> None:
    times = process.grid(steps, name)
    assert times.shape == (steps + 1,) and times.dtype == torch.float64
    assert float(times[0]) == process.t_max and float(times[-1]) == 0
    assert bool((times.diff() < 0).all())


def test_log_snr_grid_is_even_in_log_snr() -> None:
    gaps = Flow().log_snr(log_snr(Flow(), 12)[1:-1]).diff()
    assert torch.allclose(gaps, gaps.mean().expand_as(gaps))


def test_karras_grid_is_that_of_the_paper() -> None:
    i = torch.arange(18, dtype=torch.float64)
    paper = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    assert torch.allclose(karras(EDM(), 18)[:-1], paper)
    assert torch.equal(EDM().grid(18), karras(EDM(), 18))


@pytest.mark.parametrize("process", every_process(), ids=repr)
def test_optimised_grid_beats_the_process_own_at_five_steps(process: Gaussian) -> None:
    draw = Seeds([1])
    centres = 0.5 * draw.normal(30, 4)[0].double() @ draw.normal(4, 64)[0].double()
    denoise = mixture_denoiser(process, centres, std=0.3)
    warm_up, held_out = (process.prior((64,), Seeds.count_from(seed, 32)).double() for seed in (0, 1000))
    times = optimise_grid(denoise, process, warm_up, steps=5, fine_steps=40)
    assert times.shape == (6,) and float(times[0]) == process.t_max and float(times[-1]) == 0
    assert bool((times.diff() < 0).all())

    def walk(grid: torch.Tensor) -> torch.Tensor:
        return last(sample(denoise, process, DDIM(), held_out, grid, Seeds.count_from(0, 32)))

    truth = walk(log_snr(process, 400, noise_range=(1e-3, 80.0)))
    ours, own = (float((walk(grid) - truth).norm(dim=1).mean()) for grid in (times, process.grid(5)))
    assert ours < 0.95 * own


def test_optimised_grid_with_all_fine_steps_is_the_fine_grid() -> None:
    denoise = mixture_denoiser(Flow(), torch.zeros(1, 2), std=0.5)
    times = optimise_grid(denoise, Flow(), torch.rand(4, 2), steps=6, fine_steps=6, solver=Euler())
    assert torch.equal(times, Flow().grid(6))
    with pytest.raises(RequestError, match="between 1 and the 6"):
        optimise_grid(denoise, Flow(), torch.rand(4, 2), steps=7, fine_steps=6)


@pytest.mark.parametrize("name", ["karras", "log-snr"])
def test_no_grid_begins_beyond_the_noise_there_is(name):
    times = ScaledLinear(zero_terminal_snr=False).grid(8, name)
    assert (times[:-1] > times[1:]).all() and float(times[0]) == 1.0
