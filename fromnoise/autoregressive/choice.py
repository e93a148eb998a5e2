"""How the next token is chosen from its scores.

Legend: B sequences, V vocabulary. Scores are logits in float32; every row is treated by itself.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from fromnoise.errors import RequestError
from fromnoise.seeds import Seeds


@dataclass(frozen=True)
class Choice:
    """Say how boldly to choose. Filters come in this order: repetition, temperature, top-k, top-p, min-p."""

    temperature: float = 1.0
    """0 takes the likeliest token."""
    top_k: int | None = None
    """Only the k likeliest tokens."""
    top_p: float | None = None
    """Only the likeliest tokens that together have this probability (Holtzman et al. 2020)."""
    min_p: float | None = None
    """Only tokens with this share of the likeliest one's probability (Nguyen et al. 2024)."""
    repetition_penalty: float = 1.0
    """Divides scores of tokens that are there already, or multiplies negative ones (Keskar et al. 2019)."""

    def __post_init__(self) -> None:
        _check("temperature", self.temperature, 0, 100)
        _check("top_p", self.top_p, 0, 1, above=True)
        _check("min_p", self.min_p, 0, 1)
        _check("repetition_penalty", self.repetition_penalty, 0, 100, above=True)
        if self.top_k is not None and self.top_k < 1:
            raise RequestError(f"top_k must be at least 1, got {self.top_k}")

    def probabilities(self, logits: Tensor, before: Tensor | None = None) -> Tensor:
        """Return what remains of the probabilities (B, V), float64; `before` (B, L) are the tokens so far.

        Entries of `before` that are negative count for nothing.
        """
        scores = logits.double()
        if self.repetition_penalty != 1.0 and before is not None:
            scores = _penalised(scores, before, self.repetition_penalty)
        if self.temperature == 0:
            return torch.zeros_like(scores).scatter_(1, scores.argmax(1, keepdim=True), 1.0)
        shares = (scores / self.temperature).softmax(1)
        ranked, order = shares.sort(dim=1, descending=True, stable=True)
        kept = torch.ones_like(ranked, dtype=torch.bool)
        if self.top_k is not None:
            kept[:, self.top_k :] = False
        if self.top_p is not None:
            ranked = ranked * kept
            total = ranked.sum(1, keepdim=True)
            kept &= ranked.cumsum(1) - ranked < self.top_p * total  # the token that crosses the line stays
        if self.min_p is not None:
            kept &= ranked >= self.min_p * ranked[:, :1]
        ranked = ranked * kept
        return torch.zeros_like(shares).scatter_(1, order, ranked / ranked.sum(1, keepdim=True))

    def choose(self, logits: Tensor, seeds: Seeds, before: Tensor | None = None) -> Tensor:
        """Choose one token a row, (B,): by inversion, with one uniform number of the row's own stream."""
        if self.temperature == 0 and self.repetition_penalty == 1.0:
            return logits.argmax(1)
        shares = self.probabilities(logits, before)
        if self.temperature == 0:
            return shares.argmax(1)
        return drawn(shares, seeds.uniform().to(shares.device))


def drawn(shares: Tensor, uniform: Tensor) -> Tensor:
    """Return the tokens (B,) at which the running sums of shares (B, V), float64, pass each number (B,)."""
    sums = shares.cumsum(1)
    places = torch.searchsorted(sums, (uniform * sums[:, -1])[:, None], right=True)[:, 0]
    last = (
        shares.shape[1] - 1 - (shares.flip(1) > 0).int().argmax(1)
    )  # rounding never picks what has no share
    return torch.minimum(places, last)


def _penalised(scores: Tensor, before: Tensor, penalty: float) -> Tensor:
    there = torch.zeros_like(scores, dtype=torch.bool)
    there.scatter_(1, before.clamp(min=0), before >= 0)
    if (before < 0).any():  # a padded place may have overwritten token 0
        there[:, 0] = (before == 0).any(1)
    return torch.where(there, torch.where(scores > 0, scores / penalty, scores * penalty), scores)


def _check(name: str, value: float | None, low: float, high: float, above: bool = False) -> None:
    if value is None:
        return
    if not low <= value <= high or (above and value == low):  # NaN fails every comparison
        raise RequestError(f"{name} must be {'above' if above else 'from'} {low} to {high}, got {value}")
