"""The loop of every next-token model: score the next token, choose it, go on. Words and picture tokens alike.

Legend: B sequences, L tokens, V vocabulary.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice
from fromnoise.errors import RequestError
from fromnoise.nets.step import Step
from fromnoise.nets.transformer import Transformer
from fromnoise.seeds import Seeds

Allowed = Callable[[int, Tensor], Tensor]
"""(step, tokens chosen so far (B, step)) -> bool (B, V): which tokens may come next."""


@dataclass(frozen=True)
class Column:
    """One more token of every sequence, with the logarithm of its probability before any filter, in nats."""

    tokens: Tensor  # (B,)
    log_probabilities: Tensor  # (B,); zeros when nobody asked


@torch.inference_mode()
def decode(
    net: Transformer,
    prompts: Sequence[Sequence[int]],
    steps: int,
    choice: Choice,
    seeds: Seeds,
    allowed: Allowed | None = None,
    null: Sequence[Sequence[int]] | None = None,
    guidance: float | Sequence[float] = 1.0,
    device: torch.device | None = None,
    likely: bool = True,
) -> Iterator[Column]:
    """Go on from `prompts`, of any lengths, and yield a token of each at every step.

    Unless `likely` is set, no log-probabilities are computed.

    Classifier-free guidance mixes null + guidance (prompt - null) of the scores, where `null` are the prompts
    without what is asked for (Sanchez et al. 2023); the guidance is one number, or one a step.
    """
    check_lengths(prompts, steps, net.settings.length)
    check_ids([*prompts, *(null or [])], net.settings.vocabulary)
    scales = [guidance] * steps if isinstance(guidance, int | float) else list(guidance)
    guided = null is not None and any(scale != 1.0 for scale in scales)
    strong = Stream(net, prompts, steps, device)
    weak = Stream(net, null, steps, device) if guided and null is not None else None
    chosen = torch.zeros(len(prompts), 0, dtype=torch.int64, device=strong.device)
    before = strong.ids if choice.repetition_penalty != 1.0 else None
    logits = strong.first(), (weak.first() if weak else None)
    for step in range(steps):
        scores, other = logits
        if other is not None:
            scores = other + scales[step] * (scores - other)
        open_scores = scores
        if allowed is not None:
            scores = scores.masked_fill(~allowed(step, chosen).to(scores.device), -torch.inf)
        tokens = choice.choose(scores, seeds, before)
        yield Column(tokens, _log_probabilities(open_scores, tokens) if likely else torch.zeros(len(tokens)))
        chosen = torch.cat([chosen, tokens[:, None]], 1)
        if before is not None:
            before = torch.cat([before, tokens[:, None]], 1)
        if step + 1 < steps:
            logits = strong.next(tokens), (weak.next(tokens) if weak else None)


def _log_probabilities(scores: Tensor, tokens: Tensor) -> Tensor:
    """Return log p of tokens (B,) by their scores (B, V)."""
    return scores.gather(1, tokens[:, None])[:, 0] - scores.logsumexp(1)


class Stream:
    """A batch of sequences on their way through the network, with what it remembers of them."""

    def __init__(
        self,
        net: Transformer,
        prompts: Sequence[Sequence[int]],
        more: int,
        device: torch.device | None = None,
    ) -> None:
        self.net = net
        self.device = device or net.words.weight.device
        lengths = [len(prompt) for prompt in prompts]
        longest = max(lengths)
        rows = [[*prompt, *[-1] * (longest - len(prompt))] for prompt in prompts]
        self.ids = torch.tensor(rows, device=self.device)  # (B, L), -1 where a shorter prompt has ended
        self.lengths = torch.tensor(lengths, device=self.device)
        self.cache = net.new_cache(len(prompts), longest + more)
        self._step = Step(net, self.cache) if self.device.type == "cpu" else None

    def first(self) -> Tensor:
        """Read the prompts and score what follows, float32 (B, V)."""
        vectors = self.net(self.ids.clamp(min=0), self.cache)
        self.cache.keep(self.lengths)
        last = vectors[torch.arange(len(vectors), device=self.device), self.lengths - 1]
        return self.net.logits(last).float()

    def next(self, tokens: Tensor) -> Tensor:
        """Read one more token of each (B,) and score what follows, float32 (B, V)."""
        return self.read(tokens[:, None])[:, 0]

    def read(self, ids: Tensor) -> Tensor:
        """Read some more tokens of each (B, L) and score what follows every one, float32 (B, L, V)."""
        vectors = self._step(ids) if self._step else self.net(ids, self.cache)
        return self.net.logits(vectors).float()


def check_lengths(prompts: Sequence[Sequence[int]], steps: int, most: int) -> None:
    """Raise RequestError when a prompt is empty or what is asked for doesn't fit the model."""
    if steps < 1:
        raise RequestError(f"the number of tokens must be at least 1, got {steps}")
    if not prompts or min(len(prompt) for prompt in prompts) == 0:
        raise RequestError("a prompt needs at least one token")
    longest = max(len(prompt) for prompt in prompts)
    if longest + steps > most:
        raise RequestError(
            f"the prompt has {longest} tokens and {steps} more are asked for; the model reads at most {most}"
        )


def check_ids(prompts: Sequence[Sequence[int]], vocabulary: int) -> None:
    """Raise RequestError when a token is none of the model's."""
    wrong = {token for prompt in prompts for token in prompt if not 0 <= token < vocabulary}
    if wrong:
        raise RequestError(f"a token id must be from 0 to {vocabulary - 1}, got {min(wrong)}")
