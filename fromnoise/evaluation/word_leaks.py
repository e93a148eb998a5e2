"""Texts of the test that stand in training: word for word, slightly changed, or inside a longer text.

Legend: N texts, S shingles (runs of words) of all texts in a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fromnoise.evaluation.word_pieces import Hashes, Whole, mix, plain, words

NEAR = 0.7
"""Least Jaccard similarity of two texts' 3-word shingles that makes one a version of the other."""
INSIDE = 0.5
"""Least share of a text's 8-word runs in one training text that makes it a part of that."""
LEAST_RUNS = 8
_BANDS, _ROWS = 16, 4


@dataclass(frozen=True)
class TextLeak:
    """A test text, and the training text that gives it away."""

    train: int
    test: int
    kind: Literal["exact", "near", "inside"]
    similarity: float


def text_leaks(train: Sequence[str], test: Sequence[str]) -> list[TextLeak]:
    """Return every test text that training knows, once, with its first or nearest training text."""
    found = {leak.test: leak for leak in _exact(train, test)}
    known, asked = words(train, test)
    near = _near(known.shingles(3), asked.shingles(3), len(train), len(test))
    inside = _inside(known.shingles(8), asked.shingles(8), len(train))
    for leak in (*near, *inside):
        found.setdefault(leak.test, leak)
    return [found[place] for place in sorted(found)]


def text_twins(texts: Sequence[str]) -> list[TextLeak]:
    """Return every text that is exactly or nearly one before it, once; `train` is that one, `test` itself."""
    first: dict[bytes, int] = {}
    found = {
        place: TextLeak(home, place, "exact", 1.0)
        for place, text in enumerate(texts)
        if (home := first.setdefault(_digest(text), place)) < place
    }
    (read,) = words(texts)
    shingles = read.shingles(3)
    for leak in _near(shingles, shingles, len(texts), len(texts), within=True):
        found.setdefault(leak.test, leak)
    return [found[place] for place in sorted(found)]


def _exact(train: Sequence[str], test: Sequence[str]) -> Iterator[TextLeak]:
    first: dict[bytes, int] = {}
    for place, text in enumerate(train):
        first.setdefault(_digest(text), place)
    for place, text in enumerate(test):
        if (home := first.get(_digest(text))) is not None:
            yield TextLeak(home, place, "exact", 1.0)


def _digest(text: str) -> bytes:
    return sha256(plain(text).encode()).digest()


def _near(
    train: tuple[Hashes, Whole],
    test: tuple[Hashes, Whole],
    trains: int,
    tests: int,
    within: bool = False,
) -> Iterator[TextLeak]:
    """Compare texts that share a band of MinHash values (Broder 1997), one training text a band.

    `within` one set, a text is compared with those before it.
    """
    known, asked = _bands(*train, trains), _bands(*test, tests)
    sets: list[dict[int, Hashes]] = [{}, {}]
    best: dict[int, TextLeak] = {}
    for band in range(_BANDS):
        first = {int(value): place for place, value in reversed(list(enumerate(known[:, band]))) if value}
        for place, value in enumerate(asked[:, band]):
            home = first.get(int(value)) if value else None
            if home is None or (within and home == place):
                continue
            left = sets[0].setdefault(home, _own(*train, home))
            right = sets[1].setdefault(place, _own(*test, place))
            both = len(np.intersect1d(left, right, assume_unique=True))
            similarity = both / (len(left) + len(right) - both)
            if similarity >= NEAR and (place not in best or similarity > best[place].similarity):
                best[place] = TextLeak(home, place, "near", similarity)
    yield from best.values()


def _bands(hashes: Hashes, owners: Whole, texts: int) -> Hashes:
    """Return one number for each text and band, (N, bands), 0 for a text without shingles."""
    filled, starts = np.unique(owners, return_index=True)
    bands = np.zeros((texts, _BANDS), np.uint64)
    if not len(filled):
        return bands
    for band in range(_BANDS):
        joined = np.zeros(len(filled), np.uint64)
        for row in range(_ROWS):
            salted = mix(hashes ^ mix(np.array([band * _ROWS + row]))[0])
            joined = mix(joined ^ np.minimum.reduceat(salted, starts))
        bands[filled, band] = joined | np.uint64(1)
    return bands


def _own(hashes: Hashes, owners: Whole, text: int) -> Hashes:
    start, end = np.searchsorted(owners, [text, text + 1])
    return np.unique(hashes[start:end])


def _inside(train: tuple[Hashes, Whole], test: tuple[Hashes, Whole], trains: int) -> Iterator[TextLeak]:
    known, first = np.unique(train[0], return_index=True)
    if not len(known) or not len(test[0]):
        return
    hashes, owners = test
    place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    hit = known[place] == hashes
    totals = np.bincount(owners)
    pairs, counts = np.unique(owners[hit] * trains + train[1][first[place[hit]]], return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        text, home = divmod(pair, trains)
        if totals[text] >= LEAST_RUNS and count / totals[text] >= INSIDE:
            yield TextLeak(home, text, "inside", count / int(totals[text]))


def leaked_mask(leaks: Sequence[TextLeak], tests: int) -> NDArray[np.bool_]:
    """Say of each test text whether it leaked, (N,)."""
    mask = np.zeros(tests, np.bool_)
    mask[[leak.test for leak in leaks]] = True
    return mask
