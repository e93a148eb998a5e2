"""How likely a text is to masked diffusion, at least: the bound of its -log p.

Legend: N texts, S samples of the bound, R rows of tokens, L tokens a row.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fromnoise.data.text_feed import IGNORED, TextBatch, Tokenised, packed
from fromnoise.diffusion.masked import NOWHERE, lost

if TYPE_CHECKING:
    from fromnoise.models.text_diffusion import TextDiffusion

ROWS = 16
"""Rows that are read together."""


def bound_nats(
    model: "TextDiffusion",
    texts: Sequence[str],
    styles: Sequence[str | None],
    seed: int,
    samples: int,
    block: int | None = None,
) -> NDArray[np.float64]:
    """Return samples of the bound of every text and its end, (N, S), in nats, at all shares of masks evenly.

    With a `block` the text is told in blocks of so many tokens from left to right, and a sample is what one
    of them says of all; else in any order.

    The mean of a row never lies below the model's own -log p, but for chance. What is longer than the model
    reads is read in pieces, each from the beginning anew.
    """
    found = np.zeros((len(texts), samples))
    chance = torch.Generator().manual_seed(seed)
    pieces = [
        (number, row)
        for number, (text, style) in enumerate(zip(texts, styles, strict=True))
        for row in _rows(model, text, style)
    ]
    pieces.sort(key=lambda piece: int((piece[1].documents >= 0).sum()))  # so that rows are of one length
    for at in range(0, len(pieces), ROWS):
        numbers, batch = zip(*pieces[at : at + ROWS], strict=True)
        np.add.at(found, list(numbers), _batch_nats(model, _joined(batch), samples, block, chance))
    return found


def _rows(model: "TextDiffusion", text: str, style: str | None) -> list[TextBatch]:
    tokens = model.tokenizer
    whole = Tokenised(model.prefix(style), [*tokens.encode(text), *tokens.ends[:1]])
    rows = packed([whole], model.settings.net.length)
    return [rows[at : at + 1] for at in range(len(rows))]


def _joined(rows: Sequence[TextBatch]) -> TextBatch:
    """Put rows together, without the padding that all have."""
    longest = max(int((row.documents >= 0).sum()) for row in rows)
    parts = zip(*((row.ids, row.targets, row.documents, row.positions) for row in rows), strict=True)
    return TextBatch(*(torch.cat(part)[:, :longest] for part in parts))


@torch.inference_mode()
def _batch_nats(
    model: "TextDiffusion",
    batch: TextBatch,
    samples: int,
    block: int | None,
    chance: torch.Generator,
) -> NDArray[np.float64]:
    """Return samples of every row's nats, (R, S): one in each of S equal ranges of shares, or of blocks."""
    sums = []
    for sample in range(samples):
        offsets, shares = torch.rand(2, len(batch), 1, generator=chance, dtype=torch.float64)
        order = torch.rand(batch.ids.shape, generator=chance, dtype=torch.float64)
        spread = (sample + 1 - offsets) / samples
        if block is None:
            read, late, times = batch, batch.documents >= 0, torch.ones(len(batch), 1)
        else:
            read, late, times = _cut(batch, block, spread)
            spread = 1 - shares
        groups = read.documents.masked_fill((read.targets == IGNORED) | ~late, NOWHERE)
        masked, weights = lost(order, groups, spread)
        sums.append(model.guessed_nats(read, read.ids, masked, weights * times, late))
    return torch.stack(sums, 1).double().cpu().numpy()


def _cut(batch: TextBatch, block: int, where: Tensor) -> tuple[TextBatch, Tensor, Tensor]:
    """Choose a block of every row by `where` (R, 1) in (0, 1]: rows up to its end, its places, and how many.

    Blocks are counted from the first target on.
    """
    asked = (batch.targets != IGNORED) & (batch.documents >= 0)
    first = asked.int().argmax(1, keepdim=True)
    count = (asked.sum(1, keepdim=True) / block).ceil()
    start = first + block * ((where * count).ceil() - 1).long()
    inside = batch.positions < start + block
    read = TextBatch(batch.ids, batch.targets, batch.documents.masked_fill(~inside, -1), batch.positions)
    return read, (batch.positions >= start) & (read.documents >= 0), count
