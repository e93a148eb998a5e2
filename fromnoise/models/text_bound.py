"""How likely a text is to masked diffusion, at least: the bound of its -log p.

Legend: N texts, S samples of the bound, R rows of tokens, L tokens a row.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from fromnoise.data.text_feed import IGNORED, TextBatch, Tokenised, packed
from fromnoise.diffusion.masked import NOWHERE, lost

if TYPE_CHECKING:
    from fromnoise.models.text_diffusion import TextDiffusion

ROWS = 16
"""Rows that are read together."""


def bound_nats(
    model: "TextDiffusion", texts: Sequence[str], styles: Sequence[str | None], seed: int, samples: int
) -> NDArray[np.float64]:
    """Return samples of the bound of every text and its end, (N, S), in nats, at all shares of masks evenly.

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
        np.add.at(found, list(numbers), _batch_nats(model, _joined(batch), samples, chance))
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
    model: "TextDiffusion", batch: TextBatch, samples: int, chance: torch.Generator
) -> NDArray[np.float64]:
    """Return samples of every row's nats, (R, S): one in each of S equal ranges of shares."""
    late = batch.documents >= 0
    groups = batch.documents.masked_fill(batch.targets == IGNORED, NOWHERE)
    sums = []
    for sample in range(samples):
        offsets = torch.rand(len(batch), 1, generator=chance, dtype=torch.float64)
        order = torch.rand(groups.shape, generator=chance, dtype=torch.float64)
        masked, weights = lost(order, groups, (sample + 1 - offsets) / samples)
        sums.append(model.guessed_nats(batch, batch.ids, masked, weights, late))
    return torch.stack(sums, 1).double().cpu().numpy()
