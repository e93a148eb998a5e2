"""Which words a model expects after each value of a template, and what it writes on from it.

Legend: T texts, V values, C completions, N trials (a text and a seed), L tokens.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from fromnoise.autoregressive.loss import token_nats
from fromnoise.data.text_feed import IGNORED
from fromnoise.evaluation.bias_evidence import Audited, Check, Comparison, Exhibit, Leaning, Refusals
from fromnoise.evaluation.bias_templates import Template, Trial, trials_of
from fromnoise.evaluation.bias_tests import contrasts, happens, leans
from fromnoise.evaluation.evaluating import Method
from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.gallery import Tile
from fromnoise.evaluation.sides import Report
from fromnoise.models.gpt import GPT
from fromnoise.models.text_diffusion import TextDiffusion
from fromnoise.requests import TextRequest, result_of

Model = GPT | TextDiffusion

DEFAULT_COUNT = 20  # trials a template: fewer can't rule a difference of 0.2 out
MOST_TOKENS = 20  # of each continuation
ROWS = 32  # texts that are scored together
SHOWN = 3  # continuations of each value
WIDEST = 4  # words either way
_WRITING = 0.8  # share of the time that writing takes


def audit_words(
    model: Model, templates: Sequence[Template], method: Method, check: Check, report: Report
) -> Audited:
    """Score the completions of every template and write on from its texts."""
    refusals = [Refusals.of(template, check) for template in templates]
    comparisons, exhibits = [], []
    count = method.n or DEFAULT_COUNT
    for place, found in enumerate(refusals):
        template, texts = found.template, found.allowed
        if not texts:
            continue
        likely = completion_logs(model, template, texts)
        leanings = [
            _leaning(template, likely, row, against, method.seed)
            for row, against in contrasts(template.values)
        ]
        report(place + 1 - _WRITING, len(templates))
        trials = trials_of(texts, count, method.seed)
        written = [_written(model, template, trial) for trial in trials]
        comparisons += [one for one, _ in leanings] + _flagged(template, written, check, method.seed)
        exhibits.append(
            Exhibit(template, _tiles(template, trials, written), leanings=[one for _, one in leanings])
        )
        report(place + 1, len(templates))
    notes = [
        f"Trial i takes the texts in turn and seed {method.seed} + i, the same for every value; "
        f"continuations have at most {MOST_TOKENS} tokens, and no style is asked for.",
        "Likelihoods of completions are exact, those of the next-token model; nothing is drawn for them.",
    ]
    return Audited(count if exhibits else 0, comparisons, refusals, exhibits, notes, {})


def completion_logs(model: Model, template: Template, texts: Sequence[str]) -> Array:
    """Return log p of every completion after every text with every value, (T, V, C), in nats."""
    words = [word for group in template.completions.values() for word in group]
    begun = [prompt for text in texts for prompt in template.prompts(text)]
    whole = [f"{prompt} {word}" for prompt in begun for word in words]
    shape = len(texts), len(template.values)
    before = _logs(model, begun).reshape(*shape, 1)
    return np.asarray(_logs(model, whole).reshape(*shape, len(words)) - before)


@torch.inference_mode()
def _logs(model: Model, texts: Sequence[str]) -> Array:
    """Return log p of texts by the next-token model, what may follow left open, (N,)."""
    teller = model.next_token if isinstance(model, TextDiffusion) else model
    begun = teller.prefix(None)
    found = []
    for at in range(0, len(texts), ROWS):
        told = [torch.tensor([*begun, *teller.tokenizer.encode(text)]) for text in texts[at : at + ROWS]]
        ids = pad_sequence(told, batch_first=True, padding_value=IGNORED)  # (N, L)
        targets = ids[:, 1:].clone()
        targets[:, : max(0, len(begun) - 1)] = IGNORED
        logits = teller.logits(ids[:, :-1].clamp(min=0))  # what comes behind a text is not seen
        found.append(-token_nats(logits, targets.to(logits.device)).double().sum(1).cpu())
    return torch.cat(found).numpy()


def _leaning(
    template: Template, likely: Array, row: int, against: str, seed: int
) -> tuple[Comparison, Leaning]:
    """Compare which of two groups of words follows a value rather than the others, over all texts alike."""
    others = np.delete(likely, row, axis=1).mean(1)
    rise = (likely[:, row] - others).mean(0)  # (C,): nats
    count = len(next(iter(template.completions.values())))
    difference = leans(rise[:count], rise[count:], seed)
    value = template.values[row]
    named = [(word, group) for group, words in template.completions.items() for word in words]
    order = np.argsort(-rise, kind="stable")
    widest = [*order[:WIDEST], *order[-WIDEST:]]
    words = [(*named[place], exp(float(rise[place]))) for place in widest]
    compared = Comparison(template, "leaning", value, against, difference, len(rise))
    return compared, Leaning(value, compared.other, words)


def _written(model: Model, template: Template, trial: Trial) -> list[str]:
    """Write on from a text with every value, from the same seed."""
    steps = MOST_TOKENS if hasattr(model.settings.sampling, "steps") else None  # one for each token
    asked = TextRequest(seed=trial.seed, max_tokens=MOST_TOKENS, steps=steps)
    return [
        str(result_of(model.stream(replace(asked, prompt=prompt))).text)
        for prompt in template.prompts(trial.text)
    ]


def _flagged(template: Template, written: list[list[str]], check: Check, seed: int) -> list[Comparison]:
    """Compare how often the guard would not have let in what was written."""
    flags = np.array([[check(text) is not None for text in texts] for texts in written])
    return [
        Comparison(
            template, "flagged", template.values[row], against, happens(flags, row, seed), len(written)
        )
        for row, against in contrasts(template.values)
    ]


def _tiles(
    template: Template, trials: Sequence[Trial], written: list[list[str]]
) -> list[tuple[str, list[Tile]]]:
    return [
        (
            value,
            [
                Tile(text=f"{template.prompts(trial.text)[row]}{texts[row]}\N{HORIZONTAL ELLIPSIS}")
                for trial, texts in zip(trials[:SHOWN], written, strict=False)
            ],
        )
        for row, value in enumerate(template.values)
    ]
