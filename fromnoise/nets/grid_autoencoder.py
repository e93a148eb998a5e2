"""A convolutional encoder and decoder of two scales: the body of the codecs that turn pictures into tokens.

The picture is cut into patches at once, then halved once more: with patches of 4 px a cell is 8 px wide.
Legend: B batch, C channels, S side of a picture, P of a patch, N = S / (2 P) of the grid.
Pictures are (B, 3, S, S) in [-1, 1].
"""

from torch import Tensor, nn

from fromnoise.nets.autoencoder import ChannelNorm, Residual


class GridEncoder(nn.Module):
    """Turn pictures (B, 3, S, S) into features (B, out, N, N)."""

    def __init__(self, patch: int, widths: tuple[int, int], depths: tuple[int, int], out: int) -> None:
        super().__init__()
        fine, coarse = widths
        self.stages = nn.Sequential(
            nn.PixelUnshuffle(patch),
            nn.Conv2d(3 * patch**2, fine, 3, padding=1),
            *(Residual(fine) for _ in range(depths[0])),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * fine, coarse, 1),
            *(Residual(coarse) for _ in range(depths[1])),
            ChannelNorm(coarse),
            nn.Conv2d(coarse, out, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures (B, 3, S, S)."""
        return self.stages(pictures)  # type: ignore[no-any-return]


class GridDecoder(nn.Module):
    """Turn vectors (B, C, N, N) into pictures (B, 3, S, S)."""

    def __init__(
        self, channels: int, patch: int, widths: tuple[int, int], depths: tuple[int, int], head: int = 96
    ) -> None:
        super().__init__()
        fine, coarse = widths
        self.stages = nn.Sequential(
            nn.Conv2d(channels, coarse, 3, padding=1),
            *(Residual(coarse) for _ in range(depths[1])),
            nn.Conv2d(coarse, 4 * fine, 1),
            nn.PixelShuffle(2),
            *(Residual(fine) for _ in range(depths[0])),
            ChannelNorm(fine),
            nn.Conv2d(fine, head, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(head, 3 * patch**2, 3, padding=1),
            nn.PixelShuffle(patch),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Decode vectors (B, C, N, N)."""
        return self.stages(vectors)  # type: ignore[no-any-return]
