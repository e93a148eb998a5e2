"""A small text encoder for conditioning: token ids in, one vector per token and one for the whole prompt out.

Legend: B batch, L tokens, D width.
"""

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from fromnoise.config import Settings
from fromnoise.nets.layers import Block


class TextEncoderSettings(Settings):
    """Size of the text encoder."""

    width: PositiveInt = 256
    depth: NonNegativeInt = 1
    heads: PositiveInt = 4
    length: int = Field(default=16, ge=2)
    """Tokens a prompt may have; longer ones are cut, with a warning."""


class TextEncoder(nn.Module):
    """Add to each word what its neighbours make of it.

    Nothing normalises the output: the word itself always comes through, so prompts are told apart from the
    first step on. (With learned queries and a final norm, all prompts looked alike to the denoiser for a
    thousand steps.)
    """

    def __init__(self, settings: TextEncoderSettings, vocabulary: int) -> None:
        super().__init__()
        width = settings.width
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(0.1 * torch.randn(settings.length, width))
        self.blocks = nn.ModuleList(Block(width, settings.heads) for _ in range(settings.depth))
        nn.init.normal_(self.words.weight)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Encode ids and mask (B, L), True at real tokens, into tokens (B, L, D) and their sum (B, D).

        The sum is over real tokens, divided by the root of their number: its size doesn't grow with the
        prompt's length.
        """
        x = self.words(ids) + self.positions[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        real = mask[..., None].to(x.dtype)
        return x, (x * real).sum(1) / real.sum(1).sqrt()
