"""Learned positions: of a line of tokens, or of a line and the square picture that ends it.

Legend: L tokens, N side of the picture, D width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class GridPlaces(nn.Module):
    """Add up a row's and a column's vector for the last N x N places; the places before have one each."""

    def __init__(self, length: int, side: int, width: int) -> None:
        super().__init__()
        self.before = nn.Embedding(length - side**2, width)
        self.rows, self.columns = nn.Embedding(side, width), nn.Embedding(side, width)

    def forward(self, positions: Tensor) -> Tensor:
        """Return the vectors (..., D) of positions (...) from 0 to L - 1."""
        cells = (self.rows.weight[:, None] + self.columns.weight).flatten(0, 1)  # (N N, D)
        return F.embedding(positions, torch.cat([self.before.weight, cells]))
