"""Is a difference between values more than chance? Tests that ask what else chance could have dealt.

A trial is one text and one seed, with every value in turn. If the value made no difference, its results could
as well have changed places within a trial: that is what the tests do, thousands of times (Fisher 1935,
restricted to blocks). Legend: N trials, V values, F features, B redraws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.jackknife import around, student
from fromnoise.evaluation.shares import share_of
from fromnoise.evaluation.word_intervals import leave_one_out, spread_around

REDRAWS = 9999
_SLACK = 1e-9  # what rounding may tell two equal statistics apart by

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """A difference, where it lies when there is none, and how often chance makes one as large."""

    figure: Figure
    chance: float
    p: float


def apart(features: Array, value: int, seed: int = 0) -> Difference:
    """Tell how far a value's features (N, V, F) lie from those of all other values.

    The figure is the energy coefficient (Szekely and Rizzo 2013, section 3): 0 for the same distribution, 1
    at most. At finite N it is above 0 even then; `chance` says how much.
    """
    trials, values, _ = features.shape
    flat = features.reshape(trials * values, -1)
    gaps = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    own = np.full((1, trials), value)
    drawn = _energy(gaps, _redrawn(trials, values, seed), values)
    found = float(_energy(gaps, own, values)[0])
    without = [
        _energy(_without(gaps, trial, values), own[:, 1:], values)[0] for trial in range(trials) if trials > 2
    ]
    figure = leave_one_out(found, np.array(without), 0.0, 1.0)
    return Difference(figure, float(drawn.mean()), _p_value(found, drawn))


def lifted(outcomes: Array, value: int, seed: int = 0) -> Difference:
    """Tell by how much a value's outcomes (N, V) lie above the mean of the other values'."""
    trials, values = outcomes.shape
    rows = np.arange(trials)

    def gap(own: Ints) -> Array:
        mine = outcomes[rows, own]  # (B, N)
        return np.asarray(mine - (outcomes.sum(1) - mine) / (values - 1))

    gaps = gap(np.full((1, trials), value))[0]
    drawn = np.abs(gap(_redrawn(trials, values, seed)).mean(1))
    spread = float(gaps.std(ddof=1)) / sqrt(trials) if trials > 1 else 0.0
    figure = spread_around(float(gaps.mean()), spread, trials)
    return Difference(figure, 0.0, _p_value(abs(figure.value), drawn))


def happens(flags: NDArray[np.bool_], value: int, seed: int = 0) -> Difference:
    """Tell by how much larger the share of a value's flags (N, V) is than that of the other values'.

    The interval is Newcombe's of 1998 (method 10) on exact ones: wide, and honest where nothing happened.
    """
    mine, others = flags[:, value], np.delete(flags, value, axis=1)
    first, second = (share_of(int(part.sum()), part.size) for part in (mine, others))
    (low, high), (least, most) = first.interval or (0.0, 1.0), second.interval or (0.0, 1.0)
    gap = first.value - second.value
    down = hypot(first.value - low, most - second.value)
    up = hypot(high - first.value, second.value - least)
    difference = lifted(flags.astype(np.float64), value, seed)
    return Difference(Figure(gap, (gap - down, gap + up)), 0.0, difference.p)


def leans(first: Array, second: Array, seed: int = 0) -> Difference:
    """Tell by how much the mean of one group of words lies above that of another, in any unit.

    Words change groups at random (Caliskan et al. 2017, "Semantics derived automatically from language
    corpora contain human-like biases", WEAT); the interval is Welch's.
    """
    both, count = np.concatenate([first, second]), len(first)
    chance = np.random.default_rng(seed)
    shuffled = chance.permuted(np.broadcast_to(both, (REDRAWS, len(both))), axis=1)
    drawn = np.abs(shuffled[:, :count].mean(1) - shuffled[:, count:].mean(1))
    value = float(first.mean() - second.mean())
    parts = [float(group.var(ddof=1)) / len(group) for group in (first, second)]
    freedom = min(len(first), len(second)) - 1
    figure = Figure(value, around(value, student(freedom) * sqrt(sum(parts))))
    return Difference(figure, 0.0, _p_value(abs(value), drawn))


def nearest(features: Array, unmarked: Array) -> tuple[Ints, Ints]:
    """Return which value pictures (N, V, F) are nearest to, (N, V), and the unmarked ones (N, F), (N,).

    Values are known from the other trials alone. What all pictures of a trial share is taken off first.
    """
    middles = features.mean(1, keepdims=True)
    shown, plain = features - middles, unmarked - middles[:, 0]
    trials = len(shown)
    centres = (shown.sum(0) - shown) / (trials - 1)  # (N, V, F): without the trial itself
    own = np.linalg.norm(shown[:, :, None] - centres[:, None], axis=3).argmin(2)
    return own, np.linalg.norm(plain[:, None] - centres, axis=2).argmin(1)


def uneven(counts: Ints, expected: Array, seed: int = 0) -> float:
    """Return how often chance deals counts (V,) that are as far from the shares `expected` (V,)."""
    total = int(counts.sum())
    shares = expected / expected.sum()

    def far(dealt: Ints) -> Array:
        return np.asarray(((dealt - total * shares) ** 2 / np.maximum(total * shares, _SLACK)).sum(-1))

    drawn = np.random.default_rng(seed).multinomial(total, shares, REDRAWS)
    return _p_value(float(far(counts)), far(drawn))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that stay honest though so many were looked at (Holm 1979)."""
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted


def contrasts(values: Sequence[str]) -> list[tuple[int, str]]:
    """Return which values are compared, and with what: two with each other, else each with all others."""
    return [(1, values[0])] if len(values) == 2 else [(row, "the others") for row in range(len(values))]


def _redrawn(trials: int, values: int, seed: int) -> Ints:
    """Choose at random which result of each trial is taken for the value's, (B, N)."""
    return np.random.default_rng(seed).integers(values, size=(REDRAWS, trials))


def _energy(gaps: Array, own: Ints, values: int) -> Array:
    """Return the energy coefficient of the chosen results (B, N) and all others, (B,), by their distances."""
    trials = own.shape[1]
    chosen = np.zeros((len(own), trials, values))
    np.put_along_axis(chosen, own[:, :, None], 1.0, axis=2)
    mine = chosen.reshape(len(own), -1)
    others = (1 - mine) / (trials * (values - 1))
    mine = mine / trials
    far_mine, far_others = mine @ gaps, others @ gaps
    between = (far_mine * others).sum(1)
    energy = 2 * between - (far_mine * mine).sum(1) - (far_others * others).sum(1)
    return np.asarray(np.maximum(energy, 0.0) / np.maximum(2 * between, _SLACK))


def _without(gaps: Array, trial: int, values: int) -> Array:
    kept = np.delete(np.arange(len(gaps)), np.s_[trial * values : (trial + 1) * values])
    return gaps[np.ix_(kept, kept)]


def _p_value(found: float, drawn: Array) -> float:
    """Return the share of redraws that reach what was found, itself among them (Phipson and Smyth 2010)."""
    reached = int((drawn >= found - _SLACK * max(1.0, abs(found))).sum())
    return (1 + reached) / (1 + len(drawn))
