"""The next-token loss.

Legend: B batch, L tokens, V vocabulary.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORED = -1
"""Target of a place that counts for nothing."""


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return each row's mean cross-entropy in nats, (B,), for logits (B, L, V) and targets (B, L)."""
    nats = token_nats(logits, targets)
    counted = (targets != IGNORED).sum(1).clamp(min=1)
    return nats.sum(1) / counted


def token_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log p of every target (B, L), in 32 bits; 0 where it is ignored."""
    flat = F.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return flat.view(targets.shape)


def document_mask(documents: Tensor) -> Tensor:
    """Return who may see whom, (B, 1, L, L): what came before in the same document (B, L).

    Several documents share a row without seeing each other, so that none is cut and no place is padding.
    """
    length = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]
    earlier = torch.ones(length, length, dtype=torch.bool, device=documents.device).tril()
    return (same & earlier)[:, None]
