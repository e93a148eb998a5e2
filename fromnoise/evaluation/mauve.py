"""How far two sets of texts are apart as distributions: 1 for the same, towards 0 for strangers.

The divergence curve of Pillutla et al. 2021 ("MAUVE"), over n-gram features of our own; so the number can
be held against its baseline, and not against those of papers, which use a large model's features.
Legend: N and M texts, K clusters, D features.
"""

from collections.abc import Sequence

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.word_features import Features, text_features
from fromnoise.evaluation.word_intervals import spread_around
from fromnoise.evaluation.word_pieces import Whole

FEWEST = 20
SCALE = 5.0
"""The paper's c, by which divergences are scaled before the exponential."""
_DIRECTIONS, _ROUNDS, _DRAWS = 32, 30, 200


def mauve(generated: Sequence[str], real: Sequence[str], seed: int = 0) -> Figure:
    """Return the area under the divergence curve of two sets of at least `FEWEST` texts.

    It is biased by their number: compare values at equal numbers only.
    """
    if min(len(generated), len(real)) < FEWEST:
        raise DataError(f"mauve needs {FEWEST} texts a side, not {len(generated)} and {len(real)}")
    texts = [*generated, *real]
    distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    clusters = min(max(2, min(len(generated), len(real)) // 10), len(distinct))
    clustered = _k_means(_directions(text_features(list(distinct)), seed), clusters, seed)
    places = clustered[[distinct[text] for text in texts]]  # so that equal texts always share a cluster
    left, right = places[: len(generated)], places[len(generated) :]
    rng = np.random.default_rng(seed)
    value = _area(_shares(left, clusters), _shares(right, clusters))
    drawn = [
        _area(
            _shares(rng.choice(left, len(left)), clusters),
            _shares(rng.choice(right, len(right)), clusters),
        )
        for _ in range(_DRAWS)
    ]
    # redrawing adds noise that lowers every value, so only their spread is used
    return spread_around(value, float(np.std(drawn)), min(len(left), len(right)), 0.0, 1.0)


def _area(left: Array, right: Array) -> float:
    """Return the area under (exp(-c KL(right|mix)), exp(-c KL(left|mix))) for all mixes of the two."""
    weights = np.linspace(0, 1, 102)[1:-1, None]
    mixes = weights * left + (1 - weights) * right  # (100, K)
    across, up = (np.exp(-SCALE * _divergence(side, mixes)) for side in (right, left))
    across, up = np.concatenate([[0.0], across[::-1], [1.0]]), np.concatenate([[1.0], up[::-1], [0.0]])
    order = np.lexsort((-up, across))
    return float(np.trapezoid(up[order], across[order]))


def _divergence(of: Array, mixes: Array) -> Array:
    return np.asarray((of * np.log(of / mixes)).sum(1), np.float64)


def _shares(places: Whole, clusters: int) -> Array:
    """Return each cluster's share, (K,), half a text added to each (Krichevsky and Trofimov 1981)."""
    filled = np.bincount(places, minlength=clusters) + 0.5
    return np.asarray(filled / filled.sum(), np.float64)


def _directions(features: Features, seed: int) -> Features:
    """Return the features' coordinates along their main directions.

    Randomised as in Halko, Martinsson and Tropp 2011, algorithm 4.4, with one power step.
    """
    centred = features - features.mean(0)
    width = min(_DIRECTIONS, max(1, len(features) - 1))
    start = np.random.default_rng(seed).standard_normal((features.shape[1], width)).astype(np.float32)
    basis, _ = np.linalg.qr(centred @ start)
    basis, _ = np.linalg.qr(centred @ (centred.T @ basis))
    left, sizes, _ = np.linalg.svd(basis.T @ centred, full_matrices=False)
    return np.asarray((basis @ left) * sizes, np.float32)


def _k_means(points: Features, clusters: int, seed: int) -> Whole:
    """Return each point's cluster: Lloyd's rounds from k-means++ centres (Arthur and Vassilvitskii 2007)."""
    rng = np.random.default_rng(seed)
    centres = points[[rng.integers(len(points))]]
    nearest = _distances(points, centres)[:, 0]
    for _ in range(clusters - 1):
        total = nearest.sum()
        chance = nearest / total if total > 0 else None
        centres = np.concatenate([centres, points[[rng.choice(len(points), p=chance)]]])
        nearest = np.minimum(nearest, _distances(points, centres[-1:])[:, 0])
    places = _nearest(points, centres)
    for _ in range(_ROUNDS):
        sizes = np.bincount(places, minlength=clusters)
        sums = np.zeros_like(centres)
        np.add.at(sums, places, points)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        before, places = places, _nearest(points, centres)
        if np.array_equal(before, places):
            break
    return places


def _nearest(points: Features, centres: Features) -> Whole:
    return np.asarray(_distances(points, centres).argmin(1), np.int64)


def _distances(points: Features, centres: Features) -> Array:
    """Return squared distances, (points, centres)."""
    squares = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
    return np.asarray(np.maximum(squares, 0), np.float64)
