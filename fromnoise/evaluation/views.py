"""Ways of looking for copies: as features, as soft pictures, as their mirror images.

Each gives every sample one number that is low for copies; unseen real samples say how low honest ones come.

Legend: N generated, M training, H held-out samples, D features, S numbers a sample.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.look_alikes import as_planes, layout_of, points_of, soften, worst_spots
from fromnoise.evaluation.neighbours import Indices, near
from fromnoise.evaluation.tails import Tail

FEWEST_HELD_OUT = 200
"""With fewer, which can't tell rare cases, training samples are held out one at a time as well."""
NEIGHBOURS = 50
"""The nearest one and those that it is compared with (Carlini et al. 2023)."""
CANDIDATES = 3
"""Training pictures that are compared spot by spot."""
LEAST_SPOT = 0.5 / 255
FEATURES, UPRIGHT, MIRRORED = 0.002, 0.003, 0.0005
"""Shares of honest samples that may come near what each view accuses."""
MARGIN = math.log(0.75)
"""What is accused is nearer than those by a quarter: where honest samples end is not exactly known."""

Samples = TypeVar("Samples", Array, Tensor)


@dataclass(frozen=True)
class Matches:
    """What some samples are most like in the training set."""

    rows: Indices
    """(N,): which training samples."""
    logs: Array
    """(S, N): logarithms of one or more numbers that are low for copies."""


@dataclass(frozen=True)
class View:
    """One way of looking."""

    false_alarms: float
    """Share of honest samples that it may accuse."""
    generated: Matches
    held_out: Matches
    left_out: Matches | None
    """Training samples among all others; None where enough is held out."""

    @classmethod
    def of(
        cls,
        false_alarms: float,
        match: Callable[[Samples, Indices | None], Matches],
        generated: Samples,
        held_out: Samples,
        train: Samples,
    ) -> "View":
        """Match all samples; the second argument of `match` says which training sample each one is."""
        few = len(held_out) < FEWEST_HELD_OUT
        left_out = match(train, np.arange(len(train))) if few else None
        return cls(false_alarms, match(generated, None), match(held_out, None), left_out)

    def shares(self, honest: NDArray[np.bool_]) -> Array:
        """Return about which share of honest samples look as like copies as each generated one does, (N,).

        `honest` says which of the held-out and left-out samples count.
        """
        parts = [self.held_out.logs] + ([self.left_out.logs] if self.left_out else [])
        unseen = np.concatenate(parts, axis=1)[:, honest]
        rows = zip(unseen, self.generated.logs, strict=True)
        each = [Tail.of(known).share_below(asked - MARGIN) for known, asked in rows]
        shares: Array = (len(each) * np.min(each, axis=0)).clip(max=1)
        return shares


def views_of_features(generated: Array, train: Array, held_out: Array) -> list[View]:
    """Look at features as they are and, should they be flattened pictures, at those as well."""

    def match(samples: Array, own: Indices | None) -> Matches:
        found = near(samples, train, NEIGHBOURS, own)
        first, others = found.distances[:, 0], found.distances[:, 1:]
        return Matches(found.rows[:, 0], np.log(np.stack([first / others[:, 0], first / others.mean(1)])))

    views = [View.of(FEATURES, match, generated, held_out, train)]
    if layout := layout_of(train):
        low, high = float(train.min()), float(train.max())
        soft = (soften(as_planes(part - low, layout), high - low) for part in (generated, train, held_out))
        views += views_of_pictures(*soft)
    return views


def views_of_pictures(generated: Tensor, train: Tensor, held_out: Tensor) -> list[View]:
    """Look at soft pictures (N, C, S, S), and at their mirror images."""
    points = points_of(train)

    def match(samples: Tensor, own: Indices | None) -> Matches:
        rows = near(points_of(samples), points, CANDIDATES, own).rows
        worst = np.stack([worst_spots(samples, train[column]) for column in rows.T], axis=1)
        best = rows[np.arange(len(rows)), worst.argmin(1)]
        return Matches(best, np.log(np.maximum(worst.min(1), LEAST_SPOT))[None])

    mirrored = (part.flip(3) for part in (generated, held_out, train))
    return [
        View.of(UPRIGHT, match, generated, held_out, train),
        View.of(MIRRORED, match, *mirrored),
    ]
