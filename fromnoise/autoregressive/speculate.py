"""Several tokens a pass: a draft guesses them, the network reads them all at once and keeps those that fit.

The text is as likely as without a draft (Leviathan et al. 2023, algorithm 1), the likeliest text is the same.
Legend: L tokens read, V vocabulary.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from fromnoise.autoregressive.choice import Choice, drawn
from fromnoise.autoregressive.decode import Column, Stream, check_ids, check_lengths
from fromnoise.autoregressive.drafts import Draft
from fromnoise.nets.transformer import Transformer
from fromnoise.seeds import Seeds


@torch.inference_mode()
def speculate(
    net: Transformer,
    prompt: Sequence[int],
    steps: int,
    choice: Choice,
    seeds: Seeds,
    draft: Draft,
    most: int = 8,
    device: torch.device | None = None,
) -> Iterator[Column]:
    """Go on from one prompt and yield its tokens, one by one; a pass reads up to `most` guesses.

    A guess that nothing was drawn for changes nothing at all: the same seed gives the same text as `decode`.
    """
    check_lengths([prompt], steps, net.settings.length)
    check_ids([prompt], net.settings.vocabulary)
    stream, tokens, end = Stream(net, [prompt], steps, device), list(prompt), len(prompt) + steps
    scores, guess = stream.first(), draft.propose([], 0)
    while True:
        for place in range(len(scores)):
            row, before = scores[place : place + 1], torch.tensor([tokens], device=scores.device)
            wanted = guess.tokens[place] if place < len(guess.tokens) else None
            drawn_from = None if guess.shares is None or wanted is None else guess.shares[place]
            token = _chosen(row, choice, seeds, before, wanted, drawn_from)
            tokens.append(token)
            yield _column(row, token)
            if token != wanted:
                break
        if len(tokens) == end:
            return
        stream.cache.keep(torch.tensor([len(tokens) - 1]))
        guess = draft.propose(tokens, min(most, end - len(tokens) - 1))
        scores = stream.read(torch.tensor([[tokens[-1], *guess.tokens]], device=stream.device))[0]


def _chosen(
    scores: Tensor,
    choice: Choice,
    seeds: Seeds,
    before: Tensor,
    wanted: int | None,
    drawn_from: Tensor | None,
) -> int:
    """Choose a token by its scores (1, V); one that was drawn from other shares (V,) is kept if it may be."""
    if wanted is None or drawn_from is None:
        return int(choice.choose(scores, seeds, before))
    shares = choice.probabilities(scores, before)
    other = drawn_from.to(shares.device)
    if float(seeds.uniform()) * float(other[wanted]) < float(shares[0, wanted]):
        return wanted
    return int(drawn((shares - other).clamp(min=0), seeds.uniform().to(shares.device)))


def _column(scores: Tensor, token: int) -> Column:
    chosen = torch.tensor([token], device=scores.device)
    return Column(chosen, scores.log_softmax(1)[:, token])
