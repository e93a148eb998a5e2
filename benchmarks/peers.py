"""Schedulers of diffusers, made to walk over our times: something to compare with, never a part.

A scheduler keeps levels of noise in one of several forms and a state that may be scaled. `Levels` writes our
levels into it; what it returns turns that state into our x. Legend: alphas, sigmas (steps + 1,), falling.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fromnoise.diffusion.denoiser import Denoise, convert
from fromnoise.diffusion.gaussian import Gaussian
from fromnoise.errors import DataError

Levels = Callable[[Any, Tensor, Tensor], Tensor]
"""(scheduler, alphas, sigmas) -> what to multiply its state with at each level to get x, (steps + 1,)."""


def straight(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it sigma of a flow or of EDM; its state is x."""
    scheduler.sigmas = sigmas.float()
    return torch.ones_like(alphas)


def short_of_one(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it sigma, kept a millionth below 1 as its own clock does: at 1 it would divide by zero."""
    return straight(scheduler, alphas, sigmas.clamp(max=1 - 1e-6))


def steep(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it sigma / alpha; its state is x / alpha."""
    scheduler.sigmas = (sigmas / alphas).float()
    return alphas


def circular(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it sigma / alpha; its state is x / |(alpha, sigma)|."""
    scheduler.sigmas = (sigmas / alphas).float()
    return torch.hypot(alphas, sigmas)


def tabled(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it alpha^2 on the circle, at the entries of its table that it visits."""
    length = torch.hypot(alphas, sigmas)
    scheduler.alphas_cumprod[scheduler.timesteps] = (alphas / length)[:-1].square().float()
    return length


def paired(scheduler: Any, alphas: Tensor, sigmas: Tensor) -> Tensor:
    """Tell it alpha and sigma on the circle, which it calls alphas and betas."""
    length = torch.hypot(alphas, sigmas)
    scheduler.alphas, scheduler.betas = (alphas / length).float(), (sigmas / length).float()
    return length


@dataclass(frozen=True)
class Peer:
    """A scheduler of diffusers and what it expects of its caller."""

    scheduler: str
    levels: Levels
    says: str = "x0"
    """The parameterization of the network's answer."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    eta: float | None = None

    def build(self, steps: int) -> Any:
        """Make the scheduler with its own clock."""
        try:
            import diffusers
            from diffusers.utils import logging
        except ImportError as error:
            raise DataError(f"this compares with diffusers: pip install diffusers ({error})") from error
        logging.set_verbosity_error()
        scheduler = getattr(diffusers, self.scheduler)(**self.settings)
        scheduler.set_timesteps(steps)
        return scheduler

    def walk(
        self, process: Gaussian, denoise: Denoise, xt: Tensor, times: Tensor, seeds: Sequence[int]
    ) -> list[Tensor]:
        """Walk xt (B, ...) down our `times`; return x after every step. Item i draws noise from seeds[i].

        Its table of alphas is float32 and has a thousand entries, so `times` should have a divisor of that.
        """
        scheduler = self.build(len(times) - 1)
        scale = self.levels(scheduler, process.alpha(times), process.sigma(times))
        twice = scheduler.order == 2  # such a one counts calls, not steps, and repeats the levels between
        if twice:
            ends = scheduler.sigmas
            scheduler.sigmas = torch.cat([ends[:1], ends[1:-1].repeat_interleave(2), ends[-1:]])
        state, states = xt / scale[0], {}
        options = self._options(scheduler, seeds)
        for call, told in enumerate(_begun(scheduler).timesteps):
            at, reached = ((call + 1) // 2, call // 2 + 1) if twice else (call, call + 1)
            x, t = state * scale[at], float(times[at])
            answer = convert(denoise(x, t), "x0", self.says, x, t, process)
            state = scheduler.step(answer, told, state, **options).prev_sample
            states[reached] = state * scale[reached]
        return list(states.values())

    def own_walk(self, process: Gaussian, denoise: Denoise, noise: Tensor, steps: int) -> Tensor:
        """Walk standard normal noise by the scheduler's own clock; return the last state.

        The network sees what a pipeline would show it: the time as the scheduler tells it, rounded or not.
        """
        scheduler = self.build(steps)
        state = noise * scheduler.init_noise_sigma if hasattr(scheduler, "init_noise_sigma") else noise
        for told in scheduler.timesteps:
            scaled = hasattr(scheduler, "scale_model_input")
            x = scheduler.scale_model_input(state, told) if scaled else state
            t = self._time(scheduler, process, float(told))
            answer = convert(denoise(x, t), "x0", self.says, x, t, process)
            state = scheduler.step(answer, told, state).prev_sample
        return state

    def _time(self, scheduler: Any, process: Gaussian, told: float) -> float:
        if "Flow" in self.scheduler or self.settings.get("use_flow_sigmas"):
            return told / 1000
        at = torch.tensor(told, dtype=torch.float64)
        table = scheduler.alphas_cumprod.double()
        log_snr = (table / (1 - table)).log()
        low = int(at.floor())
        high = min(low + 1, len(table) - 1)
        share = at - low
        return float(process.time_of_log_snr(torch.lerp(log_snr[low], log_snr[high], share)))

    def _options(self, scheduler: Any, seeds: Sequence[int]) -> dict[str, Any]:
        options: dict[str, Any] = {} if self.eta is None else {"eta": self.eta}
        if "generator" in inspect.signature(scheduler.step).parameters:
            options["generator"] = [torch.Generator().manual_seed(seed) for seed in seeds]
        return options


def _begun(scheduler: Any) -> Any:
    """Start at the first level: without this it looks for the level by comparing times."""
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    scheduler.is_scale_input_called = True
    return scheduler
