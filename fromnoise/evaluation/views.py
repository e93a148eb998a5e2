"""Ways of looking for copies: as features, as blurred pictures, as their mirror images.

Legend: N generated, M training, H held-out samples, D features, S statistics of a view.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.look_alikes import Pictures, Seen, as_planes, layout_of, worst_spots
from fromnoise.evaluation.neighbours import Floats, Indices, Near, Space
from fromnoise.evaluation.tails import Tail

FEWEST_HELD_OUT = 100
"""With fewer, training samples are held out one at a time as well."""
ODDS = {"features": 1.0, "blurred": 3.0, "mirrored": 1.0}
"""View -> its part of the false alarms; real pictures are each other's mirror images often enough."""


@dataclass(frozen=True)
class View:
    """What is nearest in the training set, in one way of looking: to the generated and to unseen samples."""

    odds: float
    train: Floats
    """(M, D)"""
    space: Space
    generated: Near
    held_out: Near
    left_out: Near | None
    """Training samples among all others; None where enough is held out."""

    @classmethod
    def of(cls, kind: str, train: Floats, generated: Seen, held_out: Seen, left_out: Seen) -> "View":
        """Search the training set; the other sets, and it too, may be seen in another way, as mirrored."""
        space = Space.of(train, (generated.points, held_out.points))

        def near(seen: Seen, own: Indices | None = None) -> Near:
            found = space.near(seen.points, seen.tangents, own)
            is_picture = seen.tangents is not None
            return replace(found, worst=worst_spots(seen, train[found.nearest])) if is_picture else found

        few = len(held_out.points) < FEWEST_HELD_OUT
        others = near(left_out, np.arange(len(train))) if few else None
        return cls(ODDS[kind], train, space, near(generated), near(held_out), others)

    def scores(self, honest: NDArray[np.bool_]) -> tuple[Array, float]:
        """Return about which share of honest samples come as near as each generated one, (N,), and the limit.

        `honest` says which of the unseen samples count, held-out and left-out ones.
        """
        parts = [self.held_out.statistics()] + ([self.left_out.statistics()] if self.left_out else [])
        unseen = np.concatenate(parts, axis=1)[:, honest]  # (S, honest)
        tails = [Tail.of(row) for row in unseen]
        found, known = (
            np.max([tail.surprise(row) for tail, row in zip(tails, rows, strict=True)], axis=0)
            for rows in (self.generated.statistics(), unseen)
        )
        both = Tail.of(-known)  # the greatest of several surprises is less surprising
        return np.exp(-both.surprise(-found).clip(min=0)), float(np.exp(-both.limit))


def views_of_features(generated: Array, train: Array, held_out: Array) -> list[View]:
    """Look at features as they are and, should they be flattened pictures, at those as well."""
    sets = generated, train, held_out
    made, known, unseen = (Seen(points) for points in sets)
    views = [View.of("features", train, made, unseen, known)]
    if layout := layout_of(train):
        low, high = float(train.min()), float(train.max())
        planes = (as_planes((points - low) / (high - low), layout) for points in sets)
        made, known, unseen = (Seen.of_planes(part) for part in planes)
        views.append(View.of("blurred", known.points, made, unseen, known))
    return views


def views_of_pictures(generated: Pictures, train: Pictures, held_out: Pictures) -> list[View]:
    """Look at uint8 pictures (N, S, S, 3), blurred, and at their mirror images."""
    made, known, unseen = (Seen.of_pictures(pictures) for pictures in (generated, train, held_out))
    turned = (Seen.of_pictures(pictures, mirrored=True) for pictures in (generated, held_out, train))
    return [
        View.of("blurred", known.points, made, unseen, known),
        View.of("mirrored", known.points, *turned),
    ]
