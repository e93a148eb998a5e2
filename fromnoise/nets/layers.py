"""The parts that every transformer here is made of.

Legend: B batch, L tokens, D width, H heads.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.errors import ConfigError

UNSHARED = 32768
"""Numbers from which torch lets several threads work on one tensor (its GRAIN_SIZE)."""


class RMSNorm(nn.Module):
    """Scale each token to unit root mean square; learn a gain if `gain` (Zhang & Sennrich 2019)."""

    def __init__(self, width: int, gain: bool = True, eps: float = 1e-6) -> None:
        super().__init__()
        self.gain, self.eps = nn.Parameter(torch.ones(width)) if gain else None, eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (..., D)."""
        return F.rms_norm(x, x.shape[-1:], None if self.gain is None else self.gain.to(x.dtype), self.eps)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
    """Mix values by the softmax of scaled dot products; all are (B, H, L, D / H).

    `mask` is True where a key may be seen; `causal` without a mask shows each token what came before it.
    """
    if not (torch.is_grad_enabled() and q.device.type == "cpu"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    # On the CPU the fused kernel's backward takes a third of a training step at 72 tokens; plain products
    # take a tenth. Measured: 190 pictures a second instead of 115.
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if causal:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    mixed: Tensor = scores.softmax(-1).to(v.dtype) @ v
    return mixed


class Attention(nn.Module):
    """Full self-attention with normalised queries and keys."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(f"width must be a multiple of heads: {width} is none of {heads}")
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm = RMSNorm(width // heads)
        self.k_norm = RMSNorm(width // heads)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mix the tokens of x (B, L, D); `mask` (B, 1, 1, L) is True where a key may be seen."""
        batch, length, width = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, L, D / H)
        mixed = attend(self.q_norm(q), self.k_norm(k), v, mask)  # (B, H, L, D / H)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))  # type: ignore[no-any-return]


def silu(x: Tensor) -> Tensor:
    """Return x sigmoid(x), the same to the last bit however many threads there are.

    Torch gives each thread a share of a large tensor, and what is left over of a share that is no multiple of
    the vector width is rounded otherwise. Pieces that are too small to be shared have no such seams.
    """
    if torch.is_grad_enabled() or x.device.type != "cpu" or x.numel() < UNSHARED:
        return F.silu(x)
    rows = max(1, (UNSHARED - 1) // x.shape[-1])
    pieces = x.reshape(-1, x.shape[-1]).split(rows)  # type: ignore[no-untyped-call]
    return torch.cat([F.silu(piece) for piece in pieces]).view(x.shape)


class SwiGLU(nn.Module):
    """Gated feed-forward layer (Shazeer 2020); `hidden` None is 8/3 of the width, in steps of 32."""

    def __init__(self, width: int, hidden: int | None = None) -> None:
        super().__init__()
        hidden = hidden or 32 * round(width / 12)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each token of x (..., D)."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(silu(gate) * up)  # type: ignore[no-any-return]


class Block(nn.Module):
    """Pre-norm transformer block without a mask over time: attention, then SwiGLU."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.attention, self.mlp = Attention(width, heads), SwiGLU(width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform x (B, L, D); `mask` (B, 1, 1, L) is True where a key may be seen."""
        x = x + self.attention(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class WaveFeatures(nn.Module):
    """Embed a number per item, (B,) -> (B, D), as cosines and sines of frequencies from `low` to `high`."""

    frequencies: Tensor

    def __init__(self, width: int, low: float = 0.1, high: float = 100.0) -> None:
        super().__init__()
        exponents = torch.linspace(math.log(low), math.log(high), width // 2)
        self.register_buffer("frequencies", exponents.exp(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Embed x (B,) as (B, D)."""
        angles = x.float()[:, None] * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=-1)
