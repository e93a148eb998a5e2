"""One step from t to s where noise is masks: which tokens are told, and what they are.

Legend: B batch, L tokens, V vocabulary, M places that are asked about, xt tokens (B, L), some of them masks.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice, drawn
from fromnoise.diffusion.masked import Masked
from fromnoise.errors import RequestError
from fromnoise.registry import Registry
from fromnoise.seeds import Seeds

Scores = Callable[[Tensor], Tensor]
"""Places (B, L), bool -> the logits of the tokens that may stand there, float32 (M, V), row by row."""
Guess = Callable[[Tensor, float], Scores]
"""A denoiser of tokens whose condition is bound: (xt, t) -> what may stand in each place."""


@dataclass(frozen=True)
class Memory:
    """What a walk knows of itself."""

    given: Tensor
    """Places that were no masks at the start and stay as they are, bool (B, L)."""
    rate: Tensor
    """Masks at the start by the time they stood for, float64 (B,): times t it is how many should be left."""
    nats: Tensor
    """-log p of every token when it was told, before any filter, float64 (B, L); 0 where none was."""
    cost: Tensor
    """The same after all filters: how unlikely the walk was to tell it."""


class Unmasker(Protocol):
    """Step xt to time s. Make a new kind by writing a class like these and one line in the registry."""

    suits: ClassVar[type]
    """The kind of process that it can step."""

    def step(
        self, process: Masked, denoise: Guess, xt: Tensor, t: float, s: float, memory: Any, seeds: Seeds
    ) -> tuple[Tensor, Memory]:
        """Return x at `s`, and what the next step wants to remember. `memory` is None on the first step."""


UNMASKERS = Registry(
    "solver",
    {
        "ancestral": "fromnoise.diffusion.unmask:Ancestral",
        "remdm": "fromnoise.diffusion.unmask:ReMDM",
        "confidence": "fromnoise.diffusion.unmask:Confidence",
        "entropy": "fromnoise.diffusion.unmask:Entropy",
        "parallel": "fromnoise.diffusion.unmask:Parallel",
    },
)


def make_unmasker(name: str, choice: Choice) -> Unmasker:
    """Build the solver called `name`, which chooses tokens by `choice`."""
    if name not in UNMASKERS:
        UNMASKERS[name]  # says which there are
    solver: Unmasker = UNMASKERS[name](choice)
    return solver


def remembered(process: Masked, xt: Tensor, t: float, memory: Memory | None) -> Memory:
    """Return the walk's memory, made on its first step."""
    if memory is not None:
        return memory
    masks = xt == process.mask
    none = torch.zeros(xt.shape, dtype=torch.float64, device=xt.device)
    return Memory(~masks, masks.sum(1).double() / t, none, none)


def told(
    choice: Choice, scores: Scores, xt: Tensor, places: Tensor, chance: Tensor, memory: Memory, mask: int
) -> tuple[Tensor, Memory]:
    """Draw the tokens of `places` (B, L), each by the number in [0, 1) that `chance` (B, L) has for it.

    Drawn by inversion in 64 bits, which is exact; Gumbel noise in 32 bits is not (Zheng et al. 2025), and
    in 64 it takes V random numbers a token.
    """
    if not places.any():
        return xt, memory
    logits = scores(places)
    rows = places.nonzero()[:, 0]
    shares = choice.probabilities(logits, xt[rows].masked_fill(xt[rows] == mask, -1))
    tokens = drawn(shares, chance.to(xt.device)[places])
    own = tokens[:, None]
    nats = (logits.double().logsumexp(1, keepdim=True) - logits.double().gather(1, own))[:, 0]
    cost = -shares.gather(1, own)[:, 0].log()
    return (
        xt.masked_scatter(places, tokens),
        Memory(
            memory.given,
            memory.rate,
            memory.nats.masked_scatter(places, nats),
            memory.cost.masked_scatter(places, cost),
        ),
    )


@dataclass(frozen=True)
class Ancestral:
    """Tell each token at a moment of its own, drawn beforehand as it were (Sahoo et al. 2024, eq. 7)."""

    suits: ClassVar[type] = Masked
    choice: Choice = field(default_factory=Choice)

    def step(
        self,
        process: Masked,
        denoise: Guess,
        xt: Tensor,
        t: float,
        s: float,
        memory: Memory | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Memory]:
        """Tell a mask with probability (t - s) / t."""
        kept = remembered(process, xt, t, memory)
        moments, chance = seeds.uniform(2, xt.shape[1]).unbind(1)
        places = (xt == process.mask) & (moments.to(xt.device) * t < t - s)
        return told(self.choice, _scores(denoise, xt, t, places), xt, places, chance, kept, process.mask)


