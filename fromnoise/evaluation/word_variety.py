"""Fluency and variety, measured together: text that repeats itself looks fluent to every model.

Legend: N texts, T words of all texts in a row.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.word_intervals import leave_one_out, ratio
from fromnoise.evaluation.word_likelihood import TextModel
from fromnoise.evaluation.word_pieces import Words, words


@dataclass(frozen=True)
class Fluency:
    """A perplexity that never stands alone. Entropy and distinct-n depend on how many words there are."""

    words: int
    generative_perplexity: Figure
    """Of a word, in the ear of another model."""
    token_entropy: Figure
    """Bits a word, from how often each word occurs."""
    distinct_1: Figure
    """Different words among all words (Li et al. 2016)."""
    distinct_2: Figure
    distinct_3: Figure
    repetition: Figure
    """Share of 4-word runs that stood earlier in the same text (Welleck et al. 2020)."""


def fluency(
    texts: Sequence[str], listener: TextModel, most_words: int | None = None, seed: int = 0
) -> Fluency:
    """Measure all of `Fluency` on texts; `listener` must have learnt from others.

    Compare sets at an equal number of words only: `most_words` cuts variety, not perplexity, to so many.
    """
    read = words(texts)[0]
    if len(read.ids) == 0:
        raise DataError("the texts hold no words")
    nats = listener.text_nats(texts, seed)
    nats = nats if nats.ndim == 1 else nats.mean(1)
    counts = read.counts().astype(np.float64)
    cut = read.first(most_words or len(read.ids))
    return Fluency(
        words=len(cut.ids),
        generative_perplexity=ratio(nats, counts, seed, shape=_exp),
        token_entropy=_entropy(cut),
        distinct_1=_distinct(cut, 1),
        distinct_2=_distinct(cut, 2),
        distinct_3=_distinct(cut, 3),
        repetition=_repetition(read, seed),
    )


def word_count(texts: Sequence[str]) -> int:
    """Count the words and punctuation marks of texts."""
    return len(words(texts)[0].ids)


def _exp(nats: Array) -> Array:
    return np.exp(np.minimum(nats, 500.0))


def _distinct(read: Words, length: int) -> Figure:
    """Return different runs of `length` words over all runs."""
    runs, owners = read.shingles(length)
    if not len(runs):
        return Figure(0.0)
    _, kinds = np.unique(runs, return_inverse=True)
    # a kind is lost with a text when that text alone has it
    first, last = np.full(kinds.max() + 1, read.texts), np.zeros(kinds.max() + 1, np.int64)
    np.minimum.at(first, kinds, owners)
    np.maximum.at(last, kinds, owners)
    lost = np.bincount(first[first == last], minlength=read.texts)
    totals = np.bincount(owners, minlength=read.texts)
    left = len(runs) - totals
    without = (len(first) - lost)[left > 0] / left[left > 0]
    return leave_one_out(len(first) / len(runs), without, 0.0, 1.0)


def _entropy(read: Words) -> Figure:
    """Return the entropy of words, bits; leaving one text out takes its words' share off a running sum."""
    total = len(read.ids)
    counts = np.bincount(read.ids).astype(np.float64)
    pairs, inside = np.unique(read.owners * len(counts) + read.ids, return_counts=True)
    owners, kinds = pairs // len(counts), pairs % len(counts)
    change = _c_log_c(counts[kinds]) - _c_log_c(counts[kinds] - inside)
    whole = float(_c_log_c(counts).sum())
    sums = whole - np.bincount(owners, weights=change, minlength=read.texts)
    left = total - read.counts()
    without = np.log2(left[left > 0]) - sums[left > 0] / left[left > 0]
    return leave_one_out(max(0.0, math.log2(total) - whole / total), without, 0.0)


def _c_log_c(counts: Array) -> Array:
    return counts * np.log2(np.maximum(counts, 1.0))


def _repetition(read: Words, seed: int) -> Figure:
    runs, owners = read.shingles(4)
    totals = np.bincount(owners, minlength=read.texts).astype(np.float64)
    if not totals.any():
        return Figure(0.0)
    order = np.lexsort((runs, owners))
    runs, owners = runs[order], owners[order]
    again = (runs[1:] == runs[:-1]) & (owners[1:] == owners[:-1])
    repeated = np.bincount(owners[1:][again], minlength=read.texts).astype(np.float64)
    return ratio(repeated, totals, seed)
