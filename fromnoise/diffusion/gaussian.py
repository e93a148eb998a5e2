"""Gaussian noise processes: xt = alpha x0 + sigma eps. They differ in two functions of time."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from fromnoise.diffusion.process import GRIDS, Time
from fromnoise.errors import ConfigError, RequestError
from fromnoise.seeds import Seeds


def clock(t: Time) -> Tensor:
    """Return `t` as a float64 tensor."""
    return torch.as_tensor(t, dtype=torch.float64)


def spread(values: Tensor, like: Tensor) -> Tensor:
    """Give scalar or (B,) `values` the dtype, device and axes that multiply `like` (B, ...)."""
    values = values.to(like.dtype).to(like.device)
    return values.reshape(-1, *[1] * (like.ndim - 1)) if values.ndim else values


class Gaussian(ABC):
    """Add normal noise to fading data. Children are frozen dataclasses that say how much of either."""

    sigma_data: float
    """Standard deviation of the data."""
    natural_grid: ClassVar[str] = "uniform"
    """The grid that `grid` returns when none is named."""
    rho: float = 7.0
    """How strongly the Karras grid favours small noise."""

    @property
    def t_max(self) -> float:
        """Return the time at which only noise is left."""
        return 1.0

    @property
    def noise_range(self) -> tuple[float, float]:
        """Return the least and the greatest sigma / alpha worth a step."""
        return 0.002, 80.0

    @abstractmethod
    def alpha(self, t: Time) -> Tensor:
        """Return the share of the signal that is left at `t`, float64."""

    @abstractmethod
    def sigma(self, t: Time) -> Tensor:
        """Return the standard deviation of the noise at `t`, float64."""

    @abstractmethod
    def time_of_log_snr(self, log_snr: Time) -> Tensor:
        """Return the time of a log-SNR, float64: the inverse of `log_snr`."""

    @abstractmethod
    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw training times in (0, t_max], float64 (B,): one per stream."""

    @abstractmethod
    def weight(self, t: Time) -> Tensor:
        """Return the weight of the squared error of x0 in the loss, float64."""

    def log_snr(self, t: Time) -> Tensor:
        """Return log(alpha^2 / sigma^2): plus infinity at t = 0, minus infinity where alpha is 0."""
        return 2 * (self.alpha(t).log() - self.sigma(t).log())

    def prior(self, shape: tuple[int, ...], seeds: Seeds) -> Tensor:
        """Draw x at `t_max`, float32 on the CPU, (B, *shape): one item per stream."""
        return seeds.normal(*shape) * float(self.sigma(self.t_max))

    def add_noise(self, x0: Tensor, t: Time, seeds: Seeds | None = None) -> Tensor:
        """Draw xt given x0 (B, ...). None means streams 0, 1, 2, ..."""
        seeds = Seeds.count_from(0, len(x0)) if seeds is None else seeds
        if len(seeds) != len(x0):
            raise ValueError(f"{len(x0)} items need as many seeds, not {len(seeds)}")
        eps = seeds.normal(*x0.shape[1:]).to(x0)
        return spread(self.alpha(t), x0) * x0 + spread(self.sigma(t), x0) * eps

    def grid(self, steps: int, name: str | None = None) -> Tensor:
        """Return (steps + 1,) float64 times, from `t_max` down to 0. None means the process's own grid."""
        if steps < 1:
            raise RequestError(f"steps must be a whole number of at least 1, not {steps}")
        times: Tensor = GRIDS[name or self.natural_grid](self, steps)
        return times

    def loss(self, guess: Tensor, x0: Tensor, xt: Tensor, t: Time) -> Tensor:
        """Return the weighted squared error, mean over all axes but the batch, (B,)."""
        error = (guess.float() - x0.float()).square().flatten(1).mean(1)
        return self.weight(t).to(error.dtype).to(error.device) * error


def require(holds: bool, rule: str) -> None:
    """Raise ConfigError with the broken `rule`."""
    if not holds:
        raise ConfigError(rule)


