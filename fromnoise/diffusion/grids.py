"""Where the steps fall: (steps + 1,) float64 times, from t_max strictly down to exactly 0.

The four named grids know the process alone; `optimise_grid` looks at what a checkpoint does.
"""

import math

import torch
from torch import Tensor

from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import Gaussian
from fromnoise.diffusion.process import GRIDS
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import Heun, Solver, along, noise_in
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

__all__ = ["GRIDS", "karras", "log_snr", "optimise_grid", "shifted", "uniform"]


def uniform(process: Gaussian, steps: int) -> Tensor:
    """Space the times evenly."""
    return shifted(process, steps, shift=1.0)


def shifted(process: Gaussian, steps: int, shift: float = 3.0) -> Tensor:
    """Space the times evenly, then move them towards noise (Esser et al. 2024, eq. 23)."""
    share = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return shift * share / (1 + (shift - 1) * share) * process.t_max


def log_snr(process: Gaussian, steps: int, noise_range: tuple[float, float] | None = None) -> Tensor:
    """Space log-SNR evenly (Lu et al. 2022a).

    `noise_range` is the least and greatest sigma / alpha between the two ends; None means the process's own.
    """
    low, high = _reached(process, noise_range)
    return _between_ends(process, torch.linspace(math.log(high), math.log(low), steps, dtype=torch.float64))


def karras(
    process: Gaussian, steps: int, rho: float | None = None, noise_range: tuple[float, float] | None = None
) -> Tensor:
    """Space (sigma / alpha)^(1 / rho) evenly (Karras et al. 2022, eq. 5). None means the process's own."""
    power = 1 / (process.rho if rho is None else rho)
    low, high = _reached(process, noise_range)
    roots = torch.linspace(high**power, low**power, steps, dtype=torch.float64)
    return _between_ends(process, roots.log() / power)


def _reached(process: Gaussian, noise_range: tuple[float, float] | None) -> tuple[float, float]:
    """Return the range of sigma / alpha, no further than the process goes."""
    low, high = noise_range or process.noise_range
    return low, min(high, float(process.sigma(process.t_max) / process.alpha(process.t_max)))


def _between_ends(process: Gaussian, log_ratio: Tensor) -> Tensor:
    # the exact ends are set by hand: there log(sigma / alpha) is infinite in most processes
    times = torch.cat([process.time_of_log_snr(-2 * log_ratio), torch.zeros(1, dtype=torch.float64)])
    times[0] = process.t_max
    return times


def optimise_grid(
    denoise: Denoise,
    process: Gaussian,
    xt: Tensor,
    steps: int,
    fine_steps: int = 60,
    coefficient: float = 1.0,
    solver: Solver | None = None,
) -> Tensor:
    """Pick from a fine grid the times that fit this denoiser best (GITS, Chen et al. 2024, sec. 4).

    xt is a batch of noise at t_max to warm up with. `solver` (None: Heun) walks the fine grid; what one
    straight step between two points of that walk misses is its cost; dynamic programming finds the cheapest
    way. Each further step weighs `coefficient` times more: 1.15 in the paper; 1 suits our scaled costs.
    """
    if not 1 <= steps <= fine_steps:
        raise RequestError(f"steps must lie between 1 and the {fine_steps} fine steps, not {steps}")
    times = process.grid(fine_steps)
    cost = _step_costs(denoise, process, xt, times, solver or Heun())
    return times[_cheapest_way(cost, steps, coefficient)]


@torch.no_grad()
def _step_costs(denoise: Denoise, process: Gaussian, xt: Tensor, times: Tensor, solver: Solver) -> Tensor:
    """Return the mean deviation of one straight step from time i to time j > i; infinity elsewhere."""
    walk = [xt, *sample(denoise, process, solver, xt, times, Seeds.count_from(0, len(xt)))]
    # errors count in standard deviations of xt: that is how they come down to t = 0, if data are normal
    size = torch.hypot(process.alpha(times) * process.sigma_data, process.sigma(times))
    cost = torch.full((len(times), len(times)), math.inf, dtype=torch.float64)
    clock = times.tolist()
    for i, t in enumerate(clock[:-1]):
        x0 = denoise(walk[i], t)
        eps = noise_in(process, walk[i], x0, t)
        for j in range(i + 1, len(clock)):
            missed = along(process, walk[i], x0, eps, t, clock[j]) - walk[j]
            cost[i, j] = float(missed.flatten(1).norm(dim=1).mean() / size[j])
    return cost


def _cheapest_way(cost: Tensor, steps: int, coefficient: float) -> list[int]:
    """Return the steps + 1 indices, first to last, with the least total cost."""
    best, choices = cost[:, -1], []
    for _ in range(steps - 1):
        best, choice = (cost + coefficient * best).min(dim=1)
        choices.append(choice)
    way = [0]
    for choice in reversed(choices):
        way.append(int(choice[way[-1]]))
    return [*way, len(cost) - 1]
