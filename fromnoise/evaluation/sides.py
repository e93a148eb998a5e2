"""The sets of a comparison: drawn by chance, of equal size, with a second set of real ones for the baseline.

Legend: N pictures on each side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fromnoise.errors import DataError
from fromnoise.evaluation.extractors import Extracted, Extractor, Glimpsed, extract, glimpse
from fromnoise.evaluation.sources import Source

Report = Callable[[float, float], None]
"""(done, of how much)."""


@dataclass(frozen=True)
class Side:
    """Some pictures, and what an extractor sees in them."""

    source: Source
    found: Extracted

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Drawn:
    """Which pictures are compared."""

    generated: Source
    real: Source
    other: Source
    """Real pictures in the generated ones' part: what they score is the baseline."""
    train: Source | None
    notes: tuple[str, ...] = ()
    other_is_train: bool = False
    rest: Source | None = None
    """Real pictures that were not drawn: only looked through for what leaked into the training set."""


@dataclass(frozen=True)
class Sides:
    """The same, seen by an extractor."""

    generated: Side
    real: Side
    other: Side
    train: Side | None
    other_is_train: bool = False
    """Whether the other real pictures were drawn from the training pictures, for want of more."""
    rest: tuple[Source, Glimpsed] | None = None


def draw(generated: Source, real: Source, train: Source | None, n: int | None, seed: int) -> Drawn:
    """Draw N generated pictures, N real ones and N other real ones, all by chance.

    The other ones are half of the real ones, or training pictures where the real ones are too few. Raise
    DataError where not even one picture a side is left.
    """
    if n is not None and n < 1:
        raise DataError(f"n must be at least 1, not {n}")
    chance = np.random.default_rng(seed)
    rows, order = chance.permutation(len(generated)), chance.permutation(len(real))
    wanted = min(len(generated), n or len(generated))
    halved = min(wanted, len(real) // 2)
    with_train = min(wanted, len(real), len(train)) if train is not None else 0
    if train is not None and with_train > halved:
        count, others = with_train, train.take(np.sort(chance.permutation(len(train))[:with_train]))
        notes = [f"{real.name} has too few pictures for two halves, so the baseline is training pictures."]
    else:
        count, others = halved, real.take(order[halved : 2 * halved])
        notes = []
    if not count:
        raise DataError(f"{real.name} holds one picture; it takes two or more to compare real with real")
    if count < wanted:
        why = f"{real.name} has {len(real)}, and real ones are compared with real ones too"
        notes.append(f"{count} pictures a side are compared, not {wanted}: {why}.")
    used = count if count > halved else 2 * count
    rest = real.take(order[used:]) if train is not None and used < len(real) else None
    made, seen = generated.take(rows[:count]), real.take(order[:count])
    return Drawn(made, seen, others, train, tuple(notes), count > halved, rest)


def look(drawn: Drawn, extractor: Extractor, report: Report) -> Sides:
    """Compute the features of all sets, in a stream."""
    sources = [source for source in (drawn.generated, drawn.real, drawn.other, drawn.train) if source]
    total, done = sum(map(len, sources)) + len(drawn.rest or ()), 0
    seen = []
    for source in sources:
        seen.append(Side(source, extract(source, extractor, _share(report, done, total))))
        done += len(source)
    generated, real, other, *train = seen
    rest = None if drawn.rest is None else (drawn.rest, glimpse(drawn.rest, _share(report, done, total)))
    return Sides(generated, real, other, train[0] if train else None, drawn.other_is_train, rest)


def _share(report: Report, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, of: report(before + done, total)
