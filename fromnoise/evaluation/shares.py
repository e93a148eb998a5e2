"""How sure a share is, when it was counted in a sample."""

from collections.abc import Callable

import numpy as np

from fromnoise.evaluation.figures import Array, Figure

DOUBT = 0.05
"""How often the interval may miss."""
_HALVINGS = 50  # of [0, 1]: to 1e-15


def share_of(count: int, total: int) -> Figure:
    """Return count / total with its exact 95 % interval (Clopper and Pearson 1934)."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])  # of factorials
    choices = logs[total] - logs - logs[::-1]  # (total + 1,)
    low = 0.0 if count == 0 else _solve(lambda p: _weight(choices, p, slice(count, None)), rises=True)
    high = (
        1.0 if count == total else _solve(lambda p: _weight(choices, p, slice(None, count + 1)), rises=False)
    )
    return Figure(count / total, (low, high))


def _weight(choices: Array, p: float, outcomes: slice) -> float:
    """Return the binomial probability of some outcomes, 0 < p < 1."""
    k = np.arange(len(choices))
    return float(np.exp(choices + k * np.log(p) + k[::-1] * np.log1p(-p))[outcomes].sum())


def _solve(weight: Callable[[float], float], rises: bool) -> float:
    """Return the p at which `weight`, monotone in p, is half of the doubt."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = (weight(middle) < DOUBT / 2) == rises
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2
