"""A small text encoder for conditioning: token ids in, a few summary tokens out.

Legend: B batch, L tokens, D width, K summary tokens.
"""

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from fromnoise.config import Settings
from fromnoise.nets.layers import Block, RMSNorm


class TextEncoderSettings(Settings):
    """Size of the text encoder."""

    width: PositiveInt = 256
    depth: PositiveInt = 2
    heads: PositiveInt = 4
    length: int = Field(default=32, ge=2)
    """Tokens a prompt may have; longer ones are cut, with a warning."""
    summary: PositiveInt = 8
    """Summary tokens handed to the denoiser, whatever the prompt's length."""


class TextEncoder(nn.Module):
    """Read a prompt and write `summary` tokens about it.

    Learned query tokens attend to the words in every block.
    """

    def __init__(self, settings: TextEncoderSettings, vocabulary: int) -> None:
        super().__init__()
        width = settings.width
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(0.02 * torch.randn(settings.length, width))
        self.queries = nn.Parameter(0.5 * torch.randn(settings.summary, width))
        self.blocks = nn.ModuleList(Block(width, settings.heads) for _ in range(settings.depth))
        self.norm = RMSNorm(width)
        nn.init.normal_(self.words.weight, std=0.5)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encode ids (B, L) with mask (B, L), True at real tokens, into (B, K, D)."""
        words = self.words(ids) + self.positions[: ids.shape[1]]
        queries = self.queries.expand(len(ids), -1, -1)
        x = torch.cat([queries, words], dim=1)  # (B, K + L, D)
        seen = torch.cat([mask.new_ones(len(ids), queries.shape[1]), mask], dim=1)[:, None, None, :]
        for block in self.blocks:
            x = block(x, seen)
        return self.norm(x[:, : queries.shape[1]])  # type: ignore[no-any-return]
