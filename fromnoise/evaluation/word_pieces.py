"""Texts as words, shingles and plain spelling: what counting and comparing start from.

Legend: T words of all texts in a row, N texts.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Whole = NDArray[np.int64]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]")
_PLAIN = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--", "\u00ad\u200b")
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2^64


@dataclass(frozen=True)
class Words:
    """The words and punctuation marks of all texts in a row, as numbers of one vocabulary."""

    ids: Whole  # (T,)
    owners: Whole  # (T,) the text that each word belongs to, rising
    texts: int

    def counts(self) -> Whole:
        """Return how many words each text has, (N,)."""
        return np.bincount(self.owners, minlength=self.texts)

    def first(self, count: int) -> "Words":
        """Return the first `count` words and the texts they belong to."""
        owners = self.owners[:count]
        return Words(self.ids[:count], owners, int(owners[-1]) + 1 if len(owners) else 0)

    def shingles(self, length: int) -> tuple[Hashes, Whole]:
        """Return the hash of each run of `length` words inside one text, and its owner."""
        count = max(len(self.ids) - length + 1, 0)
        hashes, mixed = np.zeros(count, np.uint64), mix(self.ids)
        for step in range(length):
            hashes = hashes * _BASE + mixed[step : step + count]
        inside = self.owners[:count] == self.owners[length - 1 :][:count]
        return hashes[inside], self.owners[:count][inside]


def words(*sets: Sequence[str]) -> list[Words]:
    """Read several sets of texts over one vocabulary; case and the form of quotes and dashes don't count."""
    vocabulary: dict[str, int] = {}
    read = []
    for texts in sets:
        ids: list[int] = []
        owners: list[Whole] = []
        for owner, text in enumerate(texts):
            found = _WORD.findall(plain(text))
            ids.extend(vocabulary.setdefault(word, len(vocabulary)) for word in found)
            owners.append(np.full(len(found), owner, np.int64))
        read.append(
            Words(np.array(ids, np.int64), np.concatenate([np.empty(0, np.int64), *owners]), len(texts))
        )
    return read


def plain(text: str) -> str:
    """Return a text as copying is judged: lower case, plain quotes and dashes, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold().split())


def mix(numbers: NDArray[np.integer]) -> Hashes:
    """Scatter whole numbers over 64 bits (SplitMix64's finaliser: Steele, Lea and Flood 2014)."""
    x = numbers.astype(np.uint64) + _BASE
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def found_in(queries: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Say of each query whether it is among the known hashes.

    A bit table over the top 22 bits rejects most queries before any search.
    """
    table = np.zeros(2**22, np.bool_)
    table[known >> np.uint64(42)] = True
    maybe = np.flatnonzero(table[queries >> np.uint64(42)])
    hits = np.zeros(len(queries), np.bool_)
    if len(maybe):
        keys = np.sort(known)
        asked = queries[maybe]
        hits[maybe] = keys[np.minimum(np.searchsorted(keys, asked), len(keys) - 1)] == asked
    return hits
