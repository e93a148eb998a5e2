"""Data whose best denoiser is known in closed form, so that laws can be tested without a network."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fromnoise.diffusion.gaussian import EDM, Flow, Gaussian, spread
from fromnoise.diffusion.grids import karras, log_snr
from fromnoise.diffusion.process import PROCESSES
from fromnoise.diffusion.sample import sample
from fromnoise.diffusion.solvers import Solver
from fromnoise.seeds import Seeds

MEAN, SPREAD = 0.7, 0.5
"""Of the normal data of `normal_denoiser`."""


def every_process() -> list[Gaussian]:
    return [PROCESSES[name]() for name in PROCESSES]


def normal_denoiser(process: Gaussian, mean: float = MEAN, std: float = SPREAD) -> Callable[..., Tensor]:
    """E[x0 | xt] for normal data."""

    def denoise(xt: Tensor, t: float | Tensor, cond: object = None) -> Tensor:
        alpha, sigma = process.alpha(t), process.sigma(t)
        variance = (alpha * std) ** 2 + sigma**2
        gain = alpha * std**2 / variance
        return spread(gain, xt) * (xt - spread(alpha, xt) * mean) + mean

    return denoise


def mixture_denoiser(process: Gaussian, centres: Tensor, std: float) -> Callable[[Tensor, float], Tensor]:
    """E[x0 | xt] for data around `centres` (K, D), equally likely."""

    def denoise(xt: Tensor, t: float) -> Tensor:
        alpha, sigma = float(process.alpha(t)), float(process.sigma(t))
        variance = (alpha * std) ** 2 + sigma**2
        away = xt[:, None] - alpha * centres  # (B, K, D)
        share = torch.softmax(-away.square().sum(2) / (2 * variance), dim=1)
        guesses = centres + alpha * std**2 / variance * away
        return (share[..., None] * guesses).sum(1)

    return denoise


def last(walk: object) -> Tensor:
    """The last state of a walk."""
    *_, x = walk  # type: ignore[misc]
    return x


def flow_map(process: Gaussian, xt: Tensor) -> Tensor:
    """Where the probability flow of the normal data takes xt from t_max to 0."""
    alpha, sigma = float(process.alpha(process.t_max)), float(process.sigma(process.t_max))
    return MEAN + (xt - alpha * MEAN) * SPREAD / math.hypot(alpha * SPREAD, sigma)


def order_cases() -> list[tuple[str, Gaussian, Callable[[Gaussian, int], Tensor]]]:
    """Processes and grids on which every solver shows its order: what the grid's ends leave out is tiny."""
    return [
        ("flow", Flow(), lambda process, steps: log_snr(process, steps, noise_range=(1e-5, 1e5))),
        ("edm", EDM(sigma_min=1e-5), lambda process, steps: karras(process, steps)),
    ]


def fitted_order(process: Gaussian, solver: Solver, grid: Callable[[Gaussian, int], Tensor]) -> float:
    """The slope of log error over log steps, least squares over 64 to 512 steps, in float64."""
    xt = process.prior((2,), Seeds([0])).double()
    truth, denoise, logs = flow_map(process, xt), normal_denoiser(process), []
    for steps in (64, 128, 256, 512):
        x = last(sample(denoise, process, solver, xt, grid(process, steps), Seeds([0])))
        logs.append((math.log(steps), math.log(float((x - truth).abs().max()))))
    places, errors = torch.tensor(logs, dtype=torch.float64).T
    places = places - places.mean()
    return -float((places * errors).sum() / places.square().sum())
