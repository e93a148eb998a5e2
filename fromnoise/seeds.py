"""One random stream per item, drawn on the CPU: a result never depends on its batch, device or neighbours."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Seeds:
    """A batch of independent random streams, one per item.

    Every draw returns a CPU tensor whose first axis is the batch.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [torch.Generator().manual_seed(seed % 2**64) for seed in seeds]

    @classmethod
    def count_from(cls, seed: int, count: int) -> "Seeds":
        """Make streams `seed`, `seed + 1`, ...: item i of a request uses seed + i."""
        return cls(range(seed, seed + count))

    @classmethod
    def for_step(cls, seed: int, step: int, count: int) -> "Seeds":
        """Make the streams of one training step.

        They depend on (seed, step, index) alone, so a resumed run draws the same.
        """
        first = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**64)
        return cls(torch.randint(0, 2**62, (count,), generator=first).tolist())

    def __len__(self) -> int:
        return len(self._streams)

    def __getitem__(self, items: slice) -> "Seeds":
        """Return the streams of some items; they are shared, not copied."""
        chosen = Seeds(())
        chosen._streams = self._streams[items]
        return chosen

    def normal(self, *shape: int) -> Tensor:
        """Draw standard normal numbers, float32, (B, *shape)."""
        return torch.stack([torch.randn(shape, generator=stream) for stream in self._streams])

    def uniform(self, *shape: int) -> Tensor:
        """Draw numbers in [0, 1), float64, (B, *shape)."""
        draws = [torch.rand(shape, generator=stream, dtype=torch.float64) for stream in self._streams]
        return torch.stack(draws)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Draw whole numbers in [low, high), int64, (B, *shape)."""
        return torch.stack([torch.randint(low, high, shape, generator=stream) for stream in self._streams])