@dataclass(frozen=True)
class Flow(Gaussian):
    """Walk straight from data to noise: alpha = 1 - t, sigma = t (Liu et al. 2023; Lipman et al. 2023)."""

    time_mean: float = 0.0
    """Mean of the logit of training times (Esser et al. 2024, eq. 19)."""
    time_std: float = 1.0
    """Standard deviation of the logit of training times."""
    shift: float = 1.0
    """Over 1 moves training times towards noise, as large pictures need (Esser et al. 2024, eq. 23)."""
    sigma_data: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.time_std > 0, f"flow: time_std must be over 0, not {self.time_std}")
        require(self.shift > 0, f"flow: shift must be over 0, not {self.shift}")

    def alpha(self, t: Time) -> Tensor:
        """Return 1 - t."""
        return 1 - clock(t)

    def sigma(self, t: Time) -> Tensor:
        """Return t."""
        return clock(t)

    def time_of_log_snr(self, log_snr: Time) -> Tensor:
        """Solve log((1 - t)^2 / t^2) = log_snr."""
        return torch.sigmoid(-clock(log_snr) / 2)

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw logit-normal times, shifted."""
        return torch.sigmoid(self.time_mean + self.time_std * seeds.normal().double() + math.log(self.shift))

    def weight(self, t: Time) -> Tensor:
        """Weigh x0 so that the loss is that of the velocity eps - x0; bounded near t = 0 (Li and He 2025)."""
        return clock(t).clamp(min=0.05) ** -2


@dataclass(frozen=True)
class Cosine(Gaussian):
    """Turn evenly from data to noise: alpha = cos(pi t / 2) (Nichol and Dhariwal 2021, made continuous)."""

    shift: float = 1.0
    """Under 1 adds noise earlier: the SNR is multiplied by shift^2 (Hoogeboom et al. 2023, eq. 3)."""
    sigma_data: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(self.shift > 0, f"cosine: shift must be over 0, not {self.shift}")

    def alpha(self, t: Time) -> Tensor:
        """Return the cosine, exactly 0 at t = 1."""
        signal, noise = self._sides(t)
        return signal / torch.hypot(signal, noise)

    def sigma(self, t: Time) -> Tensor:
        """Return the sine, exactly 0 at t = 0."""
        signal, noise = self._sides(t)
        return noise / torch.hypot(signal, noise)

    def _sides(self, t: Time) -> tuple[Tensor, Tensor]:
        # sin of the rest, not cos: cos(pi / 2) is 6e-17 in floating point, and the terminal SNR must be zero
        return self.shift * torch.sin(math.pi / 2 * (1 - clock(t))), torch.sin(math.pi / 2 * clock(t))

    def time_of_log_snr(self, log_snr: Time) -> Tensor:
        """Solve shift / tan(pi t / 2) = exp(log_snr / 2)."""
        return torch.atan(self.shift * torch.exp(-clock(log_snr) / 2)) * (2 / math.pi)

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw uniform times in (0, 1]."""
        return 1 - seeds.uniform()

    def weight(self, t: Time) -> Tensor:
        """Weigh x0 so that the loss is that of v (Salimans and Ho 2022, sec. 4); bounded near t = 0."""
        return self.sigma(t).clamp(min=0.05) ** -2


