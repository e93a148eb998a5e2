"""A small convolutional network from pictures to features that tell sets of pictures apart.

Legend: B batch, C channels, D features, S picture side; pictures (B, 3, S, S) in [-1, 1].
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.nets.autoencoder import Residual


class FeatureNet(nn.Module):
    """Turn pictures into features (B, D).

    Of each channel, at every scale, the mean (what is there) and the energy (how sharp, how noisy) are kept.
    """

    def __init__(
        self, out: int, widths: Sequence[int], depths: Sequence[int], filters: int = 32, hidden: int = 256
    ) -> None:
        super().__init__()
        self.filters_in = nn.Conv2d(12, filters, 3, padding=1)
        shrinks, before = (4, 2, 2), (filters, *widths)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.PixelUnshuffle(shrink),
                nn.Conv2d(shrink * shrink * coming, width, 1),
                *(Residual(width) for _ in range(depth)),
            )
            for shrink, coming, width, depth in zip(shrinks, before, widths, depths, strict=False)
        )
        self.mix = nn.Linear(2 * sum(widths), hidden)
        self.features_out = nn.Linear(hidden, out)

    def forward(self, pictures: Tensor) -> Tensor:
        """Describe pictures (B, 3, S, S) of a side that 32 divides."""
        x = F.silu(
            self.filters_in(F.pixel_unshuffle(pictures, 2))
        )  # at half the side, where noise still shows
        described = []
        for stage in self.stages:
            x = stage(x)
            described += _pooled(x)
        pooled = torch.cat(described, dim=1)  # (B, 2 * all channels)
        known = F.silu(self.mix(F.layer_norm(pooled, pooled.shape[1:])))
        return self.features_out(known)  # type: ignore[no-any-return]


def _pooled(x: Tensor) -> list[Tensor]:
    """Return the mean over space and half the logarithm of the mean square, each (B, C)."""
    flat = x.float().flatten(2)
    return [flat.mean(2), 0.5 * (flat.square().mean(2) + 1e-3).log()]
