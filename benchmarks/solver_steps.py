"""How few calls of the network will do? Each solver against its 200-call result and against real pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.asks import Ask, asks_of, generated, loaded_model
from benchmarks.judge import Bytes, Floats, cosine_distance, features
from benchmarks.real_pictures import STYLES, RealPictures
from benchmarks.report import Cell, run, save_result, table
from fromnoise.diffusion.solvers import SOLVERS
from fromnoise.evaluation.extractors import extract, open_extractor
from fromnoise.evaluation.frechet import frechet_distance, kernel_distance
from fromnoise.evaluation.sources import source_of

CALLS = (5, 8, 10, 20, 50, 100)
FINEST = 200
OWN = "fromnoise"
FIGURES = ("pixel RMSE", "feature distance", "FD-fromnoise", "FD / at 100", "KD x 1000")
HEAD = ("solver", "calls", *FIGURES)


@dataclass(frozen=True)
class Known:
    """Hold the features of real pictures, EfficientNet's and our own."""

    features: Floats  # (N, 1280)
    own: Floats  # (N, 64)


def main(
    model: str = "emoji-diffusion",
    *,
    solvers: tuple[str, ...] = tuple(SOLVERS),
    calls: tuple[int, ...] = CALLS,
    grid: str | None = None,
    count: int = 20,
    seed: int = 0,
    device: str | None = None,
    name: str = "solver-steps",
) -> None:
    """Print distances to the 200-call result (same seeds) and to real pictures, by solver and calls.

    The Frechet distance is in the 64 features of fromnoise-features, in which some hundred pictures give a
    covariance of full rank; kernel distance and distance to the 200-call result are in EfficientNet's.

    Parameters
    ----------
    model
        A shipped model's name or a model folder.
    grid
        Time grid; None is the model's own.
    count
        Prompts a style, from the seen pairs: the sample is five times as large.
    """
    loaded = loaded_model(model, device)
    real = RealPictures.open().where(styles=STYLES)
    asks = asks_of(real.judged(), "train", count, seed)
    known = Known(real.features, _own_features(real.pictures))
    measured: list[dict[str, Any]] = []
    for solver in solvers:
        measured += _measure(partial(_drawn, loaded, asks, grid), solver, calls, known)
        save_result(
            name, {"model": model, "grid": grid, "n": len(asks), "n_real": len(real.items), "rows": measured}
        )
    print(f"n = {len(asks)} against {len(real.items)} real pictures;\n")
    print(table(HEAD, [_row(row, measured) for row in measured]))


def _measure(
    draw: Callable[[str, int], Bytes], solver: str, calls: Sequence[int], real: Known
) -> list[dict[str, Any]]:
    """Measure one solver at every number of calls, on the same prompts and seeds."""
    finest = draw(solver, FINEST)
    finest_features = features(finest)
    centre = real.features.mean(0)
    rows = []
    for budget in calls:
        pictures = draw(solver, budget)
        found = features(pictures)
        row: dict[str, Any] = {"solver": solver, "calls": budget}
        row["pixel_rmse"] = _rmse(pictures, finest)
        row["feature_distance"] = float(cosine_distance(found, finest_features, centre).diagonal().mean())
        row["fd"] = frechet_distance(_own_features(pictures), real.own).value
        row["kd"] = kernel_distance(found, real.features).value
        rows.append(row)
    return rows


def _own_features(pictures: Bytes) -> Floats:
    return extract(source_of(pictures), open_extractor(OWN)).features


def _drawn(model: Any, asks: Sequence[Ask], grid: str | None, solver: str, calls: int) -> Bytes:
    """Spend the same number of network calls whatever a solver takes for one step."""
    return generated(asks, model, max(1, calls // SOLVERS[solver].calls), solver, grid)


def _rmse(left: Bytes, right: Bytes) -> float:
    squares = ((left.astype(np.float32) - right) / 255) ** 2
    return float(np.sqrt(squares.mean((1, 2, 3))).mean())


def _row(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> list[Cell]:
    same = [other for other in rows if other["solver"] == row["solver"]]
    many = max(same, key=lambda other: int(other["calls"]))
    fd = [row["fd"], row["fd"] / many["fd"]]
    return [row["solver"], row["calls"], row["pixel_rmse"], row["feature_distance"], *fd, 1000 * row["kd"]]


if __name__ == "__main__":
    run(main)
