"""Solvers that remember earlier guesses: high order for one denoiser call per step.

They live in lambda = log(alpha / sigma), where xs = (sigma_s / sigma_t) xt + sigma_s * integral of exp(lambda) x0 d(lambda)
is exact (Lu et al. 2022b, eq. 8). lambda is infinite where alpha or sigma is 0; such a point never enters a polynomial.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import Gaussian
from fromnoise.diffusion.solvers import along, levels, noise_in
from fromnoise.seeds import Seeds


class Guess(NamedTuple):
    """A remembered guess of x0 and where on the lambda axis it was made."""

    place: float
    x0: Tensor


def place(process: Gaussian, t: float) -> float:
    """Return lambda, half the log-SNR, at `t`; minus infinity where alpha is 0, infinity at t = 0."""
    return float(process.log_snr(t)) / 2


def blend(process: Gaussian, xt: Tensor, x0: Tensor, t: float, s: float, eta: float, seeds: Seeds) -> Tensor:
    """Step exactly for an x0 that doesn't change between t and s; `eta` over 0 adds fresh noise (Lu et al. 2022b, eq. 18)."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
    decay = alpha_t * sigma_s / (alpha_s * sigma_t)  # exp(lambda_t - lambda_s), finite at both ends
    xs = sigma_s / sigma_t * decay**eta * xt + alpha_s * (1 - decay ** (1 + eta)) * x0
    if eta and sigma_s:
        xs = xs + sigma_s * math.sqrt(1 - decay ** (2 * eta)) * seeds.normal(*xt.shape[1:]).to(xt)
    return xs


def lean(process: Gaussian, x0: Tensor, last: Guess | None, t: float, s: float) -> Tensor:
    """Carry x0 half a step ahead, along the line through the last two guesses (Lu et al. 2022b, alg. 2)."""
    here, there = place(process, t), place(process, s)
    if last is None or math.isinf(last.place) or math.isinf(there):
        return x0
    return x0 + (there - here) / (here - last.place) / 2 * (x0 - last.x0)


@dataclass(frozen=True)
class DPMpp2M:
    """DPM-Solver++ with two points (Lu et al. 2022b, alg. 2)."""

    order: ClassVar[int] = 2
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self, process: Gaussian, denoise: Denoise, xt: Tensor, t: float, s: float, memory: Guess | None, seeds: Seeds
    ) -> tuple[Tensor, Guess]:
        """Take a first-order step with x0 carried to the middle."""
        x0 = denoise(xt, t)
        xs = blend(process, xt, lean(process, x0, memory, t, s), t, s, 0.0, seeds)
        return xs, Guess(place(process, t), x0)


@dataclass(frozen=True)
class DPMpp2MSDE:
    """DPM-Solver++ with two points and fresh noise (Lu et al. 2022b, eq. 19)."""

    order: ClassVar[int] = 2
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian
    eta: float = 1.0
    """0 is DPMpp2M, 1 as much fresh noise as the ancestral sampler."""

    def step(
        self, process: Gaussian, denoise: Denoise, xt: Tensor, t: float, s: float, memory: Guess | None, seeds: Seeds
    ) -> tuple[Tensor, Guess]:
        """Take a first-order step of the stochastic equation with x0 carried to the middle."""
        x0 = denoise(xt, t)
        xs = blend(process, xt, lean(process, x0, memory, t, s), t, s, self.eta, seeds)
        return xs, Guess(place(process, t), x0)


def adams(process: Gaussian, xt: Tensor, guesses: list[Guess], t: float, s: float) -> Tensor:
    """Step exactly for x0 as the polynomial in lambda through `guesses`; some of them may lie at s itself."""
    (_, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
    here, there = place(process, t), place(process, s)
    if math.isinf(here) or math.isinf(there):
        return blend(process, xt, next(guess.x0 for guess in guesses if guess.place == here), t, s, 0.0, Seeds(()))
    guesses = [guess for guess in guesses if not math.isinf(guess.place)]
    weights = adams_weights([(guess.place - here) / (there - here) for guess in guesses], there - here)
    xs = sigma_s / sigma_t * xt
    for weight, guess in zip(weights, guesses, strict=True):
        xs = xs + alpha_s * weight * guess.x0
    return xs


def adams_weights(nodes: list[float], width: float) -> list[float]:
    """Integrate width exp(width (u - 1)) f(u) over [0, 1], exactly for polynomials f through `nodes`."""
    moments = [-math.expm1(-width)]
    for power in range(1, len(nodes)):
        moments.append(1 - power / width * moments[-1])  # by parts
    powers = torch.stack([torch.tensor(nodes, dtype=torch.float64) ** power for power in range(len(nodes))])
    weights: list[float] = torch.linalg.solve(powers, torch.tensor(moments, dtype=torch.float64)).tolist()
    return weights


@dataclass(frozen=True)
class DPMpp3M:
    """DPM-Solver++ with three points (Lu et al. 2022b, eq. 9 for k = 3), the polynomial integrated exactly."""

    order: ClassVar[int] = 3
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self, process: Gaussian, denoise: Denoise, xt: Tensor, t: float, s: float, memory: list[Guess] | None, seeds: Seeds
    ) -> tuple[Tensor, list[Guess]]:
        """Take a step with the parabola through the last three guesses."""
        guesses = [Guess(place(process, t), denoise(xt, t)), *(memory or [])][:3]
        return adams(process, xt, guesses, t, s), guesses


class Corrected(NamedTuple):
    """What UniPC remembers: its last state, already corrected, the time of it and the guesses so far, newest first."""

    xt: Tensor
    t: float
    guesses: list[Guess]


@dataclass(frozen=True)
class UniPC:
    """Correct the last step with the newest guess, then predict the next: order + 1 for no more calls (Zhao et al. 2023).

    All conditions of their eq. 5 and 9 are solved exactly, so that the choice of B(h) cancels; two points predict, three correct.
    """

    order: ClassVar[int] = 3
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self, process: Gaussian, denoise: Denoise, xt: Tensor, t: float, s: float, memory: Corrected | None, seeds: Seeds
    ) -> tuple[Tensor, Corrected]:
        """Guess x0 at the predicted state, correct the state, predict the next."""
        guesses = [Guess(place(process, t), denoise(xt, t)), *(memory.guesses if memory else [])][:3]
        if memory:
            xt = adams(process, memory.xt, guesses, memory.t, t)
        return adams(process, xt, guesses[:2], t, s), Corrected(xt, t, guesses)


ADAMS_BASHFORTH = ((1.0,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))


@dataclass(frozen=True)
class IPNDM:
    """Mix the last four slopes by the fixed weights of equal steps (Zhang and Chen 2023, sec. 4; Liu et al. 2022, eq. 9).

    Fixed weights hold out on wild grids. They make the order two; on equal steps it is four once four slopes are known.
    """

    order: ClassVar[int] = 2
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: list[tuple[Tensor, Tensor]] | None,
        seeds: Seeds,
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Step along the mixed slopes; the last step is the guess of x0 alone."""
        x0 = denoise(xt, t)
        slopes = [(x0, noise_in(process, xt, x0, t)), *(memory or [])][:4]
        if not s:
            return x0, slopes
        weights = ADAMS_BASHFORTH[len(slopes) - 1]
        mean_x0 = sum((weight * x0 for weight, (x0, _) in zip(weights, slopes, strict=True)), torch.zeros_like(xt))
        mean_eps = sum((weight * eps for weight, (_, eps) in zip(weights, slopes, strict=True)), torch.zeros_like(xt))
        return along(process, xt, mean_x0, mean_eps, t, s), slopes
