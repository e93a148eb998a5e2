"""Whether pictures show what was asked for, beside how often real pictures of it are recognised."""

from dataclasses import dataclass

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.alignment import Ranks, Retrieval, StyleClassifier
from fromnoise.evaluation.extractors import Floats
from fromnoise.evaluation.picture_metrics import Metrics, entry
from fromnoise.evaluation.sides import Side, Sides

MOST_TAUGHT = 2500  # real pictures that the classifier of styles learns from; its cost grows as their cube
FEWEST = 10  # pictures with a known concept, or style


def prompt_metrics(sides: Sides, seed: int, notes: list[str]) -> Metrics:
    """Rank each picture's concept among those of the real pictures, and name its style.

    Both need concepts and styles on all sides, and nothing is said where they aren't known.
    """
    real = Labelled.of(*(side for side in (sides.train, sides.real, sides.other) if side is not None))
    made, other = Labelled.of(sides.generated), Labelled.of(sides.other)
    if min(len(real.concepts), len(made.concepts), len(other.concepts)) < FEWEST:
        return {}
    try:
        return {**_concepts(real, made, other), **_styles(real, made, other, seed)}
    except DataError as error:
        notes.append(f"Whether pictures show what was asked for was left out: {error}.")
        return {}


@dataclass(frozen=True)
class Labelled:
    """Pictures whose concept and style are known."""

    features: Floats
    concepts: list[str]
    styles: list[str]

    @classmethod
    def of(cls, *sides: Side) -> "Labelled":
        """Gather what is known of some sides; a caption stands in for a concept."""
        rows = [
            (features, concept, style)
            for side in sides
            for features, concept, style in zip(side.found.features, *_labels(side), strict=True)
            if concept and style
        ]
        width = sides[0].found.features.shape[1]
        features = np.stack([row[0] for row in rows]) if rows else np.zeros((0, width), np.float32)
        return cls(features, [row[1] for row in rows], [row[2] for row in rows])


def _labels(side: Side) -> tuple[list[str | None], list[str | None]]:
    nothing: list[str | None] = [None] * len(side)
    concepts = side.source.concepts or side.source.captions
    return list(concepts or nothing), list(side.source.styles or nothing)


def _concepts(real: Labelled, made: Labelled, other: Labelled) -> Metrics:
    retrieval = Retrieval.of_real(real.features, real.concepts, real.styles)
    own, theirs = (retrieval.all_ranks(side.features, side.concepts, side.styles) for side in (made, other))
    metrics: Metrics = {}
    for best in (1, 5):
        found = own.within(best)
        if found is not None:
            metrics[f"concept_rank_{best}"] = entry(found, theirs.within(best), _among(own))
    return metrics


def _among(ranks: Ranks) -> str:
    return f"among {ranks.concepts:,} concepts, each in the styles other than the one asked for"


def _styles(real: Labelled, made: Labelled, other: Labelled, seed: int) -> Metrics:
    order = np.random.default_rng(seed).permutation(len(real.concepts))[:MOST_TAUGHT]
    taught = real.features[order], [real.concepts[row] for row in order], [real.styles[row] for row in order]
    classifier = StyleClassifier.of_real(*taught)
    own, theirs = (classifier.recognised(side.features, side.concepts, side.styles) for side in (made, other))
    if own is None:
        return {}
    told = f"by a classifier that is right about {classifier.accuracy.value:.1%} of real pictures"
    return {"style_accuracy": entry(own, theirs, told)}