@dataclass(frozen=True)
class ScaledLinear(Gaussian):
    """Raise the square root of beta evenly (Rombach et al. 2022), in continuous time."""

    beta_start: float = 0.00085
    """Variance added by the first of a thousand steps."""
    beta_end: float = 0.012
    """Variance added by the last of a thousand steps."""
    zero_terminal_snr: bool = True
    """Stretch alpha to reach exactly 0 at t = 1 (Lin et al. 2024, alg. 1)."""
    sigma_data: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        betas = self.beta_start, self.beta_end
        require(
            0 < betas[0] < betas[1] < 1, f"scaled-linear: need 0 < beta_start < beta_end < 1, not {betas}"
        )

    def alpha(self, t: Time) -> Tensor:
        """Return exp(-1/2 of the added variance), stretched to 0 if so asked."""
        return 1 - self._lost(t)

    def sigma(self, t: Time) -> Tensor:
        """Return sqrt(1 - alpha^2), without cancellation near t = 0."""
        lost = self._lost(t)
        return (lost * (2 - lost)).sqrt()

    def time_of_log_snr(self, log_snr: Time) -> Tensor:
        """Undo `_lost` and the cubic of `_exponent`, both in closed form."""
        lost = -torch.expm1(-0.5 * torch.nn.functional.softplus(-clock(log_snr)))
        exponent = -torch.log1p(-lost * self._lost_at_end)
        root, rise = self._roots
        return ((exponent * 3 * rise / 500 + root**3) ** (1 / 3) - root) / rise

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw uniform times in (0, 1]."""
        return 1 - seeds.uniform()

    def weight(self, t: Time) -> Tensor:
        """Weigh x0 so that the loss is that of v (Salimans and Ho 2022, sec. 4); bounded near t = 0."""
        return self.sigma(t).clamp(min=0.05) ** -2

    @property
    def _roots(self) -> tuple[float, float]:
        return math.sqrt(self.beta_start), math.sqrt(self.beta_end) - math.sqrt(self.beta_start)

    def _exponent(self, t: Tensor) -> Tensor:
        # half of 1000 times the integral of beta(u) = (root + rise u)^2 from 0 to t
        root, rise = self._roots
        return 500 * t * (root**2 + root * rise * t + (rise * t) ** 2 / 3)

    @property
    def _lost_at_end(self) -> float:
        return -math.expm1(-float(self._exponent(clock(1.0)))) if self.zero_terminal_snr else 1.0

    def _lost(self, t: Time) -> Tensor:
        # 1 - alpha
        return -torch.expm1(-self._exponent(clock(t))) / self._lost_at_end


@dataclass(frozen=True)
class EDM(Gaussian):
    """Add noise and keep the signal: alpha = 1, sigma = t (Karras et al. 2022, table 1)."""

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    sigma_data: float = 0.5
    P_mean: float = -1.2
    """Mean of the logarithm of training times."""
    P_std: float = 1.2
    """Standard deviation of the logarithm of training times."""
    natural_grid: ClassVar[str] = "karras"

    def __post_init__(self) -> None:
        """Check the ranges."""
        low, high = self.noise_range
        require(0 < low < high < math.inf, f"edm: need 0 < sigma_min < sigma_max, not {low}, {high}")
        require(self.sigma_data > 0, f"edm: sigma_data must be over 0, not {self.sigma_data}")
        require(self.P_std > 0, f"edm: P_std must be over 0, not {self.P_std}")
        require(self.rho > 0, f"edm: rho must be over 0, not {self.rho}")

    @property
    def t_max(self) -> float:
        """Return sigma_max."""
        return self.sigma_max

    @property
    def noise_range(self) -> tuple[float, float]:
        """Return sigma_min and sigma_max."""
        return self.sigma_min, self.sigma_max

    def alpha(self, t: Time) -> Tensor:
        """Return 1."""
        return torch.ones_like(clock(t))

    def sigma(self, t: Time) -> Tensor:
        """Return t."""
        return clock(t)

    def time_of_log_snr(self, log_snr: Time) -> Tensor:
        """Solve -2 log t = log_snr."""
        return torch.exp(-clock(log_snr) / 2)

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw log-normal times, at most t_max."""
        return torch.exp(self.P_mean + self.P_std * seeds.normal().double()).clamp(max=self.t_max)

    def weight(self, t: Time) -> Tensor:
        """Weigh x0 so that the network's own target has unit variance (Karras et al. 2022, eq. 8)."""
        return (clock(t) ** 2 + self.sigma_data**2) / (clock(t) * self.sigma_data) ** 2
