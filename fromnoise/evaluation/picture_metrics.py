"""All figures of a comparison of pictures, each beside its baseline."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.coverage import neighbourhoods
from fromnoise.evaluation.figures import Figure
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.inception import inception_score
from fromnoise.evaluation.sides import Side, Sides
from fromnoise.evaluation.variety import vendi_score

Entry = dict[str, Any]
Metrics = dict[str, Entry]


def set_metrics(sides: Sides, k: int, seed: int, notes: list[str]) -> Metrics:
    """Measure how the generated set lies to the real one; what can't be measured is noted and left out."""
    metrics: Metrics = {}

    def measured(names: str, measure: Callable[[Side], dict[str, Figure]]) -> None:
        try:
            made, real = measure(sides.generated), measure(sides.other)
        except DataError as error:
            notes.append(f"{names} left out: {error}.")
            return
        metrics.update({name: entry(figure, real[name]) for name, figure in made.items()})

    def against(side: Side) -> tuple[Any, Any]:
        return side.found.features, sides.real.found.features

    measured(
        "The Frechet distance is",
        lambda side: {"frechet_distance": _at_this_n(frechet_distance(*against(side), seed=seed))},
    )
    measured(
        "The kernel distance is", lambda side: {"kernel_distance": kernel_distance(*against(side), seed=seed)}
    )
    measured("Precision, recall, density and coverage are", lambda side: _neighbours(*against(side), k, seed))
    measured(
        "The Vendi score is",
        lambda side: {"vendi_score": _at_this_n(vendi_score(side.found.features, seed), True)},
    )
    if sides.generated.found.probabilities is None:
        notes.append("The Inception Score needs an extractor with a classifier, such as efficientnet-lite0.")
    else:
        measured("The Inception Score is", _inception_score)
    return metrics


def entry(figure: Figure, baseline: Figure | None = None, note: str | None = None) -> Entry:
    """Return a figure as a report holds it."""
    found: Entry = {"value": figure.value}
    if figure.interval is not None:
        found |= {"low": figure.interval[0], "high": figure.interval[1]}
    if baseline is not None:
        found["baseline"] = baseline.value
    return found | ({"note": note} if note else {})


def _neighbours(generated: Any, real: Any, k: int, seed: int) -> dict[str, Figure]:
    found = neighbourhoods(generated, real, k, seed)
    names = ("precision", "recall", "density", "coverage")
    return {name: getattr(found, name) for name in names}


def _inception_score(side: Side) -> dict[str, Figure]:
    return {"inception_score": _at_this_n(inception_score(side.found.probabilities), ratio=True)}


def _at_this_n(figure: Figure, ratio: bool = False) -> Figure:
    """Put an interval about the value itself, which leans to one side at finite N.

    The figures' own intervals are for N without end. Here value and baseline lean alike, so they are compared
    as they are; a `ratio` is as many times as large at one end as the other is small.
    """
    if figure.interval is None:
        return figure
    low, high = figure.interval
    if ratio:
        reach = sqrt(high / low) if low > 0 else 1.0
        return Figure(figure.value, (max(figure.value / reach, 1.0), figure.value * reach))
    reach = (high - low) / (2 if low > 0 else 1)  # cut off at 0, only the upper half is sure to be there
    return Figure(figure.value, (max(figure.value - reach, 0.0), figure.value + reach))


def map_of_looks(sides: Sides) -> tuple[list[tuple[float, float]], list[tuple[float, float]]] | None:
    """Place generated and real pictures on the two directions in which real ones differ most, 0 to 1."""
    made, real = sides.generated.found.features, sides.real.found.features
    if len(real) < 3:
        return None
    middle = real.mean(0, dtype=np.float64)
    axes = np.linalg.svd(real - middle, full_matrices=False)[2][:2]
    points = [(side - middle) @ axes.T for side in (made, real)]
    low, high = (np.quantile(np.concatenate(points), at, axis=0) for at in (0.005, 0.995))
    made_at, real_at = (((side - low) / np.maximum(high - low, 1e-9)).clip(0, 1) for side in points)
    return ([(float(x), float(y)) for x, y in made_at], [(float(x), float(y)) for x, y in real_at])
