"""How sure a figure over texts is: the text is what is drawn anew, never the word or the byte.

Legend: N texts, B bootstrap draws.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.jackknife import around, student

FEWEST = 5
"""With fewer texts than this no interval is given."""
_NORMAL = NormalDist()


def ratio(
    above: Array,
    below: Array,
    seed: int = 0,
    draws: int = 1000,
    shape: Callable[[Array], Array] | None = None,
) -> Figure:
    """Return sum(above) / sum(below) over texts, both (N,), passed through `shape`, with its interval.

    Expanded percentile bootstrap over texts (Hesterberg 2015, "What teachers should know about the
    bootstrap", 5.3): plain percentiles are too narrow for few texts.
    """
    shape = shape or (lambda share: share)
    value = float(shape(np.array(above.sum() / below.sum())))
    count = len(above)
    if count < FEWEST:
        return Figure(value)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)  # (B, N)
    bottoms = weights @ below
    drawn = shape((weights @ above)[bottoms > 0] / bottoms[bottoms > 0])
    tail = _NORMAL.cdf(-math.sqrt(count / (count - 1)) * student(count - 1))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Figure(value, (float(min(low, value)), float(max(high, value))))


def leave_one_out(value: float, without: Array, low: float = -math.inf, high: float = math.inf) -> Figure:
    """Return `value` with the interval that its leave-one-text-out values (N,) give, kept in [low, high].

    Efron and Stein 1981: the variance is (N - 1) / N * sum((without - mean)^2), which errs on the wide side.
    """
    count = len(without)
    if count < FEWEST:
        return Figure(value)
    spread = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return spread_around(value, spread, count, low, high)


def spread_around(
    value: float, spread: float, count: int, low: float = -math.inf, high: float = math.inf
) -> Figure:
    """Return `value` with Student's interval for its standard error `spread`, kept in [low, high]."""
    return Figure(value, around(value, student(count - 1) * spread, low, high) if count >= FEWEST else None)
