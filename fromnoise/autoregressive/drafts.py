"""Cheap guesses of what comes next, for a large network to read at once.

Legend: L tokens guessed, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice
from fromnoise.autoregressive.decode import Stream
from fromnoise.nets.transformer import Transformer
from fromnoise.seeds import Seeds


@dataclass(frozen=True)
class Guess:
    """Tokens that may come next, and how they were drawn."""

    tokens: list[int]
    shares: Tensor | None = None
    """Probabilities that they were drawn from, float64 (L, V); None when nothing was drawn."""


class Draft(Protocol):
    """Guess what follows."""

    def propose(self, tokens: Sequence[int], most: int) -> Guess:
        """Guess up to `most` tokens after `tokens`, which only ever grow from call to call."""
        ...


class PromptLookup:
    """Guess that what followed the last few tokens before follows them again (Saxena 2023).

    It costs nothing, and is often right where a text repeats its sources, as answers from documents do.
    """

    def __init__(self, longest: int = 4, shortest: int = 2) -> None:
        self.longest, self.shortest = longest, shortest
        self._after: dict[tuple[int, ...], int] = {}
        """What comes after these tokens begins there, the last time that they came."""
        self._read = 1

    def propose(self, tokens: Sequence[int], most: int) -> Guess:
        """Return what followed the longest ending of `tokens` that was there before."""
        for end in range(self._read, len(tokens)):
            for size in range(self.shortest, min(self.longest, end) + 1):
                self._after[tuple(tokens[end - size : end])] = end
        self._read = max(self._read, len(tokens))
        for size in range(min(self.longest, len(tokens)), self.shortest - 1, -1):
            place = self._after.get(tuple(tokens[-size:]))
            if place is not None:
                return Guess(list(tokens[place : place + most]))
        return Guess([])


class ModelDraft:
    """Let a smaller network of the same vocabulary guess."""

    def __init__(self, net: Transformer, choice: Choice, seeds: Seeds, room: int) -> None:
        """`room` is how many tokens there will be at most."""
        self.net, self.choice, self.seeds = net, choice, seeds
        self.room = min(room, net.settings.length)
        self._stream: Stream | None = None
        self._read: list[int] = []

    def propose(self, tokens: Sequence[int], most: int) -> Guess:
        """Draw tokens one by one; none when the text is too long for this network."""
        most = min(most, self.room - len(tokens))
        if most < 1:
            return Guess([])
        scores, before, shares = self._scores(tokens), list(tokens), []
        for place in range(most):
            if place:
                scores = self._next(before[-1])
            share = self.choice.probabilities(scores, torch.tensor([before]))
            shares.append(share)
            before.append(int(self.choice.choose(scores, self.seeds, torch.tensor([before]))))
        return Guess(before[len(tokens) :], torch.cat(shares))

    def _scores(self, tokens: Sequence[int]) -> Tensor:
        """Read what is new, forget what was guessed in vain, and score what follows, (1, V)."""
        if self._stream is None:
            self._stream = Stream(self.net, [tokens], self.room - len(tokens))
            self._read = list(tokens)
            return self._stream.first()
        same = sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self._read, tokens, strict=False))
        )
        kept = min(same, len(tokens) - 1)
        self._stream.cache.keep(torch.tensor([kept]))
        self._read = list(tokens)
        return self._stream.read(torch.tensor([tokens[kept:]], device=self._stream.device))[:, -1]

    def _next(self, token: int) -> Tensor:
        assert self._stream is not None
        self._read.append(token)
        return self._stream.read(torch.tensor([[token]], device=self._stream.device))[:, -1]
