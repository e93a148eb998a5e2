"""Do the generated samples look real, and do they cover what is real: four shares from nearest neighbours.

Legend: N generated samples, M real ones, k neighbours. About each sample lies a ball that reaches to its k-th
neighbour in its own set. Precision and recall are Kynkaanniemi et al. 2019, density and coverage Naeem et al.
2020.

A ball is open, as in Naeem et al.: what lies exactly at its rim is outside. But a ball about a sample with k
exact copies has no width, and nothing, not even the sample itself, would be inside; such a ball holds what
equals its centre. So identical sets have precision, recall and coverage 1, and density 1 if no rim is hit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Any, NamedTuple

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure, as_pair
from fromnoise.evaluation.jackknife import AIM, around, student

BLOCK = 1024
SUBSETS = 50
SUBSET_SIZE = 500
ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""What a squared distance may be off by, as a share of the squares that it is the difference of."""
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares of generated samples inside the balls of real ones, and the other way round."""

    precision: Figure
    recall: Figure


@dataclass(frozen=True)
class DensityCoverage:
    """How many real balls hold a generated sample, over k; and the share of real balls that hold any."""

    density: Figure
    coverage: Figure


@dataclass(frozen=True)
class Neighbourhoods:
    """All four, measured at once."""

    precision: Figure
    recall: Figure
    density: Figure
    coverage: Figure


def precision_recall(generated: Any, real: Any, k: int = 5, seed: int = 0) -> PrecisionRecall:
    """Return improved precision and recall. Intervals are for the values expected at this N, M and k."""
    found = neighbourhoods(generated, real, k, seed)
    return PrecisionRecall(found.precision, found.recall)


def density_coverage(generated: Any, real: Any, k: int = 5, seed: int = 0) -> DensityCoverage:
    """Return density and coverage. Intervals are for the values expected at this N, M and k."""
    found = neighbourhoods(generated, real, k, seed)
    return DensityCoverage(found.density, found.coverage)


def neighbourhoods(generated: Any, real: Any, k: int = 5, seed: int = 0) -> Neighbourhoods:
    """Return precision, recall, density and coverage for the cost of one of them.

    All depend on N and M, so compare them at the same ones; coverage does so least. `seed` draws the subsets
    that the intervals are from.
    """
    if k < 1:
        raise DataError(f"k must be at least 1 neighbour, not {k}")
    x, y = as_pair(generated, real)
    for name, samples in (("generated", x), ("real", y)):
        if len(samples) <= k:
            raise DataError(f"{name} has {len(samples)} samples; {k} neighbours each take at least {k + 1}")
    middle = y.mean(0)
    x, y = x - middle, y - middle  # distances from far away would round
    found = _measure(x, y, k)
    errors = _errors(x, y, k, seed)
    by_real, by_generated = (student(max(number - 1, 1)) for number in found[4:])
    return Neighbourhoods(
        _share(found.precision, errors[0], len(x), by_real),
        _share(found.recall, errors[1], len(y), by_generated),
        _ratio(found.density, errors[2], len(x), by_real),
        _share(found.coverage, errors[3], len(y), AIM),
    )


class _Measured(NamedTuple):
    """The four values; and how many balls carry them, for a few big ones may hold nearly all that is held."""

    precision: float
    recall: float
    density: float
    coverage: float
    real_carriers: float
    generated_carriers: float


@dataclass(frozen=True)
class _Balls:
    """The balls about N samples, ready for one comparison: inside is what is nearer than `reach`, squared."""

    reach: Array  # (N,)
    held: Array  # (N,): how many samples of its own set a ball counts as holding, k but for balls of no width

    @classmethod
    def about(cls, x: Array, k: int) -> "_Balls":
        reach, held = np.zeros(len(x)), np.full(len(x), float(k))
        for rows, apart in _squared_distances(x, x):
            apart[np.arange(len(apart)), np.arange(len(x))[rows]] = 0
            rim = np.partition(apart, k, axis=1)[:, k]  # place 0 is the sample itself
            rounding = ROUNDING * ((x[rows] ** 2).sum(1) + rim) + TINY
            flat = rim <= 2 * rounding
            reach[rows] = np.where(flat, rounding, rim - rounding)
            held[rows][flat] = (apart[flat] < rounding[flat, None]).sum(1)
        return cls(reach, held)


def _measure(x: Array, y: Array, k: int) -> _Measured:
    """Measure generated x (N, D) against real y (M, D)."""
    about_x, about_y = _Balls.about(x, k), _Balls.about(y, k)
    precise, recalled = np.zeros(len(x), bool), np.zeros(len(y), bool)
    # How many of the other set each ball holds, over how many it holds of its own.
    in_real, in_generated = np.zeros(len(y)), np.zeros(len(x))
    for rows, apart in _squared_distances(y, x):
        inside = apart < about_y.reach[rows, None]
        precise |= inside.any(0)
        in_real[rows] = inside.sum(1) / about_y.held[rows]
        inside = apart < about_x.reach
        recalled[rows] = inside.any(1)
        in_generated += inside.sum(0) / about_x.held
    precision, recall = float(precise.mean()), float(recalled.mean())
    density, coverage = float(in_real.sum() / len(x)), float((in_real > 0).mean())
    return _Measured(precision, recall, density, coverage, _carriers(in_real), _carriers(in_generated))


def _carriers(weights: Array) -> float:
    """Return how many balls would hold as much were all alike (Kish 1965, effective sample size)."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else inf


