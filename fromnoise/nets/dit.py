"""Diffusion transformer (Peebles & Xie 2023): patches of the noisy input and context tokens in one stream.

The vector condition (time, pooled context, style) enters by adaLN-single (Chen et al. 2023, PixArt-alpha):
one projection shared by all blocks, plus a learned offset per block.
Legend: B batch, C channels, P patch side, L image tokens, K context tokens, D width.
"""

from dataclasses import dataclass

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.config import Settings
from fromnoise.errors import ConfigError
from fromnoise.nets.layers import Attention, RMSNorm, SwiGLU, WaveFeatures


@dataclass(frozen=True)
class Condition:
    """What the picture should be: context tokens (B, K, D) and a vector (B, D)."""

    tokens: Tensor
    vector: Tensor


class DiTSettings(Settings):
    """Size of the diffusion transformer."""

    width: int = Field(default=256, gt=0, multiple_of=2)
    depth: PositiveInt = 8
    heads: PositiveInt = 4
    patch: PositiveInt = 1
    """Side of a patch, in cells of the codec's grid."""
    context_width: PositiveInt = 256


class AdaBlock(nn.Module):
    """Transformer block whose norms and residual gates are set by the condition."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width, gain=False)
        self.attention, self.mlp = Attention(width, heads), SwiGLU(width)
        self.offset = nn.Parameter(torch.zeros(6, width))

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Transform x (B, K + L, D) under modulation (B, 6, D)."""
        parts = (modulation + self.offset)[:, :, None].to(x.dtype)  # (B, 6, 1, D)
        shift1, scale1, gate1, shift2, scale2, gate2 = parts.unbind(1)
        x = x + gate1 * self.attention(self.norm(x) * (1 + scale1) + shift1)
        return x + gate2 * self.mlp(self.norm(x) * (1 + scale2) + shift2)  # type: ignore[no-any-return]


class DiT(nn.Module):
    """Denoising network: (x (B, C, N, N), c_noise (B,), condition) -> (B, C, N, N)."""

    def __init__(self, settings: DiTSettings, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, rows, columns = shape
        width, self.patch = settings.width, settings.patch
        if rows % self.patch or columns % self.patch:
            raise ConfigError(
                f"patch must divide the codec's grid of {rows} x {columns}, not be {self.patch}"
            )
        self.grid = rows // self.patch, columns // self.patch
        self.patch_in = nn.Linear(channels * self.patch**2, width)
        self.context_in = nn.Linear(settings.context_width, width)
        self.vector_in = nn.Linear(settings.context_width, width)
        self.positions = nn.Parameter(0.02 * torch.randn(self.grid[0] * self.grid[1], width))
        self.time = nn.Sequential(
            WaveFeatures(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(AdaBlock(width, settings.heads) for _ in range(settings.depth))
        self.norm_out = RMSNorm(width, gain=False)
        self.modulation_out = nn.Linear(width, 2 * width)
        self.patch_out = nn.Linear(width, channels * self.patch**2)
        self._start_as_identity(settings.depth)

    def _start_as_identity(self, depth: int) -> None:
        """Start with quiet branches and an output of zero: the first guess is c_skip times the input."""
        for layer in (self.modulation, self.modulation_out, self.patch_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        for block in self.blocks:
            block.offset.data[[2, 5]] = depth**-0.5  # type: ignore[operator]

    def forward(self, x: Tensor, noise: Tensor, condition: Condition) -> Tensor:
        """Answer for x (B, C, N, N) at noise levels (B,)."""
        tokens = self.patch_in(self._patches(x)) + self.positions  # (B, L, D)
        context = self.context_in(condition.tokens.to(tokens.dtype))  # (B, K, D)
        vector = F.silu(self.time(noise.to(x.dtype)) + self.vector_in(condition.vector.to(tokens.dtype)))
        modulation = self.modulation(vector).view(len(x), 6, -1)
        stream = torch.cat([context, tokens], dim=1)
        for block in self.blocks:
            stream = block(stream, modulation)
        shift, scale = self.modulation_out(vector)[:, None].chunk(2, dim=-1)
        stream = self.norm_out(stream[:, context.shape[1] :]) * (1 + scale) + shift
        return self._picture(self.patch_out(stream))

    def _patches(self, x: Tensor) -> Tensor:
        """(B, C, N, N) -> (B, L, C P P)."""
        return F.pixel_unshuffle(x, self.patch).flatten(2).transpose(1, 2)

    def _picture(self, tokens: Tensor) -> Tensor:
        """(B, L, C P P) -> (B, C, N, N)."""
        return F.pixel_shuffle(torch.unflatten(tokens.transpose(1, 2), 2, self.grid), self.patch)
