"""Noise over tokens: a token is there, or a mask stands in its place (Austin et al. 2021, absorbing state).

Legend: B batch, L tokens, V vocabulary, M the mask token, xt tokens (B, L), int64, at time t: the share of
them that is masked.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fromnoise.diffusion.gaussian import clock
from fromnoise.diffusion.process import Time
from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds

NOWHERE = -1
"""Group of a place that is never masked."""


@dataclass(frozen=True)
class Masked:
    """Mask tokens evenly: alpha = 1 - t, and exactly ceil(t L) of L tokens are masked at time t.

    Counting exactly makes the bound the mean over orders of writing (Hoogeboom et al. 2022, eq. 4), with less
    variance than masking each token by itself.
    """

    mask: int
    """Id of M."""
    least: float = 0.0
    """Training times begin here: the few masks of earlier ones tell little and vary much. Bounds need 0."""

    @property
    def t_max(self) -> float:
        """Return the time at which all tokens are masked."""
        return 1.0

    def alpha(self, t: Time) -> Tensor:
        """Return the share of tokens that is left at `t`, float64."""
        return 1 - clock(t)

    def prior(self, shape: tuple[int, ...], seeds: Seeds) -> Tensor:
        """Return masks alone, int64 on the CPU, (B, *shape)."""
        return torch.full((len(seeds), *shape), self.mask)

    def add_noise(self, x0: Tensor, t: Time, seeds: Seeds | None = None) -> Tensor:
        """Mask ceil(t L) tokens of each row of x0 (B, L). None means streams 0, 1, 2, ..."""
        seeds = Seeds.count_from(0, len(x0)) if seeds is None else seeds
        if len(seeds) != len(x0):
            raise ValueError(f"{len(x0)} items need as many seeds, not {len(seeds)}")
        chance = seeds.uniform(x0.shape[1])
        places, _ = lost(chance, torch.zeros_like(x0, device="cpu"), clock(t).reshape(-1, 1))
        return x0.masked_fill(places.to(x0.device), self.mask)

    def sample_time(self, seeds: Seeds) -> Tensor:
        """Draw training times in (least, 1], float64 (B,): one per stream."""
        return 1 - (1 - self.least) * seeds.uniform()

    def grid(self, steps: int, name: str | None = None) -> Tensor:
        """Return (steps + 1,) float64 times, evenly from 1 down to 0; there is no other grid."""
        if steps < 1:
            raise RequestError(f"steps must be a whole number of at least 1, not {steps}")
        if name not in (None, "uniform"):
            raise RequestError(f"masks fall evenly: the only grid is uniform, not {name!r}")
        return torch.linspace(1, 0, steps + 1, dtype=torch.float64)

    def loss(self, guess: Tensor, x0: Tensor, xt: Tensor, t: Time) -> Tensor:
        """Return the bound of -log p by logits (B, L, V) of x0: nats a token, (B,).

        Its mean over times in (0, 1] is never less than the model's own -log p.
        """
        masked = xt == self.mask
        nats = F.cross_entropy(guess.float().flatten(0, 1), x0.flatten(), reduction="none").view(x0.shape)
        return (nats * masked).sum(1) / masked.sum(1).clamp(min=1)


def lost(chance: Tensor, groups: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Choose which places are masked, and say how much each weighs in the bound: bool and float64, (B, L).

    Of the n places that share a number in `groups` (B, L), k = ceil(t n) are masked, those with the lowest
    `chance` (B, L); each weighs n / k, so that the weighted sum estimates the whole group's nats. `t`, (B, 1)
    or (B, L), is one for a group. Groups below 0 are never masked.
    """
    count = int(groups.max()) + 2
    sizes = torch.zeros(len(groups), count, dtype=torch.int64)
    sizes.scatter_add_(1, groups + 1, torch.ones_like(groups))
    order = (chance + groups).argsort(1)  # by group, then by chance
    ranks = torch.empty_like(order).scatter_(1, order, torch.arange(groups.shape[1]).expand_as(order))
    ranks -= (sizes.cumsum(1) - sizes).gather(1, groups + 1)
    size = sizes.gather(1, groups + 1)
    masks = (t * size).ceil()
    places = (ranks < masks) & (groups >= 0)
    return places, torch.where(places, size / masks.clamp(min=1), 0.0)


def spread_times(seeds: Seeds) -> Tensor:
    """Draw one number in [0, 1) a stream, evenly spread over the batch, float64 (B,) (Kingma et al. 2021)."""
    first = seeds[:1].uniform()
    return (first + torch.arange(len(seeds), dtype=torch.float64) / len(seeds)) % 1
