"""What texts share with the training texts word for word, and how much of that real texts share too.

Spelling is compared as `plain` gives it: case, blanks and the form of quotes and dashes don't count.
Legend: N texts, T characters of all texts in a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fromnoise.evaluation.word_pieces import Hashes, Whole, found_in, mix, plain, words

RUN = 8
"""Words of a run, for containment."""
CHUNK = 4_000_000
"""Characters of training text that are looked through at a time, for the sake of memory."""
_FIRST = 12
_BASE = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Copied:
    """What each of N texts shares with the training texts."""

    sizes: Whole
    """Characters of each text, (N,)."""
    spans: Whole
    """Characters of its longest span that stands in them, exactly, (N,)."""
    quotes: tuple[str, ...]
    """That span; the first of equals."""
    runs: Whole
    """Runs of eight words in each text, (N,)."""
    found: Whole
    """How many of those stand in the training texts, (N,)."""

    def part(self, first: int, last: int) -> "Copied":
        """Return the texts from `first` up to `last`."""
        columns = (self.sizes, self.spans, self.quotes, self.runs, self.found)
        return Copied(*(column[first:last] for column in columns))  # type: ignore[arg-type]


def copied(texts: Sequence[str], train: Sequence[str]) -> Copied:
    """Find what each text shares with the training texts."""
    own = [plain(text) for text in texts]
    spans, starts = longest_spans(own, [plain(text) for text in train])
    quotes = tuple(text[start : start + span] for text, start, span in zip(own, starts, spans, strict=True))
    read, known = words(texts, train)
    runs, owners = read.shingles(RUN)
    hits = found_in(runs, known.shingles(RUN)[0])
    return Copied(
        np.array([len(text) for text in own]),
        spans,
        quotes,
        np.bincount(owners, minlength=len(texts)),
        np.bincount(owners[hits], minlength=len(texts)),
    )


def longest_spans(texts: Sequence[str], train: Sequence[str]) -> tuple[Whole, Whole]:
    """Return for each text how long its longest stretch is that stands in a training text, and its start.

    Exact up to collisions of 64-bit hashes. All texts are searched at once: the length is raised by half as
    long as anything is found, then bracketed by halves; only places still alive are looked at again.
    """
    sizes = np.array([len(text) for text in texts])
    origins = np.cumsum(sizes) - sizes
    spans, starts = np.zeros_like(sizes), origins.copy()
    rows = _Rows.of(texts)
    for part in _chunks(train):
        search = _Search(rows, _Rows.of(part), spans, starts)
        search.grow(0, int(sizes.max()) + 1, np.arange(rows.count), np.arange(search.train.count))
    return spans, starts - origins


@dataclass(frozen=True)
class _Rows:
    """Texts in a row, ready to give the hash of any stretch: a difference of sums, times a power."""

    sums: Hashes  # (T + 1,) of code * base^place
    shrink: Hashes  # (T,) base^-place, modulo 2^64
    ends: Whole  # (T,) where the text of each place ends
    owners: Whole  # (T,)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Rows":
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        sizes = np.array([len(text) for text in texts], np.int64)
        powers, shrink = (_powers(base, len(codes)) for base in (_BASE, pow(_BASE, -1, 2**64)))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mix(codes) * powers)])
        owners = np.repeat(np.arange(len(texts)), sizes)
        return cls(sums, shrink, np.cumsum(sizes)[owners], owners)

    @property
    def count(self) -> int:
        return len(self.shrink)

    def stretches(self, places: Whole, length: int) -> tuple[Whole, Hashes]:
        """Return those places from which `length` characters stand in one text, and their hashes."""
        places = places[places + length <= self.ends[places]]
        return places, (self.sums[places + length] - self.sums[places]) * self.shrink[places]


@dataclass(frozen=True)
class _Search:
    texts: _Rows
    train: _Rows
    spans: Whole
    starts: Whole  # in the row of all texts

    def grow(self, low: int, high: int, places: Whole, train: Whole) -> None:
        """Raise the spans of the texts that own `places`: `low` characters are found, `high` not."""
        if high - low < 2 or not len(places) or not len(train):
            return
        step = low // 2 or (1 if low else _FIRST)
        middle = min(low + step, (low + high) // 2)
        alive, train_alive = self._shared(middle, places, train)
        owners, first = np.unique(self.texts.owners[alive], return_index=True)
        longer = self.spans[owners] < middle
        self.spans[owners[longer]] = middle
        self.starts[owners[longer]] = alive[first[longer]]
        self.grow(middle, high, alive, train_alive)
        rest = places[~np.isin(self.texts.owners[places], owners)]
        if low:
            rest, train = self._shared(low, rest, train)
        self.grow(low, middle, rest, train)

    def _shared(self, length: int, places: Whole, train: Whole) -> tuple[Whole, Whole]:
        places, hashes = self.texts.stretches(places, length)
        train, train_hashes = self.train.stretches(train, length)
        kept = found_in(train_hashes, hashes)
        train, train_hashes = train[kept], train_hashes[kept]
        return places[found_in(hashes, train_hashes)], train


def _powers(base: int, count: int) -> Hashes:
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.cumprod(factors)


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= CHUNK:
            yield part
            part, size = [], 0
    if part:
        yield part