def _squared_distances(x: Array, y: Array) -> Iterator[tuple[slice, Array]]:
    """Go through all pairs, some rows of x at a time: which rows, and their squared distances to all of y."""
    squares_x, squares_y = (x**2).sum(1), (y**2).sum(1)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        apart = x[rows] @ y.T
        apart *= -2
        apart += squares_x[rows, None]
        apart += squares_y
        yield rows, apart


def _errors(x: Array, y: Array, k: int, seed: int) -> list[float | None]:
    """Return four standard errors, the density's as a share of it, from random subsets.

    After Politis and Romano 1994: a bootstrap would draw samples twice, and a copy is its original's nearest
    neighbour. All None where the sets are too small to be drawn from.
    """
    share = max(min(0.5, SUBSET_SIZE / max(len(x), len(y))), 2 * (k + 1) / min(len(x), len(y)))
    if share > 2 / 3:
        return [None] * 4
    stream = np.random.default_rng(seed)
    drawn = []
    for _ in range(SUBSETS):
        left, right = (side[stream.permutation(len(side))[: round(share * len(side))]] for side in (x, y))
        drawn.append(_measure(left, right, k)[:4])
    # A subset of b scatters about the whole N as 1 / b - 1 / N, the whole about the truth as 1 / N.
    scatter = np.std(drawn, axis=0, ddof=1) * sqrt(share / (1 - share))
    scatter[2] /= max(np.mean(drawn, axis=0)[2], TINY)
    return [float(error) for error in scatter]


def _share(value: float, error: float | None, count: int, z: float) -> Figure:
    """Return a share with Wilson's interval (1927) for as many independent samples as its error speaks of."""
    if error is None:
        return Figure(value)
    n = min(value * (1 - value) / error**2, count) if error > 0 and 0 < value < 1 else count
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * sqrt(value * (1 - value) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    low, high = around(middle, reach)
    return Figure(value, (max(min(low, value), 0.0), min(max(high, value), 1.0)))


def _ratio(value: float, error: float | None, count: int, z: float) -> Figure:
    """Return the density with its interval, skewed and so a factor either way."""
    if error is None:
        return Figure(value)
    if value == 0:
        return Figure(value, (0.0, AIM**2 / count))
    factor = exp(z * error)
    return Figure(value, (value / factor, value * factor))
