"""From what a network says to a guess of the clean data, five ways: x0 = c_skip xt + c_out net(c_in xt)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fromnoise.diffusion.gaussian import Gaussian, clock, spread
from fromnoise.diffusion.process import Time
from fromnoise.errors import RequestError
from fromnoise.registry import Registry

Denoise = Callable[[Tensor, Time], Tensor]
"""A denoiser whose condition is bound: (xt, t) -> guess of x0."""
Coefficients = tuple[Tensor, Tensor, Tensor, Tensor]
"""c_skip, c_out, c_in, c_noise (what the network is told of the time)."""

PARAMETERIZATIONS = Registry(
    "parameterization",
    {name: f"fromnoise.diffusion.denoiser:{name}" for name in ("eps", "x0", "v", "flow", "edm")},
)


def eps(alpha: Tensor, sigma: Tensor, sigma_data: float) -> Coefficients:
    """Guess the noise (Ho et al. 2020). Where no signal is left it can't tell x0: the guess is 0."""
    inverse = torch.where(alpha > 0, 1 / alpha, 0.0)
    return inverse, -sigma * inverse, 1 / torch.hypot(alpha, sigma), _angle(alpha, sigma)


def x0(alpha: Tensor, sigma: Tensor, sigma_data: float) -> Coefficients:
    """Guess the data. The network sees the variance-preserving state and its angle, 0 to 1."""
    c_in = 1 / torch.hypot(alpha, sigma)
    return torch.zeros_like(alpha), torch.ones_like(alpha), c_in, _angle(alpha, sigma)


def v(alpha: Tensor, sigma: Tensor, sigma_data: float) -> Coefficients:
    """Guess (alpha eps - sigma x0) / |(alpha, sigma)|: v on any process (Salimans and Ho 2022, app. D)."""
    length = torch.hypot(alpha, sigma)
    return alpha / length**2, -sigma / length, 1 / length, _angle(alpha, sigma)


def flow(alpha: Tensor, sigma: Tensor, sigma_data: float) -> Coefficients:
    """Guess eps - x0, the velocity of the straight path. The network sees that path's state and time."""
    total = alpha + sigma
    return 1 / total, -sigma / total, 1 / total, sigma / total


def edm(alpha: Tensor, sigma: Tensor, sigma_data: float) -> Coefficients:
    """Guess what keeps input and target at unit variance (Karras et al. 2022, table 1, for xt / alpha)."""
    length = torch.hypot(alpha * sigma_data, sigma)
    # the logarithm is infinite at both ends; beyond exp(10) a network need not tell levels apart
    c_noise = (sigma.log() - alpha.log()).clamp(-10, 10) / 4
    return alpha * sigma_data**2 / length**2, sigma * sigma_data / length, 1 / length, c_noise


def _angle(alpha: Tensor, sigma: Tensor) -> Tensor:
    return torch.atan2(sigma, alpha) * (2 / math.pi)


def convert(guess: Tensor, kind: str, to: str, xt: Tensor, t: Time, process: Gaussian) -> Tensor:
    """Say a guess of one `kind` in the words of another; 0 where x0 doesn't determine the other."""
    at = process.alpha(t), process.sigma(t), process.sigma_data
    skip_from, out_from, _, _ = PARAMETERIZATIONS[kind](*at)
    skip_to, out_to, _, _ = PARAMETERIZATIONS[to](*at)
    inverse = torch.where(out_to != 0, 1 / out_to, 0.0)
    return spread((skip_from - skip_to) * inverse, xt) * xt + spread(out_from * inverse, xt) * guess


@dataclass(frozen=True)
class GaussianDenoiser:
    """Guess x0 with a network that is trained in one of the five parameterizations."""

    net: Callable[[Tensor, Tensor, Any], Tensor]
    """(input (B, ...), c_noise (B,), cond) -> output like the input."""
    process: Gaussian
    parameterization: str

    def __call__(self, xt: Tensor, t: Time, cond: Any = None) -> Tensor:
        """Return E[x0 | xt], in the dtype of xt."""
        at = self.process.alpha(t), self.process.sigma(t), self.process.sigma_data
        c_skip, c_out, c_in, c_noise = PARAMETERIZATIONS[self.parameterization](*at)
        told = c_noise.to(xt.dtype).to(xt.device).expand(len(xt))  # (B,)
        said = self.net(spread(c_in, xt) * xt, told, cond).to(xt.dtype)
        return spread(c_skip, xt) * xt + spread(c_out, xt) * said


@dataclass(frozen=True)
class Guided:
    """Push a strong denoiser's guess away from a weak one's.

    Classifier-free guidance (Ho and Salimans 2022): the weak one sees the empty prompt. Negative prompt: it
    sees that prompt. Autoguidance (Karras et al. 2024): it is a worse model.
    """

    strong: Denoise
    weak: Denoise
    scale: float
    """0 the weak guess, 1 the strong one, over 1 beyond it."""
    rescale: float = 0.0
    """Share of the strong guess's standard deviation to restore, 0 to 1 (Lin et al. 2024, sec. 3.4)."""
    interval: tuple[float, float] | None = None
    """Guide only while t / t_max lies in this closed interval (Kynkaanniemi et al. 2024). None: always."""
    t_max: float = 1.0
    """The process's, for `interval`."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        low, high = self.interval or (0.0, 1.0)
        if not math.isfinite(self.scale):
            raise RequestError(f"guidance must be a finite number, not {self.scale}")
        if not 0 <= self.rescale <= 1:
            raise RequestError(f"guidance rescale must lie between 0 and 1, not {self.rescale}")
        if not 0 <= low <= high <= 1:
            raise RequestError(f"a guidance interval is 0 <= low <= high <= 1, not {low}, {high}")

    def __call__(self, xt: Tensor, t: Time) -> Tensor:
        """Return the guided guess of x0; the weak denoiser isn't called where it has no say."""
        strong = self.strong(xt, t)
        inside = self._inside(t)
        if self.scale == 1 or not bool(inside.any()):
            return strong
        weak = self.weak(xt, t)
        guided = weak + self.scale * (strong - weak)
        if self.rescale:
            ratio = _std(strong) / _std(guided).clamp(min=1e-12)
            guided = guided * spread(1 + self.rescale * (ratio - 1), guided)
        return torch.where(spread(inside, xt) > 0, guided, strong)

    def _inside(self, t: Time) -> Tensor:
        if self.interval is None:
            return torch.ones_like(clock(t), dtype=torch.bool)
        share = clock(t) / self.t_max
        return (self.interval[0] <= share) & (share <= self.interval[1])


def _std(guess: Tensor) -> Tensor:
    # item by item: a sum over one item must not be split among threads differently in another batch
    return torch.stack([item.std() for item in guess])


def clipped(denoise: Denoise, low: float, high: float) -> Denoise:
    """Keep the guess of x0 within its known range: for pixels, not for latents, whose range isn't known."""

    def inner(xt: Tensor, t: Time) -> Tensor:
        return denoise(xt, t).clamp(low, high)

    return inner
