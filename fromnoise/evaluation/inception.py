"""How sure a classifier is of each generated picture, and how many classes it sees in all of them.

Legend: N pictures, C classes, H entropy.
"""

from itertools import pairwise
from math import exp
from typing import Any

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure, as_samples
from fromnoise.evaluation.jackknife import Rows, exp_around, jackknife

SHUFFLE = 2020
FEWEST = 3


def inception_score(probabilities: Any, splits: int = 1, seed: int = 0) -> Figure:
    """Return exp(H(mean) - mean H) of class probabilities (N, C), 1 to C (Salimans et al. 2016, section 4).

    One split doesn't hang on the order of the pictures and is the least biased. Published scores are means
    over 10 splits, and lower where N is small: `splits=10` is torch-fidelity's default, its shuffle included.
    The interval is for the score of the distribution, which finite N underrates.
    """
    p = _as_probabilities(probabilities)
    if not 1 <= splits <= len(p):
        raise DataError(f"splits must be between 1 and the {len(p)} samples, not {splits}")
    order = np.random.RandomState(SHUFFLE).permutation(len(p)) if splits > 1 else np.arange(len(p))
    edges = [split * len(p) // splits for split in range(splits + 1)]
    parts = [p[order[start:end]] for start, end in pairwise(edges)]
    value = float(np.mean([exp(_entropy(part.mean(0)) - _entropy(part).mean()) for part in parts]))
    if len(p) < FEWEST:
        return Figure(value)
    return Figure(value, exp_around(*_without_bias(p, seed), most=float(p.shape[1])))


def _as_probabilities(data: Any) -> Array:
    """Return (N, C) rows that sum to exactly 1; raise DataError when they were never meant to."""
    p = as_samples(data, "probabilities", least=1)
    sums = p.sum(1)
    if p.min() < 0 or abs(sums - 1).max() > 0.01:
        raise DataError(
            "probabilities must be at least 0 and sum to 1 in each row, "
            f"not from {p.min():.3g} with sums up to {sums.max():.3g}; put logits through a softmax first"
        )
    return np.asarray(p / sums[:, None])


def _entropy(p: Array) -> Array:
    """Return -sum p log p over the last axis, in nats; 0 log 0 is 0."""
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1))).sum(-1))


def _without_bias(p: Array, seed: int) -> tuple[float, float]:
    """Return the logarithm of the score, jackknifed, and its reach."""
    total, entropies = p.sum(0), _entropy(p)

    def log_score(out: Rows, _: Rows) -> float:
        left = len(p) - len(out)
        mean = np.maximum(total - p[out].sum(0), 0) / left
        return float(_entropy(mean / mean.sum()) - (entropies.sum() - entropies[out].sum()) / left)

    return jackknife(log_score, (len(p), len(p)), seed)
