"""What turns human data into model data and back."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from fromnoise.registry import Registry

CODECS = Registry(
    "codec",
    {
        "fsq": "fromnoise.codecs.vq:FSQ",
        "kl": "fromnoise.codecs.kl:KL",
        "pixels": "fromnoise.codecs.pixels:Pixels",
        "vq": "fromnoise.codecs.vq:VQ",
    },
)


@dataclass(frozen=True)
class PictureBatch:
    """Pictures, uint8 (B, S, S, 3)."""

    pictures: Tensor

    def __len__(self) -> int:
        return len(self.pictures)


class PictureCodec(Protocol):
    """Pictures, uint8 (B, S, S, 3), to model data (B, *shape) and back.

    Model data are float32 with about unit variance; where pictures are tokens, codes as int64.
    """

    size: int
    """Side of the pictures, px."""
    shape: tuple[int, int, int]
    """Shape of one encoded picture."""
    bounds: tuple[float, float] | None
    """Range of the encoded values when it is known, so that guesses can be clipped to it."""

    def encode(self, pictures: Tensor) -> Tensor:
        """Turn pictures into model data."""

    def decode(self, x0: Tensor) -> Tensor:
        """Turn model data into pictures; each item by itself, so that its batch can't change it."""


def resized(pictures: Tensor, size: int) -> Tensor:
    """Bring uint8 pictures (B, S, S, 3) to (B, size, size, 3); pictures of that size stay as they are."""
    if pictures.shape[1] == size:
        return pictures
    floats = pictures.permute(0, 3, 1, 2).float()
    brought = F.interpolate(floats, size=size, mode="bicubic", antialias=True, align_corners=False)
    return brought.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def to_signed(pictures: Tensor) -> Tensor:
    """Bring uint8 pictures (B, S, S, 3) to float32 (B, 3, S, S) in [-1, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def to_bytes(signed: Tensor) -> Tensor:
    """Bring (B, 3, S, S) in [-1, 1] to uint8 pictures (B, S, S, 3); what lies outside is clipped."""
    return ((signed.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
