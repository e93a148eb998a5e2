"""Rows of tokens for training on words: documents packed whole, side by side, none seeing another.

Legend: N rows, B rows of a batch, L tokens a row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fromnoise.data.texts import Document
from fromnoise.errors import DataError

IGNORED = -1
"""Target of a place where nothing is to be learned."""
MOST_VALIDATION = 256  # rows


@dataclass(frozen=True)
class TextBatch:
    """Rows of tokens and what follows each of them, all (B, L)."""

    ids: Tensor
    targets: Tensor
    """IGNORED where nothing is to be learned."""
    documents: Tensor
    """Number of the document within its row."""
    positions: Tensor
    """Place within the piece of that document."""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Sequence[int] | slice) -> "TextBatch":
        """Return some of the rows."""
        return TextBatch(self.ids[rows], self.targets[rows], self.documents[rows], self.positions[rows])


@dataclass(frozen=True)
class Tokenised:
    """A document in tokens: what begins every piece of it, and its text with the end token."""

    prefix: list[int]
    ids: list[int]
    weight: float = 1.0


class TextFeed:
    """Batches of packed documents, a function of the step alone.

    Every epoch takes the documents in another order, so that no text is thrown away and the cuts between
    rows fall elsewhere.
    """

    def __init__(
        self, train: Sequence[Tokenised], validation: Sequence[Tokenised], length: int, seed: int
    ) -> None:
        if not train:
            raise DataError("there is not one text to train on")
        self._train, self._length, self._seed = train, length, seed
        self._validation = packed(validation, length)[:MOST_VALIDATION] if validation else None
        self._epochs: dict[int, TextBatch] = {}
        self._rows = len(self._epoch(0))

    def batch(self, step: int, size: int) -> TextBatch:
        """Return the batch of a step: the next rows of its epoch's order."""
        per_epoch = max(1, self._rows // size)
        rows = self._epoch(step // per_epoch)
        first = step % per_epoch * size
        return rows[[(first + place) % len(rows) for place in range(size)]]

    def validation(self, size: int) -> Sequence[TextBatch]:
        """Return held-out rows in batches, always the same."""
        rows = self._validation
        return [] if rows is None else [rows[at : at + size] for at in range(0, len(rows), size)]

    def _epoch(self, epoch: int) -> TextBatch:
        if epoch not in self._epochs:
            chance = np.random.default_rng((self._seed, epoch))
            weights = np.array([document.weight for document in self._train])
            times = np.floor(weights + chance.random(len(weights))).astype(int)
            order = chance.permutation(np.repeat(np.arange(len(weights)), times))
            self._epochs = {epoch: packed([self._train[place] for place in order], self._length)}
        return self._epochs[epoch]


def tokenised(
    documents: Sequence[Document],
    encode: Callable[[str], list[int]],
    prefix: Callable[[str | None], list[int]],
    end: Sequence[int],
    weights: Mapping[str, float],
) -> list[Tokenised]:
    """Turn documents into tokens."""
    return [
        Tokenised(
            prefix(document.style), [*encode(document.text), *end[:1]], weights.get(document.style or "", 1.0)
        )
        for document in documents
    ]


def packed(documents: Sequence[Tokenised], length: int) -> TextBatch:
    """Lay documents out in rows of `length` tokens; a cut piece goes on in the next row, with its prefix.

    Every token is learned once; without a prefix, a document's first token is not.
    """
    rows: list[list[tuple[list[int], int]]] = [[]]  # pieces, each with the length of its prefix
    room = length
    for document in documents:
        rest, head = document.ids, document.prefix
        while rest:
            if room < len(head) + 2 and room < length:
                rows.append([])
                room = length
            taken = rest[: room + 1 - len(head)]
            rows[-1].append(([*head, *taken], len(head)))
            room -= len(head) + len(taken) - 1
            if len(taken) == len(rest):
                break
            rest = rest[len(taken) - 1 :] if not head else rest[len(taken) :]
    return _laid_out([row for row in rows if row], length)


def _laid_out(rows: Sequence[Sequence[tuple[list[int], int]]], length: int) -> TextBatch:
    shape = (len(rows), length)
    ids, targets = np.zeros(shape, np.int64), np.full(shape, IGNORED, np.int64)
    documents, positions = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    for number, row in enumerate(rows):
        at = 0
        for place, (piece, head) in enumerate(row):
            size = len(piece) - 1
            ids[number, at : at + size], targets[number, at : at + size] = piece[:-1], piece[1:]
            targets[number, at : at + max(head - 1, 0)] = IGNORED  # what is asked for is not to be guessed
            documents[number, at : at + size], positions[number, at : at + size] = place, np.arange(size)
            at += size
    return TextBatch(*(torch.from_numpy(array) for array in (ids, targets, documents, positions)))
