"""Does the training set hold what the model is tested on, exactly or nearly?

A test sample that leaked is like a copy of a training sample (`memorization`); training samples held out one
at a time say how near honest ones come. One false alarm would make a whole test invalid, so the limit is
stricter: it is to accuse less than the DOUBT of all honest test sets.

Legend: M training samples, T test samples, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from fromnoise.evaluation.figures import Array, as_samples
from fromnoise.evaluation.look_alikes import Pictures
from fromnoise.evaluation.memorization import ROUNDING, Memorization, memorization, memorization_of_pictures

DOUBT = 1e-4
"""In features, where near twins stand out by many orders of magnitude."""
DOUBT_OF_PICTURES = 0.05
"""In blurred pictures, where a shift or JPEG leaves less."""
FEWEST = 20
"""With fewer training samples only exact twins are looked for."""


@dataclass(frozen=True)
class Leakage(Sequence[tuple[int, int]]):
    """Pairs (training sample, test sample) that are the same, exactly or nearly; each test sample once."""

    pairs: tuple[tuple[int, int], ...]
    exact: tuple[bool, ...]
    """Which of the pairs are equal."""

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[int, int], ...]: ...
    def __getitem__(self, place: int | slice) -> tuple[int, int] | tuple[tuple[int, int], ...]:
        return self.pairs[place]


def leakage(train: Any, test: Any) -> Leakage:
    """Find the test samples that stand in the training set, by features (M, D) and (T, D) of any kind.

    Where the features are flattened pictures, those moved by a pixel are found as well.
    """
    known, asked = as_samples(train, "train", 1), as_samples(test, "test", 1)
    if len(known) < FEWEST:
        return _exact(known, asked)
    return _accused(memorization(asked, known), {}, DOUBT)


def picture_leakage(
    train: Pictures, test: Pictures, train_names: Sequence[str] = (), test_names: Sequence[str] = ()
) -> Leakage:
    """Find test pictures among training pictures, also moved a little, mirrored or stored anew.

    Pictures are uint8 (M, S, S, 3), any S. Names, such as a file's SHA-256, say what is equal in full size.
    """
    places = {name: place for place, name in reversed(list(enumerate(train_names)))}
    equal = {place: places[name] for place, name in enumerate(test_names) if name in places}
    if len(train) < FEWEST:
        return Leakage(tuple((other, place) for place, other in equal.items()), (True,) * len(equal))
    return _accused(memorization_of_pictures(test, train), equal, DOUBT_OF_PICTURES)


def _accused(found: Memorization, equal: dict[int, int], doubt: float) -> Leakage:
    """Keep whom the stricter limit flags, and what is `equal`: test sample -> training sample."""
    limit = min(found.threshold, doubt / len(found.scores))
    near = set(np.flatnonzero(found.scores < limit).tolist()) | set(found.exact.tolist()) | equal.keys()
    same = equal.keys() if equal else set(found.exact.tolist())
    rows = sorted(near)
    return Leakage(
        tuple((equal.get(row, int(found.nearest[row])), row) for row in rows),
        tuple(row in same for row in rows),
    )


def _exact(train: Array, test: Array) -> Leakage:
    gaps = np.linalg.norm(train[:, None] - test, axis=2)  # (M, T)
    nearest = gaps.argmin(0)
    equal = gaps.min(0) <= ROUNDING * np.linalg.norm(test, axis=1)
    rows = np.flatnonzero(equal).tolist()
    return Leakage(tuple((int(nearest[row]), row) for row in rows), (True,) * len(rows))
