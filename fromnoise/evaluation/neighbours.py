"""Nearest training samples.

Legend: N queries, M training samples, D features, K neighbours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fromnoise.evaluation.figures import Array

Floats = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]

BLOCK = 2**24  # distances at a time: 64 MiB
SURE = 3  # of the K: float32 products lose small distances, so those of the first few are taken anew
SMALLEST = 1e-6
"""Distance told apart from none."""


@dataclass(frozen=True)
class Near:
    """What is nearest to each of N samples."""

    rows: Indices
    """(N, K): which training samples, the nearest first."""
    distances: Array
    """(N, K): how far they are, where the training samples lie 1 from their mean (root mean square)."""


def near(queries: Floats, train: Floats, count: int, own: Indices | None = None) -> Near:
    """Return up to `count` nearest training samples (M, D) of each query (N, D).

    `own` (N,) says which training sample each query is, and must not be matched with.
    """
    centre = train.mean(0, dtype=np.float64)
    spread = float(np.sqrt(np.square(train - centre).sum(1).mean())) or 1.0
    points, known = (((part - centre) / spread).astype(np.float32) for part in (queries, train))
    count = min(count, len(train) - (own is not None))
    found = []
    step = max(1, BLOCK // len(train))
    for start in range(0, max(len(points), 1), step):  # no query gives empty results
        squares = _squares(torch.from_numpy(points[start : start + step]), torch.from_numpy(known))
        if own is not None:
            squares[torch.arange(len(squares)), torch.from_numpy(own[start : start + step])] = torch.inf
        found.append(squares.topk(count, largest=False))
    rows = np.concatenate([part.indices.numpy() for part in found])
    distances = np.sqrt(np.concatenate([part.values.double().numpy() for part in found]))
    for place in range(min(SURE, count)):
        gaps = queries - train[rows[:, place]].astype(np.float64)
        distances[:, place] = np.linalg.norm(gaps, axis=1) / spread
    order = np.argsort(distances, axis=1, kind="stable")
    sorted_rows, sorted_distances = (np.take_along_axis(part, order, 1) for part in (rows, distances))
    return Near(sorted_rows, np.maximum(sorted_distances, SMALLEST))


def _squares(points: Tensor, train: Tensor) -> Tensor:
    """Return squared distances (N, M)."""
    squares = points.square().sum(1)[:, None] + train.square().sum(1) - 2 * points @ train.T
    return squares.clamp(min=0)
