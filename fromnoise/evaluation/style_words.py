"""Which style is a text in? A plain classifier of our own, independent of the model it judges.

Legend: N texts, C styles, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure
from fromnoise.evaluation.shares import share_of
from fromnoise.evaluation.word_features import Features, text_features
from fromnoise.evaluation.word_pieces import Whole

FOLDS = 5
MOST_TEXTS = 2000
"""Texts learnt from, spread over the styles."""
RIDGE = 0.05


@dataclass(frozen=True)
class StyleClassifier:
    """Ridge regression from text features to styles; the largest of C answers wins."""

    styles: tuple[str, ...]
    weights: Features  # (D, C)
    real_guesses: tuple[str, ...]
    """What it says of the texts it learnt from, each read by a classifier that hadn't seen it."""
    real_styles: tuple[str, ...]

    def read(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest style of each text."""
        answers = text_features(texts) @ self.weights
        return [self.styles[place] for place in answers.argmax(1)]

    def real_accuracy(self, mix: Sequence[str] | None = None) -> Figure:
        """Return the accuracy on unseen real texts; with `mix`, as it would be for these styles."""
        hits = np.array(self.real_guesses) == np.array(self.real_styles)
        if mix is None:
            return share_of(int(hits.sum()), len(hits))
        each = {style: float(hits[np.array(self.real_styles) == style].mean()) for style in set(mix)}
        return Figure(float(np.mean([each[style] for style in mix])))

    def confusions(self, least: float = 0.1) -> list[tuple[str, str, float]]:
        """Return (style, taken for, share of its real texts) wherever the share is at least `least`."""
        pairs = list(zip(self.real_styles, self.real_guesses, strict=True))
        rates = {pair: pairs.count(pair) / self.real_styles.count(pair[0]) for pair in set(pairs)}
        wrong = [(*pair, rate) for pair, rate in rates.items() if pair[0] != pair[1] and rate >= least]
        return sorted(wrong, key=lambda row: (-row[2], row[0], row[1]))


def learn_styles(texts: Sequence[str], styles: Sequence[str], seed: int = 0) -> StyleClassifier:
    """Learn to tell styles apart, and find out how well that goes on real texts.

    Cross-validated in blocks of neighbours, since passages of one work often follow each other; every style
    needs `FOLDS` texts.
    """
    names = tuple(sorted(set(styles)))
    rare = [name for name in names if list(styles).count(name) < FOLDS]
    if len(names) < 2 or rare:
        came = f"{rare[0]!r} has fewer" if rare else f"there is only {names}"
        raise DataError(f"a style classifier needs two styles with {FOLDS} texts each; {came}")
    labels = np.array([names.index(style) for style in styles])
    kept = _spread(labels, seed)
    labels = labels[kept]
    features = text_features([texts[place] for place in kept])
    kernel = (features @ features.T).astype(np.float64)
    guesses = np.empty(len(labels), np.int64)
    folds = _folds(labels)
    for fold in range(FOLDS):
        known, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        dual = _solve(kernel[np.ix_(known, known)], labels[known], len(names))
        guesses[asked] = (kernel[np.ix_(asked, known)] @ dual).argmax(1)
    dual = _solve(kernel, labels, len(names))
    return StyleClassifier(
        names,
        features.T @ dual.astype(np.float32),
        tuple(names[place] for place in guesses),
        tuple(names[place] for place in labels),
    )


def style_accuracy(classifier: StyleClassifier, texts: Sequence[str], styles: Sequence[str]) -> Figure:
    """Return the share of texts that the classifier finds in the style that was asked for."""
    hits = sum(guess == style for guess, style in zip(classifier.read(texts), styles, strict=True))
    return share_of(hits, len(texts))


def _solve(kernel: Array, labels: Whole, classes: int) -> Array:
    """Return dual weights (N, C) of ridge regression onto one-hot labels less their mean.

    The mean isn't added back: rare styles would hardly ever be guessed.
    """
    wanted = np.eye(classes)[labels]
    return np.linalg.solve(kernel + RIDGE * np.eye(len(kernel)), wanted - wanted.mean(0))


def _folds(labels: Whole) -> Whole:
    """Cut each style's texts, in their order, into `FOLDS` blocks."""
    folds = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        folds[own] = np.arange(len(own)) * FOLDS // len(own)
    return folds


def _spread(labels: Whole, seed: int) -> NDArray[np.int64]:
    """Choose at most `MOST_TEXTS` places, in order: an equal number of each style as far as there are."""
    rng = np.random.default_rng(seed)
    most = max(MOST_TEXTS, FOLDS * len(np.unique(labels)))
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        turn[own] = rng.permutation(len(own))
    return np.sort(np.lexsort((labels, turn))[:most])
