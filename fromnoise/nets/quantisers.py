"""Vectors to whole numbers and back: the bottleneck of codecs whose pictures are tokens.

Legend: V vectors, C their channels, K codes. A quantiser's `forward` passes gradients straight through.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.seeds import Seeds

LLOYD_STEPS = 8


class Quantiser(Protocol):
    """What turns vectors into codes."""

    channels: int
    """Channels of a vector."""
    codes: int
    """How many codes there are."""

    def __call__(self, vectors: Tensor, seeds: Seeds | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return quantised vectors (V, C), their codes (V,) and how far they moved (V,).

        With seeds it learns from the vectors what needs no gradient.
        """

    def look_up(self, codes: Tensor) -> Tensor:
        """Return the vectors (..., C) of codes (...)."""


class VectorQuantiser(nn.Module):
    """Take the nearest of K learned unit vectors (van den Oord et al. 2017; unit length: Yu et al. 2022).

    The codes start as the means of clusters and follow moving averages of what is near them; codes that
    nothing is near are moved to where vectors are. Codes and averages are parameters, though without
    gradients, so that a training's state and average take them along.
    """

    def __init__(self, codes: int, channels: int, decay: float = 0.98, least: float = 0.1) -> None:
        super().__init__()
        self.codes, self.channels, self.decay, self.least = codes, channels, decay, least
        self.table_in = nn.Parameter(F.normalize(torch.randn(codes, channels), dim=1))
        self.sums_in = nn.Parameter(torch.zeros(codes, channels))
        self.counts_in = nn.Parameter(torch.zeros(codes))

    def forward(self, vectors: Tensor, seeds: Seeds | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise vectors (V, C) of any length; the quantised ones have length 1."""
        unit = F.normalize(vectors, dim=1)
        if seeds is not None and not bool(self.counts_in.any()):
            self._start(unit.detach(), seeds)
        codes = nearest(unit.detach(), self.table_in.detach())
        chosen = self.look_up(codes)
        if seeds is not None:
            self._follow(unit.detach(), codes, seeds)
        moved = (unit - chosen).square().sum(1)
        return unit + (chosen - unit).detach(), codes, moved

    def look_up(self, codes: Tensor) -> Tensor:
        """Return the unit vectors (..., C) of codes (...)."""
        return F.normalize(self.table_in.detach(), dim=1)[codes]

    @torch.no_grad()
    def _start(self, unit: Tensor, seeds: Seeds) -> None:
        """Begin with the clusters of some vectors (Lloyd's algorithm)."""
        self.table_in.copy_(unit[_some(len(unit), self.codes, seeds)])
        for _ in range(LLOYD_STEPS):
            sums, counts = _gathered(unit, nearest(unit, self.table_in), self.codes)
            self.table_in.copy_(torch.where(counts[:, None] > 0, F.normalize(sums, dim=1), self.table_in))
        self.sums_in.copy_(self.table_in)
        self.counts_in.fill_(1.0)

    @torch.no_grad()
    def _follow(self, unit: Tensor, codes: Tensor, seeds: Seeds) -> None:
        """Move every code to the moving average of its vectors; restart those that have too few."""
        sums, counts = _gathered(unit, codes, self.codes)
        fair = len(unit) / self.codes  # vectors a code would have if all had equally many
        self.sums_in.lerp_(sums / fair, 1 - self.decay)
        self.counts_in.lerp_(counts / fair, 1 - self.decay)
        dead = self.counts_in < self.least
        fresh = unit[_some(len(unit), self.codes, seeds)]
        self.sums_in.copy_(torch.where(dead[:, None], fresh, self.sums_in))
        self.counts_in.masked_fill_(dead, 1.0)
        self.table_in.copy_(F.normalize(self.sums_in, dim=1))


class FiniteScalarQuantiser(nn.Module):
    """Round every channel to one of a few levels (Mentzer et al. 2023): nothing to learn, no code can die."""

    levels: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.channels, self.codes = len(levels), math.prod(levels)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)

    def forward(self, vectors: Tensor, seeds: Seeds | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise vectors (V, C); the quantised ones lie in [-1, 1]."""
        places = torch.sigmoid(vectors) * (self.levels - 1)  # 0 to levels - 1
        rounded = places.round()
        codes = (rounded.long() * self._strides()).sum(1)
        signed = (places + (rounded - places).detach()) * 2 / (self.levels - 1) - 1
        return signed, codes, torch.zeros(len(vectors), device=vectors.device)

    def look_up(self, codes: Tensor) -> Tensor:
        """Return the vectors (..., C) of codes (...)."""
        digits = codes[..., None] // self._strides() % self.levels
        return digits * 2 / (self.levels - 1) - 1

    def _strides(self) -> Tensor:
        return torch.cat([self.levels.new_ones(1), self.levels.cumprod(0)[:-1]])


def nearest(unit: Tensor, table: Tensor) -> Tensor:
    """Return which of the unit vectors in `table` (K, C) is nearest to each of `unit` (V, C)."""
    with torch.autocast(unit.device.type, enabled=False):
        return (unit.float() @ table.float().T).argmax(1)


def _gathered(unit: Tensor, codes: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return for every code the sum (K, C) and the number (K,) of its vectors."""
    sums = unit.new_zeros(count, unit.shape[1]).index_add_(0, codes, unit)
    return sums, torch.bincount(codes, minlength=count).to(unit.dtype)


def _some(of: int, count: int, seeds: Seeds) -> Tensor:
    """Draw `count` places among `of`, by the first stream."""
    return seeds[:1].integers(0, of, count)[0]
