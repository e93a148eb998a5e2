"""Copies and leaks for the report: generated and held-out texts side by side against training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fromnoise.evaluation.copying import RUN, Copied, copied
from fromnoise.evaluation.figures import Figure
from fromnoise.evaluation.word_intervals import ratio
from fromnoise.evaluation.word_leaks import TextLeak, leaked_mask, text_leaks
from fromnoise.evaluation.word_memory import Memorized, memorized
from fromnoise.evaluation.word_sources import Texts

MOST_HELD_OUT = 2000
FEW_HELD_OUT = 100
MOST_SHOWN = 20
LONGEST_QUOTE = 300

Measured = tuple[Figure, Figure, str]
"""A figure, its baseline and what to know of it."""


@dataclass(frozen=True)
class Copies:
    """What training gave away: figures, leaks of the test, and texts learnt by heart."""

    metrics: dict[str, Measured]
    leaked: int
    leaks: list[dict[str, Any]]
    memorization: dict[str, Any] | None
    notes: list[str]


def compare_copies(generated: Texts, real: Texts, train: Texts, seed: int = 0) -> Copies:
    """Hold what generated texts share with training against what held-out real texts share with it.

    Leaked real texts aren't held out, so the baseline is made without them.
    """
    leaks = text_leaks(train.items, real.items)
    shown = [_shown(leak, real, train) for leak in leaks[:MOST_SHOWN]]
    clean = np.flatnonzero(~leaked_mask(leaks, len(real)))
    if not len(clean):
        note = "All real texts stand in training, so there is nothing to hold copies against."
        return Copies({}, len(leaks), shown, None, [note])
    count = max(MOST_HELD_OUT, len(generated))
    held_out = real.take(np.random.default_rng(seed).permutation(clean)[:count])
    both = copied((*generated.items, *held_out.items), train.items)
    own, others = both.part(0, len(generated)), both.part(len(generated), len(generated) + len(held_out))
    found = memorized(own, others)
    same = others.part(0, len(generated))
    few = f"Only {len(held_out)} held-out texts: what counts as a copy is a rough guess."
    return Copies(
        _figures(own, same, found, seed),
        len(leaks),
        shown,
        _described(own, others, found, generated),
        [few] if len(held_out) < FEW_HELD_OUT else [],
    )


def _figures(own: Copied, held_out: Copied, found: Memorized, seed: int) -> dict[str, Measured]:
    longest, usual = (Figure(float(side.spans.max())) for side in (own, held_out))
    quote = _cut(own.quotes[int(own.spans.argmax())], 80)
    figures: dict[str, Measured] = {
        "copied_span": (longest, usual, f"characters: the longest that stands in training, “{quote}”"),
        "memorized_share": (found.share, found.held_out_share, "share of texts learnt by heart"),
    }
    if own.runs.any() and held_out.runs.any():
        held, usually = (
            ratio(side.found.astype(np.float64), side.runs.astype(np.float64), seed)
            for side in (own, held_out)
        )
        figures["containment"] = (held, usually, f"share of {RUN}-word runs that stand in training")
    return figures


def _described(own: Copied, held_out: Copied, found: Memorized, generated: Texts) -> dict[str, Any]:
    worst = sorted(found.flagged.tolist(), key=lambda index: -int(own.spans[index]))
    return {
        "flagged": [generated.places[index] for index in worst],
        "share": found.share.value,
        "threshold": found.span_limit,
        "run_threshold": found.runs_limit,
        "held_out": len(held_out.spans),
        "held_out_share": found.held_out_share.value,
        "mean_span": float(own.spans.mean()),
        "mean_span_held_out": float(held_out.spans.mean()),
        "worst": [_copy(own, index, generated.places[index]) for index in worst[:MOST_SHOWN]],
    }


def _copy(own: Copied, index: int, place: int) -> dict[str, Any]:
    quote = own.quotes[index]
    return {
        "generated": place,
        "characters": int(own.spans[index]),
        "words": len(quote.split()),
        "of": int(own.sizes[index]),
        "runs_found": int(own.found[index]),
        "quote": _cut(quote, LONGEST_QUOTE),
    }


def _shown(leak: TextLeak, real: Texts, train: Texts) -> dict[str, Any]:
    return {
        "train": train.places[leak.train],
        "test": real.places[leak.test],
        "kind": leak.kind,
        "similarity": round(leak.similarity, 4),
        "text": _cut(" ".join(real.items[leak.test].split()), 120),
    }


def _cut(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
