"""One step from t to s, from a guess of x0: the solvers without memory, and the names of all."""

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from torch import Tensor

from fromnoise.diffusion.denoiser import Denoise
from fromnoise.diffusion.gaussian import Gaussian
from fromnoise.errors import RequestError
from fromnoise.registry import Registry
from fromnoise.seeds import Seeds


class Solver(Protocol):
    """Step xt to time s. Make a new kind by writing a class like these and one line in the registry."""

    order: ClassVar[int]
    """The error of a whole walk falls like (1 / steps) ** order."""
    calls: ClassVar[int]
    """Denoiser calls per step."""
    suits: ClassVar[type]
    """The kind of process that it can step."""

    def step(
        self, process: Any, denoise: Denoise, xt: Tensor, t: float, s: float, memory: Any, seeds: Seeds
    ) -> tuple[Tensor, Any]:
        """Return x at `s`, and what the next step wants to remember. `memory` is None on the first step."""


SOLVERS = Registry(
    "solver",
    {
        "ddpm": "fromnoise.diffusion.solvers:DDPM",
        "ddim": "fromnoise.diffusion.solvers:DDIM",
        "euler": "fromnoise.diffusion.solvers:Euler",
        "heun": "fromnoise.diffusion.solvers:Heun",
        "dpmpp-2m": "fromnoise.diffusion.multistep:DPMpp2M",
        "dpmpp-2m-sde": "fromnoise.diffusion.multistep:DPMpp2MSDE",
        "dpmpp-3m": "fromnoise.diffusion.multistep:DPMpp3M",
        "unipc": "fromnoise.diffusion.multistep:UniPC",
        "ipndm": "fromnoise.diffusion.multistep:IPNDM",
    },
)


def takes_eta(name: str) -> bool:
    """Say whether the solver called `name` has a share of fresh noise to choose."""
    return any(field.name == "eta" for field in fields(SOLVERS[name]))


def make_solver(name: str, eta: float | None = None) -> Solver:
    """Build a solver. `eta` is the share of fresh noise, 0 to 1; None means the solver's own."""
    kind = SOLVERS[name]
    if eta is None:
        solver: Solver = kind()
        return solver
    if not takes_eta(name):
        able = [known for known in SOLVERS if takes_eta(known)]
        raise RequestError(f"{name} takes no eta; leave it out or use one of {able}")
    if not 0 <= eta <= 1:
        raise RequestError(f"eta must lie between 0 (no fresh noise) and 1 (all of it), not {eta}")
    solver = kind(eta=eta)
    return solver


def levels(process: Gaussian, t: float) -> tuple[float, float]:
    """Return alpha and sigma at `t` as numbers."""
    return float(process.alpha(t)), float(process.sigma(t))


def noise_in(process: Gaussian, xt: Tensor, x0: Tensor, t: float) -> Tensor:
    """Return the eps that makes xt of x0; t over 0."""
    alpha, sigma = levels(process, t)
    return (xt - alpha * x0) / sigma


@dataclass(frozen=True)
class DDPM:
    """Draw xs from its posterior given xt and the guess of x0 (Ho et al. 2020, eq. 7, for any two times)."""

    order: ClassVar[int] = 1
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: None,
        seeds: Seeds,
    ) -> tuple[Tensor, None]:
        """Mix xt and x0 by their certainty and add the variance that is left."""
        (alpha_t, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
        share = alpha_t / alpha_s * (sigma_s / sigma_t) ** 2
        between = max(sigma_t**2 - (alpha_t / alpha_s * sigma_s) ** 2, 0.0)  # variance of xt given xs
        xs = share * xt + alpha_s * between / sigma_t**2 * denoise(xt, t)
        if s:
            xs = xs + math.sqrt(between) * sigma_s / sigma_t * seeds.normal(*xt.shape[1:]).to(xt)
        return xs, None


@dataclass(frozen=True)
class DDIM:
    """Keep the noise that is in xt, or swap a part of it for fresh noise (Song et al. 2021, eq. 12, 16)."""

    order: ClassVar[int] = 1
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian
    eta: float = 0.0
    """0 keeps all the noise, 1 is DDPM."""

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: None,
        seeds: Seeds,
    ) -> tuple[Tensor, None]:
        """Put the guesses of x0 and eps together again at the levels of s."""
        (alpha_t, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
        x0 = denoise(xt, t)
        between = max(sigma_t**2 - (alpha_t / alpha_s * sigma_s) ** 2, 0.0)
        fresh = self.eta * math.sqrt(between) * sigma_s / sigma_t
        xs = alpha_s * x0
        if s:
            xs = xs + math.sqrt(sigma_s**2 - fresh**2) * noise_in(process, xt, x0, t)
        if fresh:
            xs = xs + fresh * seeds.normal(*xt.shape[1:]).to(xt)
        return xs, None


@dataclass(frozen=True)
class Euler:
    """Follow dx = x0 d(alpha) + eps d(sigma) with the slopes at t: DDIM without fresh noise, as an ODE."""

    order: ClassVar[int] = 1
    calls: ClassVar[int] = 1
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: None,
        seeds: Seeds,
    ) -> tuple[Tensor, None]:
        """Take one straight step."""
        x0 = denoise(xt, t)
        return along(process, xt, x0, noise_in(process, xt, x0, t), t, s) if s else x0, None


def along(process: Gaussian, xt: Tensor, x0: Tensor, eps: Tensor, t: float, s: float) -> Tensor:
    """Move xt to s along x0 d(alpha) + eps d(sigma), the probability flow of every Gaussian process."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = levels(process, t), levels(process, s)
    return xt + (alpha_s - alpha_t) * x0 + (sigma_s - sigma_t) * eps


@dataclass(frozen=True)
class Heun:
    """Step, look again, and step with the mean of both slopes (Karras et al. 2022, alg. 1)."""

    order: ClassVar[int] = 2
    calls: ClassVar[int] = 2
    suits: ClassVar[type] = Gaussian

    def step(
        self,
        process: Gaussian,
        denoise: Denoise,
        xt: Tensor,
        t: float,
        s: float,
        memory: None,
        seeds: Seeds,
    ) -> tuple[Tensor, None]:
        """Take a trapezoid step; the last one, to s = 0, is the guess of x0 alone, with one call."""
        x0 = denoise(xt, t)
        if not s:
            return x0, None
        eps = noise_in(process, xt, x0, t)
        trial = along(process, xt, x0, eps, t, s)
        x0_s = denoise(trial, s)
        eps_s = noise_in(process, trial, x0_s, s)
        return along(process, xt, (x0 + x0_s) / 2, (eps + eps_s) / 2, t, s), None