@dataclass(frozen=True)
class ReMDM:
    """Ancestral, but told tokens may be masked again, and mistakes mended (Wang et al. 2025, eq. 8, 9)."""

    suits: ClassVar[type] = Masked
    choice: Choice = field(default_factory=Choice)
    cap: float = 0.02
    """Largest probability that a token is masked again at a step."""

    def step(
        self,
        process: Masked,
        denoise: Guess,
        xt: Tensor,
        t: float,
        s: float,
        memory: Memory | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Memory]:
        """Mask told tokens with probability sigma, and tell as many masks as keep to the process's share."""
        kept = remembered(process, xt, t, memory)
        moments, chance = (draw.to(xt.device) for draw in seeds.uniform(2, xt.shape[1]).unbind(1))
        left = 1 - t
        sigma = min(self.cap, s / left) if s and left > 0 else 0.0
        masks = xt == process.mask
        places = masks & (moments * t < t - s + sigma * left)
        again = ~masks & ~kept.given & (moments < sigma)
        scores = _scores(denoise, xt, t, places)
        xs, kept = told(self.choice, scores, xt, places, chance, kept, process.mask)
        return xs.masked_fill(again, process.mask), kept


@dataclass(frozen=True)
class Ranked(ABC):
    """Tell the places of the highest rank, until as many masks are left as the grid asks for."""

    suits: ClassVar[type] = Masked
    choice: Choice = field(default_factory=Choice)
    sure: float = math.inf
    """Rank from which a token is told, even where the grid asks for fewer."""

    @abstractmethod
    def rank(self, logits: Tensor) -> Tensor:
        """Return how early tokens with these logits (M, V) are told, float64 (M,)."""

    def step(
        self,
        process: Masked,
        denoise: Guess,
        xt: Tensor,
        t: float,
        s: float,
        memory: Memory | None,
        seeds: Seeds,
    ) -> tuple[Tensor, Memory]:
        """Tell so many that the share of masks is that of s, and all that are sure."""
        kept = remembered(process, xt, t, memory)
        chance = seeds.uniform(2, xt.shape[1])[:, 1]
        masks = xt == process.mask
        due = masks.sum(1) - (kept.rate * s).ceil().long().to(xt.device)
        if not masks.any() or (math.isinf(self.sure) and not (due > 0).any()):
            return xt, kept
        scores = denoise(xt, t)
        ranks = torch.full(xt.shape, -math.inf, dtype=torch.float64, device=xt.device)
        ranks = ranks.masked_scatter(masks, self.rank(scores(masks)))
        order = ranks.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        places = masks & ((order < due[:, None]) | (ranks >= self.sure))
        return told(self.choice, scores, xt, places, chance, kept, process.mask)


@dataclass(frozen=True)
class Confidence(Ranked):
    """Tell the surest tokens first (Chang et al. 2022): few steps do, but texts repeat themselves more."""

    def rank(self, logits: Tensor) -> Tensor:
        """Return the probability of the likeliest token."""
        return _likeliest(logits)


@dataclass(frozen=True)
class Entropy(Ranked):
    """Tell the tokens first whose distribution has the least entropy (Ye et al. 2025)."""

    def rank(self, logits: Tensor) -> Tensor:
        """Return the negative entropy, in nats."""
        shares = logits.double().log_softmax(1)
        return (shares.exp() * shares.nan_to_num(neginf=0.0)).sum(1)


@dataclass(frozen=True)
class Parallel(Ranked):
    """Tell every token at once that is sure enough, and the surest where the grid asks for more.

    It ends before its steps do where much is sure (Wu et al. 2025, confidence-aware parallel decoding).
    """

    sure: float = 0.9

    def rank(self, logits: Tensor) -> Tensor:
        """Return the probability of the likeliest token."""
        return _likeliest(logits)


def _likeliest(logits: Tensor) -> Tensor:
    return logits.double().softmax(1).amax(1)


def _scores(denoise: Guess, xt: Tensor, t: float, places: Tensor) -> Scores:
    """Ask the denoiser, unless nothing is to be told."""
    return denoise(xt, t) if places.any() else lambda places: torch.empty(0)


def guided(strong: Guess, weak: Guess, scale: float) -> Guess:
    """Go `scale` times the way from what `weak` says to what `strong` says (Schiff et al. 2025)."""

    def both(xt: Tensor, t: float) -> Scores:
        up, down = strong(xt, t), weak(xt, t)
        return lambda places: _between(down(places), up(places), scale)

    return both


def _between(weak: Tensor, strong: Tensor, scale: float) -> Tensor:
    """Mix logits (M, V) on their own scale; what neither may say stays forbidden."""
    mixed = weak.log_softmax(1) + scale * (strong.log_softmax(1) - weak.log_softmax(1))
    return mixed.masked_fill(strong.isneginf() | weak.isneginf(), -torch.inf)


def check_steps(steps: int, most: int) -> int:
    """Return the number of steps, or raise RequestError."""
    if not 1 <= steps <= most:
        raise RequestError(f"steps must be from 1 to {most}, got {steps}")
    return steps
