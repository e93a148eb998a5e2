"""How far what comes now has moved from what came first.

Two measures. The population stability index compares shares of groups (lengths, styles): the sum over groups
of (p - q) ln(p / q); above 0.25 a population is held to have changed (Siddiqi 2006, chapter 6). The kernel
distance compares features of prompts or results: the unbiased squared MMD (Gretton et al. 2012, eq. 3),
against what it is when the two sets are mixed at random, so that its limit is a one in a hundred chance.
Legend: N old, M new, D features, S ways to part them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

State = Literal["ok", "drifted", "collecting"]
BASELINE, WINDOW = 200, 200
"""How many come first, and how many of the latest are compared with them."""
STABLE = 0.25
_SHUFFLES = 200
_CHANCE = 0.99
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Drift:
    """One comparison."""

    what: str
    measure: str
    value: float | None
    limit: float
    count: int
    """How many were there to look at."""
    state: State


def stability_index(old: Sequence[str], new: Sequence[str]) -> float:
    """Return the population stability index of groups; each share is smoothed by half an item."""
    groups = {*old, *new}
    p, q = Counter(old), Counter(new)
    total = 0.0
    for group in groups:
        before = (p[group] + 0.5) / (len(old) + 0.5 * len(groups))
        after = (q[group] + 0.5) / (len(new) + 0.5 * len(groups))
        total += (after - before) * math.log(after / before)
    return total


def length_group(length: int) -> str:
    """Return the group of a prompt's length: each is twice as long as the one before."""
    return f"length {max(0, length).bit_length()}"


def of_groups(what: str, groups: Sequence[str]) -> Drift:
    """Compare the latest groups with the first ones."""
    count = len(groups)
    name = "population stability index"
    if count < BASELINE + WINDOW:
        return Drift(what, name, None, STABLE, count, "collecting")
    value = stability_index(groups[:BASELINE], groups[-WINDOW:])
    return Drift(what, name, round(value, 4), STABLE, count, "drifted" if value > STABLE else "ok")


def of_features(what: str, first: Vectors, latest: Vectors, count: int) -> Drift:
    """Compare the features of the latest (M, D) with those of the first (N, D)."""
    name = "kernel distance"
    if len(first) < BASELINE or len(latest) < WINDOW or count < BASELINE + WINDOW:
        return Drift(what, name, None, 0.0, count, "collecting")
    value, limit = kernel_distance(first, latest)
    return Drift(what, name, round(value, 5), round(limit, 5), count, "drifted" if value > limit else "ok")


def kernel_distance(old: Vectors, new: Vectors) -> tuple[float, float]:
    """Return the squared MMD of two sets under a Gaussian kernel, and what chance exceeds once in 100."""
    both = np.concatenate([old, new]).astype(np.float64)
    squares = (both**2).sum(1)
    apart = np.maximum(squares[:, None] + squares[None] - 2 * both @ both.T, 0.0)  # (N + M, N + M)
    width = float(np.median(apart[np.triu_indices(len(both), 1)])) or 1.0
    kernel = np.exp(-apart / width)
    np.fill_diagonal(kernel, 0.0)
    dice = np.random.default_rng(0)
    sides = np.zeros((_SHUFFLES + 1, len(both)))
    sides[0, : len(old)] = 1.0
    for row in sides[1:]:
        row[dice.permutation(len(both))[: len(old)]] = 1.0
    found = _squared_mmd(kernel, sides, len(old), len(new))
    return float(found[0]), float(np.quantile(found[1:], _CHANCE))


def _squared_mmd(
    kernel: NDArray[np.float64], sides: NDArray[np.float64], old: int, new: int
) -> NDArray[np.float64]:
    """Return the unbiased estimate for each way to part the items in two, (S,)."""
    others = 1.0 - sides
    within = np.einsum("si,ij,sj->s", sides, kernel, sides, optimize=True) / (old * (old - 1))
    beyond = np.einsum("si,ij,sj->s", others, kernel, others, optimize=True) / (new * (new - 1))
    across = np.einsum("si,ij,sj->s", sides, kernel, others, optimize=True) / (old * new)
    return within + beyond - 2 * across  # type: ignore[no-any-return]
