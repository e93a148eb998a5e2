"""Where the steps fall: (steps + 1,) float64 times, from t_max strictly down to exactly 0."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fromnoise.registry import Registry

if TYPE_CHECKING:
    from fromnoise.diffusion.gaussian import Gaussian

GRIDS = Registry(
    "grid",
    {
        "uniform": "fromnoise.diffusion.grids:uniform",
        "log-snr": "fromnoise.diffusion.grids:log_snr",
        "karras": "fromnoise.diffusion.grids:karras",
        "shifted": "fromnoise.diffusion.grids:shifted",
    },
)


def uniform(process: "Gaussian", steps: int) -> Tensor:
    """Space the times evenly."""
    return _ends(process, torch.linspace(1, 0, steps + 1, dtype=torch.float64) * process.t_max)


def log_snr(process: "Gaussian", steps: int, noise_range: tuple[float, float] | None = None) -> Tensor:
    """Space log-SNR evenly (Lu et al. 2022). `noise_range` is the least and greatest sigma / alpha; None: the process's."""
    low, high = noise_range or process.noise_range
    levels = torch.linspace(-2 * math.log(high), -2 * math.log(low), steps, dtype=torch.float64)
    return _ends(process, torch.cat([process.time_of_log_snr(levels), torch.zeros(1, dtype=torch.float64)]))


def karras(
    process: "Gaussian", steps: int, rho: float | None = None, noise_range: tuple[float, float] | None = None
) -> Tensor:
    """Space (sigma / alpha)^(1 / rho) evenly (Karras et al. 2022, eq. 5). None means the process's own, and rho = 7."""
    rho = rho or getattr(process, "rho", 7.0)
    low, high = noise_range or process.noise_range
    ratios = torch.linspace(high ** (1 / rho), low ** (1 / rho), steps, dtype=torch.float64) ** rho
    return _ends(process, torch.cat([process.time_of_log_snr(-2 * ratios.log()), torch.zeros(1, dtype=torch.float64)]))


def shifted(process: "Gaussian", steps: int, shift: float = 3.0) -> Tensor:
    """Move even times towards noise (Esser et al. 2024, eq. 23)."""
    share = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return _ends(process, shift * share / (1 + (shift - 1) * share) * process.t_max)


def _ends(process: "Gaussian", times: Tensor) -> Tensor:
    # log-SNR is infinite at both ends of most processes, so no formula in it can reach them
    times[0], times[-1] = process.t_max, 0.0
    return times
