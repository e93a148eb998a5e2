"""How far two sets of features lie apart: the Frechet distance and the kernel distance.

Legend: N and M samples, D features; S a covariance. With Inception features these are FID and KID.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure, as_pair
from fromnoise.evaluation.jackknife import AIM, Rows, around, jackknife

Distance = Callable[[Array, Array], float]  # of two covariances

BLOCK = 1024
FEWEST = 3


def frechet_distance(generated: Any, real: Any, seed: int = 0) -> Figure:
    """Return the Frechet distance of the Gaussians fitted to both sets (Heusel et al. 2017, equation 6).

    The value is the usual plug-in estimate, which everybody reports and which leans upward as 1 / N: by about
    D / N of the spread even between two draws of the same distribution. The interval is for the distance of
    the distributions themselves, that lean taken off: with few samples it lies below the value. Where N or M
    is at most D, some directions are never seen, and it begins at what means and total variances show.
    """
    x, y = as_pair(generated, real)
    value = _plug_in(x, y)
    if min(len(x), len(y)) < FEWEST:
        return Figure(value)
    low, high = around(*_without_bias(x, y, _distance, seed), low=0.0)
    if min(len(x), len(y)) <= x.shape[1]:
        low = min(low, around(*_without_bias(x, y, _least_distance, seed), low=0.0)[0])
    return Figure(value, (low, high))


def kernel_distance(
    generated: Any, real: Any, subset_size: int | None = None, subsets: int = 100, seed: int = 0
) -> Figure:
    """Return the squared MMD with the kernel (x.y / D + 1)^3, unbiased (Binkowski et al. 2018, section 4).

    It may be slightly below 0, the interval can't. By default all pairs of samples count, once. With
    `subset_size` it is the mean over `subsets` random subsets, as in the paper: noisier, for sets so large
    that N^2 pairs take too long. `seed` draws the subsets; torch-fidelity's own are those of 2020.
    """
    x, y = as_pair(generated, real)
    if subset_size is None:
        value, error = _squared_mmd(x, y)
    else:
        value, error = _mean_of_subsets(x, y, subset_size, subsets, seed)
    return Figure(value, around(value, AIM * error, low=0.0))


def _plug_in(x: Array, y: Array) -> float:
    """Return the distance without a covariance's root: tr((S1 S2)^(1/2)) is the nuclear norm of X Y'.

    X and Y are centred and scaled by 1 / sqrt(N - 1). Exact also where N < D and S1 S2 is singular.
    """
    mean_x, mean_y = x.mean(0), y.mean(0)
    x, y = (x - mean_x) / sqrt(len(x) - 1), (y - mean_y) / sqrt(len(y) - 1)
    cross = np.linalg.svd(_thin(x) @ _thin(y).T, compute_uv=False).sum()
    apart = ((mean_x - mean_y) ** 2).sum()
    return max(float(apart + (x**2).sum() + (y**2).sum() - 2 * cross), 0.0)


def _thin(x: Array) -> Array:
    """Shrink (N, D) to at most D rows with the same second moments, so that the cross product stays small."""
    return x if len(x) <= x.shape[1] else np.asarray(np.linalg.qr(x, mode="r"))


def _without_bias(x: Array, y: Array, distance: Distance, seed: int) -> tuple[float, float]:
    """Return a distance jackknifed and its reach, from sums: no group's share is summed twice."""
    middle = (x.mean(0) + y.mean(0)) / 2
    x, y = _span(x - middle, y - middle)
    whole_x, whole_y = x.T @ x, y.T @ y

    def without(out_x: Rows, out_y: Rows) -> float:
        mean_x, spread_x = _moments(x, whole_x, out_x)
        mean_y, spread_y = _moments(y, whole_y, out_y)
        return float(((mean_x - mean_y) ** 2).sum()) + distance(spread_x, spread_y)

    return jackknife(without, (len(x), len(y)), seed)


def _span(x: Array, y: Array) -> tuple[Array, Array]:
    """Turn both sets into the space that they span together: distances stay, and D becomes at most N + M."""
    if len(x) + len(y) >= x.shape[1]:
        return x, y
    axes = np.linalg.qr(np.concatenate([x, y]).T)[0]  # (D, N + M)
    return x @ axes, y @ axes


def _moments(x: Array, whole: Array, out: Rows) -> tuple[Array, Array]:
    """Return mean and covariance of the rows that are not `out`; `whole` is X' X."""
    left = len(x) - len(out)
    mean = (x.sum(0) - x[out].sum(0)) / left
    second = whole - x[out].T @ x[out]
    return mean, (second - left * np.outer(mean, mean)) / (left - 1)


def _distance(first: Array, second: Array) -> float:
    """Return tr(S1 + S2 - 2 (S1 S2)^(1/2)), the root by way of the symmetric S1^(1/2) S2 S1^(1/2)."""
    values, axes = np.linalg.eigh(first)
    root = axes * np.sqrt(np.maximum(values, 0))
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ second @ root), 0)).sum()
    return float(first.trace() + second.trace() - 2 * cross)


def _least_distance(first: Array, second: Array) -> float:
    """Return (sqrt(tr S1) - sqrt(tr S2))^2, the least that covariances of these traces lie apart."""
    return float((sqrt(max(first.trace(), 0)) - sqrt(max(second.trace(), 0))) ** 2)


def _squared_mmd(x: Array, y: Array) -> tuple[float, float]:
    """Return the unbiased estimate and its standard error, from what each sample adds (Hoeffding 1948)."""
    n, m = len(x), len(y)
    alike_x = (_likeness(x, x)[0] - _own_likeness(x)) / (n - 1)
    alike_y = (_likeness(y, y)[0] - _own_likeness(y)) / (m - 1)
    across_x, across_y = _likeness(x, y)
    value = alike_x.mean() + alike_y.mean() - 2 * across_x.mean() / m
    spread = (alike_x - across_x / m).var(ddof=1) / n + (alike_y - across_y / n).var(ddof=1) / m
    return float(value), 2 * sqrt(spread)


def _likeness(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the kernel (x.y / D + 1)^3 summed over all y, (N,), and over all x, (M,)."""
    over_y, over_x = np.zeros(len(x)), np.zeros(len(y))
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        kernel = _cube(x[rows] @ y.T / x.shape[1] + 1)
        over_y[rows] = kernel.sum(1)
        over_x += kernel.sum(0)
    return over_y, over_x


def _own_likeness(x: Array) -> Array:
    return _cube((x**2).mean(1) + 1)


def _cube(x: Array) -> Array:
    """Return x^3, far faster than the general power."""
    return x * x * x


def _mean_of_subsets(x: Array, y: Array, size: int, subsets: int, seed: int) -> tuple[float, float]:
    """Return the mean over random subsets and its standard error."""
    fewest = min(len(x), len(y))
    if not 2 <= size <= fewest:
        raise DataError(f"subset_size must be between 2 and the smaller set's {fewest} samples, not {size}")
    if subsets < 1:
        raise DataError(f"subsets must be at least 1, not {subsets}")
    stream = np.random.RandomState(seed)
    draws = []
    for _ in range(subsets):
        left, right = (side[stream.choice(len(side), size, replace=False)] for side in (x, y))
        draws.append(_squared_mmd(left, right))
    values, errors = np.array(draws).T
    kept = size / fewest  # a subset's error is the whole set's, and what is left of the drawing's own
    return float(values.mean()), sqrt((errors**2).mean() * (kept + (1 - kept) / subsets))
