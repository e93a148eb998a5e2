"""Judge generated texts against real ones: the words part of a report.

Every figure stands beside its baseline, the same figure of other real texts at the same number. For that the
real texts are shuffled and halved: one half is the reference, the other plays the generated texts' part.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.word_copies import compare_copies
from fromnoise.evaluation.word_likelihood import TextModel
from fromnoise.evaluation.word_measures import Sides, bits, entry, fluency_and_variety, likeness, styles
from fromnoise.evaluation.word_sources import Texts, as_texts

Given = Texts | Sequence[str] | str | Path

MOST = 1000
"""Texts compared on each side, unless asked for more."""
ENOUGH = 100
"""With fewer texts a side the figures are too unsure to choose by."""


def evaluate_words(
    generated: Given,
    real: Given,
    train: Given | None = None,
    *,
    seed: int = 0,
    n: int | None = None,
    model: TextModel | None = None,
) -> dict[str, Any]:
    """Measure generated texts against held-out `real` ones; return the report's JSON without a verdict.

    `train` are the texts that the model learnt from: without them nobody can look for copies or leaks. `n` is
    the most texts a side; copies are looked for among all generated texts. With `model`, its bits per byte
    on the real texts are measured too.
    """
    made = as_texts(generated, "generated")
    sides = _sides(made, as_texts(real, "real"), seed, n)
    known = as_texts(train, "train") if train is not None else None
    notes = _notes(sides, known)
    metrics = {
        **fluency_and_variety(sides, seed),
        **likeness(sides, seed, notes),
        **styles(sides, known, seed, notes),
    }
    report: dict[str, Any] = {
        "kind": "words",
        "n": len(sides.generated),
        "seed": seed,
        "generated": _described(made),
        "real": _described(sides.real),
        "train": _described(known) if known else None,
        "metrics": metrics,
        "notes": notes,
    }
    if known:
        copies = compare_copies(made, sides.real, known, seed)
        metrics.update({name: entry(*figures) for name, figures in copies.metrics.items()})
        report |= {"leaked": copies.leaked, "leaks": copies.leaks, "memorization": copies.memorization}
        notes += copies.notes
    if model is not None:
        metrics["bits_per_byte"] = bits(model, sides.other, known or sides.rest, seed)
    return report


def _sides(generated: Texts, real: Texts, seed: int, n: int | None) -> Sides:
    if n is not None and n < 1:
        raise DataError(f"n must be at least 1, not {n}")
    if len(real) < 2:
        raise DataError(
            f"{real.name} holds one text; it takes two or more, to compare real ones with real ones"
        )
    rng = np.random.default_rng(seed)
    count = min(len(generated), len(real) // 2, n or MOST)
    drawn = np.sort(rng.permutation(len(generated))[:count])
    order = rng.permutation(len(real))
    other, reference = np.sort(order[:count]), np.sort(order[count : 2 * count])
    rest = np.sort(order[count:])
    return Sides(generated.take(drawn), real.take(reference), real.take(other), real, real.take(rest))


def _notes(sides: Sides, train: Texts | None) -> list[str]:
    notes = []
    count = len(sides.generated)
    if count < ENOUGH:
        notes.append(
            f"{count} texts a side are too few to tell; take {ENOUGH} or more, and twice as many real ones."
        )
    for texts in (sides.generated, sides.real, train):
        if texts is not None and texts.empty:
            notes.append(f"{texts.empty} blank texts of {texts.name} were left out.")
    lengths = [int(median(len(text) for text in side.items)) for side in (sides.generated, sides.real)]
    if max(lengths) > 2 * min(lengths):
        notes.append(
            f"Generated texts have typically {lengths[0]:,} characters, real ones {lengths[1]:,}: "
            "length alone moves mauve and style accuracy; cut them alike."
        )
    if repeats := count - len(set(sides.generated.items)):
        notes.append(f"{repeats} of {count} generated texts are the same as another of them.")
    if train is None:
        notes.append("No training texts were given: nobody looked for copies or leaks.")
    return notes


def _described(texts: Texts) -> dict[str, Any]:
    return {"name": texts.name, "texts": len(texts), "bytes": texts.size}
