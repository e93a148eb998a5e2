"""An n-gram model of bytes: the baseline that a trained model has to beat, and an honest stranger's ear.

Interpolated modified Kneser-Ney (Chen and Goodman 1999, equations 23 to 25), exact: at every place the
probabilities of all 256 bytes sum to 1. A text's end is coded too, as byte 255, which UTF-8 never uses.
Legend: T places of all texts in a row, K order (bytes of a gram). A gram is one number, last byte lowest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fromnoise.errors import DataError
from fromnoise.evaluation.figures import Array
from fromnoise.evaluation.word_pieces import Hashes, Whole

END = 255
"""Stands before and after every text."""
_BYTE = np.uint64(8)


@dataclass(frozen=True)
class _Table:
    """The grams of one length: what each keeps after its discount, and what each context hands down."""

    length: int
    grams: Hashes
    kept: Array  # (grams,) (count - discount) / count of its context
    contexts: Hashes
    handed: Array  # (contexts,) share of the context's mass that goes to shorter grams

    def mix(self, grams: Hashes, shorter: Array) -> Array:
        """Return P(last byte | the ones before) for each gram, from the shorter grams' probabilities."""
        place, known = _look_up(self.grams, grams)
        context, seen = _look_up(self.contexts, grams >> _BYTE)
        mixed = np.where(known, self.kept[place], 0) + self.handed[context] * shorter
        return np.where(seen, mixed, shorter)


@dataclass(frozen=True)
class ByteModel:
    """Predict each byte from the ones before; a `TextModel` whose likelihood is exact."""

    tables: tuple[_Table, ...]
    """Shortest first."""
    exact: ClassVar[bool] = True

    @property
    def order(self) -> int:
        """Return how many bytes a gram has."""
        return len(self.tables)

    def text_nats(
        self, texts: Sequence[str], seed: int = 0, styles: Sequence[str | None] | None = None
    ) -> Array:
        """Return -log P(text and its end), nats, (N,)."""
        stream, owners = _stream(texts, self.order)
        probability = np.full(len(owners), 1 / 256)
        for table in self.tables:
            probability = table.mix(_grams(stream, table.length, self.order), probability)
        return np.asarray(np.bincount(owners, -np.log(probability), len(texts)), np.float64)


def fit_bytes(texts: Sequence[str], order: int = 6) -> ByteModel:
    """Count the byte n-grams of `texts`, up to `order` bytes long (1 to 8)."""
    if not 1 <= order <= 8:
        raise DataError(f"the order of a byte model is 1 to 8, not {order}")
    if not texts:
        raise DataError("a byte model needs at least one text")
    stream, _ = _stream(texts, order)
    grams, counts = np.unique(_grams(stream, order, order), return_counts=True)
    tables = [_table(order, grams, counts)]
    for length in range(order - 1, 0, -1):
        # a shorter gram counts once for each different byte before it (equation 24)
        grams, counts = np.unique(grams & np.uint64(2 ** (8 * length) - 1), return_counts=True)
        tables.append(_table(length, grams, counts))
    return ByteModel(tuple(reversed(tables)))


def _table(length: int, grams: Hashes, counts: Whole) -> _Table:
    contexts, starts = np.unique(grams >> _BYTE, return_index=True)
    totals = np.add.reduceat(counts, starts)
    sizes = np.diff(np.append(starts, len(grams)))
    discounts = _discounts(counts)[np.minimum(counts, 3) - 1]
    kept = (counts - discounts) / np.repeat(totals, sizes)
    return _Table(length, grams, kept, contexts, np.add.reduceat(discounts, starts) / totals)


def _discounts(counts: Whole) -> Array:
    """Return what is taken off grams seen once, twice and more (equation 26); 1/2 where too few tell."""
    once, twice, thrice, often = (int((counts == times).sum()) for times in (1, 2, 3, 4))
    if not (once and twice and thrice):
        return np.array([0.5, 0.5, 0.5])
    share = once / (once + 2 * twice)
    raw = [1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, 3 - 4 * share * often / thrice]
    return np.clip(raw, 0.05, [0.95, 1.95, 2.95])


def _stream(texts: Sequence[str], order: int) -> tuple[NDArray[np.uint8], Whole]:
    """Return all bytes, `order` ends around each text; and each coded place's owner, (T,)."""
    pad = bytes([END]) * order
    encoded = [text.encode() for text in texts]
    stream = np.frombuffer(pad + b"".join(data + pad for data in encoded), np.uint8)
    owners = np.repeat(np.arange(len(encoded)), [len(data) + 1 for data in encoded])
    return stream, owners


def _grams(stream: NDArray[np.uint8], length: int, order: int) -> Hashes:
    """Return the gram of `length` bytes that ends at each coded place, (T,): all bytes and the first end."""
    last = np.arange(order, len(stream))
    coded = last[(stream[order:] != END) | (stream[order - 1 : -1] != END)]
    grams = np.zeros(len(coded), np.uint64)
    for back in range(length - 1, -1, -1):
        grams = (grams << _BYTE) | stream[coded - back].astype(np.uint64)
    return grams


def _look_up(keys: Hashes, wanted: Hashes) -> tuple[Whole, NDArray[np.bool_]]:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted
