"""How a network reads a text that is partly masked: all of it both ways, or a block behind what is certain.

Legend: B batch, L tokens of the canvas, P tokens before it, D width, V vocabulary, M places asked about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fromnoise.codecs.text_tokens import PAD, TextTokens
from fromnoise.diffusion.unmask import Scores
from fromnoise.nets.transformer import Transformer

Vocabulary = Callable[[str], bool]
"""What a token spells -> whether it may be told."""


@dataclass(frozen=True)
class Rules:
    """Which tokens may be told where."""

    allowed: Tensor
    """A row a kind of place, bool (K, V)."""
    kinds: Callable[[Tensor], Tensor]
    """Tokens xt (B, L) -> the kind of every place, (B, L)."""

    def apply(self, logits: Tensor, xt: Tensor, places: Tensor) -> Tensor:
        """Forbid in logits (M, V) what must not stand in those places (B, L) of xt."""
        kinds = self.kinds(xt)[places]
        return logits.masked_fill(~self.allowed.to(logits.device)[kinds], -torch.inf)


def spelt(tokens: TextTokens, size: int) -> list[str | None]:
    """Return what every token spells; None for control tokens and for parts of a letter."""
    controls = set(tokens.controls)
    names = [tokens.tokenizer.id_to_token(place) for place in range(size)]
    texts = [None if name in controls or name is None else tokens.decode([n]) for n, name in enumerate(names)]
    return [None if text is None or "\ufffd" in text else text for text in texts]


def writing_rules(tokens: TextTokens, size: int, mask: int) -> Rules:
    """Allow every token of a text anywhere, its end too, and padding behind the end alone.

    Padding is what a network is surest of (Nie et al. 2025, app. B.4), and would end most texts at once.
    """
    ends, pad = set(tokens.ends), tokens.tokenizer.token_to_id(PAD)
    controls = ({tokens.control(name) for name in tokens.controls} - ends) | {mask}
    text = [place not in controls for place in range(size)]
    over = [allowed or place == pad for place, allowed in enumerate(text)]
    last = torch.tensor(sorted(ends | ({pad} - {None})), dtype=torch.int64)

    def kinds(xt: Tensor) -> Tensor:
        return F.pad(torch.isin(xt, last.to(xt.device))[:, :-1], (1, 0)).long()

    return Rules(torch.tensor([text, over]), kinds)


def fixed(kinds: Sequence[int]) -> Callable[[Tensor], Tensor]:
    """Say the kinds of places that stay what they are."""
    row = torch.tensor([list(kinds)])
    return lambda xt: row.to(xt.device).expand(xt.shape)


class Whole:
    """Guess the tokens of a canvas from all that is told of it, before and behind."""

    def __init__(self, net: Transformer, prefix: Sequence[int], rules: Rules, shifted: bool = True) -> None:
        """`shifted` says whether the guess of a token comes from the place before it, or from its own."""
        self.net, self.rules, self.shifted = net, rules, shifted
        self._prefix = torch.tensor([list(prefix)], device=net.words.weight.device)

    def __call__(self, xt: Tensor, t: float) -> Scores:
        """Read xt (B, L)."""
        ids = torch.cat([self._prefix.expand(len(xt), -1), xt], 1)
        vectors = self.net(ids[:, :-1] if self.shifted else ids, causal=False)[:, -xt.shape[1] :]
        return lambda places: self.rules.apply(self.net.logits(vectors[places]).float(), xt, places)


class Block:
    """Guess the tokens of one block after another from what stands before, which is read once.

    With blocks of one token it is the next-token model.
    """

    def __init__(self, net: Transformer, begun: Tensor, room: int, rules: Rules) -> None:
        """`begun` (B, P) stands before the first block; `room` is how many tokens come in all."""
        self.net, self.rules = net, rules
        self._cache = net.new_cache(len(begun), begun.shape[1] + room - 1)
        self._last = begun[:, -1:]
        if begun.shape[1] > 1:
            self.net(begun[:, :-1], self._cache)

    def __call__(self, xt: Tensor, t: float) -> Scores:
        """Read the block xt (B, L) both ways, and forget it again."""
        used = self._cache.lengths.clone()
        vectors = self.net(torch.cat([self._last, xt], 1)[:, :-1], self._cache, causal=False)
        self._cache.keep(used)
        return lambda places: self.rules.apply(self.net.logits(vectors[places]).float(), xt, places)

    def keep(self, xt: Tensor) -> None:
        """Read a finished block (B, L) as what stands before the next one."""
        self.net(torch.cat([self._last, xt], 1)[:, :-1], self._cache)
        self._last = xt[:, -1:]
