"""Keys and values of the tokens so far, in memory that is laid out once.

Legend: B sequences, K key-value heads, L tokens, E width of a head.
"""

import torch
from torch import Tensor


class Cache:
    """Hold keys and values of B sequences, which may be of unequal length."""

    def __init__(
        self, shape: tuple[int, int, int, int, int], dtype: torch.dtype, device: torch.device
    ) -> None:
        """Lay out (layers, B, K, L, E) for keys and for values."""
        layers, *others = shape
        self.pairs = torch.zeros(layers, 2, *others, dtype=dtype, device=device)
        """Keys, then values, of every layer: (layers, 2, B, K, L, E)."""
        self.lengths = torch.zeros(shape[1], dtype=torch.int64, device=device)
        """Tokens of every sequence so far, (B,)."""
        self.used = 0
        """Tokens of the longest one."""
        self.even = True
        """Whether all are equally long; then slices do what else takes an index."""

    @property
    def room(self) -> int:
        """Return how many tokens a sequence may have."""
        return self.pairs.shape[4]

    @property
    def empty(self) -> bool:
        """Tell whether nothing was written yet."""
        return self.used == 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write new keys and values (B, K, L, E) and return all there are; `advance` makes them stay."""
        length, pair = k.shape[2], self.pairs[layer]
        end = self.used + length
        if self.even:
            pair[0, :, :, self.used : end] = k
            pair[1, :, :, self.used : end] = v
        else:
            rows = torch.arange(len(self.lengths), device=k.device)[:, None]
            places = self.lengths[:, None] + torch.arange(length, device=k.device)
            pair[0][rows, :, places] = k.transpose(1, 2).to(pair.dtype)
            pair[1][rows, :, places] = v.transpose(1, 2).to(pair.dtype)
        return pair[0, :, :, :end], pair[1, :, :, :end]

    def mask(self, length: int) -> Tensor | None:
        """Return which keys `length` new tokens may see, (B or 1, 1, length, keys); None when it is plain."""
        if self.even and (length == 1 or self.empty):
            return None
        keys = torch.arange(self.used + length, device=self.lengths.device)
        places = self.lengths[:, None] + torch.arange(length, device=self.lengths.device)  # (B, length)
        seen = keys <= places[..., None]
        return seen[:1, None] if self.even else seen[:, None]

    def advance(self, length: int) -> None:
        """Keep what the last pass wrote."""
        self.used += length
        self.lengths += length

    def keep(self, lengths: Tensor) -> None:
        """Forget all but the first `lengths` (B,) tokens of every sequence: padding, or a rejected draft."""
        self.lengths = lengths.to(self.lengths)
        self.used = int(lengths.max())
        self.even = bool((lengths == self.used).all())

    def rows(self, chosen: Tensor) -> "Cache":
        """Return a cache of some of the sequences, for instance those that are not done yet."""
        part = object.__new__(Cache)
        part.pairs = self.pairs[:, :, chosen]
        part.lengths = self.lengths[chosen]
        part.used = int(part.lengths.max()) if len(chosen) else 0
        part.even = bool((part.lengths == part.used).all())
        return part
