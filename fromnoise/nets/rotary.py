"""Rotary positions: a token's place turns its queries and keys (Su et al. 2021, half-split).

Legend: B batch, L tokens, H heads, E width of a head.
"""

import math
from typing import Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from fromnoise.config import Settings


class RopeScaling(Settings):
    """How a model that was taught on short texts came to read longer ones: its slow turns are slowed down."""

    kind: Literal["linear", "llama3"]
    """linear slows all turns (Chen et al. 2023); llama3 only the slow ones (Dubey et al. 2024)."""
    factor: PositiveFloat
    low: PositiveFloat = 1.0
    """Turns within `length` tokens up to which a frequency is slowed in full."""
    high: PositiveFloat = 4.0
    """Turns from which it stays as it is."""
    length: PositiveInt = 8192
    """Tokens that the model read at first."""

    def slowed(self, frequencies: Tensor) -> Tensor:
        """Return the frequencies, radians a token, (E / 2,), after scaling."""
        if self.kind == "linear":
            return frequencies / self.factor
        turns = self.length * frequencies / (2 * math.pi)
        kept = ((turns - self.low) / (self.high - self.low)).clamp(0, 1)
        return frequencies * (kept + (1 - kept) / self.factor)


class Rotary(nn.Module):
    """Turn pairs of a head's numbers by angles that grow with the position."""

    cosines: Tensor
    sines: Tensor

    def __init__(self, head: int, length: int, theta: float, scaling: RopeScaling | None = None) -> None:
        super().__init__()
        frequencies = rope_frequencies(head, theta, scaling)
        angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies).repeat(1, 2)  # (L, E)
        sign = torch.cat([-torch.ones(head // 2), torch.ones(head // 2)])
        self.register_buffer("cosines", angles.cos().float(), persistent=False)
        self.register_buffer("sines", (angles.sin() * sign).float(), persistent=False)

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and signed sines for positions (B, L) or (L,): (B or 1, 1, L, E) each."""
        rows = positions if positions.ndim == 2 else positions[None]
        return self.cosines[rows][:, None], self.sines[rows][:, None]


def rope_frequencies(head: int, theta: float, scaling: RopeScaling | None = None) -> Tensor:
    """Return how far each pair turns from one token to the next, radians, float64 (E / 2,)."""
    frequencies = theta ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)
    return frequencies if scaling is None else scaling.slowed(frequencies)


def turned(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn x (B, H, L, E) in 32 bits; the sines carry the sign of the half they go to."""
    half = x.shape[-1] // 2
    return torch.addcmul(x * cosines, x.roll(half, -1), sines).to(x.dtype)
