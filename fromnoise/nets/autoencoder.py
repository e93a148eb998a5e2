"""A small convolutional encoder and decoder: the body of the codecs that turn pictures into latents and back.

Most of the work happens at a quarter of the picture's side and below: space-to-depth replaces the costly
layers at full resolution, so that it trains on two CPU cores.
Legend: B batch, C channels, H W rows and columns of the feature map; pictures (B, 3, S, S) in [-1, 1].
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.Module):
    """Divide each pixel's channels by their root mean square; no statistics cross pixels, so tiles agree."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (B, C, H, W)."""
        scale = torch.rsqrt(x.float().square().mean(dim=1, keepdim=True) + 1e-6).to(x.dtype)
        return x * scale * self.gain.to(x.dtype)[:, None, None]


class Residual(nn.Module):
    """Two 3x3 convolutions around a SiLU, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Transform x (B, C, H, W)."""
        change: Tensor = self.conv2(F.silu(self.conv1(self.norm(x))))
        return x + change


class Encoder(nn.Module):
    """Turn pictures (B, 3, S, S) into features (B, out, S / 16, S / 16)."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int], out: int) -> None:
        super().__init__()
        quarter, eighth, sixteenth = widths
        self.stages = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, quarter, 3, padding=1),
            *(Residual(quarter) for _ in range(depths[0])),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * quarter, eighth, 1),
            *(Residual(eighth) for _ in range(depths[1])),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * eighth, sixteenth, 1),
            *(Residual(sixteenth) for _ in range(depths[2])),
            ChannelNorm(sixteenth),
            nn.Conv2d(sixteenth, out, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures (B, 3, S, S)."""
        return self.stages(pictures)  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """Turn latents (B, latent, S / 16, S / 16) into pictures (B, 3, S, S)."""

    def __init__(self, latent: int, widths: Sequence[int], depths: Sequence[int], head: int = 32) -> None:
        super().__init__()
        quarter, eighth, sixteenth = widths
        self.stages = nn.Sequential(
            nn.Conv2d(latent, sixteenth, 3, padding=1),
            *(Residual(sixteenth) for _ in range(depths[2])),
            nn.Conv2d(sixteenth, 4 * eighth, 1),
            nn.PixelShuffle(2),
            *(Residual(eighth) for _ in range(depths[1])),
            nn.Conv2d(eighth, 4 * quarter, 1),
            nn.PixelShuffle(2),
            *(Residual(quarter) for _ in range(depths[0])),
            ChannelNorm(quarter),
            nn.Conv2d(quarter, 4 * head, 1),
            nn.PixelShuffle(2),
            nn.SiLU(),
            nn.Conv2d(head, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Decode latents (B, latent, S / 16, S / 16)."""
        return self.stages(latents)  # type: ignore[no-any-return]
