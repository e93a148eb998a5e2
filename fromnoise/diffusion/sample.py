"""The two loops of diffusion: how wrong is a guess (training), and from noise to data (sampling)."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

from fromnoise.diffusion.process import NoiseProcess
from fromnoise.diffusion.solvers import SOLVERS
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds


def denoising_loss(
    denoise: Callable[[Tensor, Tensor, Any], Tensor],
    process: NoiseProcess,
    x0: Tensor,
    cond: Any,
    seeds: Seeds,
) -> Tensor:
    """Noise x0 (B, ...) at random times, guess it back and return the error of each item, (B,)."""
    t = process.sample_time(seeds)
    xt = process.add_noise(x0, t, seeds)
    return process.loss(denoise(xt, t, cond), x0, xt, t)


class Steps(Protocol):
    """All that a walk knows of a solver: of pictures or, when it unmasks, of tokens."""

    @property
    def suits(self) -> type:
        """Return the kind of process that it can step."""

    def step(
        self, process: Any, denoise: Any, xt: Tensor, t: float, s: float, memory: Any, seeds: Seeds
    ) -> tuple[Tensor, Any]:
        """Return x at `s`, and what the next step wants to remember."""


def sample(
    denoise: Callable[[Tensor, Any], Any],
    process: NoiseProcess,
    solver: Steps,
    xt: Tensor,
    times: Tensor,
    seeds: Seeds,
) -> Iterator[Tensor]:
    """Walk xt down `times` and yield x after every step; the last one is x at t = 0.

    Start later on the grid to change a noised picture instead of making a new one. Raise RequestError if the
    solver can't step this kind of process.
    """
    if not isinstance(process, solver.suits):
        able = [name for name in SOLVERS if isinstance(process, SOLVERS[name].suits)]
        raise RequestError(f"{type(solver).__name__} can't step {type(process).__name__}; use one of {able}")
    return _walk(denoise, process, solver, xt, times, seeds)


def _walk(
    denoise: Callable[[Tensor, Any], Any],
    process: NoiseProcess,
    solver: Steps,
    xt: Tensor,
    times: Tensor,
    seeds: Seeds,
) -> Iterator[Tensor]:
    memory = None
    for t, s in pairwise(times.tolist()):
        with torch.no_grad():
            xt, memory = solver.step(process, denoise, xt, t, s, memory, seeds)
        yield xt
