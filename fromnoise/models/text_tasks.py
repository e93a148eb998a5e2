"""What masked diffusion is asked for: write on, fill gaps, write anew; each for one item of a request."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from fromnoise.autoregressive.choice import drawn
from fromnoise.codecs.text_tokens import PAD
from fromnoise.models.gaps import LONGEST, Gaps, Layout, gap_vocabulary, laid_out
from fromnoise.models.telling import Teller
from fromnoise.models.text_canvas import Rules, fixed, writing_rules
from fromnoise.models.unmasking import Draft, unmasked, unmasked_by_blocks
from fromnoise.requests import MASKED, TextDelta, TextDraft, TextRequest
from fromnoise.seeds import Seeds

if TYPE_CHECKING:
    from fromnoise.models.text_diffusion import TextDiffusion

TRIALS = 8
"""Lengths that are tried where a gap's length is free."""


@dataclass(frozen=True)
class Written:
    """One finished text."""

    text: str
    ending: str
    tokens: list[int]
    log_probabilities: list[float]


Task = Callable[["TextDiffusion", TextRequest, int], Iterator[TextDraft | TextDelta | Written]]


def task_of(asked: TextRequest) -> Task:
    """Return what does what is asked for."""
    if asked.template is not None:
        return fill
    return write if asked.rewrite is None else write_anew


def write(model: "TextDiffusion", asked: TextRequest, item: int) -> Iterator[TextDraft | TextDelta | Written]:
    """Write on from the prompt; a text may end before its last token."""
    tokens, prompt = model.tokenizer, model.tokenizer.encode(asked.prompt)
    room, seeds = int(asked.max_tokens or 1), Seeds([asked.seed + item])
    teller = Teller(tokens, [*model.prefix(asked.style), *prompt], asked.stop)
    end = {tokens.tokenizer.token_to_id(PAD): tokens.ends[0]} if tokens.ends else {}
    given = 0 if asked.block else len(prompt)
    rules = writing_rules(tokens, model.settings.net.vocabulary, model.process.mask)
    if asked.block:
        drafts = unmasked_by_blocks(model, asked, prompt, rules, seeds)
    else:
        canvas = [*prompt, *[model.process.mask] * room]
        drafts = unmasked(model, asked, canvas, rules, seeds)
    for draft in drafts:
        yield TextDraft(item, draft.step, draft.of, shown(model, draft.tokens[given:]))
        for place in range(len(teller.tokens), draft.sure - given):
            token, nats = draft.tokens[given + place], draft.nats[given + place]
            if news := teller.add(end.get(token, token), -nats):
                yield TextDelta(item, news)
            if teller.ending:
                break
        if teller.ending:
            break
    if news := teller.finish():
        yield TextDelta(item, news)
    yield Written(teller.text, teller.ending or "length", teller.tokens, teller.log_probabilities)


def fill(model: "TextDiffusion", asked: TextRequest, item: int) -> Iterator[TextDraft | TextDelta | Written]:
    """Fill the gaps of a template.

    Where a length is free, several are tried, and one is drawn by how likely its text is to the next-token
    model against how likely it was to come up: importance resampling (Rubin 1987) over texts of all lengths.
    """
    gaps, seeds = Gaps.read(asked.template or ""), Seeds([asked.seed + item])
    trials = TRIALS if gaps.free else 1
    sizes = seeds.integers(1, longest_gap(model, asked, gaps) + 1, trials, len(gaps.lengths))[0].tolist()
    streams = seeds.integers(0, 2**62, trials)[0].tolist()
    allowed = gap_vocabulary(model.tokenizer, model.settings.net.vocabulary)
    done: list[tuple[Layout, Draft]] = []
    weights = []
    for trial, (drawn_sizes, stream) in enumerate(zip(sizes, streams, strict=True)):
        lengths = [length or size for length, size in zip(gaps.lengths, drawn_sizes, strict=True)]
        layout = laid_out(gaps, lengths, model.tokenizer, model.process.mask, allowed)
        for draft in unmasked(model, asked, layout.canvas, layout.rules, Seeds([stream])):
            text = gaps.filled([shown(model, draft.tokens[gap.start : gap.stop]) for gap in layout.gaps])
            yield TextDraft(item, trial * draft.of + draft.step, trials * draft.of, text)
        done.append((layout, draft))
        weights.append(draft.cost - model.tokens_nats(asked, draft.tokens) if gaps.free else 0.0)
    shares = torch.tensor([weights], dtype=torch.float64).softmax(1)
    layout, draft = done[int(drawn(shares, seeds.uniform()))]
    places = [place for gap in layout.gaps for place in gap]
    fills = [model.tokenizer.decode(draft.tokens[gap.start : gap.stop]) for gap in layout.gaps]
    text = gaps.filled(fills)
    yield TextDelta(item, text)
    told = [draft.tokens[place] for place in places]
    yield Written(text, "stop", told, [-draft.nats[place] for place in places])


def longest_gap(model: "TextDiffusion", asked: TextRequest, gaps: Gaps) -> int:
    """Return how many tokens each gap of free length may have; 0 when there is no room for one."""
    given = sum(len(model.tokenizer.encode(piece)) for piece in gaps.pieces)
    asked_for = sum(length or 0 for length in gaps.lengths)
    room = model.settings.net.length - len(model.prefix(asked.style)) - given - asked_for
    return min(LONGEST, room // gaps.lengths.count(None)) if gaps.free else int(room >= 0)


def write_anew(
    model: "TextDiffusion", asked: TextRequest, item: int
) -> Iterator[TextDraft | TextDelta | Written]:
    """Mask a share of a text, and tell the masked tokens anew in the style asked for."""
    ids, seeds = model.tokenizer.encode(asked.rewrite or ""), Seeds([asked.seed + item])
    canvas = model.process.add_noise(torch.tensor([ids]), asked.strength, seeds)[0].tolist()
    allowed = gap_vocabulary(model.tokenizer, model.settings.net.vocabulary)[-1:]
    rules = Rules(allowed, fixed([0]))
    last = Draft(0, 0, ids, len(ids), [0.0] * len(ids), 0.0)
    drafts = unmasked(model, asked, canvas, rules, seeds, asked.strength) if canvas != ids else iter(())
    for last in drafts:
        yield TextDraft(item, last.step, last.of, shown(model, last.tokens))
    text = model.tokenizer.decode(last.tokens)
    yield TextDelta(item, text)
    yield Written(text, "stop", last.tokens, [-nats for nats in last.nats])


def shown(model: "TextDiffusion", tokens: Sequence[int]) -> str:
    """Return a draft's text, with a shade for every mask."""
    parts: list[str] = []
    told: list[int] = []
    for token in tokens:
        if token == model.process.mask:
            parts += [model.tokenizer.decode(told), MASKED]
            told = []
        else:
            told.append(token)
    return "".join([*parts, model.tokenizer.decode(told)])


def without_masks(asked: TextRequest) -> TextRequest:
    """Return the request that the next-token model gets."""
    return replace(asked, steps=None, solver=None, block=None)
