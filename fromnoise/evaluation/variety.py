"""How many different samples there are, without anything to compare them with.

Legend: N samples, D features.
"""

from math import exp
from typing import Any

import numpy as np

from fromnoise.evaluation.figures import Array, Figure, as_samples
from fromnoise.evaluation.jackknife import Rows, exp_around, jackknife

FEWEST = 3


def vendi_score(samples: Any, seed: int = 0) -> Figure:
    """Return how many wholly unlike samples would be as varied, 1 to min(N, D) (Friedman and Dieng 2023).

    The exponential of the von Neumann entropy of the cosine similarities. The value is that of these samples;
    the interval is for the distribution, whose variety a finite N underrates.
    """
    x = _unit(as_samples(samples, "samples", least=1))
    whole = x.T @ x  # (D, D): its eigenvalues are those of the similarities (N, N)
    value = exp(
        _spectral_entropy(whole / len(x)) if x.shape[1] <= len(x) else _spectral_entropy(x @ x.T / len(x))
    )
    if len(x) < FEWEST:
        return Figure(value)

    def log_score(out: Rows, _: Rows) -> float:
        return _spectral_entropy((whole - x[out].T @ x[out]) / (len(x) - len(out)))

    return Figure(value, exp_around(*jackknife(log_score, (len(x), len(x)), seed), most=float(x.shape[1])))


def _unit(x: Array) -> Array:
    """Return rows of length 1; those of length 0 get a direction of their own, being alike."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    nowhere = length == 0
    unit = x / np.where(nowhere, 1, length)
    return np.concatenate([unit, nowhere], axis=1) if nowhere.any() else unit


def _spectral_entropy(matrix: Array) -> float:
    """Return -sum v log v over the eigenvalues v, which are at least 0 and sum to 1."""
    values = np.maximum(np.linalg.eigvalsh(matrix), 0)
    values = values[values > 0] / values.sum()
    return max(float(-(values * np.log(values)).sum()), 0.0)
