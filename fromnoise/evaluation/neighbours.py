"""Nearest training samples, in the space where the training set varies.

Legend: N queries, M training samples, D features, d of them kept, T tangents, K neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fromnoise.evaluation.figures import Array

Floats = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]

NEIGHBOURS = 50
"""K: the nearest one and those that it is compared with (Carlini et al. 2023)."""
KEPT = 0.95
"""Share of the training set's variance that is looked at: noise lies mostly in the rest."""
FEWEST_AXES = 32
MOST_ROWS = 2048  # training samples that the axes are measured on
BLOCK = 2**24  # distances at a time: 64 MiB
SLACK = 0.05
"""How dear a move along a tangent is, as a share of what it changes."""
SMALLEST = 1e-6  # distance told apart from none, relative to the spread of the training set
LEAST_SPOT = 0.5 / 255


@dataclass(frozen=True)
class Near:
    """What is nearest to each of N samples."""

    nearest: Indices
    """(N,): which training sample."""
    distance: Array
    """(N,): how far it is."""
    beyond: Array
    """(N,): how far the next ones are, on average; the distance itself where there are none."""

    worst: Array | None = None
    """(N,): for pictures, the greatest difference in one spot, 0 to 1."""

    def statistics(self) -> Array:
        """Return logarithms (S, N): of the worst spot, or of the distance and its ratio to what is beyond."""
        if self.worst is not None:
            return np.log(np.maximum(self.worst, LEAST_SPOT))[None]
        return np.stack([np.log(self.distance), np.log(self.distance / self.beyond)])


@dataclass(frozen=True)
class Space:
    """The training set on the principal axes of all that is compared."""

    centre: Array  # (D,)
    axes: Tensor  # (D, d) float32
    train: Tensor  # (M, d) float32

    @classmethod
    def of(cls, train: Floats, beside: Sequence[Floats] = ()) -> "Space":
        """Lay the axes through the training set (M, D).

        Where M is less than D, also through what is `beside` it: axes of the training set alone would hide
        how far others lie off them.
        """
        centre = train.mean(0, dtype=np.float64)
        every = np.concatenate([train, *beside]) if len(train) < train.shape[1] else train
        rows = every[np.linspace(0, len(every) - 1, min(len(every), MOST_ROWS)).astype(int)] - centre
        if len(rows) < rows.shape[1]:  # the smaller of the two products; both have the same axes
            variances, left = np.linalg.eigh(rows @ rows.T)
            axes = rows.T @ left / np.sqrt(np.maximum(variances, 1e-300))
        else:
            variances, axes = np.linalg.eigh(rows.T @ rows)
        variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1]
        real = int((variances > 1e-12 * variances[0]).sum())
        enough = 1 + int(np.searchsorted(np.cumsum(variances), KEPT * variances.sum()))
        kept = torch.from_numpy(axes[:, : max(1, min(real, max(enough, FEWEST_AXES)))].astype(np.float32))
        return cls(centre, kept, _float32(train - centre) @ kept)

    def near(self, queries: Floats, tangents: Floats | None = None, own: Indices | None = None) -> Near:
        """Return the nearest training samples of queries (N, D).

        `tangents` (N, T, D) say where a query may move at little cost (Simard et al. 1993, one-sided).
        `own` (N,) says which training sample each query is, and must not be matched with.
        """
        points = _float32(queries - self.centre) @ self.axes  # (N, d)
        ways = None if tangents is None else _float32(tangents) @ self.axes  # (N, T, d)
        count = min(NEIGHBOURS, len(self.train) - (own is not None))
        step = max(1, BLOCK // len(self.train))
        found = []
        for start in range(0, max(len(points), 1), step):  # no query gives empty results
            rows = slice(start, start + step)
            squares = self._squares(points[rows], None if ways is None else ways[rows])
            if own is not None:
                squares[torch.arange(len(squares)), torch.from_numpy(own[rows])] = torch.inf
            found.append(squares.topk(count, largest=False))
        distances = np.sqrt(np.concatenate([part.values.double().numpy() for part in found]))  # (N, K)
        nearest = np.concatenate([part.indices[:, 0].numpy() for part in found])
        least = SMALLEST * float(self.train.square().sum(1).mean().sqrt()) + 1e-30
        # float32 products lose small distances: take the nearest one's anew
        exact = (points - self.train[nearest]).double().norm(dim=1).numpy()
        first = exact if ways is None else distances[:, 0]
        beyond = distances[:, 1:].mean(1) if count > 1 else first
        return Near(nearest, np.maximum(first, least), np.maximum(beyond, least))

    def _squares(self, points: Tensor, ways: Tensor | None) -> Tensor:
        """Return squared distances (n, M) to the training set, after the best move along the tangents."""
        products = points @ self.train.T
        squares = points.square().sum(1)[:, None] + self.train.square().sum(1) - 2 * products
        if ways is not None:
            gram = ways @ ways.mT  # (n, T, T)
            gram = gram + torch.diag_embed(SLACK * gram.diagonal(dim1=1, dim2=2) + 1e-9)
            along = (ways * points[:, None]).sum(2)[:, :, None] - ways @ self.train.T  # (n, T, M)
            squares = squares - (along * torch.linalg.solve(gram, along)).sum(1)
        return squares.clamp(min=0)


def _float32(values: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
