"""Does a picture show what was asked for, in the style asked for? Judged among real pictures alone.

Legend: N pictures, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array, Figure, as_samples
from fromnoise.evaluation.shares import share_of

FOLDS = 5
RIDGE = 0.1

Names = Sequence[str | None]


@dataclass(frozen=True)
class Ranks:
    """Where each picture's own concept stands among all: 1 for the nearest, 0 where it isn't known."""

    ranks: NDArray[np.int64]
    concepts: int
    """How many there are to choose from."""

    def within(self, best: int) -> Figure | None:
        """Return the share of pictures whose concept is among the `best` nearest; None without any."""
        known = self.ranks[self.ranks > 0]
        return share_of(int((known <= best).sum()), len(known)) if len(known) else None


@dataclass(frozen=True)
class Retrieval:
    """Rank concepts by likeness to a picture: each is the mean of its real pictures in other families.

    A picture in the style asked for would help itself if its own family's pictures were there to be found.
    """

    centre: Array  # (D,)
    galleries: dict[str, tuple[list[str], Array]]  # family -> concepts, unit vectors (concepts, D)

    @classmethod
    def of_real(cls, real: Any, concepts: Sequence[str], families: Sequence[str]) -> "Retrieval":
        """Build one gallery a family from real pictures' features (N, D), concepts and families."""
        features = as_samples(real, "real")
        centre = features.mean(0)
        centred = features - centre
        galleries = {}
        for family in sorted(set(families)):
            rows: dict[str, list[int]] = {}
            for row, (concept, its_family) in enumerate(zip(concepts, families, strict=True)):
                if its_family != family:
                    rows.setdefault(concept, []).append(row)
            if rows:
                means = np.stack([centred[of_concept].mean(0) for of_concept in rows.values()])
                galleries[family] = list(rows), unit(means)
        if not galleries:
            raise DataError("ranking concepts takes real pictures in two styles or more")
        return cls(centre, galleries)

    def ranks(self, queries: Any, concepts: Names, family: str) -> Ranks:
        """Rank every query's own concept; ties count against it."""
        names, gallery = self.galleries[family]
        place = {name: row for row, name in enumerate(names)}
        own = np.array([place.get(str(concept), -1) for concept in concepts], dtype=np.int64)
        cosines = unit(as_samples(queries, "queries", 1) - self.centre) @ gallery.T  # (queries, concepts)
        at_own = np.take_along_axis(cosines, own[:, None], 1)
        return Ranks(np.where(own < 0, 0, (cosines >= at_own).sum(1)), len(names))

    def all_ranks(self, queries: Any, concepts: Names, families: Names) -> Ranks:
        """Rank every query in the gallery of its own family; unknown families have no rank."""
        features = as_samples(queries, "queries", 1)
        ranks = np.zeros(len(features), dtype=np.int64)
        for family in self.galleries:
            rows = [row for row, its in enumerate(families) if its == family]
            if rows:
                asked = [concepts[row] for row in rows]
                ranks[rows] = self.ranks(features[rows], asked, family).ranks
        return Ranks(ranks, max(len(names) for names, _ in self.galleries.values()))


@dataclass(frozen=True)
class StyleClassifier:
    """Name a picture's style by classifiers that never saw the concept that they are asked about.

    Kernel ridge regression on one-hot styles, a classifier a fold of concepts.
    """

    styles: tuple[str, ...]
    centre: Array  # (D,)
    known: Array  # unit vectors (N, D)
    weights: Array  # (FOLDS, N, styles), 0 where a picture's concept belongs to the fold
    accuracy: Figure
    """On the real pictures, each judged by the classifier that doesn't know its concept."""

    @classmethod
    def of_real(cls, real: Any, concepts: Sequence[str], styles: Sequence[str]) -> "StyleClassifier":
        """Fit one classifier a fold on the real pictures of all other folds' concepts."""
        names = tuple(sorted(set(styles)))
        if len(names) < 2:
            raise DataError("telling styles apart takes real pictures in two styles or more")
        features = root(as_samples(real, "real"))
        centre = features.mean(0)
        known = unit(features - centre)
        wanted = np.eye(len(names))[[names.index(style) for style in styles]] - 1 / len(names)
        folds = np.array([concept_fold(concept) for concept in concepts])
        weights = np.zeros((FOLDS, *wanted.shape))
        likeness = _likeness(known, known)
        scores = np.zeros(wanted.shape)
        for fold in range(FOLDS):
            rows = folds != fold
            if rows.any():
                kernel = likeness[np.ix_(rows, rows)] + RIDGE * np.eye(rows.sum())
                weights[fold, rows] = np.linalg.solve(kernel, wanted[rows])
            scores[~rows] = likeness[~rows] @ weights[fold]
        right = sum(names[best] == style for best, style in zip(scores.argmax(1), styles, strict=True))
        return cls(names, centre, known, weights, share_of(right, len(features)))

    def names(self, queries: Any, concepts: Names) -> list[str]:
        """Return the style of each picture, as the classifier that doesn't know its concept sees it."""
        folds = np.array([concept_fold(str(concept)) for concept in concepts], dtype=np.int64)
        likeness = _likeness(unit(root(as_samples(queries, "queries", 1)) - self.centre), self.known)
        scores = np.zeros((len(likeness), len(self.styles)))
        for fold in range(FOLDS):
            scores[folds == fold] = likeness[folds == fold] @ self.weights[fold]
        return [self.styles[best] for best in scores.argmax(1)]

    def recognised(self, queries: Any, concepts: Names, styles: Names) -> Figure | None:
        """Return the share of pictures whose style is the one asked for; None where none was."""
        rows = [row for row, style in enumerate(styles) if style in self.styles]
        if not rows:
            return None
        found = self.names(as_samples(queries, "queries", 1)[rows], [concepts[row] for row in rows])
        right = sum(name == styles[row] for name, row in zip(found, rows, strict=True))
        return share_of(right, len(rows))


def concept_fold(concept: str) -> int:
    """Place a concept in one of the folds, which know nothing of a dataset's split."""
    return int(sha256(f"judge:{concept}".encode()).hexdigest(), 16) % FOLDS


def unit(vectors: Array) -> Array:
    """Bring rows to length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def root(found: Array) -> Array:
    """Take square roots, keeping signs: a few strong features then don't decide alone."""
    return np.asarray(np.sign(found) * np.sqrt(np.abs(found)))


def _likeness(left: Array, right: Array) -> Array:
    """Return the Gaussian kernel of every pair of unit vectors."""
    return np.asarray(np.exp(2 * (left @ right.T - 1)))
