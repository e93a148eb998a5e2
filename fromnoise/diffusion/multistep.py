"""Solvers that remember earlier guesses: high order for one denoiser call per step.

They live in lambda = log(alpha / sigma), half the log-SNR, where
    xs = (sigma_s / sigma_t) xt + sigma_s * (integral of exp(lambda) x0 from lambda_t to lambda_s)
is exact (Lu et al. 2022b, eq. 8). lambda is infinite where alpha or sigma is 0; no polynomial goes there.
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
    """A remembered guess of x0, and the lambda at which it was made."""

    place: float
    x0: Tensor


Guesses = list[Guess]
"""Newest first."""


def place(process: Gaussian, t: float) -> float:
    """Return lambda at `t`: minus infinity where alpha is 0, infinity at t = 0."""
    return float(process.log_snr(t)) / 2


def hold(process: Gaussian, xt: Tensor, x0: Tensor, t: float, s: float, eta: float, seeds: Seeds) -> Tensor:
    """Step exactly for an x0 that stays the same; `eta` adds fresh noise (SA-Solver, Xue et al. 2023)."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
    decay = alpha_t * sigma_s / (alpha_s * sigma_t)  # exp(lambda_t - lambda_s), but finite at both ends
    xs = sigma_s / sigma_t * math.pow(decay, eta) * xt + alpha_s * (1 - math.pow(decay, 1 + eta)) * x0
    if eta and s:
        fresh = sigma_s * math.sqrt(1 - math.pow(decay, 2 * eta))
        xs = xs + fresh * seeds.normal(*xt.shape[1:]).to(xt)
    return xs


def lean(process: Gaussian, x0: Tensor, last: Guess | None, t: float, s: float) -> Tensor:
    """Carry x0 half a step ahead, along the line through the last two guesses (Lu et al. 2022b, alg. 2).

    From pure noise, whose log-SNR is minus infinity, the line is drawn in alpha / sigma instead.
    """
    here, there = place(process, t), place(process, s)
    if last is None or math.isinf(there):
        return x0
    if math.isinf(last.place):
        return x0 + min(math.expm1(there - here) / 2, 1.0) * (x0 - last.x0)
    return x0 + (there - here) / (here - last.place) / 2 * (x0 - last.x0)


@dataclass(frozen=True)
class DPMpp2M:
    """Hold x0 at its value in mid-step (DPM-Solver++ 2M, Lu et al. 2022b, alg. 2)."""

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
        memory: Guess | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Guess]:
        """Step with x0 carried to the middle; the last step, to s = 0, is the guess of x0 alone."""
        x0 = denoise(xt, t)
        middle = lean(process, x0, memory, t, s)
        return hold(process, xt, middle, t, s, 0.0, seeds), Guess(place(process, t), x0)


@dataclass(frozen=True)
class DPMpp2MSDE:
    """Do as DPMpp2M, and swap a part of the noise for fresh noise (SDE-DPM-Solver++ 2M, Lu et al. 2022b)."""

    order: ClassVar[int] = 2
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian
    eta: float = 1.0
    """0 is DPMpp2M, 1 swaps as much as DDPM does."""

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: Guess | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Guess]:
        """Step with x0 carried to the middle; the last step, to s = 0, is the guess of x0 alone."""
        x0 = denoise(xt, t)
        middle = lean(process, x0, memory, t, s)
        return hold(process, xt, middle, t, s, self.eta, seeds), Guess(place(process, t), x0)


def adams(process: Gaussian, xt: Tensor, guesses: Guesses, t: float, s: float) -> Tensor:
    """Step exactly for x0 as the polynomial in lambda through `guesses`, one of which lies at t."""
    here, there = place(process, t), place(process, s)
    if math.isinf(here) or math.isinf(there):
        x0 = next(guess.x0 for guess in guesses if guess.place == here)
        return hold(process, xt, x0, t, s, 0.0, Seeds(()))
    guesses = [guess for guess in guesses if not math.isinf(guess.place)]
    width = there - here
    weights = adams_weights([(guess.place - here) / width for guess in guesses], width)
    (_, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
    xs = sigma_s / sigma_t * xt
    for weight, guess in zip(weights, guesses, strict=True):
        xs = xs + alpha_s * weight * guess.x0
    return xs


def adams_weights(nodes: list[float], width: float) -> list[float]:
    """Weigh f(nodes) to integrate width exp(width (u - 1)) f(u) over [0, 1], exactly for polynomials."""
    moments = [-math.expm1(-width)]
    for power in range(1, len(nodes)):
        moments.append(1 - power / width * moments[-1])  # by parts
    places = torch.tensor(nodes, dtype=torch.float64)
    powers = torch.stack([places**power for power in range(len(nodes))])
    weights: list[float] = torch.linalg.solve(powers, torch.tensor(moments, dtype=torch.float64)).tolist()
    return weights


@dataclass(frozen=True)
class DPMpp3M:
    """Take x0 as a parabola (DPM-Solver++ 3M, Lu et al. 2022b, eq. 9 for k = 3), and integrate it exactly."""

    order: ClassVar[int] = 3
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: Guesses | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Guesses]:
        """Step with the last three guesses; the last step, to s = 0, is the guess of x0 alone."""
        guesses = [Guess(place(process, t), denoise(xt, t)), *(memory or [])][:3]
        return adams(process, xt, guesses, t, s), guesses


class Corrected(NamedTuple):
    """What UniPC remembers: its last state, after correction, its time, and the guesses so far."""

    xt: Tensor
    t: float
    guesses: Guesses


@dataclass(frozen=True)
class UniPC:
    """Correct the last step with the newest guess, then predict the next: one order more for no more calls.

    Zhao et al. 2023, alg. 1 and 2 with p = 2: two guesses predict, three correct. The conditions are solved
    exactly, so that the choice of B(h) cancels.
    """

    order: ClassVar[int] = 3
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: Corrected | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Corrected]:
        """Guess x0 at the predicted state, correct that state, predict the next."""
        guesses = [Guess(place(process, t), denoise(xt, t)), *(memory.guesses if memory else [])][:3]
        if memory:
            xt = adams(process, memory.xt, guesses, memory.t, t)
        return adams(process, xt, guesses[:2], t, s), Corrected(xt, t, guesses)


Slopes = list[tuple[Tensor, Tensor]]
"""Guesses of (x0, eps), newest first."""

ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


@dataclass(frozen=True)
class IPNDM:
    """Mix the last four slopes with the weights of equal steps (iPNDM, Zhang and Chen 2023; Liu et al. 2022).

    Fixed weights stay calm on uneven grids. The price: the order there is two, however many slopes are mixed.
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
        memory: Slopes | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Slopes]:
        """Step along the mixed slopes; the last step, to s = 0, is the guess of x0 alone."""
        x0 = denoise(xt, t)
        slopes = [(x0, noise_in(process, xt, x0, t)), *(memory or [])][:4]
        if not s:
            return x0, slopes
        x0, eps = torch.zeros_like(xt), torch.zeros_like(xt)
        for weight, (old_x0, old_eps) in zip(ADAMS_BASHFORTH[len(slopes) - 1], slopes, strict=True):
            x0, eps = x0 + weight * old_x0, eps + weight * old_eps
        return along(process, xt, x0, eps, t, s), slopes
